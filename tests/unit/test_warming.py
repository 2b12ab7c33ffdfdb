"""A program makes the screener ready beside its work, and works whatever becomes of that."""

import asyncio
import logging
from types import SimpleNamespace
from typing import cast

import pytest

from adapters.screening.embedded import EmbeddedScreener
from tenure.errors import Unavailable
from tests.unit.screening.test_screener import RULES, Shelf, threads
from workers.application import Application
from workers.warming import warming


class Slow(EmbeddedScreener):
    """A screener whose making ready a test watches."""

    def __init__(self, *, fails: bool = False) -> None:
        super().__init__(Shelf(), RULES, threads)
        self._fails = fails
        self.began, self.ended = asyncio.Event(), False

    async def warm(self) -> None:
        """Take for ever, or fail."""
        self.began.set()
        try:
            if self._fails:
                raise Unavailable("The list un is being updated: try again.")
            await asyncio.Event().wait()
        finally:
            self.ended = True


def application(screener: object) -> Application:
    """As much of an application as there has to be."""
    return cast("Application", SimpleNamespace(services=SimpleNamespace(screener=screener)))


async def test_nothing_waits_for_it() -> None:
    """The program works meanwhile, and its end is the end of this, too (RPL-16)."""
    screener = Slow()
    async with asyncio.timeout(10):
        async with warming(application(screener)):
            await screener.began.wait()
            assert not screener.ended
        assert screener.ended


async def test_where_it_fails_the_program_goes_on(caplog: pytest.LogCaptureFixture) -> None:
    """It says so in the log: the first subject has read what could not be read now (RPL-16)."""
    screener = Slow(fails=True)
    async with warming(application(screener)):
        await screener.began.wait()
        await asyncio.sleep(0)
        assert screener.ended
    [said] = [record for record in caplog.records if record.levelno >= logging.WARNING]
    assert "the first one will take longer" in said.getMessage()


async def test_another_screener_has_nothing_to_read() -> None:
    """A service that screens is ready by itself."""
    async with warming(application(object())):
        pass

"""What the programs of `python -m workers` write to their log by themselves."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator

import pytest
from stamina import AsyncRetryingCaller
from stamina.instrumentation import set_on_retry_hooks

from tenure.errors import Unavailable
from workers import __main__ as main
from workers import programs


@pytest.fixture
def as_at_the_start() -> Iterator[None]:
    """What a program finds that nobody has set anything up for yet."""
    set_on_retry_hooks(None)
    yield
    set_on_retry_hooks(None)


def test_a_request_that_is_tried_again_writes_no_line(
    as_at_the_start: None, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """An hour without the platform is told by the steps that fail, not by lines that name nothing (PV-04)."""
    attempts = 0

    async def asks_in_vain(_settings: object) -> None:
        async def ask() -> None:
            nonlocal attempts
            attempts += 1
            raise Unavailable("Nobody answers.")

        retrying = AsyncRetryingCaller(attempts=2, timeout=None, wait_initial=0, wait_max=0, wait_jitter=0)
        with pytest.raises(Unavailable):
            await retrying.on(Unavailable)(ask)

    def runs(program: Callable[[], Awaitable[int]], *_: object) -> int:
        async def awaited() -> int:
            return await program()

        return asyncio.run(awaited())

    monkeypatch.setattr(programs, "run_web", asks_in_vain)
    monkeypatch.setattr(main, "run", runs)
    main.web()
    assert attempts == 2
    assert caplog.messages == []

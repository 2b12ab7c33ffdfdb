"""`kill -9` between any two statements: each step of provisioning, cancelling and the end of grace is all or nothing."""

import functools
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from itertools import count
from typing import Any

import asyncpg
import pytest

from tenure.contracts.organisation import OrganisationState, Role
from tenure.contracts.trial import ServiceState, TrialState
from tests.integration.deletion.town import Town
from tests.integration.trials.fairground import Fairground

_STATEMENTS = ("execute", "fetch", "fetchrow", "fetchval", "executemany")


class BrokenOffError(Exception):
    """The process is gone; Postgres rolls back what it had not committed."""


@contextmanager
def broken(at: int) -> Iterator[None]:
    """Instead of the statement of that number, counted from 1, nothing more comes but the rollback."""
    numbers = count(1)

    def breaking(method: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        @functools.wraps(method)
        async def call(*args: Any, **kwargs: Any) -> Any:
            if next(numbers) == at:
                raise BrokenOffError
            return await method(*args, **kwargs)

        return call

    with pytest.MonkeyPatch.context() as patch:
        for name in _STATEMENTS:
            patch.setattr(asyncpg.Connection, name, breaking(getattr(asyncpg.Connection, name)))
        yield


class Breaking:
    """A port each of whose calls is broken off before every statement in turn, until it goes through, and then repeated."""

    def __init__(self, ground: Fairground, port: Any, tally: dict[str, int]) -> None:
        self._ground = ground
        self._port = port
        self._tally = tally

    def __getattr__(self, name: str) -> Any:
        """The method, broken off."""
        method = getattr(self._port, name)

        async def call(*args: Any) -> Any:
            before = await self._ground.facts()
            for at in count(1):
                try:
                    with broken(at):
                        result = await method(*args)
                    break
                except BrokenOffError:
                    if (now := await self._ground.facts()) != before:  # what breaks off comes after its commit
                        result = await method(*args)
                        assert await self._ground.facts() == now, (
                            f"{name} had done a part of its work at statement {at}"
                        )
                        return result
                    self._tally[name] = max(self._tally.get(name, 0), at)
            after = await self._ground.facts()
            await method(*args)
            assert await self._ground.facts() == after, f"{name} does something when it is repeated"
            return result

        return call


@pytest.fixture
def tally(town: Town, ground: Fairground) -> dict[str, int]:
    """How many statements of each step were broken off at; from here on all of them are."""
    numbers: dict[str, int] = {}
    for owner, names in ((town, ("trial_steps", "licences", "platform")), (ground, ("destruction",))):
        for name in names:
            setattr(owner, name, Breaking(ground, getattr(owner, name), numbers))
    return numbers


async def test_provisioning_and_cancelling(town: Town, ground: Fairground, tally: dict[str, int]) -> None:
    """Built, begun, cancelled and torn down as if nothing had been: each step leaves all of it or nothing (PV-04, P10, XC-06)."""
    trial = await ground.trial("meetings", "calling")
    assert (trial.state, {each.state for each in trial.services}) == (TrialState.ACTIVE, {ServiceState.BUILT})
    await ground.cancel(trial)
    await ground.run(trial.trial_id)
    assert {each.state for each in (await ground.show(trial.trial_id)).services} == {ServiceState.GONE}
    actions = await town.audit(trial.organisation_id)
    once = (
        ("service_built", 2),
        ("trial_started", 1),
        ("trial_cancelled", 1),
        ("service_torn_down", 2),
        ("numbers_held", 1),
    )
    assert {action: actions.count(action) for action, _ in once} == dict(once)
    assert set(tally) == {"check_trial", "build", "record_platform", "conclude", "tear_down"}
    assert min(tally.values()) >= 3, tally


async def test_the_end_of_grace(town: Town, ground: Fairground, tally: dict[str, int]) -> None:
    """Expired, removed, purged, moved, told, held and marked as if nothing had been (GR-11, NO-07, NR-01, DM-01, P10)."""
    trial = await ground.trial("meetings", "calling")
    await ground.assign(trial, await ground.person("uma", trial.organisation_id, Role.USER))
    await town.execute(
        "insert into content (organisation_id, store, item_id) values ($1, 'recordings', 'a')", trial.organisation_id
    )
    await ground.ended(trial)
    assert (await ground.show(trial.trial_id)).state is TrialState.ENDED
    assert await town.fetch("select from content") == []
    assert await town.state(trial.organisation_id) is OrganisationState.MARKED
    assert await town.value(int, "select count(*)::int from people where origin_organisation_id is not null") == 1
    actions = await town.audit(trial.organisation_id)
    for action in ("trial_expired", "trial_ended", "users_moved", "numbers_held", "marked"):
        assert actions.count(action) == 1, actions
    grace_end = {"check_grace", "purge_meeting_data", "end_trial", "hold_numbers", "conclude_grace"}
    assert grace_end <= set(tally)
    assert min(tally.values()) >= 3, tally

"""What two commands want at once beyond an organisation's lock is given to one, and the other is refused by a code (XC-06, P10)."""

import asyncio
from collections.abc import AsyncIterator, Awaitable
from datetime import datetime

import asyncpg
import pytest

from tenure.contracts.device import ShipDevices
from tenure.contracts.trial import TrialView
from tenure.errors import RefusalCode
from tests.integration.deletion.town import DAY, SERVICE, Town
from tests.integration.trials.fairground import Fairground
from tests.integration.trials.market import Market, refusal_of

_WAITING = "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"


class Rival:
    """A session of its own, whose transaction the test ends when it likes, and one that sees who waits."""

    def __init__(self, session: asyncpg.Connection, watch: asyncpg.Connection) -> None:
        self.execute = session.execute
        self._watch = watch

    async def until_waiting(self, number: int) -> None:
        """So many sessions wait for somebody else's."""
        for _ in range(5000):
            if await self._watch.fetchval(_WAITING) >= number:
                return
        raise AssertionError("nobody waits")


@pytest.fixture
async def rival(town: Town) -> AsyncIterator[Rival]:
    """Its transaction has begun."""
    session, watch = await asyncpg.connect(town.url), await asyncpg.connect(town.url)
    await session.execute("begin")
    yield Rival(session, watch)
    await session.close()
    await watch.close()


def shipment(trial: TrialView, end: datetime, *serials: str) -> ShipDevices:
    """Devices of a trial."""
    return ShipDevices(trial_id=trial.trial_id, demo_order="DEMO-1", serials=serials, device_ends_at=end)


async def outcomes(*acts: Awaitable[object]) -> list[RefusalCode | None]:
    """What each was refused with, or None where it was carried out; anything else is raised."""
    return [refusal_of(answer) for answer in await asyncio.gather(*acts, return_exceptions=True)]


async def test_two_shipments_of_the_same_devices(market: Market, rival: Rival) -> None:
    """Of two partners, in whatever order each names them: neither waits for the other for ever (DV-07)."""
    town = market.town
    first, second, third = [await market.trial(side=side) for side in (market.north, market.south, market.north)]
    end = await town.now() + 20 * DAY
    await town.devices.ship(SERVICE, shipment(third, end, "SN-0009"))
    for serial in ("SN-0002", "SN-0004"):
        await rival.execute("insert into trial_devices values ($1, $2, now())", third.trial_id, serial)
    one = asyncio.ensure_future(town.devices.ship(SERVICE, shipment(first, end, "SN-0001", "SN-0002", "SN-0003")))
    await rival.until_waiting(1)
    other = asyncio.ensure_future(town.devices.ship(SERVICE, shipment(second, end, "SN-0003", "SN-0004", "SN-0001")))
    await rival.until_waiting(2)
    await rival.execute("rollback")
    assert await outcomes(one, other) == [None, RefusalCode.SERIAL_MISMATCH]


async def test_two_orders_with_one_subscription(ground: Fairground) -> None:
    """The id of a subscription is one customer's, also where two orders name it at the same moment (TC-12, P10)."""
    trials = [await ground.trial() for _ in range(2)]
    orders = [ground.order(trial, "messaging", licence_set_id="lic_the-same") for trial in trials]
    found = await outcomes(*(ground.town.trials.convert(SERVICE, order) for order in orders))
    assert sorted(found, key=str) == [None, RefusalCode.LICENCE_SET_EXISTS]


async def test_a_request_and_a_person_of_the_same_id(ground: Fairground, rival: Rival) -> None:
    """The admin that a request would create was imported a moment ago: the id is taken (TR-23)."""
    request = ground.request("messaging")
    await rival.execute(
        "insert into people (person_id, organisation_id, name, email, created_at) values ($1, $2, 'x', 'x@y.example', now())",
        f"per_{request.trial_id.name}",
        ground.north.organisation_id,
    )
    asked = asyncio.ensure_future(ground.town.trials.request(SERVICE, request))
    await rival.until_waiting(1)
    await rival.execute("commit")
    assert await outcomes(asked) == [RefusalCode.TRIAL_EXISTS]

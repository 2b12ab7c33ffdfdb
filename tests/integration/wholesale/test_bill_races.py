"""The bill while add-ons are given and taken back: of a time that is over, nothing that is committed late is missed (ADD-05)."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any, Final

import pytest

from tenure.contracts.package import BillableItem
from tenure.contracts.user import AddOnCommand, DeleteUser, User
from tenure.ids import LicenceSetId, OrganisationId
from tests.integration.wholesale.leaving import cancel
from tests.integration.wholesale.office import ATTENDANT, Office

DAY = timedelta(days=1)
# The place that a command's audit row will have is taken, so that the command waits with all but that written.
_TAKE: Final = """
insert into audit (subject, position, at, actor, action, previous_hash, hash)
select subject, position + 1, at, actor, action, hash, hash from audit
 where subject = $1 order by position desc limit 1
"""


async def test_an_item_that_is_committed_late_is_on_the_bill(office: Office) -> None:
    """Another customer's item, under a higher number, is there already, and no page goes beyond the one before it (ADD-05)."""
    early, late = [await office.hall.customer(add_ons={ATTENDANT: 1}) for _ in range(2)]
    ann, bob = await office.user(early, "ann"), await office.user(late, "bob")
    async with _held(office, early) as release:
        giving = asyncio.create_task(office.users.assign_add_on(office.north, _add_on(ann)))
        await _waiting(office, giving)
        await office.users.assign_add_on(office.north, _add_on(bob))
        bill = asyncio.create_task(_bill(office))
        await _waiting(office, giving, bill)
        await release()
        assert [item.person_id for item in await bill] == [ann.person_id, bob.person_id]
        await giving


@pytest.mark.parametrize("by", ["removal", "deletion", "cancellation"])
async def test_an_end_that_is_committed_late_is_on_the_bill(office: Office, by: str) -> None:
    """What ended in the time of a bill is not told as going on, whatever ended it (ADD-05)."""
    org = await office.hall.customer(add_ons={ATTENDANT: 1})
    ann = await office.user(org, "ann", add_ons=[ATTENDANT])
    async with _held(office, org) as release:
        ending = asyncio.create_task(_end(office, by, ann))
        await _waiting(office, ending)
        bill = asyncio.create_task(_bill(office))
        await _waiting(office, ending, bill)
        await release()
        [item] = await bill
        assert item.ended_at is not None
        await ending


async def test_bills_and_add_ons_do_not_stand_in_each_others_way(office: Office) -> None:
    """Bills are read while users with add-ons come in at several customers: everybody gets through, page by page (ADD-05)."""
    customers = [await office.hall.customer(add_ons={ATTENDANT: 5}) for _ in range(3)]
    users = [office.user(org, f"user{place}", add_ons=[ATTENDANT]) for org in customers for place in range(4)]
    answers = await asyncio.gather(*users, *(_bill(office) for _ in range(4)))
    assert len(await _bill(office)) == 12
    for bill in answers[len(users) :]:
        assert isinstance(bill, list)
        assert [item.item_id for item in bill] == sorted({item.item_id for item in bill})


async def _bill(office: Office) -> list[BillableItem]:
    """The bill up to this moment, an item a page."""
    to = await office.town.now()
    items: list[BillableItem] = []
    after: int | None = None
    while True:
        page = await office.users.billable_items(
            office.north, office.hall.north.partner_id, from_=to - DAY, to=to, after=after, limit=1
        )
        items += page.items
        after = page.next_after
        if after is None:
            return items


def _end(office: Office, by: str, user: User) -> Coroutine[Any, Any, object]:
    match by:
        case "removal":
            return office.users.remove_add_on(office.north, _add_on(user))
        case "deletion":
            command = DeleteUser(organisation_id=user.organisation_id, user_id=user.person_id)
            return office.users.delete(office.north, command)
        case _:
            return cancel(office.hall, LicenceSetId(f"lic_{user.organisation_id.removeprefix('org_')}"))


@asynccontextmanager
async def _held(office: Office, organisation_id: OrganisationId) -> AsyncIterator[Any]:
    """Commands on a customer wait just before they commit, until they are released."""
    async with office.town.database.listen() as connection:
        held = connection.transaction()
        await held.start()
        await connection.execute(_TAKE, organisation_id)
        yield held.rollback


async def _waiting(office: Office, *tasks: "asyncio.Task[Any]") -> None:
    """Each of these waits for a lock."""
    async with asyncio.timeout(10):
        while len(await office.town.fetch("select from pg_locks where not granted")) < len(tasks):
            assert not any(task.done() for task in tasks)
            await asyncio.sleep(0)


def _add_on(user: User) -> AddOnCommand:
    return AddOnCommand(organisation_id=user.organisation_id, user_id=user.person_id, add_on=ATTENDANT)

"""Two who change facts at the same moment: the rules hold in whatever order they commit (XC-06, P2, P10)."""

import asyncio
import random
from collections.abc import Callable, Coroutine
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from adapters.postgres import marking, organisations
from adapters.postgres.database import Connection, business_now, lock
from tenure.contracts.licence import GraceOutcome, GrantLicences, LicenceKind, LicenceState, RenewalGraceInput
from tenure.contracts.organisation import DeleteNow, Manage, OrganisationState
from tenure.errors import Refusal, RefusalCode
from tenure.ids import LicenceSetId, OrganisationId
from tests.integration.deletion.town import SERVICE, Town, admin
from tests.integration.facts.desk import Desk, end, grace, overlapping, restoration

type Act = Callable[[], Coroutine[Any, Any, object]]

RACES = 200
AT_ONCE = 8


async def all_of(chance: random.Random, acts: list[Act]) -> list[object]:
    """Begin the acts within a few milliseconds of each other; answers what each answered, or its refusal."""

    async def later(act: Act, seconds: float) -> object:
        await asyncio.sleep(seconds)
        try:
            return await act()
        except Refusal as refusal:
            return refusal.code

    return await asyncio.gather(*(later(act, chance.uniform(0, 0.004)) for act in acts))


async def marked_with_customers(town: Town) -> list[str]:
    """Marked organisations that hold licences or manage a customer: there is never one."""
    rows = await town.fetch(
        "select o.organisation_id from organisations o where o.state in ('marked', 'warned') and ("
        " exists (select from licence_sets l where l.organisation_id = o.organisation_id and l.state <> 'removed')"
        " or exists (select from partners p join managements m using (partner_id)"
        "             join organisations c on c.organisation_id = m.organisation_id"
        "            where p.organisation_id = o.organisation_id and c.state not in ('erasing', 'deleted')))"
    )
    return [row["organisation_id"] for row in rows]


async def forgotten(town: Town) -> list[str]:
    """Live organisations of partners that have nothing left: a mark was missed."""
    rows = await town.fetch(
        "select o.organisation_id from organisations o join partners p using (organisation_id) where o.state = 'live'"
        " and not exists (select from licence_sets l"
        "                  where l.organisation_id = o.organisation_id and l.state <> 'removed')"
        " and not exists (select from managements m join organisations c on c.organisation_id = m.organisation_id"
        "                  where m.partner_id = p.partner_id and c.state not in ('erasing', 'deleted'))"
    )
    return [row["organisation_id"] for row in rows]


async def removed_set(town: Town, organisation_id: OrganisationId) -> RenewalGraceInput:
    """A grace whose licences are removed and whose organisation has not been evaluated yet."""
    licence_set_id = LicenceSetId(organisation_id.replace("org_", "lic_"))
    await town.execute(
        "insert into licence_sets"
        " (licence_set_id, organisation_id, kind, state, generation, active_since, expired_at, created_at)"
        " select $1, $2, 'trial', 'removed', 1, now, now, now from business_now() as now",
        licence_set_id,
        organisation_id,
    )
    return RenewalGraceInput(
        licence_set_id=licence_set_id,
        organisation_id=organisation_id,
        kind=LicenceKind.TRIAL,
        generation=1,
        removal_due_at=await town.now(),
    )


async def conclude(town: Town, ended: RenewalGraceInput) -> None:
    """Conclude a grace now."""
    await town.licences.conclude_grace(ended, await town.now())


async def test_mark_commits_before_a_customer_is_gained(town: Town) -> None:
    """The partner is marked, and a customer that waited for that unmarks it (DM-02, XC-06)."""
    own, customer = await town.organisation(), await town.organisation()
    partner_id = await town.partner(own)

    async def mark(connection: Connection) -> None:
        row = (await lock(connection, own))[own]
        at = await business_now(connection)
        assert await marking.evaluate(connection, row, at=at, actor="timer", reason="test", rules=town.rules)

    gained = town.organisations.manage(SERVICE, Manage(partner_id=partner_id, organisation_id=customer))
    await overlapping(town, mark, gained)
    assert await town.state(own) is OrganisationState.LIVE
    assert await town.audit(own) == ["marked", "unmarked"]


async def test_customer_is_gained_before_the_mark(town: Town) -> None:
    """A customer is gained, and the evaluation that waited for that marks nothing (DM-01, DM-02, XC-06)."""
    own, customer = await town.organisation(), await town.organisation()
    command = Manage(partner_id=await town.partner(own), organisation_id=customer)
    ended = await removed_set(town, own)

    async def gain(connection: Connection) -> None:
        await organisations._manage("service:orders", command, connection)

    await overlapping(town, gain, town.licences.conclude_grace(ended, await town.now()))
    assert await town.state(own) is OrganisationState.LIVE
    assert await town.audit(own) == []


async def test_partner_is_never_marked_with_a_customer(town: Town, desk: Desk) -> None:
    """200 partners lose licences and customers and gain others at once: no mark is wrong, none is missing (DM-01, DM-02, DP-04)."""
    chance = random.Random(20261122)
    free = asyncio.Semaphore(AT_ONCE)

    async def race(own: OrganisationId, lost: OrganisationId, gained: OrganisationId) -> None:
        partner_id = await town.partner(own)
        ended = await removed_set(town, own)
        await town.organisations.manage(SERVICE, Manage(partner_id=partner_id, organisation_id=lost))
        name = (await town.organisations.show(SERVICE, lost)).name
        leave = DeleteNow(organisation_id=lost, person_id=admin(lost), confirmation=name)
        acts: list[Act] = [
            lambda: conclude(town, ended),
            lambda: town.organisations.manage(SERVICE, Manage(partner_id=partner_id, organisation_id=gained)),
            lambda: town.organisations.unmanage(SERVICE, Manage(partner_id=partner_id, organisation_id=lost)),
            lambda: town.organisations.delete_now(SERVICE, leave),
            lambda: desk.grant(own),
        ]
        async with free:
            await all_of(chance, chance.sample(acts, chance.randint(2, 4)))

    ids = await town.organisations_of(3 * RACES)
    await asyncio.gather(*(race(*ids[i : i + 3]) for i in range(0, len(ids), 3)))
    assert await marked_with_customers(town) == []
    assert await forgotten(town) == []
    states = await town.fetch("select state, count(*) as count from organisations group by state")
    assert {row["state"] for row in states} == {"live", "marked", "erasing"}


async def test_partners_that_manage_each_other(town: Town) -> None:
    """Two partners that manage each other delete themselves at once: no deadlock, and both are gone (DM-11, XC-06)."""
    chance = random.Random(20261123)

    async def race(one: OrganisationId, other: OrganisationId) -> None:
        for own, customer in ((one, other), (other, one)):
            partner_id = await town.partner(own)
            await town.organisations.manage(SERVICE, Manage(partner_id=partner_id, organisation_id=customer))
        commands = [
            DeleteNow(
                organisation_id=own,
                person_id=admin(own),
                confirmation=(await town.organisations.show(SERVICE, own)).name,
            )
            for own in (one, other)
        ]
        acts: list[Act] = [partial(town.organisations.delete_now, SERVICE, command) for command in commands]
        await all_of(chance, acts)

    ids = await town.organisations_of(40)
    for i in range(0, len(ids), 8):
        await asyncio.gather(*(race(ids[i + j], ids[i + j + 1]) for j in range(0, 8, 2)))
    assert {await town.state(organisation_id) for organisation_id in ids} == {OrganisationState.ERASING}


@pytest.mark.parametrize("seed", range(8))
async def test_restoration_against_removal(town: Town, desk: Desk, seed: int) -> None:
    """Around its very end a set is either restored before it or removed at or after it, and both sides are told the same (RP-03, RP-05, XC-03)."""
    chance = random.Random(seed)
    licences = await desk.suspended(await town.organisation())
    await town.advance_to(end(licences) - timedelta(milliseconds=60))

    async def remove() -> GraceOutcome:
        while True:
            try:
                check = await town.licences.check_grace(grace(licences), end(licences))
            except Refusal as refusal:
                if refusal.code is not RefusalCode.CLOCK_AHEAD:
                    raise
            else:
                assert check.outcome is not None
                return check.outcome

    async def restore() -> LicenceState | RefusalCode:
        await asyncio.sleep(chance.uniform(0, 0.09))
        try:
            return (await desk.restore(licences)).state
        except Refusal as refusal:
            return refusal.code

    async with asyncio.timeout(10):
        outcome, answer = await asyncio.gather(remove(), restore())
    [change] = await town.fetch("select at, to_state from audit where from_state = 'suspended'")
    if answer is LicenceState.ACTIVE:
        assert (outcome, change["to_state"]) == (GraceOutcome.RESTORED, "active")
        assert change["at"] < end(licences)
    else:
        assert answer in {RefusalCode.GRACE_OVER, RefusalCode.IRREVERSIBLE}
        assert (outcome, change["to_state"]) == (GraceOutcome.REMOVED, "removed")


async def test_one_key_twenty_times(town: Town) -> None:
    """A command sent twenty times at once under one key is carried out once, and all are answered the same (P10)."""
    organisation_id = await town.organisation()
    await town.mark(organisation_id)
    keyed = SERVICE.model_copy(update={"key": "order-4711"})
    command = GrantLicences(
        licence_set_id=LicenceSetId("lic_4711"), organisation_id=organisation_id, kind=LicenceKind.SUBSCRIPTION
    )
    answers = await asyncio.gather(*(town.licences.grant(keyed, command) for _ in range(20)))
    assert len(set(answers)) == 1
    assert await town.audit(organisation_id) == ["marked", "licences_active", "unmarked"]


async def test_refusal_does_not_use_the_key(town: Town, desk: Desk) -> None:
    """A refused command leaves its key free: when the facts have changed, the same request is carried out (P10, XC-05)."""
    licences = await desk.grant(await town.organisation())
    keyed = SERVICE.model_copy(update={"key": "restore-1"})
    command = restoration(licences)
    with pytest.raises(Refusal) as refused:
        await town.licences.restore(keyed, command)
    assert refused.value.code is RefusalCode.WRONG_STATE
    await desk.expire(licences)
    first = await town.licences.restore(keyed, command)
    assert first.state is LicenceState.ACTIVE
    await desk.expire(first)
    assert await town.licences.restore(keyed, command) == first


async def test_two_admins_delete_at_once(town: Town) -> None:
    """Of two admins who delete their organisation at the same moment one does, and the other is told that it is gone (DM-11, P10)."""
    chance = random.Random(7)
    for _ in range(10):
        organisation_id = await town.organisation(admins=2)
        name = (await town.organisations.show(SERVICE, organisation_id)).name
        commands = [
            DeleteNow(organisation_id=organisation_id, person_id=admin(organisation_id, number), confirmation=name)
            for number in (1, 2)
        ]
        acts: list[Act] = [partial(town.organisations.delete_now, SERVICE, command) for command in commands]
        answers = await all_of(chance, acts)
        assert answers.count(RefusalCode.ORG_DELETED) == 1
        assert (await town.audit(organisation_id)).count("fenced") == 1

"""Expiries that come again, late or out of order: none ends licences that were paid for since (RP-01, RP-03)."""

from datetime import UTC, datetime, timedelta

import pytest

from adapters.postgres.imports import PostgresImports
from tenure.contracts.licence import GraceOutcome, LicenceKind, LicenceSet, LicenceState
from tenure.contracts.organisation import OrganisationState
from tenure.errors import Refusal, RefusalCode
from tenure.ids import OrganisationId
from tenure.policy.grace import removal_due_at
from tests.integration.deletion.town import DAY, SERVICE, Town
from tests.integration.facts.desk import Desk, end
from tests.integration.facts.portfolios import licences as licences_row
from tests.integration.facts.portfolios import organisation, store

SECOND = timedelta(seconds=1)


async def refuse(desk: Desk, licences: LicenceSet, expired_at: datetime) -> None:
    """This expiry is answered `wrong_state`, and leaves no trace."""
    before = await desk.everything()
    with pytest.raises(Refusal) as refused:
        await desk.expire(licences, expired_at)
    assert refused.value.code is RefusalCode.WRONG_STATE
    assert await desk.everything() == before


async def imported(town: Town, imports: PostgresImports, *, expires_at: datetime | None) -> LicenceSet:
    """A set that was active in the base that came in, beside its planned expiry."""
    expiry = None if expires_at is None else expires_at.isoformat()
    await store(imports, organisation("a"), licences_row("a", "a", "active", expiry))
    [licences] = (await town.organisations.show(SERVICE, OrganisationId("org_a"))).licence_sets
    return licences


async def test_expiry_delivered_again_after_the_restoration(town: Town, desk: Desk) -> None:
    """An expiry that a feed delivers again, after its grace would have been over, leaves what was paid for (RP-03, P10).

    Older ones that were overtaken leave it as well, and the set's own next expiry has a grace of its own.
    """
    organisation_id = await town.organisation()
    licences = await desk.grant(organisation_id)
    overtaken = await town.now()
    suspended = await desk.expire(licences)
    assert suspended.expires_at is not None
    await town.advance(59 * DAY)
    restored = await desk.restore(licences)
    await town.advance(2 * DAY)
    before = await desk.everything()
    for expired_at in (suspended.expires_at, overtaken):
        assert await desk.expire(licences, expired_at) == restored
    assert await desk.everything() == before
    assert (await desk.check(suspended)).outcome is GraceOutcome.RESTORED
    assert (await desk.stored(licences)).state is LicenceState.ACTIVE
    again = await desk.expire(licences)
    assert (again.state, again.generation) == (LicenceState.SUSPENDED, 2)
    assert end(again) > await town.now() + 59 * DAY


async def test_expiry_by_a_clock_that_is_ahead(town: Town, desk: Desk) -> None:
    """A service whose clock is minutes ahead reports an expiry as any other: it is repeated, and the set restored (RP-01, RP-03, XC-05)."""
    licences = await desk.grant(await town.organisation())
    ahead = await town.now() + timedelta(minutes=4)
    suspended = await desk.expire(licences, ahead)
    assert (suspended.expires_at, end(suspended)) == (ahead, ahead + town.rules.subscription_grace)
    assert await desk.expire(licences, ahead) == suspended
    restored = await desk.restore(suspended)
    assert await desk.expire(licences, ahead) == restored


async def test_expiry_delivered_again_after_the_removal(town: Town, desk: Desk) -> None:
    """A repetition after the end of the grace answers what the set is by now: removed (XC-05, GR-08)."""
    suspended = await desk.suspended(await town.organisation())
    await desk.end(suspended)
    before = await desk.everything()
    assert (await desk.expire(suspended, suspended.expires_at)).state is LicenceState.REMOVED
    assert await desk.everything() == before


async def test_expiry_from_before_the_grant(town: Town, desk: Desk) -> None:
    """An expiry older than the grant is of something else: the new set is not suspended, still less removed (RP-01)."""
    granted_at = await town.now()
    licences = await desk.grant(await town.organisation())
    await town.advance(DAY)
    for expired_at in (datetime(2001, 1, 1, tzinfo=UTC), granted_at):
        await refuse(desk, licences, expired_at)


async def test_expiry_from_before_the_restoration(town: Town, desk: Desk) -> None:
    """An expiry that was never reported, but is older than the restoration, ends nothing that was paid for then (RP-03)."""
    suspended = await desk.suspended(await town.organisation())
    await town.advance(59 * DAY)
    before_the_restoration = await town.now()
    await desk.restore(suspended)
    await town.advance(2 * DAY)
    await refuse(desk, suspended, before_the_restoration - DAY)
    await refuse(desk, suspended, before_the_restoration)


@pytest.mark.parametrize("late", [2 * DAY, 40 * DAY, 400 * DAY])
@pytest.mark.parametrize("kind", LicenceKind)
async def test_expiry_reported_late(town: Town, desk: Desk, kind: LicenceKind, late: timedelta) -> None:
    """However late an expiry is reported, its whole grace follows: restored until then, removed and purged only at its end (RP-01, RP-03, GR-05, SF-06).

    What is recorded and repeated is the expiry; what is shown everywhere is the real end.
    """
    organisation_id = await town.organisation()
    await desk.record(organisation_id, "board-meeting")
    licences = await desk.grant(organisation_id, kind, meetings=True)
    expired_at = await town.now()
    reported_at = await town.advance(late)
    suspended = await desk.expire(licences, expired_at)
    assert timedelta(0) <= end(suspended) - removal_due_at(kind, reported_at, town.rules) < timedelta(minutes=1)
    assert suspended.expires_at == expired_at
    assert await desk.next_dates(organisation_id) == {f"licence_removal {licences.licence_set_id}": end(suspended)}
    assert await town.value(datetime, "select due_at from processes") == end(suspended)
    assert (await desk.check(suspended)).outcome is None
    await town.advance_to(end(suspended) - DAY)
    assert await desk.expire(licences, expired_at) == suspended
    assert (await desk.check(suspended)).outcome is None
    assert await desk.content(organisation_id) == ["board-meeting"]
    assert (await desk.end(suspended)).marked
    assert await desk.content(organisation_id) == []


async def test_expiry_between_planned_end_and_import(town: Town, desk: Desk, imports: PostgresImports) -> None:
    """What ended as planned before the base came in can be reported after it; its grace runs from the report (RP-01, WH-07, SF-06).

    An expiry older than the planned one is history: the base says that the set was paid for since.
    """
    planned = await town.now() - 100 * DAY
    licences = await imported(town, imports, expires_at=planned)
    await refuse(desk, licences, planned - SECOND)
    suspended = await desk.expire(licences, planned)
    assert (suspended.state, suspended.expires_at) == (LicenceState.SUSPENDED, planned)
    assert await town.now() - (end(suspended) - town.rules.subscription_grace) < timedelta(minutes=1)


@pytest.mark.parametrize("planned_in", [None, 300 * DAY])
async def test_expiry_from_before_the_import_of_a_paid_set(
    town: Town, desk: Desk, imports: PostgresImports, planned_in: timedelta | None
) -> None:
    """A set that the base has as paid for is not ended by an expiry from before the import, but by one after it (RP-01, WH-07)."""
    start = await town.now()
    licences = await imported(town, imports, expires_at=None if planned_in is None else start + planned_in)
    for expired_at in (start - 100 * DAY, start):
        await refuse(desk, licences, expired_at)
    assert await town.state(licences.organisation_id) is OrganisationState.LIVE
    assert (await desk.expire(licences)).state is LicenceState.SUSPENDED


async def test_expiry_of_the_base_is_no_news(town: Town, desk: Desk, imports: PostgresImports) -> None:
    """The expiry that a suspended set came in with is a repetition, also once the set is restored (RP-03, WH-07)."""
    expired_at = await town.now() - 50 * DAY
    await store(imports, organisation("a"), licences_row("a", "a", "suspended", expired_at.isoformat()))
    [suspended] = (await town.organisations.show(SERVICE, OrganisationId("org_a"))).licence_sets
    assert await desk.expire(suspended, expired_at) == suspended
    restored = await desk.restore(suspended)
    await town.advance(20 * DAY)
    assert await desk.expire(suspended, expired_at) == restored

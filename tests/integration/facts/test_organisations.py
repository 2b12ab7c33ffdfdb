"""The customer list and one organisation, as partners and operators see them (PS, CS)."""

from collections.abc import Sequence
from datetime import timedelta

import pytest

from adapters.postgres.audit_trail import PostgresAuditTrail
from tenure.contracts.organisation import Manage, OrganisationState, OrganisationSummary, Remedy, Role
from tenure.errors import Refusal, RefusalCode
from tenure.ids import OrganisationId
from tenure.policy.promise import promised
from tenure.ports import Caller
from tests.integration.deletion.town import DAY, OPERATOR, SERVICE, Town, admin
from tests.integration.facts.desk import Desk, as_partner

PAGE = 1000


async def listed(
    town: Town, caller: Caller = OPERATOR, *, to_be_deleted: bool | None = None
) -> Sequence[OrganisationSummary]:
    """The customer list of a caller."""
    page = await town.organisations.page(caller, to_be_deleted=to_be_deleted, after=None, limit=PAGE)
    assert page.next_after is None
    return page.organisations


async def test_label_and_filter(town: Town) -> None:
    """The label stands by marked and warned organisations, and the filter answers exactly those (PS-01, DM-03, AC-05)."""
    live, marked = await town.organisation(), await town.organisation()
    warned = await town.warned()
    await town.mark(marked)
    await town.advance(DAY)
    await town.sign_in(warned)
    await town.assess(warned)
    assert {each.organisation_id: each.to_be_deleted for each in await listed(town)} == {
        live: False,
        marked: True,
        warned: True,
    }
    assert [each.organisation_id for each in await listed(town, to_be_deleted=True)] == [marked, warned]
    assert [each.organisation_id for each in await listed(town, to_be_deleted=False)] == [live]


async def test_every_managing_partner_sees_the_label(town: Town) -> None:
    """All partners that manage an organisation see it and its label, and others see nothing of it (PS-06, P14)."""
    first, second, stranger = await town.partner(), await town.partner(), await town.partner()
    organisation_id = await town.organisation(managed_by=first)
    await town.organisations.manage(SERVICE, Manage(partner_id=second, organisation_id=organisation_id))
    await town.mark(organisation_id)
    for partner_id in (first, second):
        [summary] = await listed(town, as_partner(partner_id), to_be_deleted=True)
        assert (summary.organisation_id, summary.partners) == (organisation_id, (first, second))
        assert (await town.organisations.show(as_partner(partner_id), organisation_id)).to_be_deleted
    assert await listed(town, as_partner(stranger)) == ()
    trail = PostgresAuditTrail(town.database)
    for unseen in (
        town.organisations.show(as_partner(stranger), organisation_id),
        trail.of(as_partner(stranger), organisation_id),
    ):
        with pytest.raises(Refusal) as refused:
            await unseen
        assert refused.value.code is RefusalCode.ORGANISATION_NOT_FOUND
    assert [entry.action for entry in await trail.of(as_partner(first), organisation_id)] == ["managed", "marked"]


async def test_gone_organisations_leave_the_list(town: Town) -> None:
    """From the fence on an organisation is in nobody's list; its partner is answered `org_deleted`, and so is everybody once it is erased (PS-06, SF-11)."""
    partner_id = await town.partner()
    stays = await town.organisation(managed_by=partner_id)
    gone = await town.purging(await town.organisation(managed_by=partner_id))
    for caller in (OPERATOR, as_partner(partner_id)):
        assert [each.organisation_id for each in await listed(town, caller)] == [stays]
    assert (await town.organisations.show(OPERATOR, gone)).state is OrganisationState.ERASING
    with pytest.raises(Refusal) as refused:
        await town.organisations.show(as_partner(partner_id), gone)
    assert refused.value.code is RefusalCode.ORG_DELETED
    await town.erase(gone)
    with pytest.raises(Refusal) as refused:
        await town.organisations.show(OPERATOR, gone)
    assert refused.value.code is RefusalCode.ORG_DELETED


async def test_pages(town: Town) -> None:
    """Pages follow each other in order of id, without gap or overlap, while organisations come in between (PS-01)."""
    ids = sorted(await town.organisations_of(25))
    seen: list[OrganisationId] = []
    after: OrganisationId | None = None
    while True:
        page = await town.organisations.page(OPERATOR, to_be_deleted=None, after=after, limit=10)
        seen += [each.organisation_id for each in page.organisations]
        await town.execute(
            "insert into organisations (organisation_id, name, country, created_at)"
            " values ($1, 'Early', 'DE', business_now())",
            f"org_00000{len(seen)}",
        )
        if page.next_after is None:
            break
        after = page.next_after
    assert seen == ids


async def test_next_dates_and_deletion_date(town: Town) -> None:
    """The list shows the next date and, once warned, the very date the customer was told (PS-07, SF-01)."""
    organisation_id = await town.organisation()
    await town.mark(organisation_id)
    [marked] = await listed(town)
    assert (marked.next_kind, marked.deletion_at) == ("deletion_warning", None)
    await town.advance(town.rules.silence)
    await town.warn(organisation_id)
    [warned] = await listed(town)
    [told] = await town.fetch("select not_before from promises where organisation_id = $1", organisation_id)
    assert (warned.next_kind, warned.deletion_at) == ("deletion", told["not_before"])


async def test_alert_where_nobody_can_be_reached(town: Town) -> None:
    """An organisation without a full admin is warned all the same, and its partner is alerted (PS-01, DM-17, SF-02)."""
    partner_id = await town.partner()
    organisation_id = await town.organisation(admins=0, managed_by=partner_id)
    await town.mark(organisation_id)
    assert [each.alert for each in await listed(town, as_partner(partner_id))] == [None]
    await town.advance(town.rules.silence)
    assert (await town.warn(organisation_id)).state is OrganisationState.WARNED
    assert [each.alert for each in await listed(town, as_partner(partner_id))] == ["nobody_reachable"]


async def test_banner(town: Town) -> None:
    """While it is marked, the organisation's console shows the date and three remedies; a reset moves the date, only unmarking takes it away (DM-04, CS-02, CS-05)."""
    organisation_id = await town.organisation(time_zone="Europe/Warsaw")
    assert (await town.organisations.show(OPERATOR, organisation_id)).banner is None
    await town.mark(organisation_id)
    marked = await town.organisations.show(OPERATOR, organisation_id)
    assert marked.marked_at is not None
    assert marked.banner is not None
    earliest = promised(marked.marked_at + town.rules.silence, "Europe/Warsaw", town.rules)
    assert marked.banner.deletion_at == earliest
    assert marked.banner.remedies == (Remedy.NEW_TRIAL, Remedy.BUY_SUBSCRIPTION, Remedy.SIGN_IN)
    await town.advance(town.rules.silence)
    await town.deliver(*(await town.warn(organisation_id)).notices)
    warned = await town.organisations.show(OPERATOR, organisation_id)
    assert warned.banner is not None
    assert warned.banner.deletion_at == warned.deletion_at
    await town.advance(DAY)
    await town.sign_in(organisation_id)
    reset = await town.organisations.show(OPERATOR, organisation_id)
    assert reset.banner is not None
    assert reset.banner.deletion_at >= warned.banner.deletion_at + town.rules.silence
    await town.buy(organisation_id)
    assert (await town.organisations.show(OPERATOR, organisation_id)).banner is None


async def test_view(town: Town, desk: Desk) -> None:
    """One organisation is shown with its licences, people, partners and last activity (PS-03, PS-05)."""
    partner_id = await town.partner()
    organisation_id = await town.organisation(admins=2, managed_by=partner_id)
    expires_at = await town.now() + 90 * DAY
    licences = await desk.grant(organisation_id, expires_at=expires_at)
    await town.sign_in(organisation_id)
    view = await town.organisations.show(as_partner(partner_id), organisation_id)
    assert view.licence_sets == (licences,)
    assert (view.next_kind, view.next_due_at) == ("licence_expiry", expires_at)
    assert [(person.person_id, person.roles) for person in view.people] == [
        (admin(organisation_id, number), (Role.CUSTOMER_FULL_ADMIN,)) for number in (1, 2)
    ]
    assert view.partners == (partner_id,)
    assert view.last_activity_at is not None
    assert await town.now() - view.last_activity_at < timedelta(minutes=1)

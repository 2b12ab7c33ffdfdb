"""The customer list, one organisation, and its own request to be deleted."""

from collections.abc import Sequence
from datetime import timedelta

import pytest

from adapters.postgres import audit
from adapters.postgres.audit_trail import PostgresAuditTrail
from tenure import names
from tenure.contracts.erasure import ErasureCause, ErasureState
from tenure.contracts.organisation import DeleteNow, Manage, OrganisationState, OrganisationSummary, Remedy, Role
from tenure.errors import Refusal, RefusalCode
from tenure.ids import OrganisationId, PartnerId, PersonId
from tenure.policy.promise import promised
from tenure.ports import Caller
from tests.integration.deletion.town import DAY, OPERATOR, SERVICE, Town, admin
from tests.integration.facts.desk import Desk

PAGE = 1000


def as_partner(partner_id: PartnerId) -> Caller:
    """A partner's credentials."""
    return Caller(actor=f"partner:{partner_id}", partner_id=partner_id)


async def listed(
    town: Town, caller: Caller = OPERATOR, *, to_be_deleted: bool | None = None
) -> Sequence[OrganisationSummary]:
    """The customer list of a caller."""
    page = await town.organisations.page(caller, to_be_deleted=to_be_deleted, after=None, limit=PAGE)
    assert page.next_after is None
    return page.organisations


async def confirmed(town: Town, organisation_id: OrganisationId, number: int = 1) -> DeleteNow:
    """The request of a full admin who has typed the name."""
    view = await town.organisations.show(OPERATOR, organisation_id)
    return DeleteNow(organisation_id=organisation_id, person_id=admin(organisation_id, number), confirmation=view.name)


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


async def test_gaining_a_customer_unmarks_the_partner(town: Town) -> None:
    """A partner's own organisation without licences is unmarked by the first customer, and marked when the last one goes (DM-02)."""
    own = await town.organisation()
    partner_id = await town.partner(own)
    first, second = await town.organisation(), await town.organisation()
    await town.mark(own)
    for customer in (first, second):
        await town.organisations.manage(SERVICE, Manage(partner_id=partner_id, organisation_id=customer))
        assert await town.state(own) is OrganisationState.LIVE
    await town.organisations.unmanage(SERVICE, Manage(partner_id=partner_id, organisation_id=first))
    assert await town.state(own) is OrganisationState.LIVE
    await town.organisations.unmanage(SERVICE, Manage(partner_id=partner_id, organisation_id=second))
    assert await town.state(own) is OrganisationState.MARKED
    assert await town.audit(own) == ["marked", "unmarked", "marked"]
    assert await town.audit(first) == ["managed", "unmanaged"]


async def test_pending_consent_is_no_customer(town: Town) -> None:
    """A trial request that waits for consent makes nobody a managed customer (DM-02)."""
    own = await town.organisation()
    partner_id, customer = await town.partner(own), await town.organisation()
    await town.organisations.manage(SERVICE, Manage(partner_id=partner_id, organisation_id=customer))
    await town.execute(
        "insert into trial_requests (trial_request_id, organisation_id, partner_id, requested_at, deadline_at)"
        " values ('req_a', $1, $2, business_now(), business_now() + interval '10 days')",
        await town.organisation(),
        partner_id,
    )
    await town.organisations.unmanage(SERVICE, Manage(partner_id=partner_id, organisation_id=customer))
    assert await town.state(own) is OrganisationState.MARKED


async def test_own_organisation_among_the_customers(town: Town) -> None:
    """A partner that manages its own organisation has no customer by that (DM-01)."""
    own = await town.organisation()
    partner_id = await town.partner(own)
    await town.organisations.manage(SERVICE, Manage(partner_id=partner_id, organisation_id=own))
    await town.mark(own)
    assert await town.state(own) is OrganisationState.MARKED


async def test_management_said_again(town: Town, desk: Desk) -> None:
    """What is managed already, or not managed, stays so without a trace; unknown and gone parties are refused (XC-05)."""
    partner_id = await town.partner(await town.organisation())
    command = Manage(partner_id=partner_id, organisation_id=await town.organisation())
    await town.organisations.unmanage(SERVICE, command)
    await town.organisations.manage(SERVICE, command)
    gone = await town.organisation()
    await town.execute("update organisations set state = 'erasing' where organisation_id = $1", gone)
    before = await desk.everything()
    await town.organisations.manage(SERVICE, command)
    for update, code in (
        ({"organisation_id": gone}, RefusalCode.ORG_DELETED),
        ({"organisation_id": OrganisationId("org_unknown")}, RefusalCode.ORGANISATION_NOT_FOUND),
        ({"partner_id": PartnerId("ptr_unknown")}, RefusalCode.PARTNER_NOT_FOUND),
    ):
        for carry_out in (town.organisations.manage, town.organisations.unmanage):
            with pytest.raises(Refusal) as refused:
                await carry_out(SERVICE, command.model_copy(update=update))
            assert refused.value.code is code
    assert await desk.everything() == before


@pytest.mark.parametrize("state", ["live", "marked", "warned"])
async def test_own_request(town: Town, desk: Desk, state: str) -> None:
    """A full admin deletes the organisation at once, whatever it holds: no countdown, no mail, no way back (DM-11, DM-12).

    Its other processes are woken to end, and its partner, who loses the last customer by it, is marked (DM-02).
    """
    own = await town.organisation()
    partner_id = await town.partner(own)
    organisation_id = await town.organisation(managed_by=partner_id)
    if state == "live":
        await desk.suspended(organisation_id)
    elif state == "marked":
        await town.mark(organisation_id)
    else:
        await town.warned(organisation_id)
    erasure = await town.organisations.delete_now(SERVICE, await confirmed(town, organisation_id))
    assert (erasure.cause, erasure.state) == (ErasureCause.OWN_REQUEST, ErasureState.QUARANTINE)
    assert erasure.quarantine_until == erasure.fenced_at
    assert await town.state(organisation_id) is OrganisationState.ERASING
    assert await desk.next_dates(organisation_id) == {f"purge {organisation_id}": erasure.fenced_at}
    processes = await town.processes(organisation_id)
    assert processes.pop(names.erasure_id(organisation_id, erasure.generation)) == "pending"
    assert processes
    assert await town.wakes(organisation_id) >= len(processes)
    assert (await town.sign_in(organisation_id)).deleted == 1
    assert await town.fetch("select from notices where state = 'queued'") == []
    assert (await town.audit(organisation_id))[-1] == "fenced"
    async with town.database.read() as connection:
        assert await audit.verify(connection, organisation_id)
    assert await town.state(own) is OrganisationState.MARKED
    assert (await town.clear(organisation_id)).cleared


async def test_own_request_is_refused_to_others(town: Town, desk: Desk) -> None:
    """Only a full admin of this very organisation, who types its name, deletes it; partners never do (DM-12, XC-05)."""
    partner_id = await town.partner()
    organisation_id, neighbour = await town.organisation(admins=3, managed_by=partner_id), await town.organisation()
    for number, role in ((2, Role.CUSTOMER_ADMIN), (3, Role.PARTNER_FULL_ADMIN)):
        await town.execute(
            "update person_roles set role = $2 where person_id = $1", admin(organisation_id, number), role
        )
    command = await confirmed(town, organisation_id)
    before = await desk.everything()
    for caller, update, code in (
        (SERVICE, {"person_id": admin(organisation_id, 2)}, RefusalCode.ROLE_NOT_ALLOWED),
        (SERVICE, {"person_id": admin(organisation_id, 3)}, RefusalCode.ROLE_NOT_ALLOWED),
        (SERVICE, {"person_id": admin(neighbour)}, RefusalCode.PERSON_NOT_FOUND),
        (SERVICE, {"person_id": PersonId("per_nobody")}, RefusalCode.PERSON_NOT_FOUND),
        (as_partner(partner_id), {}, RefusalCode.ROLE_NOT_ALLOWED),
        (SERVICE, {"confirmation": ""}, RefusalCode.CONFIRMATION_REQUIRED),
        (SERVICE, {"confirmation": command.confirmation.lower()}, RefusalCode.CONFIRMATION_REQUIRED),
        (SERVICE, {"organisation_id": OrganisationId("org_unknown")}, RefusalCode.ORGANISATION_NOT_FOUND),
    ):
        with pytest.raises(Refusal) as refused:
            await town.organisations.delete_now(caller, command.model_copy(update=update))
        assert refused.value.code is code, update
    assert await desk.everything() == before


async def test_nothing_comes_back(town: Town, desk: Desk) -> None:
    """After the fence every command, purchases included, is answered `org_deleted`, and changes nothing (DM-09, AC-11)."""
    organisation_id = await town.organisation()
    command = await confirmed(town, organisation_id)
    await town.organisations.delete_now(SERVICE, command)
    partner_id = await town.partner()
    before = await desk.everything()
    for attempt in (
        desk.grant(organisation_id),
        town.organisations.manage(SERVICE, Manage(partner_id=partner_id, organisation_id=organisation_id)),
        town.organisations.delete_now(SERVICE, command),
    ):
        with pytest.raises(Refusal) as refused:
            await attempt
        assert refused.value.code is RefusalCode.ORG_DELETED
    assert await desk.everything() == before


async def test_the_same_request_twice(town: Town) -> None:
    """A request repeated under its key answers the same erasure; the key does not serve another command (P10)."""
    organisation_id = await town.organisation()
    keyed = SERVICE.model_copy(update={"key": "delete-1"})
    command = await confirmed(town, organisation_id)
    first = await town.organisations.delete_now(keyed, command)
    assert await town.organisations.delete_now(keyed, command) == first
    other = await confirmed(town, await town.organisation())
    with pytest.raises(Refusal) as refused:
        await town.organisations.delete_now(keyed, other)
    assert refused.value.code is RefusalCode.IDEMPOTENCY_KEY_REUSED


async def test_no_exemption(town: Town) -> None:
    """No column, state or role keeps an organisation from its countdown: full admins, partners and activity only move it (DM-10, AC-06)."""
    partner_id = await town.partner()
    organisation_id = await town.organisation(admins=5, managed_by=partner_id)
    await town.mark(organisation_id)
    for _ in range(3):
        await town.advance(town.rules.silence - DAY)
        await town.sign_in(organisation_id)
        assert (await town.assess(organisation_id)).assessment.verdict == "wait"
    await town.advance(town.rules.silence)
    assert (await town.assess(organisation_id)).assessment.verdict == "warn"

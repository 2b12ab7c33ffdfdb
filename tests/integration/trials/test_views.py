"""What partners and customers see of trials, and what nobody else does (PS, CS)."""

import pytest

from tenure.contracts.licence import LicenceKind, LicenceState
from tenure.contracts.organisation import GrantFullAccess, OrganisationState, Remedy, Role
from tenure.contracts.trial import ServiceState, TrialState
from tenure.errors import RefusalCode
from tenure.ids import OrganisationId, PersonId, TrialId
from tenure.ports import Caller
from tests.integration.deletion.town import DAY, OPERATOR, SERVICE, Town, admin
from tests.integration.trials.grounds import Side
from tests.integration.trials.market import Market, address


def caller(side: Side) -> Caller:
    """The partner's console."""
    return Caller(actor=f"partner:{side.partner_id}", partner_id=side.partner_id)


async def listed(town: Town, side: Side, *, to_be_deleted: bool | None = None) -> list[OrganisationId]:
    """The partner's customer list."""
    page = await town.organisations.page(caller(side), to_be_deleted=to_be_deleted, after=None, limit=100)
    return [organisation.organisation_id for organisation in page.organisations]


async def trials(town: Town, asker: Caller, **filters: object) -> list[TrialId]:
    """The list of trials that somebody sees."""
    page = await town.trials.page(asker, **filters)  # type: ignore[arg-type]
    return [trial.trial_id for trial in page.trials]


async def test_label_and_filter(town: Town, market: Market) -> None:
    """A customer whose trial has come to nothing is labelled for every managing partner, with its next date; the filter finds exactly these (PS-01, PS-06, PS-07)."""
    ended = await market.ended(await market.trial("messaging"))
    live = await market.trial("messaging")
    await market.manage(market.south, ended.organisation_id, "provisioning")
    for side in (market.north, market.south):
        assert await listed(town, side, to_be_deleted=True) == [ended.organisation_id]
    assert await listed(town, market.north, to_be_deleted=False) == [live.organisation_id]
    page = await town.organisations.page(caller(market.south), to_be_deleted=None, after=None, limit=10)
    [summary] = page.organisations
    assert (summary.to_be_deleted, summary.state) == (True, OrganisationState.MARKED)
    assert (summary.next_kind, summary.next_due_at) == (
        "deletion_warning",
        (await town.next_dates(ended.organisation_id))[0].due_at,
    )
    assert set(summary.partners) == {"ptr_north", "ptr_south"}


async def test_trials_that_are_about_to_end(town: Town, market: Market) -> None:
    """The list by days left holds active ones that end so soon and those in grace, with services, end and whom to ask (PS-02, PS-03, PS-08)."""
    soon = await market.trial("messaging", "calling", length_days=30)
    later = await market.trial("messaging", length_days=60)
    grace = await market.expired(await market.trial("messaging", length_days=30))
    await market.run(soon.trial_id)
    fresh = await market.trial("messaging", length_days=30)
    ended = {soon.trial_id, grace.trial_id}
    north = caller(market.north)
    assert set(await trials(town, north, ending_within_days=29)) == ended
    assert set(await trials(town, north, ending_within_days=31)) == ended | {later.trial_id, fresh.trial_id}
    await town.advance(26 * DAY)
    page = await town.trials.page(north, ending_within_days=7)
    shown = {trial.trial_id: trial for trial in page.trials}
    assert set(shown) == ended | {later.trial_id, fresh.trial_id}
    view = shown[fresh.trial_id]
    assert view.ends_at == fresh.ends_at
    assert [each.service for each in view.services] == ["messaging"]
    assert view.contact is not None
    assert view.contact.email == f"eve@{fresh.trial_id.name}.example"


@pytest.mark.parametrize(
    "state", [TrialState.PENDING_CONSENT, TrialState.AWAITING_DETAILS, TrialState.PROVISIONING, TrialState.ACTIVE]
)
async def test_statuses(town: Town, market: Market, state: TrialState) -> None:
    """Each status finds its trials, and no others (PS-04)."""
    wanted = await market.ask(await market.customer())
    other = (
        await market.trial("messaging") if state is not TrialState.ACTIVE else await market.ask(await market.customer())
    )
    if state is not TrialState.PENDING_CONSENT:
        await market.reach(wanted, state)
    assert await trials(town, caller(market.north), state=state) == [wanted.trial_id]
    assert set(await trials(town, caller(market.north))) == {wanted.trial_id, other.trial_id}
    assert await trials(town, caller(market.north), organisation_id=other.organisation_id) == [other.trial_id]


async def test_a_pending_customer_is_a_row_and_no_more(town: Town, market: Market) -> None:
    """Before consent the partner sees what it asked for, and neither the customer nor its people; after it, both (CO-16, PS-04, PS-08)."""
    acme = await market.customer()
    trial = await market.ask(acme)
    north = caller(market.north)
    pending = await town.trials.show(north, trial.trial_id)
    assert (pending.contact, pending.access, pending.licence_set_id) == (None, None, None)
    assert await listed(town, market.north) == []
    assert await market.refused(town.organisations.show(north, acme)) is RefusalCode.ORGANISATION_NOT_FOUND
    await market.accept(trial)
    assert await listed(town, market.north) == [acme]
    assert (await town.organisations.show(north, acme)).organisation_id == acme
    contact = (await town.trials.show(north, trial.trial_id)).contact
    assert contact is not None
    assert contact.email == address(acme)
    await market.cancel(trial)
    assert await listed(town, market.north) == []
    assert (await town.trials.show(north, trial.trial_id)).contact is None


async def test_a_customer_entry(town: Town, market: Market) -> None:
    """The entry lists what the customer holds: the trial's licences with its end, and subscriptions with their services (PS-03, PS-05, CS-04)."""
    trial = await market.trial("messaging", "calling")
    await market.buy(trial.organisation_id, "contact-center")
    view = await town.organisations.show(caller(market.north), trial.organisation_id)
    held = {licences.kind: licences for licences in view.licence_sets}
    assert held[LicenceKind.TRIAL].expires_at == trial.ends_at
    assert set(held[LicenceKind.TRIAL].services) == {"calling", "messaging"}
    assert held[LicenceKind.SUBSCRIPTION].services == ("contact-center",)
    assert (view.region, view.industry) == ("eu", "technology")


async def test_the_expired_tag(town: Town, market: Market) -> None:
    """Licences of a trial that has ended are tagged on the overview until they are removed, bought or extended (CS-03, GR-02)."""
    trial = await market.expired(await market.trial("messaging"))

    async def state() -> LicenceState:
        [licences] = (await town.organisations.show(OPERATOR, trial.organisation_id)).licence_sets
        return licences.state

    assert await state() is LicenceState.SUSPENDED
    assert (await market.show(trial.trial_id)).grace_ends_at == trial.grace_ends_at
    await market.extend(trial, 10)
    assert await state() is LicenceState.ACTIVE


async def test_other_partners_see_nothing(town: Town, market: Market) -> None:
    """Trials are their partner's, whoever else manages the customer; asking for another's list is refused (PS-06, P14)."""
    trial = await market.trial("messaging")
    await market.manage(market.south, trial.organisation_id)
    south = caller(market.south)
    assert await trials(town, south) == []
    assert await trials(town, south, organisation_id=trial.organisation_id) == []
    assert await market.refused(town.trials.show(south, trial.trial_id)) is RefusalCode.TRIAL_NOT_FOUND
    other = town.trials.page(south, partner_id=market.north.partner_id)
    assert await market.refused(other) is RefusalCode.FORBIDDEN
    assert await trials(town, caller(market.north)) == await trials(town, OPERATOR) == [trial.trial_id]
    assert await trials(town, OPERATOR, partner_id=market.south.partner_id) == []


async def test_gone_organisations_leave_the_lists(town: Town, market: Market) -> None:
    """From the fence on, with all their trials; only an operator still reads one while the quarantine lasts (PS-06, SF-11)."""
    trial = await market.trial("messaging")
    eve = PersonId(
        await town.value(str, "select person_id from full_admins where organisation_id = $1", trial.organisation_id)
    )
    await town.execute("update organisations set state = 'erasing' where organisation_id = $1", trial.organisation_id)
    north = caller(market.north)
    assert await listed(town, market.north) == []
    assert await trials(town, north) == await trials(town, OPERATOR) == []
    assert await market.refused(town.trials.show(north, trial.trial_id)) is RefusalCode.ORG_DELETED
    assert (await town.trials.show(OPERATOR, trial.trial_id)).trial_id == trial.trial_id
    grant = GrantFullAccess(organisation_id=trial.organisation_id, partner_id=market.north.partner_id, person_id=eve)
    assert await market.refused(town.organisations.grant_full_access(SERVICE, grant)) is RefusalCode.ORG_DELETED


async def test_what_was_asked_for_and_who_orders(town: Town, market: Market) -> None:
    """A trial says which devices were asked for, and whose order converts it where that is not its partner's (TR-11, TC-13)."""
    devices = [{"model": "Desk Pro", "quantity": 2}]
    trial = await market.trial("calling", devices=devices)
    assert [line.model_dump() for line in trial.devices] == devices
    assert trial.distributor_id is None
    await town.execute("update partners set tier = 2, distributor_id = 'ptr_south' where partner_id = 'ptr_north'")
    assert (await market.show(trial.trial_id)).distributor_id == market.south.partner_id


async def test_services_keep_what_became_of_them(town: Town, market: Market) -> None:
    """A trial shows its services in order, also those that were removed, bought or torn down (PS-02, PS-05)."""
    trial = await market.trial("messaging", "calling", "contact-center")
    await market.edit(trial, "calling", "contact-center")
    await market.run(trial.trial_id)
    await market.convert(trial, "calling")
    shown = await town.trials.show(caller(market.north), trial.trial_id)
    assert [(each.service, each.state) for each in shown.services] == [
        ("calling", ServiceState.BOUGHT),
        ("contact-center", ServiceState.BUILT),
        ("messaging", ServiceState.GONE),
    ]


async def test_reading_is_no_activity(town: Town, market: Market) -> None:
    """Lists, offers, pages of consent: nothing that is looked at changes anything (SF-09, Q-23)."""
    acme = await market.customer()
    trial = await market.ask(acme)
    before = await market.facts()
    await town.trials.page(caller(market.north))
    await town.trials.show(caller(market.north), trial.trial_id)
    await town.consents.pending(SERVICE, acme, admin(acme))
    await town.consents.request(trial.trial_id)
    await town.organisations.show(OPERATOR, acme)
    assert await market.facts() == before


async def test_a_full_admin_without_a_licence(town: Town, market: Market) -> None:
    """After the last grace whoever decided still sees the banner with its remedies, is asked, and accepts; that counts as a sign-in (CS-01, CS-02, CS-05 to CS-07, Q-05)."""
    ended = await market.ended(await market.trial("messaging"))
    customer = ended.organisation_id
    eve = PersonId(await town.value(str, "select person_id from full_admins where organisation_id = $1", customer))
    roles = await town.fetch("select role from person_roles where person_id = $1", eve)
    assert [row["role"] for row in roles] == [Role.CONTACT_OF_RECORD]
    banner = (await town.organisations.show(SERVICE, customer)).banner
    assert banner is not None
    assert set(banner.remedies) == set(Remedy)
    email = await town.value(str, "select email from people where person_id = $1", eve)
    trial = await market.ask(customer, "calling", side=market.south, admin_email=email)
    [shown] = await town.consents.pending(SERVICE, customer, eve)
    assert shown.trial_id == trial.trial_id
    await town.advance(5 * DAY)
    await market.accept(trial, eve)
    moved = (await town.organisations.show(SERVICE, customer)).banner
    assert moved is not None
    assert moved.deletion_at > banner.deletion_at
    await market.detail(trial, market.south.seller)
    await market.run(trial.trial_id)
    assert (await town.organisations.show(SERVICE, customer)).banner is None

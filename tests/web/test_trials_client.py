"""Trials through the client: from the request to conversion, devices and orders, with errors a program can decide by."""

from collections.abc import AsyncIterator

import pytest

from tenure import LicenceSetId, OrderId, PersonId, Refusal, RefusalCode, Tenure, TrialId
from tenure.contracts.consent import AcceptTrial, DeclineTrial
from tenure.contracts.conversion import ActingAs, ConvertTrial, TieOrder
from tenure.contracts.credential import CredentialRole
from tenure.contracts.device import DeviceState, FindDemoOrder, RegisterReturn, RequestReturnLabel, ShipDevices
from tenure.contracts.organisation import Access, GrantFullAccess
from tenure.contracts.trial import (
    AskOffer,
    AssignLicences,
    CancelTrial,
    EditTrial,
    ExtendTrial,
    ProvideDetails,
    ResendConsent,
    TrialPath,
    TrialState,
    TrialView,
)
from tenure.ids import OrganisationId
from tests.integration.deletion.town import DAY, admin
from tests.web.site import Site
from tests.web.trade import Trade, email


@pytest.fixture
async def client(site: Site) -> AsyncIterator[Tenure]:
    """A service's client."""
    async with site.client(await site.token(CredentialRole.SERVICE, name="portal")) as client:
        yield client


@pytest.fixture
async def customer(site: Site) -> OrganisationId:
    """An organisation that the partner does not manage."""
    return await site.town.organisation()


@pytest.fixture
async def trial(trade: Trade) -> TrialView:
    """An active trial."""
    return await trade.active()


async def test_a_trial_is_asked_for_and_consented_to(trade: Trade, client: Tenure, customer: OrganisationId) -> None:
    """Offer, request, what waits, resend, acceptance and details, each answered with the trial as it is (TR, CO, PV-01)."""
    offer = await client.trials.offer(AskOffer(partner_id=trade.partner_id, admin_email=email(customer)))
    assert (offer.path, offer.organisation_id) == (TrialPath.EXISTING_CUSTOMER, customer)
    asked = await client.trials.request(trade.request(customer), key="request-1")
    assert asked.state is TrialState.PENDING_CONSENT
    by = trade.seller
    resent = await client.trials.resend_consent(ResendConsent(trial_id=asked.trial_id, by=by))
    assert resent.consent_deadline_at == asked.consent_deadline_at
    [pending] = await client.trials.pending(customer, admin(customer))
    assert pending.trial_id == asked.trial_id
    accepted = await client.trials.accept(AcceptTrial(trial_id=asked.trial_id, person_id=admin(customer)))
    assert (accepted.state, accepted.access) == (TrialState.AWAITING_DETAILS, Access.PROVISIONING)
    building = await client.trials.provide_details(ProvideDetails(trial_id=asked.trial_id, by=by, seats=7))
    assert (building.state, building.seats) == (TrialState.PROVISIONING, 7)
    await trade.look(building)
    assert (await client.trials.show(asked.trial_id)).state is TrialState.ACTIVE
    assert [one.trial_id async for one in client.trials.list(organisation_id=customer)] == [asked.trial_id]


async def test_refusals_are_told_by_code(trade: Trade, client: Tenure, customer: OrganisationId) -> None:
    """A refusal arrives as one, with its code, and declining leaves nothing to accept (XC-05, CO-20)."""
    with pytest.raises(Refusal) as refused:
        await client.trials.request(trade.request(customer, requested_by=trade.helper))
    assert refused.value.code is RefusalCode.ROLE_NOT_ALLOWED
    asked = await client.trials.request(trade.request(customer))
    await client.trials.decline(DeclineTrial(trial_id=asked.trial_id, person_id=admin(customer)))
    with pytest.raises(Refusal) as refused:
        await client.trials.accept(AcceptTrial(trial_id=asked.trial_id, person_id=admin(customer)))
    assert refused.value.code is RefusalCode.NOT_PENDING


async def test_what_can_be_picked_is_told(trade: Trade, client: Tenure, customer: OrganisationId) -> None:
    """The catalogue has all that a request is made of, and a request that is made of it is taken (TR-04, TR-05, TR-09, TR-22)."""
    catalogue = await client.trials.catalogue()
    assert catalogue.lengths_days == (30, 60, 90)
    assert {one.service for one in catalogue.services if one.site_required} == {"meetings-enterprise"}
    assert {catalogue.countries[country] for country in ("DE", "US", "AU")} == {"eu", "us", "ap"}
    picked = {"industry": list(catalogue.industries)[-1], "country": list(catalogue.countries)[-1]}
    site = {"url": "picked.meet.example", "time_zone": "UTC"}
    services = tuple(one.service for one in catalogue.services)
    asked = await client.trials.request(
        trade.request(customer, services=services, site=site, length_days=catalogue.lengths_days[-1], **picked)
    )
    assert (asked.length_days, {one.service for one in asked.services}) == (90, set(services))


async def test_the_list_is_read_page_by_page(
    trade: Trade, client: Tenure, monkeypatch: pytest.MonkeyPatch, site: Site
) -> None:
    """A list longer than a page comes as one stream, whole and in order (PS-02)."""
    monkeypatch.setattr("tenure.client.trials.PAGE_SIZE", 2)
    asked = [await trade.asked(organisation_id) for organisation_id in await site.town.organisations_of(5)]
    assert [one.trial_id async for one in client.trials.list(partner_id=trade.partner_id)] == sorted(asked)
    state = TrialState.PENDING_CONSENT
    assert len([one async for one in client.trials.list(state=state)]) == 5
    assert [one async for one in client.trials.list(ending_within_days=30)] == []


async def test_a_trial_is_changed(site: Site, trade: Trade, client: Tenure, trial: TrialView) -> None:
    """Extended by days from now, edited, its licences given to people, and cancelled (TC-01, TC-03, TC-07, TC-10, PV-05)."""
    own = {"trial_id": trial.trial_id, "by": trade.seller}
    with pytest.raises(Refusal) as refused:
        await client.trials.extend(ExtendTrial(**own, days=3))
    assert refused.value.code is RefusalCode.CONFIRMATION_REQUIRED
    now = await client.now()
    shorter = await client.trials.extend(ExtendTrial(**own, days=3, confirmed=True))
    assert shorter.ends_at is not None
    assert 3 * DAY <= shorter.ends_at - now < 3 * DAY + DAY / 24
    edited = await client.trials.edit(EditTrial(**own, services=("messaging", "contact-center")))
    assert {one.service for one in edited.services if one.state in ("ordered", "built")} == {
        "messaging",
        "contact-center",
    }
    await client.trials.assign_licences(AssignLicences(**own, give=(admin(trial.organisation_id),)))
    assert await site.town.value(int, "select count(*)::int from licence_assignments") == 1
    with pytest.raises(Refusal) as refused:
        await client.trials.cancel(CancelTrial(**own))
    assert refused.value.code is RefusalCode.CONFIRMATION_REQUIRED
    assert (await client.trials.cancel(CancelTrial(**own, confirmed=True))).state is TrialState.CANCELLED


async def test_an_order_converts_and_is_tied(site: Site, trade: Trade, client: Tenure, trial: TrialView) -> None:
    """What is missing from an order is told before; the order is then tied to the trial's organisation alone (TC-17 to TC-19)."""
    order = ConvertTrial(
        trial_id=trial.trial_id,
        order_id=OrderId("ord_1"),
        licence_set_id=LicenceSetId("lic_bought"),
        services=("calling",),
        ordered_by=trade.partner_id,
    )
    before = await site.digest()
    plan = await client.trials.plan_conversion(order)
    assert (plan.converted, plan.remaining, plan.contact) == (("calling",), ("messaging",), trade.seller)
    assert await site.digest() == before
    with pytest.raises(Refusal) as refused:
        await client.trials.convert(order)
    assert refused.value.code is RefusalCode.CONFIRMATION_REQUIRED
    confirmed = order.model_copy(update={"confirmed": True})
    assert await client.trials.convert(confirmed, key="order-1") == plan
    assert await client.trials.convert(confirmed, key="order-1") == plan
    assert (await client.trials.show(trial.trial_id)).state is TrialState.ACTIVE
    tie = TieOrder(order_id=order.order_id, acting_as=ActingAs.PARTNER, admin_email=email(trial.organisation_id))
    shown = await client.orders.show(order.order_id)
    assert (shown.services, shown.tied_at, shown.organisation_name) == (("calling",), None, None)
    assert (await client.orders.plan_tie(tie)).organisation_name == trial.organisation_name
    assert (await client.orders.show(order.order_id)).tied_at is None
    with pytest.raises(Refusal) as refused:
        await client.orders.tie(tie.model_copy(update={"admin_email": "nobody@nowhere.example"}))
    assert refused.value.code is RefusalCode.CUSTOMER_NOT_MATCHED
    assert (await client.orders.tie(tie)).tied_at is not None


async def test_devices_go_and_come_back(site: Site, trade: Trade, client: Tenure, trial: TrialView) -> None:
    """Shipped with an end of their own, found again, returned one by one, and overdue after 14 days (DV-02 to DV-09)."""
    ends_at = await client.now() + 10 * DAY
    shipped = await client.devices.ship(
        ShipDevices(trial_id=trial.trial_id, demo_order="D-77", serials=("fch1", "FCH2"), device_ends_at=ends_at)
    )
    assert shipped.due_at == ends_at + 14 * DAY
    assert (await client.trials.show(trial.trial_id)).device_ends_at == ends_at
    own = {"trial_id": trial.trial_id, "by": trade.seller}
    with pytest.raises(Refusal) as refused:
        await client.trials.request_return_label(RequestReturnLabel(**own))
    assert refused.value.code is RefusalCode.LABEL_US_ONLY
    with pytest.raises(Refusal) as refused:
        await client.trials.register_return(RegisterReturn(**own, serials=("FCH9",)))
    assert refused.value.code is RefusalCode.SERIAL_MISMATCH
    back = await client.trials.register_return(RegisterReturn(**own, serials=("fch2",)))
    assert [(one.serial, one.state) for one in back.devices] == [
        ("FCH1", DeviceState.SHIPPED),
        ("FCH2", DeviceState.RETURNED),
    ]
    assert [one async for one in client.devices.outstanding(overdue=True)] == []
    await site.town.advance_to(shipped.due_at)
    [late] = [one async for one in client.devices.outstanding(partner_id=trade.partner_id, overdue=True)]
    assert late == await client.devices.show(trial.trial_id)
    assert late.overdue
    assert [one async for one in client.devices.outstanding(overdue=False)] == []
    for question in (
        FindDemoOrder(serials=("FCH1", "FCH2")),
        FindDemoOrder(by_organisation=trial.organisation_id, admin_email=email(trial.organisation_id)),
    ):
        assert (await client.devices.find_demo_order(question)).demo_order == "D-77"
    with pytest.raises(Refusal) as refused:
        await client.devices.find_demo_order(FindDemoOrder(serials=("FCH1",)))
    assert refused.value.code is RefusalCode.DEMO_ORDER_NOT_FOUND


async def test_full_access_is_granted(trade: Trade, client: Tenure, customer: OrganisationId) -> None:
    """The customer's full admin gives what the consent left out (RO-02)."""
    trial_id = await trade.asked(customer)
    await client.trials.accept(AcceptTrial(trial_id=trial_id, person_id=admin(customer)))
    grant = GrantFullAccess(organisation_id=customer, partner_id=trade.partner_id, person_id=admin(customer))
    await client.managements.grant_full_access(grant)
    assert (await client.trials.show(trial_id)).access is Access.FULL


async def test_ids_are_of_one_kind(client: Tenure) -> None:
    """An id of the wrong kind never leaves the program (SF-04)."""
    with pytest.raises(ValueError, match="is no TrialId"):
        TrialId("org_a")
    with pytest.raises(ValueError, match="is no OrderId"):
        OrderId("trl_a")
    with pytest.raises(ValueError, match=r"trial_id\n.*trl_"):
        AcceptTrial.model_validate({"trial_id": "org_a", "person_id": PersonId("per_a")})


async def test_the_clock_is_the_installations(site: Site, client: Tenure) -> None:
    """`now` is the business clock, wherever a simulation has moved it (SF-10)."""
    before = await client.now()
    await site.town.advance(40 * DAY)
    assert await client.now() - before >= 40 * DAY

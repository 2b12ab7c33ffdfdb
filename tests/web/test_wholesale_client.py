"""Wholesale through the client: every operation, lists page by page, and refusals a program can decide by."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tenure import LicenceSetId, Refusal, RefusalCode, Tenure
from tenure.contracts.address import BillingAddress
from tenure.contracts.credential import CredentialRole
from tenure.contracts.customer import (
    AddressState,
    CancelSubscription,
    OnboardingState,
    PaymentState,
    SetPaymentState,
    UpdateBillingAddress,
)
from tenure.contracts.organisation import Role
from tenure.contracts.package import SetQuantities
from tenure.contracts.review import CaseState, DecideCase, Decision
from tenure.contracts.user import (
    AddOnCommand,
    AssignNumber,
    ChangeUserPackage,
    CreateUser,
    DeleteUser,
    ItemOutcome,
    NumberItem,
    ReleaseNumber,
    RunProvisioning,
    SetUserRole,
    UserItem,
)
from tenure.contracts.wizard import AcceptTerms, WizardCommand, WizardStep
from tests.integration.deletion.town import DAY, Town
from tests.integration.wholesale.gate import ATTENDANT, SOLD, Gate
from tests.web.site import Site, open_site


@pytest.fixture
async def site(town: Town, tmp_path: Path) -> AsyncIterator[Site]:
    """A site that sells one add-on."""
    async with open_site(town, tmp_path, catalogue=SOLD) as site:
        yield site


@pytest.fixture
async def gate(site: Site) -> Gate:
    """Two service providers, and the processes of their customers."""
    return await Gate.open(site.town)


@pytest.fixture
async def tool(site: Site, gate: Gate) -> AsyncIterator[Tenure]:
    """The provisioning system of the service provider `north`."""
    token = await site.token(CredentialRole.SERVICE_PROVIDER, gate.north.partner_id, "tool")
    async with site.client(token) as client:
        yield client


@pytest.fixture
async def reviewer(site: Site) -> AsyncIterator[Tenure]:
    """The reviewer's client."""
    async with site.client(await site.token(CredentialRole.REVIEWER, name="rita")) as client:
        yield client


async def refused(act: object) -> RefusalCode:
    """The code with which an operation is refused."""
    with pytest.raises(Refusal) as refusal:
        await act  # type: ignore[misc]
    return refusal.value.code


async def test_a_customer_is_brought_in_and_lives(gate: Gate, tool: Tenure) -> None:
    """Created once under its key, screened, active, moved, limited, unpaid and cancelled (ONB-07, RPL-17, PKG-11, BIL-03, PO-08)."""
    offers = await tool.customers.list_packages()
    assert "suite" in {package.code for package in offers.packages}
    command = gate.command(packages={"suite": 2})
    created = await tool.customers.create_customer(command, key="creation-1")
    assert await tool.customers.create_customer(command, key="creation-1") == created
    assert created.state is OnboardingState.RECEIVED
    other = command.model_copy(update={"name": "Another"})
    assert await refused(tool.customers.create_customer(other)) is RefusalCode.CONFLICT
    assert await refused(tool.customers.create_customer(other, key="creation-1")) is RefusalCode.IDEMPOTENCY_KEY_REUSED
    own = created.organisation_id
    await gate.screen(created)
    await gate.set_up(created)
    active = await tool.customers.get_onboarding(own)
    assert (active.state, active.subscription is not None) == (OnboardingState.ACTIVE, True)
    assert [one.organisation_id async for one in tool.customers.list_customers(state=OnboardingState.ACTIVE)] == [own]
    move = UpdateBillingAddress(organisation_id=own, billing_address=BillingAddress(country="FR"))
    moving = await tool.customers.update_billing_address(move)
    assert moving.address_change is not None
    assert moving.address_change.state is AddressState.SCREENING
    quantities = await tool.customers.set_quantities(SetQuantities(organisation_id=own, packages={"suite": 5}))
    assert [(one.code, one.limit, one.assigned) for one in quantities.quantities] == [("suite", 5, 1)]
    run = await tool.customers.run_provisioning(
        RunProvisioning(
            organisation_id=own,
            users=(UserItem(email="jo@k.example", package="suite"),),
            numbers=(NumberItem(phone_number="+4930111222", location="Lobby"),),
        )
    )
    assert [one.outcome for one in run.results] == [ItemOutcome.CREATED] * 2
    assert active.subscription is not None
    licences = active.subscription.licence_set_id
    unpaid = SetPaymentState(licence_set_id=licences, payment_state=PaymentState.UNPAID)
    assert (await tool.customers.set_payment_state(unpaid)).payment_state is PaymentState.UNPAID
    await tool.customers.cancel_subscription(CancelSubscription(licence_set_id=licences))
    assert (await tool.customers.get_onboarding(own)).state is OnboardingState.CANCELLED
    missing = CancelSubscription(licence_set_id=LicenceSetId("lic_none"))
    assert await refused(tool.customers.cancel_subscription(missing)) is RefusalCode.SUBSCRIPTION_NOT_FOUND


async def test_users_come_and_change_and_go(
    site: Site, gate: Gate, tool: Tenure, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every operation on users, add-ons and numbers; lists page by page; what was billed is told (USR, ADD-05, NUM-02, ADM-03)."""
    monkeypatch.setattr("tenure.client.users.PAGE_SIZE", 2)
    begun = await tool.now()
    customer = await gate.active(packages={"suite": 4, "meetings": 1}, add_ons={ATTENDANT: 3})
    own = customer.organisation_id
    users = [
        await tool.users.create_user(CreateUser(organisation_id=own, email=f"{name}@k.example", package="suite"))
        for name in ("jo", "al", "bo")
    ]
    full = CreateUser(organisation_id=own, email="cy@k.example", package="suite")
    with pytest.raises(Refusal) as exceeded:
        await tool.users.create_user(full)
    assert exceeded.value.code is RefusalCode.PACKAGE_QUANTITY_EXCEEDED
    assert (exceeded.value.details["limit"], exceeded.value.details["assigned"]) == (4, 4)
    jo = users[0].person_id
    admin = SetUserRole(organisation_id=own, user_id=jo, role=Role.CUSTOMER_ADMIN)
    assert Role.CUSTOMER_ADMIN in (await tool.users.set_user_role(admin)).roles
    lower = ChangeUserPackage(organisation_id=own, user_id=jo, package="meetings")
    assert await refused(tool.users.change_user_package(lower)) is RefusalCode.ADMIN_PACKAGE_DOWNGRADE_NOT_SUPPORTED
    changed = await tool.users.change_user_package(lower.model_copy(update={"user_id": users[1].person_id}))
    assert changed.package == "meetings"
    for user in users:
        await tool.users.assign_add_on(AddOnCommand(organisation_id=own, user_id=user.person_id, add_on=ATTENDANT))
    await site.town.advance(DAY)
    removal = AddOnCommand(organisation_id=own, user_id=jo, add_on=ATTENDANT)
    assert (await tool.users.remove_add_on(removal)).add_ons == ()
    number = AssignNumber(organisation_id=own, phone_number="+4930111333", user_id=jo)
    assert (await tool.users.assign_number(number)).user_id == jo
    place = AssignNumber(organisation_id=own, phone_number="+4930111333", location="Lobby")
    assert await refused(tool.users.assign_number(place)) is RefusalCode.NUMBER_IN_USE
    free = ReleaseNumber(organisation_id=own, phone_number="+4930111333")
    assert (await tool.users.release_number(free)).user_id is None
    await tool.users.delete_user(DeleteUser(organisation_id=own, user_id=users[2].person_id))
    listed = [user.person_id async for user in tool.users.list_users(own)]
    assert listed == sorted({*(user.person_id for user in users[:2]), await gate.admin(own)})
    until = await tool.now()
    items = [item async for item in tool.users.list_billable_items(gate.north.partner_id, from_=begun, to=until + DAY)]
    assert [(item.person_id, item.ended_at is None) for item in items] == [
        (user.person_id, user is users[1]) for user in users
    ]


async def test_reviews_are_read_and_decided(
    gate: Gate, tool: Tenure, reviewer: Tenure, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The queue page by page, one case with what was found, one decision, and every screening kept (RPL-13 to RPL-15, RPL-19)."""
    monkeypatch.setattr("tenure.client.reviews.PAGE_SIZE", 1)
    monkeypatch.setattr("tenure.client.reviews.SCREENINGS_PAGE_SIZE", 1)
    held = [await gate.held() for _ in range(2)]
    cases = [case async for case in reviewer.reviews.list_rpl_cases(state=CaseState.OPEN)]
    assert [case.case_id for case in cases] == [case.case_id for _, case in held]
    assert [case async for case in reviewer.reviews.list_rpl_cases(older_than_minutes=60)] == []
    view = await reviewer.reviews.get_rpl_case(cases[0].case_id)
    assert [hit.listed_name for hit in view.found] == ["Works Trading Co."]
    decision = DecideCase(case_id=view.case_id, decision=Decision.APPROVE, reason="Another company")
    assert await refused(tool.reviews.decide_rpl_case(decision)) is RefusalCode.FORBIDDEN
    assert (await reviewer.reviews.decide_rpl_case(decision)).state is CaseState.APPROVED
    reject = decision.model_copy(update={"decision": Decision.REJECT})
    assert await refused(reviewer.reviews.decide_rpl_case(reject)) is RefusalCode.CASE_CLOSED
    customer = await gate.set_up(held[0][0])
    await gate.move(customer)
    await gate.screen_address(customer)
    screenings = [one async for one in reviewer.reviews.list_screenings(customer.organisation_id)]
    assert [(str(one.trigger), str(one.result)) for one in screenings] == [
        ("address_update", "clear"),
        ("create", "match"),
    ]


async def test_an_organisation_is_launched(site: Site, gate: Gate) -> None:
    """From the terms to the end, in the name of a full admin (WIZ-02 to WIZ-06)."""
    customer = await gate.active()
    own = {"organisation_id": customer.organisation_id, "person_id": await gate.admin(customer.organisation_id)}
    command = WizardCommand.model_validate(own)
    async with site.client(await site.token(CredentialRole.SERVICE, name="console")) as console:
        wizard = await console.wizard.launch_org(command)
        assert await refused(console.wizard.get_started(command)) is RefusalCode.TERMS_NOT_ACCEPTED
        terms = AcceptTerms.model_validate(own | {"terms_version": wizard.terms_version})
        assert (await console.wizard.accept_terms(terms)).step is WizardStep.GET_STARTED
        assert await refused(console.wizard.complete_setup(command)) is RefusalCode.WRONG_STATE
        await console.wizard.get_started(command)
        assert (await console.wizard.complete_setup(command)).step is WizardStep.COMPLETE

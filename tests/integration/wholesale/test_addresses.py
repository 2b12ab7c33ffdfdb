"""A customer moves: the new address is screened, and the old one stays in force until nothing speaks against it."""

import asyncio
from datetime import timedelta

import pytest

from tenure.contracts.address import BillingAddress
from tenure.contracts.customer import (
    AddressState,
    CancelSubscription,
    NewSite,
    OnboardingReason,
    OnboardingState,
    Pstn,
    UpdateBillingAddress,
)
from tenure.contracts.onboarding import ScreeningDone
from tenure.contracts.review import CaseState, Decision, ScreeningTrigger
from tenure.errors import RefusalCode
from tenure.ids import OrganisationId
from tests.integration.trials.market import refusal_of
from tests.integration.wholesale.gate import BERLIN, PARIS, Gate, hit
from tests.integration.wholesale.hall import OPERATOR, REVIEWER, SERVICE, helper, provider, reader, seller

SITE = NewSite(url="acme.meet.example", pstn=Pstn.CISCO, telephony_domain="global")


async def test_a_clear_address_is_in_force(gate: Gate) -> None:
    """Screened as it will be, then applied; the country of the organisation stays what it was (RPL-02, RPL-17, CIN-11, Q-08)."""
    customer = await gate.active(sites=(SITE,))
    proposed = await gate.move(customer)
    assert proposed.address_change is not None
    assert (proposed.state, proposed.address_change.state) == (OnboardingState.ACTIVE, AddressState.SCREENING)
    assert proposed.billing_address == BERLIN
    subject = await gate.steps.subject(await gate.address_task(customer))
    assert subject is not None
    assert (subject.names, subject.country, subject.address) == ((customer.name,), "FR", PARIS.line)
    assert (await gate.look_at_address(customer)).state is AddressState.SCREENING
    assert await gate.screen_address(customer) is ScreeningDone.CLEAR
    moved = await gate.see(customer)
    assert moved.address_change is not None
    assert (moved.billing_address, moved.address_change.state) == (PARIS, AddressState.APPLIED)
    assert (moved.org_country, moved.sites) == ("DE", customer.sites)
    assert (await gate.look_at_address(customer)).state is AddressState.APPLIED
    assert (await gate.town.processes(customer.organisation_id))[
        f"address-change/{customer.organisation_id}/1"
    ] == "closed"
    assert await gate.town.next_dates(customer.organisation_id) == []
    back = await gate.move(customer, BERLIN)
    assert back.address_change is not None
    assert back.address_change.generation == 2


async def test_country_and_numbers_follow_once_where_that_is_asked(gate: Gate) -> None:
    """With resync both follow the approved address, together; the same address again is screened, too (Q-08, Q-35, RPL-02)."""
    customer = await gate.active(sites=(SITE,))
    await gate.move(customer, resync=True)
    await gate.screen_address(customer)
    moved = await gate.see(customer)
    assert moved.org_country == "FR"
    assert moved.sites[0].call_in is not None
    assert moved.sites[0].call_in.phone_number == "+33261910100"
    await gate.move(customer, BERLIN)
    await gate.screen_address(customer)
    assert (await gate.see(customer)).org_country == "FR"
    await gate.move(customer, BERLIN, resync=True)
    assert (await gate.look_at_address(customer)).state is AddressState.SCREENING
    await gate.screen_address(customer)
    assert (await gate.see(customer)).org_country == "DE"
    assert (await gate.town.audit(customer.organisation_id)).count("country_resynced") == 2


@pytest.mark.parametrize(
    "change", [{"lines": ("Hauptstr. 2",)}, {"city": "Potsdam"}, {"postal_code": "10117"}, {"region": "Mitte"}]
)
async def test_whichever_field_changes(gate: Gate, change: dict[str, object]) -> None:
    """Every change is screened, not only another country (RPL-02)."""
    customer = await gate.active()
    await gate.move(customer, BERLIN.model_copy(update=change))
    assert (await gate.look_at_address(customer)).state is AddressState.SCREENING


async def test_nothing_is_done_where_nothing_changes(gate: Gate) -> None:
    """The address that is in force, with nothing to follow it, is answered as it is (RPL-02)."""
    customer = await gate.active()
    facts = await gate.facts()
    assert (await gate.move(customer, BERLIN)).address_change is None
    assert await gate.facts() == facts


async def test_a_hit_holds_the_change_alone(gate: Gate) -> None:
    """Services go on, users are added, and no other address is taken meanwhile; approved, it is in force (RPL-17, RPL-18, Q-31)."""
    customer = await gate.active()
    await gate.move(customer)
    assert await gate.refused(gate.move(customer, BERLIN)) is RefusalCode.RPL_REVIEW_PENDING
    assert await gate.screen_address(customer, hit()) is ScreeningDone.MATCH
    held = await gate.see(customer)
    assert held.address_change is not None
    assert (held.state, held.billing_address) == (OnboardingState.ACTIVE, BERLIN)
    assert held.address_change.state is AddressState.PENDING_RPL_REVIEW
    case = await gate.case(customer)
    assert (case.trigger, case.state) == (ScreeningTrigger.ADDRESS_UPDATE, CaseState.OPEN)
    assert (await gate.look_at_address(customer)).due_at == case.deadline_at
    assert await gate.refused(gate.move(customer, BERLIN)) is RefusalCode.RPL_REVIEW_PENDING
    await gate.decide(case.case_id)
    assert (await gate.see(customer)).billing_address == PARIS
    assert (await gate.look_at_address(customer)).state is AddressState.APPLIED


@pytest.mark.parametrize("outcome", [Decision.REJECT, Decision.UNRESOLVED, None])
async def test_what_is_not_approved_leaves_the_old_address(gate: Gate, outcome: Decision | None) -> None:
    """The update is in error, the customer is not, and may move again (RPL-17, Q-04)."""
    customer = await gate.active()
    await gate.move(customer, resync=True)
    await gate.screen_address(customer, hit())
    case = await gate.case(customer)
    if outcome is None:
        await gate.town.advance_to(case.deadline_at)
        await gate.town.advance(timedelta(seconds=1))
        assert (await gate.look_at_case(case)).state is CaseState.TIMED_OUT
    else:
        await gate.decide(case.case_id, outcome)
    stayed = await gate.see(customer)
    reasons = {
        Decision.REJECT: OnboardingReason.RPL_REJECTED,
        Decision.UNRESOLVED: OnboardingReason.RPL_UNRESOLVED,
        None: OnboardingReason.RPL_REVIEW_TIMEOUT,
    }
    assert stayed.address_change is not None
    assert (stayed.address_change.state, stayed.address_change.reason) == (AddressState.ERROR, reasons[outcome])
    assert (stayed.state, stayed.billing_address, stayed.org_country) == (OnboardingState.ACTIVE, BERLIN, "DE")
    assert (await gate.look_at_address(customer)).state is AddressState.ERROR
    assert (await gate.move(customer)).state is OnboardingState.ACTIVE


async def test_an_address_that_is_wrong_leaves_nothing(gate: Gate) -> None:
    """As at creation; before there is an account none is taken (ONB-04, RPL-18, PRV-03)."""
    customer = await gate.active()
    for address, code in (
        (BillingAddress(), RefusalCode.BILLING_COUNTRY_REQUIRED),
        (BERLIN.model_copy(update={"country": "ZZ"}), RefusalCode.INVALID_COUNTRY),
    ):
        assert await gate.refused(gate.move(customer, address)) is code
    early = await gate.create()
    assert await gate.refused(gate.move(early)) is RefusalCode.ACCOUNT_NOT_READY
    await gate.look(early)
    assert await gate.refused(gate.move(early)) is RefusalCode.ACCOUNT_NOT_READY
    held, _ = await gate.held()
    assert await gate.refused(gate.move(held)) is RefusalCode.RPL_REVIEW_PENDING
    missing = customer.model_copy(update={"organisation_id": OrganisationId("org_nobody")})
    assert await gate.refused(gate.move(missing)) is RefusalCode.CUSTOMER_NOT_FOUND


async def test_who_may_move_a_customer(gate: Gate) -> None:
    """Its service provider, beside services and operators; another partner learns nothing of it (PO-04, P14)."""
    customer = await gate.active()
    command = UpdateBillingAddress(organisation_id=customer.organisation_id, billing_address=PARIS)
    for caller, code in (
        (provider(gate.south), RefusalCode.CUSTOMER_NOT_FOUND),
        (reader(gate.north), RefusalCode.FORBIDDEN),
        (helper(gate.north), RefusalCode.ROLE_NOT_ALLOWED),
        (REVIEWER, RefusalCode.FORBIDDEN),
    ):
        assert await gate.refused(gate.customers.update_billing_address(caller, command)) is code
    for caller in (seller(gate.north), SERVICE, OPERATOR):
        await gate.customers.update_billing_address(caller, command)
        await gate.screen_address(customer, hit())
        await gate.decide((await gate.case(customer)).case_id, Decision.REJECT)


async def test_of_many_moves_at_once_one_is_taken(gate: Gate) -> None:
    """While one waits the others are refused, whoever comes first (RPL-18)."""
    customer = await gate.active()
    addresses = [BERLIN.model_copy(update={"city": f"City {number}"}) for number in range(10)]
    answers = await asyncio.gather(*(gate.move(customer, each) for each in addresses), return_exceptions=True)
    codes = [refusal_of(answer) for answer in answers]
    assert (codes.count(None), codes.count(RefusalCode.RPL_REVIEW_PENDING)) == (1, 9)


async def test_a_customer_who_leaves_ends_the_change(gate: Gate) -> None:
    """The review is closed by its reviewer, and applies nothing to who has left (RPL-17, PO-08)."""
    customer = await gate.active()
    await gate.move(customer)
    await gate.screen_address(customer, hit())
    assert customer.subscription is not None
    await gate.customers.cancel_subscription(
        provider(gate.north), CancelSubscription(licence_set_id=customer.subscription.licence_set_id)
    )
    assert (await gate.look_at_address(customer)).state is AddressState.ERROR
    case = await gate.case(customer)
    assert (await gate.decide(case.case_id)).state is CaseState.APPROVED
    left = await gate.see(customer)
    assert (left.state, left.billing_address) == (OnboardingState.CANCELLED, BERLIN)
    assert await gate.refused(gate.move(customer)) is RefusalCode.CUSTOMER_CANCELLED


async def test_a_key_moves_once(gate: Gate) -> None:
    """The same key and address again answers what holds now (P10)."""
    customer = await gate.active()
    caller = provider(gate.north).model_copy(update={"key": "move-1"})
    command = UpdateBillingAddress(organisation_id=customer.organisation_id, billing_address=PARIS)
    await gate.customers.update_billing_address(caller, command)
    await gate.screen_address(customer)
    facts = await gate.facts()
    assert (await gate.customers.update_billing_address(caller, command)).billing_address == PARIS
    assert await gate.facts() == facts

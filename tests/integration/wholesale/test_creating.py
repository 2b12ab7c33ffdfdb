"""Customers are taken in once, and what is wrong with a request is refused before anything is stored."""

import asyncio
from typing import Any

import pytest

from tenure.contracts.address import BillingAddress
from tenure.contracts.customer import CreateCustomer, CustomerView, NewSite, OnboardingState, Pstn
from tenure.contracts.package import MOST_UNITS
from tenure.contracts.review import Decision
from tenure.contracts.trial import AskOffer
from tenure.contracts.user import NumberItem, UserItem
from tenure.errors import Refusal, RefusalCode
from tenure.ids import PartnerId
from tenure.ports import Caller
from tests.integration.trials.fairground import Fairground
from tests.integration.wholesale.gate import ATTENDANT, BERLIN, PLAN, Gate, hit
from tests.integration.wholesale.hall import OPERATOR, REVIEWER, SERVICE, helper, provider, reader, seller

CISCO = NewSite(url="acme.meet.example", pstn=Pstn.CISCO, telephony_domain="global")

REFUSALS: dict[str, tuple[RefusalCode, dict[str, Any]]] = {
    "without a reference": (RefusalCode.EXTERNAL_ID_REQUIRED, {"external_id": None}),
    "a name that cannot be screened": (RefusalCode.INVALID_INPUT, {"name": "!?"}),
    "without an address": (RefusalCode.BILLING_COUNTRY_REQUIRED, {"billing_address": BillingAddress()}),
    "without a country": (
        RefusalCode.BILLING_COUNTRY_REQUIRED,
        {"billing_address": BERLIN.model_copy(update={"country": " "})},
    ),
    "no country of ISO 3166-1": (
        RefusalCode.INVALID_COUNTRY,
        {"billing_address": BERLIN.model_copy(update={"country": "ZZ"})},
    ),
    "a country by its name": (
        RefusalCode.INVALID_COUNTRY,
        {"billing_address": BERLIN.model_copy(update={"country": "Germany"})},
    ),
    "another country of the organisation": (RefusalCode.ORG_COUNTRY_NOT_SETTABLE, {"org_country": "FR"}),
    "an unknown creation package": (RefusalCode.UNKNOWN_PACKAGE, {"package": "deluxe"}),
    "an unknown package": (RefusalCode.UNKNOWN_PACKAGE, {"packages": {"suite": 1, "deluxe": 1}}),
    "an unknown add-on": (RefusalCode.UNKNOWN_ADD_ON, {"add_ons": {"fax": 1}}),
    "an add-on of later": (RefusalCode.ADD_ON_NOT_AVAILABLE, {"add_ons": {PLAN: 1}}),
    "none at all": (RefusalCode.INVALID_QUANTITY, {"packages": {}}),
    "only noughts": (RefusalCode.INVALID_QUANTITY, {"packages": {"suite": 0}}),
    "less than none": (RefusalCode.INVALID_QUANTITY, {"packages": {"suite": 1, "calling": -1}}),
    "a slip of the keyboard": (RefusalCode.INVALID_QUANTITY, {"packages": {"suite": MOST_UNITS + 1}}),
    "less than no add-on": (RefusalCode.INVALID_QUANTITY, {"add_ons": {ATTENDANT: -1}}),
    "none for the first admin": (RefusalCode.INVALID_QUANTITY, {"packages": {"calling": 3}}),
    "an unknown telephony domain": (
        RefusalCode.UNKNOWN_TELEPHONY_DOMAIN,
        {"sites": (CISCO.model_copy(update={"telephony_domain": "moon"}),)},
    ),
    "no telephony domain": (
        RefusalCode.UNKNOWN_TELEPHONY_DOMAIN,
        {"sites": (CISCO.model_copy(update={"telephony_domain": None}),)},
    ),
    "a site twice": (RefusalCode.SITE_URL_TAKEN, {"sites": (CISCO, CISCO.model_copy(update={"pstn": Pstn.OTHER}))}),
    "nobody's customer": (RefusalCode.PARTNER_NOT_FOUND, {"partner_id": PartnerId("ptr_nobody")}),
}


async def test_a_request_that_is_wrong_leaves_nothing(gate: Gate) -> None:
    """Refused by its own code before any screening, every table as it was (ONB-04, ONB-06, PO-06, PKG-10, ADD-02, ADM-04, XC-05)."""
    facts = await gate.facts()
    codes = {case: await _refusal(gate, gate.command(**changes)) for case, (_, changes) in REFUSALS.items()}
    assert codes == {case: code for case, (code, _) in REFUSALS.items()}
    assert await gate.facts() == facts


async def _refusal(gate: Gate, command: CreateCustomer, caller: Caller = SERVICE) -> RefusalCode:
    """Why a request is refused."""
    with pytest.raises(Refusal) as refusal:
        await gate.customers.create(caller, command)
    return refusal.value.code


async def test_who_may_bring_customers_in(gate: Gate) -> None:
    """A partner's system and its sellers do, beside services and operators; nobody else (PO-04, P14, RPL-14)."""
    facts = await gate.facts()
    refusals = {
        RefusalCode.FORBIDDEN: [REVIEWER, reader(gate.north), provider(gate.south), seller(gate.south)],
        RefusalCode.ROLE_NOT_ALLOWED: [helper(gate.north)],
    }
    for code, callers in refusals.items():
        for caller in callers:
            assert await _refusal(gate, gate.command(), caller) is code
    assert await gate.facts() == facts
    for caller in (provider(gate.north), seller(gate.north), SERVICE, OPERATOR):
        customer = await gate.customers.create(caller, gate.command())
        assert customer.state is OnboardingState.RECEIVED


async def test_the_country_of_the_organisation_may_be_said_again(gate: Gate) -> None:
    """It is the bill's, and nothing else; a country that is not offered for trials is one (ONB-05, ONB-06)."""
    address = BERLIN.model_copy(update={"country": "AQ"})
    customer = await gate.create(billing_address=address, org_country="AQ")
    assert (customer.org_country, customer.billing_address.country) == ("AQ", "AQ")
    [organisation] = await gate.town.fetch(
        "select region from organisations where organisation_id = $1", customer.organisation_id
    )
    assert organisation["region"] is None


async def test_the_same_request_is_the_same_customer(gate: Gate) -> None:
    """Whatever has become of it, and in whatever order the quantities stand (ONB-07)."""
    command = gate.command(packages={"suite": 2, "calling": 1})
    customer = await gate.create(command)
    await gate.screen(customer)
    facts = await gate.facts()
    again = await gate.create(command.model_copy(update={"packages": {"calling": 1, "suite": 2}}))
    assert (again.organisation_id, again.state) == (customer.organisation_id, OnboardingState.PROVISIONING)
    assert await gate.facts() == facts


async def test_another_request_is_a_conflict(gate: Gate) -> None:
    """A reference of the service provider's system is of one customer; another partner's references are its own (ONB-07, PO-05, PO-06)."""
    command = gate.command()
    await gate.create(command)
    for changes in ({"name": "Others"}, {"packages": {"suite": 6}}, {"own_organisation": True}, {"package": "nothing"}):
        other = command.model_copy(update=changes)
        assert await _refusal(gate, other) is RefusalCode.CONFLICT
    south = await gate.create(command.model_copy(update={"partner_id": gate.south.partner_id}))
    assert south.partner_id == gate.south.partner_id


async def test_twenty_at_once_are_one(gate: Gate) -> None:
    """The same request twenty times at once makes one customer, one organisation and one process (ONB-07)."""
    command = gate.command()
    seen = await asyncio.gather(*(gate.create(command) for _ in range(20)))
    assert len({customer.organisation_id for customer in seen}) == 1
    assert await gate.town.value(int, "select count(*)::int from onboardings") == 1
    assert await gate.town.value(int, "select count(*)::int from processes") == 1
    assert await gate.town.value(int, "select count(*)::int from organisations where country is not null") == 3


async def test_twenty_that_differ_are_one_too(gate: Gate) -> None:
    """Of different requests for one reference one is taken, and the others are refused (ONB-07)."""
    command = gate.command()
    bodies = [command.model_copy(update={"name": f"Works {number}"}) for number in range(20)]
    answers = await asyncio.gather(*(gate.create(body) for body in bodies), return_exceptions=True)
    taken = [answer for answer in answers if isinstance(answer, CustomerView)]
    assert len(taken) == 1
    others = [answer.code for answer in answers if isinstance(answer, Refusal)]
    assert others == [RefusalCode.CONFLICT] * 19


async def test_a_key_answers_what_holds_now(gate: Gate) -> None:
    """The same key and request again does nothing, also when the first is over; no answer with a name is kept (ONB-07, P10)."""
    command = gate.command()
    caller = provider(gate.north).model_copy(update={"key": "k1"})
    customer = await gate.customers.create(caller, command)
    await gate.screen(customer, hit())
    await gate.decide((await gate.case(customer)).case_id, Decision.REJECT)
    again = await gate.customers.create(caller, command)
    assert (again.organisation_id, again.state) == (customer.organisation_id, OnboardingState.ERROR)
    [kept] = await gate.town.fetch("select response from idempotency_keys where key = 'k1'")
    assert kept["response"] is None


@pytest.mark.parametrize("decision", [Decision.REJECT, Decision.UNRESOLVED])
async def test_a_failed_review_gives_the_reference_back(gate: Gate, decision: Decision) -> None:
    """Trying again is a new customer in a new organisation, screened afresh (RPL-12, ONB-07)."""
    command = gate.command(sites=(CISCO,))
    first = await gate.create(command)
    await gate.screen(first, hit())
    assert await gate.refused(gate.create(gate.command(sites=(CISCO,)))) is RefusalCode.SITE_URL_TAKEN
    await gate.decide((await gate.case(first)).case_id, decision)
    second = await gate.create(command)
    assert second.organisation_id != first.organisation_id
    assert second.state is OnboardingState.RECEIVED
    await gate.screen(second)
    assert (await gate.set_up(second)).state is OnboardingState.ACTIVE
    assert (await gate.see(first)).state is OnboardingState.ERROR


async def test_a_site_that_somebody_has_is_refused(gate: Gate) -> None:
    """An address of a meetings site is one organisation's, from the request on (TR-10)."""
    await gate.active(sites=(CISCO,))
    command = gate.command(sites=(CISCO,), side=gate.south)
    assert await gate.refused(gate.create(command)) is RefusalCode.SITE_URL_TAKEN


async def test_what_comes_along_is_checked_when_it_is_provisioned(gate: Gate) -> None:
    """Users and numbers that cannot be do not keep a customer from coming in (PRV-05)."""
    users = (UserItem(email="ann@works.example", package="deluxe"), UserItem(email="bob@works.example"))
    numbers = (NumberItem(phone_number="+493023125001", email="nobody@works.example"),)
    customer = await gate.active(users=users, numbers=numbers)
    assert customer.to_provision == 3


async def test_a_partner_without_an_organisation_has_none_of_its_own(gate: Gate) -> None:
    """The own organisation is one that exists (PO-07)."""
    partner_id = await gate.town.partner()
    command = gate.command(partner_id=partner_id, own_organisation=True)
    assert await gate.refused(gate.customers.create(SERVICE, command)) is RefusalCode.ORGANISATION_NOT_FOUND
    assert (await gate.customers.create(SERVICE, gate.command(partner_id=partner_id))).partner_id == partner_id


async def test_a_customer_keeps_its_partner(gate: Gate) -> None:
    """A partner whose own organisation is marked is unmarked by its first customer (DM-02, DP-04)."""
    await gate.town.mark(gate.north.organisation_id)
    assert await gate.town.state(gate.north.organisation_id) == "marked"
    await gate.create()
    assert await gate.town.state(gate.north.organisation_id) == "live"


async def test_no_trial_before_a_customer_is_in(gate: Gate) -> None:
    """What needs an account is refused on every route, and another partner learns nothing of the review (RPL-06, P14)."""
    fair, customer = Fairground(gate.town), await gate.create()

    async def refusals() -> list[RefusalCode]:
        requests = [
            fair.request("messaging", side=side, organisation_id=customer.organisation_id, admin_email="e@x.example")
            for side in (gate.north, gate.south)
        ]
        return [await gate.refused(gate.town.trials.request(SERVICE, request)) for request in requests]

    assert await refusals() == [RefusalCode.ACCOUNT_NOT_READY, RefusalCode.ACCOUNT_NOT_READY]
    await gate.screen(customer, hit())
    assert await refusals() == [RefusalCode.RPL_REVIEW_PENDING, RefusalCode.ACCOUNT_NOT_READY]
    await gate.decide((await gate.case(customer)).case_id, Decision.REJECT)
    assert await refusals() == [RefusalCode.ONBOARDING_FAILED, RefusalCode.ACCOUNT_NOT_READY]
    question = AskOffer(partner_id=gate.north.partner_id, organisation_id=customer.organisation_id)
    assert await gate.refused(gate.town.trials.offer(SERVICE, question)) is RefusalCode.ONBOARDING_FAILED
    ready = await gate.active()
    request = fair.request("contact-center", side=gate.north, organisation_id=ready.organisation_id, admin_email=None)
    await gate.town.trials.request(SERVICE, request)


async def test_the_admin_of_a_customer_to_come_is_known(gate: Gate) -> None:
    """Nobody there has an account yet, and still a trial for that address makes no second organisation of it (TR-13, RPL-06)."""
    fair, customer = Fairground(gate.town), await gate.create(admin_email="Ida@Works.example")
    for side in (gate.north, gate.south):
        request = fair.request("messaging", side=side, admin_email="ida@works.example")
        with pytest.raises(Refusal) as refusal:
            await gate.town.trials.request(SERVICE, request)
        assert refusal.value.code is RefusalCode.CONFIRMATION_REQUIRED
        assert set(refusal.value.details["organisations"]) == {customer.organisation_id}  # type: ignore[call-overload]
    request = fair.request(
        "messaging", organisation_id=customer.organisation_id, admin_email="ida@works.example", side=gate.north
    )
    assert await gate.refused(gate.town.trials.request(SERVICE, request)) is RefusalCode.ACCOUNT_NOT_READY

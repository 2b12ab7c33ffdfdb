"""What a reviewer has cleared does not come back while customer and entry are what they were (Q-32)."""

import pytest

from tenure.contracts.customer import AddressState, OnboardingState
from tenure.contracts.onboarding import ScreeningDone
from tenure.contracts.review import CaseState, Decision
from tenure.contracts.screening import Hit
from tests.integration.wholesale.gate import BERLIN, PARIS, Gate, hit
from tests.integration.wholesale.hall import REVIEWER


async def test_cleared_as_it_is(gate: Gate) -> None:
    """The same entry for the same customer needs nobody again, and is kept with the screening (RPL-04, RPL-19, Q-32)."""
    customer, case = await gate.held(hit("SDN-1"), hit("SDN-2"))
    await gate.decide(case.case_id)
    await gate.set_up(customer)
    await gate.move(customer, BERLIN, resync=True)
    assert await gate.screen_address(customer, hit("SDN-2"), hit("SDN-1")) is ScreeningDone.CLEAR
    [newest, _] = (await gate.reviews.screenings(REVIEWER, customer.organisation_id)).screenings
    assert (newest.hits, {each.entry_id for each in newest.known}) == ((), {"SDN-1", "SDN-2"})
    assert len(await gate.cases(customer)) == 1


@pytest.mark.parametrize(
    ("found", "omitted"),
    [
        ((hit("SDN-1", version=2),), 0),
        ((hit("SDN-9"),), 0),
        ((hit("SDN-1"), hit("SDN-9")), 0),
        ((hit("SDN-1", list_id="elsewhere"),), 0),
        ((hit("SDN-1"),), 1),
    ],
    ids=["the entry has changed", "another entry", "one of two", "another list", "more than are listed"],
)
async def test_not_cleared(gate: Gate, found: tuple[Hit, ...], omitted: int) -> None:
    """An entry that has changed, another one, or one that nobody could see is looked at (RPL-05, Q-32)."""
    customer, case = await gate.held(hit("SDN-1"))
    await gate.decide(case.case_id)
    await gate.set_up(customer)
    await gate.move(customer, BERLIN, resync=True)
    assert await gate.screen_address(customer, *found, omitted=omitted) is ScreeningDone.MATCH
    again = await gate.case(customer, CaseState.OPEN)
    unknown = [each for each in found if omitted or each.entry_id != "SDN-1" or each != hit("SDN-1")]
    assert list(again.found) == unknown


async def test_another_address_is_another_customer(gate: Gate) -> None:
    """Cleared at one address is not cleared at the next; back at the first it is (RPL-02, Q-32)."""
    customer, case = await gate.held()
    await gate.decide(case.case_id)
    await gate.set_up(customer)
    await gate.move(customer, PARIS)
    assert await gate.screen_address(customer, hit()) is ScreeningDone.MATCH
    await gate.decide((await gate.case(customer, CaseState.OPEN)).case_id, Decision.REJECT)
    await gate.move(customer, BERLIN, resync=True)
    assert await gate.screen_address(customer, hit()) is ScreeningDone.CLEAR
    assert (await gate.look_at_address(customer)).state is AddressState.APPLIED


@pytest.mark.parametrize("decision", [Decision.REJECT, Decision.UNRESOLVED])
async def test_only_an_approval_is_remembered(gate: Gate, decision: Decision) -> None:
    """What was rejected, or could not be found out, is found again (RPL-11, Q-32)."""
    customer = await gate.active()
    await gate.move(customer)
    await gate.screen_address(customer, hit())
    await gate.decide((await gate.case(customer)).case_id, decision)
    await gate.move(customer)
    assert await gate.screen_address(customer, hit()) is ScreeningDone.MATCH


async def test_nobody_is_cleared_for_another(gate: Gate) -> None:
    """The memory is of one customer: a namesake of the same address is looked at (Q-32)."""
    first, case = await gate.held(name="Twin GmbH")
    await gate.decide(case.case_id)
    second, _ = await gate.held(name="Twin GmbH", side=gate.south)
    assert second.state is OnboardingState.PENDING_RPL_REVIEW
    assert (await gate.see(first)).state is OnboardingState.PROVISIONING

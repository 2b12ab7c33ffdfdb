"""Statuses of wholesale customers: all that are true, the most urgent in front."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenure.contracts.customer import CustomerStatus, OnboardingState
from tenure.contracts.organisation import OrganisationState
from tenure.policy.status import CustomerFacts, statuses

SETTLED = CustomerFacts(
    organisation=OrganisationState.LIVE,
    onboarding=OnboardingState.ACTIVE,
    set_up=True,
    paid=True,
    unpaid=False,
    had_licences=True,
)
"""An active customer whose wizard is done and whose subscription is paid."""
CANCELLED = replace(SETTLED, onboarding=OnboardingState.CANCELLED, paid=False)
NEW = replace(SETTLED, onboarding=OnboardingState.SCREENING, set_up=False, paid=False, had_licences=False)

facts = st.builds(
    CustomerFacts,
    organisation=st.sampled_from(OrganisationState),
    onboarding=st.sampled_from(OnboardingState),
    set_up=st.booleans(),
    paid=st.booleans(),
    unpaid=st.booleans(),
    had_licences=st.booleans(),
    on_trial=st.booleans(),
)


@pytest.mark.parametrize(
    ("known", "told"),
    [
        (SETTLED, "subscription"),
        (NEW, ""),
        (replace(NEW, onboarding=OnboardingState.RECEIVED), ""),
        (replace(NEW, onboarding=OnboardingState.PENDING_RPL_REVIEW), "rpl_review_pending"),
        (replace(NEW, onboarding=OnboardingState.ERROR), "onboarding_error"),
        (replace(NEW, onboarding=OnboardingState.PROVISIONING), "ready_for_order_setup"),
        (replace(SETTLED, set_up=False), "ready_for_order_setup subscription"),
        (replace(SETTLED, paid=False, unpaid=True), "suspended"),
        (replace(SETTLED, unpaid=True), "suspended subscription"),
        (replace(SETTLED, set_up=False, paid=False, unpaid=True), "suspended ready_for_order_setup"),
        (CANCELLED, "expired"),
        (replace(CANCELLED, on_trial=True), ""),
        (replace(CANCELLED, paid=True), "subscription"),
        (replace(CANCELLED, organisation=OrganisationState.MARKED), "to_be_deleted expired"),
        (replace(CANCELLED, organisation=OrganisationState.WARNED), "to_be_deleted expired"),
    ],
)
def test_what_is_told(known: CustomerFacts, told: str) -> None:
    """Each status by its rule: suspended is not active and not expired, and who was cancelled has expired (BIL-03, STS-03, Q-29)."""
    assert " ".join(statuses(known)) == told


@given(known=facts)
def test_the_most_urgent_comes_first(known: CustomerFacts) -> None:
    """In the order of precedence, each once; who is suspended or subscribed has not expired (STS-03, BIL-03)."""
    told = statuses(known)
    assert list(told) == sorted(told, key=list(CustomerStatus).index)
    assert len(set(told)) == len(told)
    living = {CustomerStatus.SUSPENDED, CustomerStatus.SUBSCRIPTION} & set(told)
    assert not (living and CustomerStatus.EXPIRED in told)


@given(known=facts)
def test_paying_takes_nothing_but_the_suspension(known: CustomerFacts) -> None:
    """Becoming paid clears it, and changes nothing else but that the subscription is active again (BIL-03)."""
    unpaid = set(statuses(replace(known, paid=False, unpaid=True)))
    paid = set(statuses(replace(known, paid=True, unpaid=False)))
    assert unpaid - paid == {CustomerStatus.SUSPENDED}
    assert paid - unpaid == {CustomerStatus.SUBSCRIPTION}

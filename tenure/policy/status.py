"""What the customer list says of a wholesale customer (B annex 3)."""

from dataclasses import dataclass

from tenure.contracts.customer import CustomerStatus, OnboardingState
from tenure.contracts.organisation import OrganisationState
from tenure.policy.marking import to_be_deleted


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerFacts:
    """What the statuses of a customer follow from."""

    organisation: OrganisationState
    onboarding: OnboardingState
    set_up: bool
    """The first-launch wizard is done (WIZ-05)."""
    paid: bool
    """A subscription is active, and is paid."""
    unpaid: bool
    """A subscription is active, and is still unpaid (BIL-03)."""
    had_licences: bool
    """There has been a subscription or a trial, or there is one."""
    on_trial: bool = False
    """A trial is running."""


def statuses(facts: CustomerFacts) -> tuple[CustomerStatus, ...]:
    """Every status that is true, the first by precedence in front: it is the primary one (STS-03).

    An unpaid subscription makes the customer suspended, and is not active; while it lasts the customer has not expired
    (BIL-03). One that was cancelled is over, whatever is unpaid of it: the customer has expired (Q-29).
    """
    true = {
        CustomerStatus.TO_BE_DELETED: to_be_deleted(facts.organisation),
        CustomerStatus.RPL_REVIEW_PENDING: facts.onboarding is OnboardingState.PENDING_RPL_REVIEW,
        CustomerStatus.ONBOARDING_ERROR: facts.onboarding is OnboardingState.ERROR,
        CustomerStatus.SUSPENDED: facts.unpaid,
        CustomerStatus.EXPIRED: facts.had_licences and not (facts.paid or facts.unpaid or facts.on_trial),
        CustomerStatus.READY_FOR_ORDER_SETUP: _is_being_set_up(facts),
        CustomerStatus.SUBSCRIPTION: facts.paid,
    }
    return tuple(status for status in CustomerStatus if true[status])


def _is_being_set_up(facts: CustomerFacts) -> bool:
    """Not completely set up: its account is being created, or its wizard is unfinished."""
    return facts.onboarding is OnboardingState.PROVISIONING or (
        facts.onboarding is OnboardingState.ACTIVE and not facts.set_up
    )

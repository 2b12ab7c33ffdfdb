"""What follows the end of a review, by a decision or by time, under the lock of its organisation (RPL-07 to RPL-17)."""

from adapters.postgres.database import Connection
from adapters.postgres.pending import wake_processes
from adapters.postgres.trials import screened
from adapters.postgres.trials import screenings as trial_screenings
from adapters.postgres.wholesale import addresses, cases, rows, screenings, transitions
from adapters.postgres.wholesale.addresses import Change
from adapters.postgres.wholesale.cases import Case
from adapters.postgres.wholesale.rows import Onboarding
from tenure.contracts.base import Instant
from tenure.contracts.call_in import Telephony
from tenure.contracts.customer import AddressState, OnboardingState
from tenure.contracts.customer_screening import CustomerScreeningState
from tenure.contracts.review import CaseState, ScreeningTrigger
from tenure.policy.rules import Rules


async def conclude(
    connection: Connection,
    case: Case,
    outcome: CaseState,
    *,
    rules: Rules,
    telephony: Telephony,
    at: Instant,
    actor: str,
    reason: str | None = None,
) -> None:
    """Close an open case, and let what waited for it go on, or fail; a hit after the update of a list blocked nothing (Q-32)."""
    await cases.close_case(connection, case, outcome, at=at, actor=actor, reason=reason)
    if outcome is CaseState.APPROVED:
        await screenings.remember(connection, case.organisation_id, case.case_id, case.screening_id, at)
    match case.trigger:
        case ScreeningTrigger.CREATE if case.trial_id is not None:
            asked = await trial_screenings.find(connection, case.trial_id)
            if asked is not None and asked.state is CustomerScreeningState.PENDING_RPL_REVIEW:
                await screened.conclude_review(connection, asked, outcome, rules=rules, at=at, actor=actor)
        case ScreeningTrigger.CREATE:
            customer = await rows.find(connection, case.organisation_id)
            if customer is not None and _waits(customer, case):
                await transitions.conclude_review(connection, customer, outcome, at=at, actor=actor)
        case ScreeningTrigger.ADDRESS_UPDATE:
            customer = await rows.find(connection, case.organisation_id)
            change = await addresses.newest(connection, case.organisation_id)
            if customer is not None and change is not None and _is_held(change, case):
                await addresses.conclude_review(connection, customer, change, outcome, telephony, at, actor)
    await wake_processes(connection, case.organisation_id)


def _waits(customer: Onboarding, case: Case) -> bool:
    """Whether the onboarding is still the one that waits for this case."""
    return customer.state is OnboardingState.PENDING_RPL_REVIEW and customer.generation == case.generation


def _is_held(change: Change, case: Case) -> bool:
    """Whether the change of address is still the one that waits for this case: the customer may have left meanwhile."""
    return change.state is AddressState.PENDING_RPL_REVIEW and change.generation == case.generation

"""Whoever is to be screened: the onboarding, the change of address or the trial that a task is about, and what follows (RPL)."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from adapters.postgres.database import Connection, business_now
from adapters.postgres.trials import screenings as trial_screenings
from adapters.postgres.trials.screenings import CustomerScreening
from adapters.postgres.wholesale import addresses, cases, rows, screenings, transitions
from adapters.postgres.wholesale.addresses import Change
from adapters.postgres.wholesale.rows import Onboarding
from tenure.contracts.base import Instant
from tenure.contracts.call_in import Telephony
from tenure.contracts.customer import AddressState, OnboardingState
from tenure.contracts.customer_screening import CustomerScreeningState
from tenure.contracts.onboarding import ScreeningDone, ScreeningTask
from tenure.contracts.review import ScreeningTrigger
from tenure.contracts.screening import Screening, Subject
from tenure.contracts.trial_process import TrialInput
from tenure.policy import onboarding as rule
from tenure.policy.rules import Rules
from tenure.policy.screening import ScreeningRules, retry_after
from tenure.ports import TIMER

_LOOKS: Final = {
    ScreeningTrigger.CREATE: "update onboardings set attempts = $3, looks_at = $4, problem = $5"
    " where organisation_id = $1 and generation = $2",
    ScreeningTrigger.ADDRESS_UPDATE: "update address_changes set attempts = $3, looks_at = $4, problem = $5"
    " where organisation_id = $1 and generation = $2",
}
_RULES: Final = {ScreeningTrigger.CREATE: "RPL-01", ScreeningTrigger.ADDRESS_UPDATE: "RPL-02"}
MOST_OF_A_PROBLEM: Final = 500
"""Characters that are kept of why nothing could be screened."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A customer that is being screened, under its lock."""

    customer: Onboarding | CustomerScreening
    change: Change | None = None
    """The change of address that asks for it, where one does."""

    @property
    def subject(self) -> Subject:
        """Whom to screen: with the address that is, or is to be, in force."""
        address = self.customer.billing_address if self.change is None else self.change.billing_address
        return rule.subject(self.customer.names, address)

    @property
    def attempts(self) -> int:
        """Screenings in a row that were not possible."""
        return self.customer.attempts if self.change is None else self.change.attempts


async def candidate(connection: Connection, task: ScreeningTask) -> Candidate | None:
    """Lock the customer of a task; None where nothing is to be screened any more."""
    if task.trial_id is not None:
        trial = TrialInput(trial_id=task.trial_id, organisation_id=task.organisation_id)
        asking = await trial_screenings.lock_alive(connection, trial)
        waits = asking is not None and asking.state is CustomerScreeningState.SCREENING
        return Candidate(asking) if asking is not None and waits else None
    customer = await rows.lock_alive(connection, task.organisation_id)
    if customer is None:
        return None
    if task.trigger is ScreeningTrigger.CREATE:
        asked = customer.state is OnboardingState.SCREENING and customer.generation == task.generation
        return Candidate(customer) if asked else None
    change = await addresses.newest(connection, task.organisation_id)
    if change is None or change.generation != task.generation or change.state is not AddressState.SCREENING:
        return None
    return Candidate(customer, change)


async def record(
    connection: Connection, task: ScreeningTask, screening: Screening, rules: Rules, telephony: Telephony
) -> ScreeningDone:
    """Keep a screening, and go on by it; where a list was updated meanwhile, nothing is kept and it is done again at once."""
    found = await candidate(connection, task)
    if found is None:
        return ScreeningDone.VOID
    current = await screenings.is_newest(connection, screening)
    at = await business_now(connection)
    if not current:
        await _look(connection, task, found, found.attempts, at, None)
        return ScreeningDone.UNAVAILABLE
    customer, subject = found.customer, found.subject
    finding = await screenings.find(connection, task.organisation_id, subject, screening)
    screening_id = await screenings.keep(
        connection, task.organisation_id, task.trigger, task.generation, subject, screening, finding, at
    )
    assert screening_id is not None
    await _go_on(connection, found, clear=finding.is_clear, telephony=telephony, at=at)
    if finding.is_clear:
        return ScreeningDone.CLEAR
    await cases.open_case(
        connection, customer, task.trigger, task.generation, screening_id, rules, at, trial_id=task.trial_id
    )
    return ScreeningDone.MATCH


async def _go_on(connection: Connection, found: Candidate, *, clear: bool, telephony: Telephony, at: Instant) -> None:
    """Nothing was found: on without anybody (RPL-04). Something was: nothing goes on until a reviewer has decided."""
    match found.customer, found.change, clear:
        case CustomerScreening() as asking, _, True:
            await trial_screenings.clear(connection, asking, at)
        case CustomerScreening() as asking, _, False:
            await trial_screenings.hold(connection, asking, at)
        case Onboarding() as customer, None, True:
            await transitions.clear(connection, customer, at)
        case Onboarding() as customer, None, False:
            await transitions.hold(connection, customer, at)
        case Onboarding() as customer, Change() as change, True:
            await addresses.apply(connection, customer, change, telephony, at, TIMER.actor)
        case Onboarding() as customer, Change() as change, False:
            await addresses.hold(connection, customer, change, at)


async def record_unavailable(connection: Connection, task: ScreeningTask, reason: str, rules: ScreeningRules) -> None:
    """Keep why nothing could be screened: it is tried again, later each time, and never goes on without (RPL-16)."""
    found = await candidate(connection, task)
    if found is None:
        return
    attempts = found.attempts + 1
    at = await business_now(connection)
    await _look(connection, task, found, attempts, at, reason[:MOST_OF_A_PROBLEM], retry_after(attempts, rules))


async def _look(
    connection: Connection,
    task: ScreeningTask,
    found: Candidate,
    attempts: int,
    at: Instant,
    problem: str | None,
    after: timedelta = timedelta(0),
) -> None:
    reason = "screening" if problem is None else "screening_unavailable"
    if isinstance(found.customer, CustomerScreening):
        await trial_screenings.look_again(connection, found.customer, attempts, at + after, problem, reason)
        return
    await connection.execute(_LOOKS[task.trigger], task.organisation_id, task.generation, attempts, at + after, problem)
    await transitions.put_screening(connection, task.organisation_id, _RULES[task.trigger], at + after, reason)

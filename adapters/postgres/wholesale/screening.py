"""Whoever is to be screened: the onboarding, or the change of address, that a task is about, and what follows (RPL)."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from adapters.postgres.database import Connection, business_now
from adapters.postgres.wholesale import addresses, cases, rows, screenings, transitions
from adapters.postgres.wholesale.addresses import Change
from adapters.postgres.wholesale.rows import Onboarding
from tenure.contracts.base import Instant
from tenure.contracts.call_in import Telephony
from tenure.contracts.customer import AddressState, OnboardingState
from tenure.contracts.onboarding import ScreeningDone, ScreeningTask
from tenure.contracts.review import ScreeningTrigger
from tenure.contracts.screening import Screening, Subject
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

    customer: Onboarding
    change: Change | None
    """The change of address that asks for it, where one does."""

    @property
    def subject(self) -> Subject:
        """Whom to screen: with the address that is, or is to be, in force."""
        address = self.customer.billing_address if self.change is None else self.change.billing_address
        return rule.subject(self.customer.name, address)

    @property
    def attempts(self) -> int:
        """Screenings in a row that were not possible."""
        return self.customer.attempts if self.change is None else self.change.attempts


async def candidate(connection: Connection, task: ScreeningTask) -> Candidate | None:
    """Lock the customer of a task; None where nothing is to be screened any more."""
    customer = await rows.lock_alive(connection, task.organisation_id)
    if customer is None:
        return None
    if task.trigger is ScreeningTrigger.CREATE:
        asked = customer.state is OnboardingState.SCREENING and customer.generation == task.generation
        return Candidate(customer, None) if asked else None
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
        await _look(connection, task, found.attempts, at, None)
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
    await cases.open_case(connection, customer, task.trigger, task.generation, screening_id, rules, at)
    return ScreeningDone.MATCH


async def _go_on(connection: Connection, found: Candidate, *, clear: bool, telephony: Telephony, at: Instant) -> None:
    """Nothing was found: on without anybody (RPL-04). Something was: nothing goes on until a reviewer has decided."""
    match found.change, clear:
        case None, True:
            await transitions.clear(connection, found.customer, at)
        case None, False:
            await transitions.hold(connection, found.customer, at)
        case Change() as change, True:
            await addresses.apply(connection, found.customer, change, telephony, at, TIMER.actor)
        case Change() as change, False:
            await addresses.hold(connection, found.customer, change, at)


async def record_unavailable(connection: Connection, task: ScreeningTask, reason: str, rules: ScreeningRules) -> None:
    """Keep why nothing could be screened: it is tried again, later each time, and never goes on without (RPL-16)."""
    found = await candidate(connection, task)
    if found is None:
        return
    attempts = found.attempts + 1
    at = await business_now(connection)
    await _look(connection, task, attempts, at, reason[:MOST_OF_A_PROBLEM], retry_after(attempts, rules))


async def _look(
    connection: Connection,
    task: ScreeningTask,
    attempts: int,
    at: Instant,
    problem: str | None,
    after: timedelta = timedelta(0),
) -> None:
    await connection.execute(_LOOKS[task.trigger], task.organisation_id, task.generation, attempts, at + after, problem)
    reason = "screening" if problem is None else "screening_unavailable"
    await transitions.put_screening(connection, task.organisation_id, _RULES[task.trigger], at + after, reason)

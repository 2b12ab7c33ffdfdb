"""The screening of a customer that a trial has created: its row, and each step with audit, process and date (RPL-01, Q-27).

The caller holds the lock of the customer's organisation. Nothing is built for the trial before its row says `clear`.
"""

from typing import Any, Final

from adapters.postgres import audit
from adapters.postgres.database import Connection
from adapters.postgres.pending import clear_next_dates, put_next_date, require_process, wake_processes
from adapters.postgres.trials.rows import Trial
from adapters.postgres.wholesale.rows import lock_living
from tenure import names
from tenure.contracts.address import BillingAddress
from tenure.contracts.base import Contract, Instant
from tenure.contracts.customer_screening import CustomerScreeningReason, CustomerScreeningState
from tenure.contracts.forecast import NextKind
from tenure.contracts.portfolio import Country
from tenure.contracts.process import ProcessType
from tenure.contracts.screening import says_something
from tenure.contracts.trial_process import TrialInput
from tenure.errors import Refusal, RefusalCode
from tenure.ids import OrganisationId, PartnerId, TrialId
from tenure.ports import TIMER

OPEN: Final = frozenset({CustomerScreeningState.SCREENING, CustomerScreeningState.PENDING_RPL_REVIEW})
"""Its process runs, and its trial waits."""

_ROW: Final = "select c.*, o.name, o.country from customer_screenings c join organisations o using (organisation_id)"
_OF_TRIAL: Final = _ROW + " where c.trial_id = $1"
_NEWEST: Final = _ROW + " where c.organisation_id = $1 order by c.requested_at desc, c.trial_id limit 1"


class CustomerScreening(Contract):
    """A row of `customer_screenings`, with what is known of the customer: nobody asks it for more (Q-27)."""

    trial_id: TrialId
    organisation_id: OrganisationId
    partner_id: PartnerId
    name: str
    country: Country
    state: CustomerScreeningState
    reason: CustomerScreeningReason | None
    attempts: int
    looks_at: Instant | None
    problem: str | None

    @property
    def names(self) -> tuple[str, ...]:
        """What it is called."""
        return (self.name,)

    @property
    def generation(self) -> int:
        """Of a trial's screening there is one."""
        return 1

    @property
    def billing_address(self) -> BillingAddress:
        """Where it is: the country alone."""
        return BillingAddress(country=self.country)


async def find(connection: Connection, trial_id: TrialId) -> CustomerScreening | None:
    """The screening that a trial has begun, where it has."""
    row = await connection.fetchrow(_OF_TRIAL, trial_id)
    return None if row is None else CustomerScreening.model_validate(dict(row))


async def newest(connection: Connection, organisation_id: OrganisationId) -> CustomerScreening | None:
    """The one that decides about a customer."""
    row = await connection.fetchrow(_NEWEST, organisation_id)
    return None if row is None else CustomerScreening.model_validate(dict(row))


async def lock_alive(connection: Connection, trial: TrialInput) -> CustomerScreening | None:
    """Lock a customer's organisation and read its screening anew; None where either is gone."""
    return await find(connection, trial.trial_id) if await lock_living(connection, trial.organisation_id) else None


async def holding(connection: Connection, trial: Trial) -> CustomerScreening | None:
    """The screening that a trial waits for; None where there is none, or its customer is clear.

    As long as there is one, the platform has been told nothing of the trial.
    """
    found = await find(connection, trial.trial_id)
    return None if found is None or found.state is CustomerScreeningState.CLEAR else found


async def begin(connection: Connection, trial: Trial, at: Instant, actor: str) -> None:
    """A trial has created a customer, or is another try after a screening in error: it is screened at once (RPL-01, RPL-12).

    Raises:
        Refusal: `invalid_input` where its name has neither letter nor digit, and so cannot be screened.
    """
    await connection.execute(
        "insert into customer_screenings (trial_id, organisation_id, partner_id, requested_at, state_since)"
        " values ($1, $2, $3, $4, $4)",
        trial.trial_id,
        trial.organisation_id,
        trial.partner_id,
        at,
    )
    asked = await find(connection, trial.trial_id)
    assert asked is not None
    if not says_something(asked.name):
        raise Refusal(RefusalCode.INVALID_INPUT, "The name of the company has a letter or a digit.")
    await _record(connection, asked, None, "screening_began", at, actor)
    await _put_date(connection, asked, at, "screening")
    await require_process(
        connection,
        workflow_id=names.customer_screening_id(trial.trial_id),
        process_type=ProcessType.CUSTOMER_SCREENING,
        organisation_id=trial.organisation_id,
        input_=TrialInput(trial_id=trial.trial_id, organisation_id=trial.organisation_id),
        due_at=None,
        at=at,
    )


async def look_again(
    connection: Connection, asked: CustomerScreening, attempts: int, looks_at: Instant, problem: str | None, reason: str
) -> None:
    """It is screened again then (RPL-16)."""
    await connection.execute(
        "update customer_screenings set attempts = $2, looks_at = $3, problem = $4 where trial_id = $1",
        asked.trial_id,
        attempts,
        looks_at,
        problem,
    )
    await _put_date(connection, asked, looks_at, reason)


async def clear(connection: Connection, asked: CustomerScreening, at: Instant) -> None:
    """Nothing was found: what the trial has ordered is built, and nobody has to do anything for that (RPL-04)."""
    await put(connection, asked, CustomerScreeningState.CLEAR, "screening_clear", at, TIMER.actor)


async def hold(connection: Connection, asked: CustomerScreening, at: Instant) -> None:
    """Something was found: a reviewer has to look, and until then nothing is built (RPL-05, RPL-06)."""
    await put(connection, asked, CustomerScreeningState.PENDING_RPL_REVIEW, "screening_match", at, TIMER.actor)


async def put(
    connection: Connection,
    asked: CustomerScreening,
    state: CustomerScreeningState,
    action: str,
    at: Instant,
    actor: str,
    reason: CustomerScreeningReason | None = None,
) -> None:
    """Write where a screening stands from now on, with its audit; the processes that wait for it are woken."""
    await clear_next_dates(connection, asked.organisation_id, NextKind.SCREENING, subject=asked.trial_id)
    await connection.execute(
        "update customer_screenings set state = $2, reason = $3, state_since = $4, attempts = 0, looks_at = null,"
        " problem = null where trial_id = $1",
        asked.trial_id,
        state,
        reason,
        at,
    )
    after = asked.model_copy(update={"state": state, "reason": reason})
    await _record(connection, after, asked.state, action, at, actor)
    await wake_processes(connection, asked.organisation_id)


async def _put_date(connection: Connection, asked: CustomerScreening, due_at: Instant, reason: str) -> None:
    """Store when it is screened, or screened again; by the trial's id, so that no other partner sees it (P14)."""
    await put_next_date(
        connection,
        organisation_id=asked.organisation_id,
        kind=NextKind.SCREENING,
        subject=asked.trial_id,
        due_at=due_at,
        rule="RPL-01",
        reason=reason,
    )


async def _record(
    connection: Connection,
    asked: CustomerScreening,
    from_state: CustomerScreeningState | None,
    action: str,
    at: Instant,
    actor: str,
) -> None:
    details: dict[str, Any] = {"trial_id": asked.trial_id}
    await audit.append(
        connection,
        subject=asked.organisation_id,
        at=at,
        actor=actor,
        action=action,
        from_state=from_state,
        to_state=asked.state,
        reason=asked.reason,
        details=details,
    )

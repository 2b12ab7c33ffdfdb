"""The guarded steps of a trial's processes: consent, the trial itself, its numbers and its devices."""

from adapters.postgres import ledger
from adapters.postgres.clock import refuse_ahead, watched
from adapters.postgres.database import Connection, Database, business_now, lock
from adapters.postgres.pending import close_process, wake_processes
from adapters.postgres.trials import devices, numbers, platform_orders, rows, screenings
from adapters.postgres.trials.consenting import find_consent, lapse
from adapters.postgres.trials.progress import Progress
from adapters.postgres.trials.rows import Locked, Trial
from adapters.postgres.trials.screenings import CustomerScreening
from tenure import names
from tenure.contracts.base import Instant
from tenure.contracts.catalogue import Catalogue
from tenure.contracts.customer_screening import CustomerScreeningState
from tenure.contracts.device import DeviceReturnAt, DeviceReturnInput, DeviceReturnStep
from tenure.contracts.organisation import GONE
from tenure.contracts.platform import Deed
from tenure.contracts.trial import OVER, ConsentState, ServiceState, TrialState
from tenure.contracts.trial_process import (
    ConsentStep,
    NumberHoldStep,
    PlatformProblem,
    PlatformReport,
    TrialAt,
    TrialInput,
    TrialStep,
)
from tenure.ids import OrganisationId
from tenure.policy.catalogue import has_calling
from tenure.policy.rules import Rules
from tenure.policy.trial import answer_counts
from tenure.ports import TIMER

RUNNING = frozenset({TrialState.AWAITING_DETAILS, TrialState.PROVISIONING, TrialState.ACTIVE})
"""In these states a trial has a process that waits for something."""


class PostgresTrialSteps:
    """The port `TrialSteps` on Postgres."""

    def __init__(self, database: Database, rules: Rules, catalogue: Catalogue, *, message_domain: str) -> None:
        self._database = database
        self._rules = rules
        self._catalogue = catalogue
        self._progress = Progress(rules, catalogue, message_domain)

    async def check_consent(self, at: TrialAt) -> ConsentStep:
        """Look; at the deadline the request lapses (CO-14). Safe to repeat.

        Raises:
            Refusal: `clock_ahead`, when the deadline has not come yet by `business_now()` (P13).
        """
        workflow_id = names.trial_consent_id(at.trial_id, at.generation)
        async with watched(self._database, at.as_of, self._rules) as connection:
            locked = await _lock(connection, at)
            consent = None if locked is None else await find_consent(connection, locked.trial)
            if locked is None or consent is None:
                await close_process(connection, workflow_id, await business_now(connection))
                return ConsentStep(state=None)
            state = consent.state
            if state is ConsentState.PENDING and not answer_counts(consent.deadline_at, at.as_of):
                await refuse_ahead(connection, at.as_of, locked.now)
                await lapse(connection, locked.trial, locked.now)
                state = ConsentState.LAPSED
            if state is not ConsentState.PENDING:
                await close_process(connection, workflow_id, locked.now)
                return ConsentStep(state=state)
            return ConsentStep(
                state=state,
                deadline_at=consent.deadline_at,
                notices=await ledger.queued_for(connection, workflow_id),
            )

    async def check_trial(self, at: TrialAt) -> TrialStep:
        """Look, and do what is due: activate once all is built, remind, expire (PV-07, NO-01, GR-01). Safe to repeat.

        Raises:
            Refusal: `clock_ahead`, when what is due has not come yet by `business_now()` (P13).
        """
        async with watched(self._database, at.as_of, self._rules) as connection:
            locked = await _lock(connection, at)
            if locked is None:
                return await self._gone(connection, at)
            trial = locked.trial
            if trial.generation == at.generation:
                trial = await self._progress.advance(connection, locked, at.as_of)
            return await self._step(connection, trial, at)

    async def conclude(self, at: TrialAt) -> TrialStep:
        """Close the process, unless mails or orders are left for it, or it runs again: then that is answered."""
        async with self._database.write() as connection:
            locked = await _lock(connection, at)
            if locked is None:
                return await self._gone(connection, at)
            step = await self._step(connection, locked.trial, at)
            runs = locked.trial.state in RUNNING and locked.trial.generation == at.generation
            if not runs and not step.orders and not step.notices:
                await close_process(connection, names.trial_id(at.trial_id, at.generation), locked.now)
            return step

    async def record_platform(self, report: PlatformReport) -> None:
        """Write down what the platform has done; of an organisation that is gone, or a turn that is over, nothing."""
        order = report.order
        async with self._database.write() as connection:
            await lock(connection, order.organisation_id)
            trial = await rows.find(connection, order.trial_id)
            if trial is None:
                return
            state = await platform_orders.done(connection, order, report.built)
            if state is None:
                return
            now = await business_now(connection)
            if order.deed is Deed.BUILD:
                await numbers.assign(connection, trial, report.built.phone_numbers)
            if state is ServiceState.BOUGHT:
                await self._settle_numbers(connection, trial, now)
            await rows.record(
                connection,
                trial,
                trial.state,
                at=now,
                actor=TIMER.actor,
                action="service_built" if order.deed is Deed.BUILD else "service_torn_down",
                details={"service": order.service},
            )

    async def _settle_numbers(self, connection: Connection, trial: Trial, now: Instant) -> None:
        """Calling was bought while the platform was building it: the numbers that came with it go there too (NR-03)."""
        if trial.state in OVER or not has_calling(trial.services, self._catalogue):
            await numbers.hold(
                connection,
                trial,
                at=now,
                actor=TIMER.actor,
                rules=self._rules,
                catalogue=self._catalogue,
            )

    async def record_problem(self, problem: PlatformProblem) -> None:
        """Write down that the platform refuses, or does not answer, for the trial's page and its process (PV-04)."""
        async with self._database.write() as connection:
            await lock(connection, problem.order.organisation_id)
            if await platform_orders.refused(connection, problem.order, problem.code):
                await wake_processes(connection, problem.order.organisation_id)

    async def check_numbers(self, at: TrialAt) -> NumberHoldStep:
        """Look; at its end the hold releases the numbers for good (NR-02). Safe to repeat.

        Raises:
            Refusal: `clock_ahead`, when the end has not come yet by `business_now()` (P13).
        """
        async with watched(self._database, at.as_of, self._rules) as connection:
            locked = await _lock(connection, at)
            count, until = 0, None
            if locked is not None:
                count, until = await numbers.held(connection, at.trial_id, at.generation)
            released = 0
            if locked is not None and until is not None and at.as_of >= until:
                await refuse_ahead(connection, at.as_of, locked.now)
                released = await numbers.release(
                    connection, locked.trial, at.generation, at=locked.now, actor=TIMER.actor
                )
                count = 0
            if not count:
                workflow_id = names.number_retention_id(at.trial_id, at.generation)
                await close_process(connection, workflow_id, await business_now(connection))
            return NumberHoldStep(held=count, held_until=until if count else None, released=released)

    async def check_devices(self, at: DeviceReturnAt) -> DeviceReturnStep:
        """Look; 14 days after the device end date what is missing is overdue (DV-09). Safe to repeat.

        Raises:
            Refusal: `clock_ahead`, when that has not come yet by `business_now()` (P13).
        """
        async with watched(self._database, at.as_of, self._rules) as connection:
            organisation = (await lock(connection, at.organisation_id)).get(at.organisation_id)
            alive = organisation is not None and organisation["state"] not in GONE
            return await devices.check(connection, at, alive=alive)

    async def _step(self, connection: Connection, trial: Trial, at: TrialInput) -> TrialStep:
        """What the process of a generation has to do; a later one does the platform's orders."""
        workflow_id = names.trial_id(at.trial_id, at.generation)
        current = trial.generation == at.generation
        holding = await screenings.holding(connection, trial) if trial.state is TrialState.PROVISIONING else None
        due_at, rule, reason = _next(trial, holding) if current else (None, "GR-01", "extended")
        deeds = _of(trial) if current and holding is None else frozenset()
        orders = await platform_orders.due(connection, trial, self._catalogue, deeds)
        return TrialStep(
            state=trial.state if current else TrialState.GRACE,
            generation=trial.generation,
            ends_at=trial.ends_at if current and trial.state is TrialState.ACTIVE else None,
            due_at=due_at,
            rule=rule,
            reason=reason,
            orders=orders,
            problems=await platform_orders.problems(connection, orders),
            notices=await ledger.queued_for(connection, workflow_id),
        )

    async def _gone(self, connection: Connection, at: TrialAt) -> TrialStep:
        """The organisation is being erased: nothing is waited for, and the eraser takes the services along."""
        await close_process(connection, names.trial_id(at.trial_id, at.generation), await business_now(connection))
        return TrialStep(state=None, generation=at.generation)


def _next(trial: Trial, holding: CustomerScreening | None) -> tuple[Instant | None, str, str]:
    """What comes next of a trial by time alone, by which rule, and what it is called."""
    match trial.state:
        case TrialState.AWAITING_DETAILS:
            return None, "PV-01", "awaiting_details"
        case TrialState.PROVISIONING if holding is not None:
            reviewed = holding.state is CustomerScreeningState.PENDING_RPL_REVIEW
            return None, *(("RPL-05", "rpl_review") if reviewed else ("RPL-01", "screening"))
        case TrialState.PROVISIONING:
            return None, "PV-04", "provisioning"
        case TrialState.ACTIVE if trial.reminder_at is not None:
            return trial.reminder_at, "NO-01", "reminder"
        case TrialState.ACTIVE:
            return trial.ends_at, "GR-01", "trial"
        case _:
            return None, "GR-01", str(trial.state)


def _of(trial: Trial) -> frozenset[Deed]:
    """What the platform may be asked for in this state; in grace, to tear down what an edit has removed, and no more."""
    match trial.state:
        case TrialState.PROVISIONING | TrialState.ACTIVE:
            return frozenset(Deed)
        case TrialState.GRACE | TrialState.CANCELLED | TrialState.CONVERTED | TrialState.ENDED:
            return frozenset({Deed.TEAR_DOWN})
        case _:
            return frozenset()


async def _lock(connection: Connection, at: TrialInput | DeviceReturnInput) -> Locked | None:
    """Lock the organisation of a process and read its trial; None where either is gone."""
    organisation = (await lock(connection, OrganisationId(at.organisation_id))).get(at.organisation_id)
    if organisation is None or organisation["state"] in GONE:
        return None
    trial = await rows.find(connection, at.trial_id)
    if trial is None:
        return None
    return Locked(trial, organisation, None, await business_now(connection))

"""The guarded steps of the processes of wholesale customers: onboarding, review, change of address, updates of lists."""

from collections.abc import Sequence

from adapters.postgres.clock import refuse_ahead, watched
from adapters.postgres.database import Connection, Database, business_now
from adapters.postgres.pending import close_process
from adapters.postgres.trials import screenings as trial_screenings
from adapters.postgres.wholesale import (
    accounts,
    addresses,
    cases,
    decisions,
    list_screening,
    rows,
    screening,
    transitions,
)
from adapters.postgres.wholesale.rows import Onboarding
from tenure import names
from tenure.contracts.base import Instant
from tenure.contracts.call_in import Telephony
from tenure.contracts.catalogue import Catalogue
from tenure.contracts.customer import OnboardingState
from tenure.contracts.onboarding import (
    AccountOrder,
    AccountProblem,
    AccountReport,
    AddressChangeStep,
    ListScreeningInput,
    OnboardingAt,
    OnboardingInput,
    OnboardingStep,
    ReviewAt,
    ReviewStep,
    ScreeningDone,
    ScreeningTask,
)
from tenure.contracts.review import CaseState, ScreeningTrigger
from tenure.contracts.screening import Screening, Subject
from tenure.contracts.trial_process import CustomerScreeningStep, TrialAt
from tenure.ids import OrganisationId
from tenure.policy.onboarding import PENDING, TIMED, is_late
from tenure.policy.package import Packages
from tenure.policy.rules import Rules
from tenure.policy.screening import ScreeningRules
from tenure.ports import TIMER


class PostgresOnboardingSteps:
    """The port `OnboardingSteps` on Postgres. Each step reads the facts anew, and does what is not done yet."""

    def __init__(
        self,
        database: Database,
        rules: Rules,
        screening_rules: ScreeningRules,
        catalogue: Catalogue,
        telephony: Telephony,
    ) -> None:
        self._database = database
        self._rules = rules
        self._screening_rules = screening_rules
        self._packages = Packages(catalogue, rules)
        self._telephony = telephony

    async def check_onboarding(self, at: OnboardingAt) -> OnboardingStep:
        """Look; what was received is screened from now on. Closes the process once it is over. Safe to repeat."""
        async with self._database.write() as connection:
            now = await business_now(connection)
            customer = await rows.lock_alive(connection, at.organisation_id)
            if customer is not None and customer.generation != at.generation:
                customer = None
            if customer is not None and customer.state is OnboardingState.RECEIVED:
                customer = await transitions.screen(connection, customer, now)
            if customer is None or customer.state not in PENDING:
                await close_process(connection, names.onboarding_id(at.organisation_id, at.generation), now)
            if customer is None:
                return OnboardingStep(state=None)
            return OnboardingStep(
                state=customer.state,
                reason=customer.reason,
                due_at=await _deadline(connection, customer, ScreeningTrigger.CREATE, customer.generation),
                looks_at=customer.looks_at,
                problem=customer.problem,
            )

    async def check_address_change(self, at: OnboardingAt) -> AddressChangeStep:
        """Look at a change of address. Closes the process once it is over. Safe to repeat."""
        async with self._database.write() as connection:
            customer = await rows.lock_alive(connection, at.organisation_id)
            change = None if customer is None else await addresses.newest(connection, at.organisation_id)
            if change is not None and change.generation != at.generation:
                change = None
            if change is None or change.state not in addresses.PENDING:
                workflow_id = names.address_change_id(at.organisation_id, at.generation)
                await close_process(connection, workflow_id, await business_now(connection))
            if customer is None or change is None:
                return AddressChangeStep(state=None)
            return AddressChangeStep(
                state=change.state,
                reason=change.reason,
                due_at=await _deadline(connection, customer, ScreeningTrigger.ADDRESS_UPDATE, change.generation),
                looks_at=change.looks_at,
                problem=change.problem,
            )

    async def check_customer_screening(self, at: TrialAt) -> CustomerScreeningStep:
        """Look at the screening of a customer that a trial has created. Closes the process once it is over. Safe to repeat."""
        async with self._database.write() as connection:
            asked = await trial_screenings.lock_alive(connection, at)
            if asked is None or asked.state not in trial_screenings.OPEN:
                await close_process(
                    connection, names.customer_screening_id(at.trial_id), await business_now(connection)
                )
            if asked is None:
                return CustomerScreeningStep(state=None)
            case = await cases.find_open(connection, at.organisation_id, ScreeningTrigger.CREATE, 1, at.trial_id)
            return CustomerScreeningStep(
                state=asked.state,
                reason=asked.reason,
                due_at=None if case is None else case.deadline_at,
                looks_at=asked.looks_at,
                problem=asked.problem,
            )

    async def check_review(self, at: ReviewAt) -> ReviewStep:
        """Look; strictly later than its deadline the review times out, where something waits for it (RPL-07, RPL-08).

        Closes the process once it is over. Safe to repeat.

        Raises:
            Refusal: `clock_ahead`, when that has not come yet by `business_now()` (P13).
        """
        async with watched(self._database, at.as_of, self._rules) as connection:
            living = await rows.lock_living(connection, at.organisation_id)
            case = await cases.find(connection, at.case_id) if living else None
            now = await business_now(connection)
            if case is None:
                await close_process(connection, names.rpl_review_id(at.case_id), now)
                return ReviewStep(state=None)
            state = case.state
            if state is CaseState.OPEN and is_late(case.trigger, case.deadline_at, at.as_of):
                await refuse_ahead(connection, at.as_of, now)
                state = CaseState.TIMED_OUT
                await decisions.conclude(
                    connection,
                    case,
                    state,
                    rules=self._rules,
                    telephony=self._telephony,
                    at=now,
                    actor=TIMER.actor,
                )
            if state is not CaseState.OPEN:
                await close_process(connection, names.rpl_review_id(at.case_id), now)
            return ReviewStep(
                state=state,
                trigger=case.trigger,
                opened_at=case.opened_at,
                deadline_at=case.deadline_at if case.trigger in TIMED else None,
                slow_at=case.opened_at + self._rules.review_slow,
            )

    async def subject(self, task: ScreeningTask) -> Subject | None:
        """Whom to screen; None where nothing is to be screened any more."""
        async with self._database.write() as connection:
            found = await screening.candidate(connection, task)
            return None if found is None else found.subject

    async def record_screening(self, task: ScreeningTask, screening_: Screening) -> ScreeningDone:
        """Keep the screening and go on by it; `unavailable` where a list was updated meanwhile: screen again."""
        async with self._database.write() as connection:
            return await screening.record(connection, task, screening_, self._rules, self._telephony)

    async def record_unavailable(self, task: ScreeningTask, reason: str) -> None:
        """Keep why nothing could be screened, and when it is tried again (RPL-16)."""
        async with self._database.write() as connection:
            await screening.record_unavailable(connection, task, reason, self._screening_rules)

    async def account(self, onboarding: OnboardingInput) -> AccountOrder | None:
        """What the platform is to create now; None where nothing is ordered."""
        async with self._database.write() as connection:
            return await accounts.order(connection, onboarding, self._packages)

    async def record_account(self, report: AccountReport) -> None:
        """The account is ready: the customer is active, and what came with its creation is provisioned (PRV-01)."""
        async with self._database.write() as connection:
            await accounts.opened(connection, report, self._packages, self._telephony)

    async def record_account_problem(self, problem: AccountProblem) -> None:
        """The platform refuses for good: `provisioning_failed` (B annex 1)."""
        async with self._database.write() as connection:
            await accounts.refused(connection, problem)

    async def customers_after(self, update: ListScreeningInput, limit: int) -> Sequence[tuple[OrganisationId, Subject]]:
        """The next customers whom the update of a list concerns, in order of id: all that are not over."""
        async with self._database.read() as connection:
            trials = self._screening_rules.customers == "all"
            return await list_screening.customers_after(connection, update, limit, of_trials=trials)

    async def record_list_screening(
        self, update: ListScreeningInput, organisation_id: OrganisationId, subject: Subject, screening: Screening
    ) -> bool:
        """Keep a screening against an update; answers whether it opened a case. Once for each update (Q-32)."""
        async with self._database.write() as connection:
            return await list_screening.record(connection, update, organisation_id, subject, screening, self._rules)

    async def close_list_screening(self, update: ListScreeningInput) -> None:
        """All customers have been screened."""
        async with self._database.write() as connection:
            workflow_id = names.list_screening_id(update.list_id, update.version)
            await close_process(connection, workflow_id, await business_now(connection))


async def _deadline(
    connection: Connection, customer: Onboarding, trigger: ScreeningTrigger, generation: int
) -> Instant | None:
    """Until when a reviewer may decide on what waits for it."""
    case = await cases.find_open(connection, customer.organisation_id, trigger, generation)
    return None if case is None else case.deadline_at

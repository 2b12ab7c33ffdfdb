"""A checkpoint on a market: customers that trials create are screened, step by step, before anything is built for them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Self

import asyncpg

from adapters.postgres.forecast import PostgresForecast
from adapters.postgres.trials.trials import PostgresTrials
from adapters.postgres.wholesale.reviews import PostgresReviews
from adapters.postgres.wholesale.steps import PostgresOnboardingSteps
from tenure.contracts.forecast import Explanation
from tenure.contracts.onboarding import ReviewAt, ReviewStep, ScreeningDone, ScreeningTask
from tenure.contracts.review import DecideCase, Decision, RplCaseView, ScreeningTrigger
from tenure.contracts.screening import Hit, Screening
from tenure.contracts.trial import TrialView
from tenure.contracts.trial_process import CustomerScreeningStep, TrialAt
from tenure.ids import OrganisationId, RplCaseId
from tenure.policy import telephony
from tenure.policy.catalogue import shipped
from tenure.policy.screening import ScreeningRules
from tenure.ports import Caller
from tests.integration.deletion.town import DOMAIN, SERVICE, Town
from tests.integration.trials.market import Market
from tests.integration.wholesale.gate import LISTS, hit
from tests.integration.wholesale.hall import REVIEWER


class Checkpoint(Market):
    """What happens to new customers where all who are created are screened."""

    @classmethod
    async def open(cls, town: Town) -> Self:
        """Two partners, and no customers yet."""
        checkpoint = await super().open(town)
        checkpoint.screen_who(ScreeningRules())
        checkpoint.reviews = PostgresReviews(town.database, town.rules, telephony.shipped())
        return checkpoint

    reviews: PostgresReviews

    def screen_who(self, rules: ScreeningRules) -> None:
        """Screen by these rules from now on."""
        town, catalogue = self.town, shipped()
        town.trials = PostgresTrials(town.database, town.rules, rules, catalogue, message_domain=DOMAIN)
        self.steps = PostgresOnboardingSteps(town.database, town.rules, rules, catalogue, telephony.shipped())

    # What partners and reviewers do.

    async def newcomer(self, *services: str, **changes: Any) -> TrialView:
        """A partner asks for a trial for a customer that nobody knows."""
        command = self.request(*(services or ("messaging",)), **changes)
        return await self.town.trials.request(SERVICE, command)

    async def again(self, trial: TrialView, **changes: Any) -> TrialView:
        """A partner asks for another trial for the same customer."""
        nobody = {"company_name": None, "admin_email": None, "industry": None, "country": None}
        command = self.request("messaging", organisation_id=trial.organisation_id, **(nobody | changes))
        return await self.town.trials.request(SERVICE, command)

    async def decide(self, trial: TrialView, decision: Decision = Decision.APPROVE) -> RplCaseView:
        """A reviewer decides on the newest case of a customer."""
        command = DecideCase(case_id=(await self.case(trial)).case_id, decision=decision, reason="looked at")
        return await self.reviews.decide(REVIEWER, command)

    # What the processes do, as of the town's time.

    def task(self, trial: TrialView) -> ScreeningTask:
        """The screening that a trial asks for."""
        return ScreeningTask(
            trigger=ScreeningTrigger.CREATE, organisation_id=trial.organisation_id, trial_id=trial.trial_id
        )

    async def screen(self, trial: TrialView, *hits: Hit) -> ScreeningDone:
        """The process has the customer screened, and what is found is recorded."""
        return await self.steps.record_screening(self.task(trial), Screening(hits=hits, lists=LISTS))

    async def in_vain(self, trial: TrialView, reason: str = "The list un has never been loaded.") -> None:
        """The process has the customer screened, which is not possible."""
        await self.steps.record_unavailable(self.task(trial), reason)

    async def check(self, trial: TrialView) -> CustomerScreeningStep:
        """The process of the screening looks."""
        at = TrialAt(trial_id=trial.trial_id, organisation_id=trial.organisation_id, as_of=await self.town.now())
        return await self.steps.check_customer_screening(at)

    async def check_case(self, trial: TrialView, as_of: datetime | None = None) -> ReviewStep:
        """The process of the newest review looks, by default now."""
        case, as_of = await self.case(trial), as_of or await self.town.now()
        return await self.steps.check_review(
            ReviewAt(case_id=case.case_id, organisation_id=case.organisation_id, as_of=as_of)
        )

    async def found(self, *services: str, **changes: Any) -> TrialView:
        """A newcomer of whom something was found."""
        trial = await self.newcomer(*services, **changes)
        assert await self.screen(trial, hit(name=trial.organisation_name)) is ScreeningDone.MATCH
        return trial

    # What can be seen.

    async def case(self, trial: TrialView) -> RplCaseView:
        """The newest case of a customer."""
        return (await self.cases(trial.organisation_id))[-1]

    async def cases(self, organisation_id: OrganisationId) -> Sequence[RplCaseView]:
        """All cases of a customer, oldest first."""
        rows = await self.town.fetch(
            "select case_id from rpl_cases where organisation_id = $1 order by screening_id", organisation_id
        )
        return [await self.reviews.show(REVIEWER, RplCaseId(row["case_id"])) for row in rows]

    async def explain(self, caller: Caller, trial: TrialView) -> Explanation:
        """What is told of a customer."""
        return await PostgresForecast(self.town.database, self.town.rules).explain(caller, trial.organisation_id)

    async def as_owner(self, statement: str, *arguments: object) -> None:
        """Change the database as only its owner can."""
        connection = await asyncpg.connect(self.town.url)
        try:
            await connection.execute(statement, *arguments)
        finally:
            await connection.close()

    async def ordered(self) -> int:
        """How much the platform was ever asked for."""
        return await self.town.value(int, "select count(*)::int from platform_resources")

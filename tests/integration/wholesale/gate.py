"""The gate of a hall: customers come in through the ports, and the processes do to them what they do, step by step."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from adapters.postgres.wholesale.customers import PostgresCustomers
from adapters.postgres.wholesale.reviews import PostgresReviews
from adapters.postgres.wholesale.steps import PostgresOnboardingSteps
from tenure.contracts.address import BillingAddress
from tenure.contracts.customer import CreateCustomer, CustomerView, OnboardingState, UpdateBillingAddress
from tenure.contracts.onboarding import (
    AccountProblem,
    AccountReport,
    AddressChangeStep,
    OnboardingAt,
    OnboardingInput,
    OnboardingStep,
    ReviewAt,
    ReviewStep,
    ScreeningDone,
    ScreeningTask,
)
from tenure.contracts.review import CaseState, DecideCase, Decision, RplCaseView, ScreeningTrigger
from tenure.contracts.screening import EntryKind, Hit, ListVersion, NameQuality, Screening
from tenure.ids import OrganisationId, RplCaseId
from tenure.policy import screening, telephony
from tenure.policy.catalogue import shipped
from tenure.policy.rules import DEFAULT
from tenure.ports import Caller
from tests.integration.clock import RUNNING, set_clock
from tests.integration.deletion.town import Town
from tests.integration.trials.grounds import Side
from tests.integration.wholesale.hall import REVIEWER, Hall, provider

ATTENDANT, PLAN = "attendant-console", "calling-plan"
SOLD: Final = shipped().model_copy(
    update={
        "add_ons": tuple(
            add_on.model_copy(update={"available": add_on.code == ATTENDANT}) for add_on in shipped().add_ons
        )
    }
)
"""What is shipped, with one add-on that is available, and one that is not yet."""
BERLIN: Final = BillingAddress(lines=("Hauptstr. 1",), city="Berlin", postal_code="10115", country="DE")
PARIS: Final = BillingAddress(lines=("1, rue de Rivoli",), city="Paris", postal_code="75001", country="FR")
LISTS: Final = (ListVersion(list_id="sanctions", version="20261127"),)
"""What a provider was asked; nobody here updates it."""


class Gate(Hall):
    """Customers who are requested, screened, reviewed, and set up; or are not."""

    def __init__(self, town: Town) -> None:
        super().__init__(town)
        self.customers = PostgresCustomers(town.database, DEFAULT, SOLD, telephony.shipped())
        self.reviews = PostgresReviews(town.database, DEFAULT, telephony.shipped())
        self.steps = PostgresOnboardingSteps(town.database, DEFAULT, screening.DEFAULT, SOLD, telephony.shipped())

    # What service providers and reviewers do.

    def command(self, *, side: Side | None = None, **changes: Any) -> CreateCustomer:
        """A customer of a service provider, complete."""
        name = f"k{next(self._numbers)}"
        fields: dict[str, Any] = {
            "partner_id": (side or self.north).partner_id,
            "external_id": f"CRM-{name}",
            "name": f"Works of {name}",
            "billing_address": BERLIN,
            "package": "suite",
            "packages": {"suite": 5},
            "admin_email": f"eve@{name}.example",
        }
        return CreateCustomer(**(fields | changes))

    async def create(self, command: CreateCustomer | None = None, **changes: Any) -> CustomerView:
        """The service provider's system sends it."""
        command = command or self.command(**changes)
        return await self.customers.create(self.system(command), command)

    def system(self, command: CreateCustomer) -> Caller:
        """The provisioning system of the partner that a command is of."""
        return provider(self.north if command.partner_id == self.north.partner_id else self.south)

    async def see(self, customer: CustomerView | OrganisationId) -> CustomerView:
        """A customer as services see it."""
        organisation_id = customer if isinstance(customer, OrganisationId) else customer.organisation_id
        return await self.customers.show(Caller(actor="service:orders"), organisation_id)

    async def move(
        self, customer: CustomerView, address: BillingAddress = PARIS, *, resync: bool = False
    ) -> CustomerView:
        """Propose another address."""
        command = UpdateBillingAddress(organisation_id=customer.organisation_id, billing_address=address, resync=resync)
        return await self.customers.update_billing_address(provider(self.north), command)

    async def decide(
        self, case_id: RplCaseId, decision: Decision = Decision.APPROVE, *, by: Caller = REVIEWER
    ) -> RplCaseView:
        """A reviewer decides."""
        return await self.reviews.decide(by, DecideCase(case_id=case_id, decision=decision, reason="looked at"))

    # What the processes do, as of the town's time.

    async def look(self, customer: CustomerView) -> OnboardingStep:
        """The process of an onboarding looks."""
        return await self.steps.check_onboarding(await self._at(customer))

    async def screen(self, customer: CustomerView, *hits: Hit, omitted: int = 0) -> ScreeningDone:
        """The process of an onboarding looks, and what is found is recorded."""
        await self.look(customer)
        return await self.record(await self.task(customer), *hits, omitted=omitted)

    async def record(self, task: ScreeningTask, *hits: Hit, omitted: int = 0) -> ScreeningDone:
        """What a provider has found is recorded."""
        return await self.steps.record_screening(task, Screening(hits=hits, omitted=omitted, lists=LISTS))

    async def task(self, customer: CustomerView) -> ScreeningTask:
        """The screening that the onboarding asks for."""
        generation = (await self._at(customer)).generation
        return ScreeningTask(
            trigger=ScreeningTrigger.CREATE, organisation_id=customer.organisation_id, generation=generation
        )

    async def set_up(self, customer: CustomerView) -> CustomerView:
        """The platform opens the account that is ordered, if one is."""
        at = await self._at(customer)
        order = await self.steps.account(OnboardingInput(**at.model_dump(exclude={"as_of"})))
        if order is not None:
            resource = await self.town.platform.open_account(order)
            await self.steps.record_account(AccountReport(order=order, resource=resource))
        await self.look(customer)
        return await self.see(customer)

    async def refuse_account(self, customer: CustomerView, code: str = "quota_exceeded") -> CustomerView:
        """The platform refuses the account that is ordered."""
        at = await self._at(customer)
        order = await self.steps.account(OnboardingInput(**at.model_dump(exclude={"as_of"})))
        assert order is not None
        await self.steps.record_account_problem(AccountProblem(order=order, code=code))
        await self.look(customer)
        return await self.see(customer)

    async def screen_address(self, customer: CustomerView, *hits: Hit, omitted: int = 0) -> ScreeningDone:
        """The process of a change of address has the new one screened."""
        return await self.record(await self.address_task(customer), *hits, omitted=omitted)

    async def address_task(self, customer: CustomerView) -> ScreeningTask:
        """The screening that the newest change of address asks for."""
        change = (await self.see(customer)).address_change
        assert change is not None
        return ScreeningTask(
            trigger=ScreeningTrigger.ADDRESS_UPDATE,
            organisation_id=customer.organisation_id,
            generation=change.generation,
        )

    async def look_at_address(self, customer: CustomerView) -> AddressChangeStep:
        """The process of the newest change of address looks."""
        task = await self.address_task(customer)
        at = OnboardingAt(organisation_id=task.organisation_id, generation=task.generation, as_of=await self.town.now())
        return await self.steps.check_address_change(at)

    async def look_at_case(self, case: RplCaseView, as_of: datetime | None = None) -> ReviewStep:
        """The process of a review looks, by default now."""
        as_of = as_of or await self.town.now()
        return await self.steps.check_review(
            ReviewAt(case_id=case.case_id, organisation_id=case.organisation_id, as_of=as_of)
        )

    # The clock, to the microsecond.

    async def freeze(self, instant: datetime) -> None:
        """It is this very instant, until it thaws."""
        await set_clock(self.town.url, f"'{instant.isoformat()}'::timestamptz")

    async def thaw(self) -> None:
        """The clock goes on."""
        await set_clock(self.town.url, RUNNING)

    # Where customers stand.

    async def active(self, **changes: Any) -> CustomerView:
        """A customer of whom nothing was found, with its account."""
        customer = await self.create(**changes)
        assert await self.screen(customer) is ScreeningDone.CLEAR
        customer = await self.set_up(customer)
        assert customer.state is OnboardingState.ACTIVE, customer.problem
        return customer

    async def held(self, *hits: Hit, omitted: int = 0, **changes: Any) -> tuple[CustomerView, RplCaseView]:
        """A customer of whom something was found, and the case."""
        customer = await self.create(**changes)
        assert await self.screen(customer, *(hits or (hit(),)), omitted=omitted) is ScreeningDone.MATCH
        return await self.see(customer), await self.case(customer)

    async def case(self, customer: CustomerView, state: CaseState | None = None) -> RplCaseView:
        """The newest case of a customer."""
        found = [each for each in await self.cases(customer) if state in {None, each.state}]
        return found[-1]

    async def cases(self, customer: CustomerView) -> Sequence[RplCaseView]:
        """All cases of a customer, oldest first."""
        rows = await self.town.fetch(
            "select case_id from rpl_cases where organisation_id = $1 order by screening_id", customer.organisation_id
        )
        return [await self.reviews.show(REVIEWER, RplCaseId(row["case_id"])) for row in rows]

    async def _at(self, customer: CustomerView) -> OnboardingAt:
        generation = await self.town.value(
            int, "select generation from onboardings where organisation_id = $1", customer.organisation_id
        )
        return OnboardingAt(
            organisation_id=customer.organisation_id, generation=generation, as_of=await self.town.now()
        )


def hit(entry_id: str = "SDN-1", version: int = 1, **changes: Any) -> Hit:
    """An entry that a customer may be; with another version it has changed."""
    fields: dict[str, Any] = {
        "list_id": "sanctions",
        "entry_id": entry_id,
        "entry_hash": f"{version:064x}",
        "kind": EntryKind.ORGANISATION,
        "score": 0.9,
        "name": "Works",
        "listed_name": "Works Trading Co.",
        "quality": NameQuality.PRIMARY,
        "primary_name": "Works Trading Co.",
    }
    return Hit(**(fields | changes))

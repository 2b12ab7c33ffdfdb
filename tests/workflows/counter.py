"""A service provider in an installation, its customers, and who reviews them; the one list that is loaded is a short one."""

import csv
import io
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from temporalio.client import WorkflowHandle

from adapters.screening.formats import dpl
from tenure import names
from tenure.contracts.address import BillingAddress
from tenure.contracts.credential import CredentialRole
from tenure.contracts.customer import CreateCustomer, CustomerView, UpdateBillingAddress
from tenure.contracts.onboarding import OnboardingResult
from tenure.contracts.review import DecideCase, Decision, RplCaseView
from tenure.contracts.screening import ListUpdate
from tenure.ids import OrganisationId, PartnerId, RplCaseId
from tenure.ports import Caller, ListFile
from tests.workflows.installation import OPERATOR, Installation

HOUR = timedelta(hours=1)
MOMENT = timedelta(minutes=1)
"""Longer than the clocks of executions may be behind."""
REVIEWER = Caller(actor="reviewer:rita", role=CredentialRole.REVIEWER)
LISTED = "Teodor Quartzov"
"""A party of the list."""
BERLIN = BillingAddress(lines=("Hauptstr. 1",), city="Berlin", postal_code="10115", country="DE")
PARIS = BillingAddress(lines=("1, rue Haute",), city="Paris", postal_code="75001", country="FR")


@dataclass
class Counter:
    """The service provider `north` at an installation."""

    world: Installation
    parties: list[str] = field(default_factory=list)
    """Who is on the list."""

    @classmethod
    async def open(cls, world: Installation, *, listed: bool = True) -> "Counter":
        """Bring the provider in; the list is loaded, unless none is."""
        counter = cls(world)
        # What follows an update is named after list and version: those of this test are nobody else's.
        await world.as_owner(
            "insert into screening_lists values ('us-dpl', $1, repeat('0', 64), null, '2001-01-01', '2001-01-01', 'test', 0, 0)",
            counter.version,
        )
        await world.store({"record": "partner", "partner_id": counter.partner, "name": "North Telecom"})
        if listed:
            await counter.list_parties(LISTED, "Abu Feldspar", "Ilia Basaltov", "Jan Gneiss", "Maria Schist")
        return counter

    @property
    def version(self) -> int:
        """The version of the list before the first one that is loaded; it is empty, and stale."""
        return int(self.world.suffix, 16) % 10**9

    @property
    def partner(self) -> PartnerId:
        """The provider."""
        return PartnerId(f"ptr_north-{self.world.suffix}")

    @property
    def provider(self) -> Caller:
        """Its provisioning system."""
        return Caller(actor="service_provider:north", partner_id=self.partner, role=CredentialRole.SERVICE_PROVIDER)

    async def list_parties(self, *more: str) -> ListUpdate:
        """Load the list, and let happen what that brings about."""
        update = await self.load(*more)
        await self.world.settle()
        return update

    async def load(self, *more: str) -> ListUpdate:
        """Load the list with these parties beside those that are on it; with none, it is the same file again."""
        self.parties += more
        text = io.StringIO()
        rows = csv.writer(text, delimiter=dpl.DELIMITER, quoting=csv.QUOTE_ALL)
        rows.writerows([dpl.COLUMNS, *([name, *[""] * (len(dpl.COLUMNS) - 1)] for name in self.parties)])
        file = ListFile("dpl.txt", io.BytesIO(text.getvalue().encode()))
        return await self.world.services.screening_lists.update(OPERATOR, [file])

    async def create(self, name: str = "Clear Works", **changes: Any) -> OrganisationId:
        """Bring in a customer, and let happen what happens at once."""
        organisation_id = await self.take_in(name, **changes)
        await self.world.settle()
        return organisation_id

    async def take_in(self, name: str = "Clear Works", **changes: Any) -> OrganisationId:
        """Bring in a customer."""
        fields: dict[str, Any] = {
            "partner_id": self.partner,
            "external_id": f"crm-{name}",
            "name": name,
            "billing_address": BERLIN,
            "package": "suite",
            "packages": {"suite": 3},
            "admin_email": self.world.address("eve"),
            "admin_name": "Eve Ormond",
        }
        created = await self.world.services.customers.create(self.provider, CreateCustomer(**(fields | changes)))
        return created.organisation_id

    async def move(self, organisation_id: OrganisationId, address: BillingAddress = PARIS) -> None:
        """The customer moves."""
        command = UpdateBillingAddress(organisation_id=organisation_id, billing_address=address)
        await self.world.services.customers.update_billing_address(self.provider, command)
        await self.world.settle()

    async def show(self, organisation_id: OrganisationId) -> CustomerView:
        """A customer as its provider sees it."""
        return await self.world.services.customers.show(self.provider, organisation_id)

    async def case(self, organisation_id: OrganisationId) -> RplCaseView:
        """The newest case of a customer."""
        row = await self.world.row(
            "select case_id from rpl_cases where organisation_id = $1 order by opened_at desc limit 1", organisation_id
        )
        return await self.world.services.reviews.show(REVIEWER, RplCaseId(row["case_id"]))

    async def decide(self, organisation_id: OrganisationId, decision: Decision) -> None:
        """A reviewer decides on the newest case of a customer."""
        case = await self.case(organisation_id)
        await self.world.services.reviews.decide(REVIEWER, decided(case.case_id, decision))
        await self.world.settle()

    async def result(self, organisation_id: OrganisationId, generation: int = 1) -> OnboardingResult:
        """How an onboarding ended."""
        handle = self.world.client.get_workflow_handle(
            names.onboarding_id(organisation_id, generation), result_type=OnboardingResult
        )
        ended: OnboardingResult = await handle.result()
        return ended

    async def review(self, organisation_id: OrganisationId) -> WorkflowHandle[Any, Any]:
        """The execution of the newest case of a customer."""
        return self.world.client.get_workflow_handle(names.rpl_review_id((await self.case(organisation_id)).case_id))

    async def states(self, organisation_id: OrganisationId) -> list[str]:
        """The states that a customer's onboarding has been in, in order."""
        history = [each for each in await self.world.simulation.history() if each.subject == organisation_id]
        known = {"received", "screening", "pending_rpl_review", "provisioning", "active", "error", "cancelled"}
        passed = [each.to_state for each in history if each.to_state in known]
        return [state for number, state in enumerate(passed) if state and state not in passed[number - 1 : number]]


def decided(case_id: RplCaseId, decision: Decision = Decision.APPROVE) -> DecideCase:
    """A decision with its reason."""
    return DecideCase(case_id=case_id, decision=decision, reason="Looked at by hand")

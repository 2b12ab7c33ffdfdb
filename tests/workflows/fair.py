"""Partners and their customers in an installation: who asks for trials, and who is asked."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from tenure import names
from tenure.contracts.consent import AcceptTrial
from tenure.contracts.licence import RenewalGraceResult
from tenure.contracts.trial import AssignLicences, ProvideDetails, RequestTrial, TrialState, TrialView
from tenure.contracts.trial_process import TrialResult
from tenure.ids import OrganisationId, PartnerId, PersonId, TrialId
from tests.workflows.installation import OPERATOR, Installation

DAY = timedelta(days=1)
MOMENT = timedelta(minutes=3)


@dataclass(frozen=True)
class Fair:
    """A partner `north` with two admins, in an installation."""

    world: Installation

    @classmethod
    async def open(cls, world: Installation, *, screened: bool = False) -> "Fair":
        """Bring the partner in, with its own organisation and people; new customers are screened where that is said."""
        fair = cls(world)
        if screened:
            world.screen_newcomers()
        own = world.organisation_id("north")
        await world.store(
            {"record": "organisation", "organisation_id": own, "name": "North", "country": "DE"},
            {"record": "partner", "partner_id": fair.partner, "name": "North Telecom", "organisation_id": own},
            *(
                {
                    "record": "person",
                    "person_id": fair.person(name),
                    "organisation_id": own,
                    "name": name,
                    "email": world.address(name),
                    "role": role,
                }
                for name, role in (("sal", "partner_sales_admin"), ("pat", "partner_admin"))
            ),
        )
        return fair

    @property
    def partner(self) -> PartnerId:
        """The partner."""
        return PartnerId(f"ptr_north-{self.world.suffix}")

    @property
    def seller(self) -> PersonId:
        """Its sales admin."""
        return self.person("sal")

    def person(self, name: str) -> PersonId:
        """Somebody of this fair."""
        return PersonId(f"per_{name}-{self.world.suffix}")

    def trial(self, name: str = "first") -> TrialId:
        """The id of a trial of this fair."""
        return TrialId(f"trl_{name}-{self.world.suffix}")

    def request(self, name: str = "first", **changes: Any) -> RequestTrial:
        """A request for a new customer, complete; its admin is `eve`."""
        fields: dict[str, Any] = {
            "trial_id": self.trial(name),
            "partner_id": self.partner,
            "requested_by": self.seller,
            "services": ("messaging", "calling"),
            "length_days": 30,
            "company_name": "Eve Works",
            "admin_email": self.world.address("eve"),
            "industry": "technology",
            "country": "DE",
        }
        return RequestTrial(**(fields | changes))

    def details(self, name: str = "first") -> ProvideDetails:
        """What provisioning waits for."""
        return ProvideDetails(trial_id=self.trial(name), by=self.seller)

    async def customer(self, name: str = "acme", *, admins: tuple[str, ...] = ("ada",)) -> OrganisationId:
        """An organisation with a subscription of messaging, which this partner does not manage."""
        return await self.world.organisation(name, admins=admins, licences={"kind": "subscription", "state": "active"})

    async def asked(self, organisation_id: OrganisationId, name: str = "first", **changes: Any) -> TrialView:
        """A request that waits for the consent of an organisation."""
        request = self.request(
            name, organisation_id=organisation_id, admin_email=self.world.address("ada"), services=("calling",)
        )
        trial = await self.world.services.trials.request(OPERATOR, request.model_copy(update=changes))
        await self.world.settle()
        return trial

    async def accepted(self, organisation_id: OrganisationId, *, full_administration: bool = False) -> TrialView:
        """A trial that the organisation has consented to, and that is active."""
        trial = await self.asked(organisation_id)
        admin = PersonId(f"per_ada-acme-{self.world.suffix}")
        await self.world.services.consents.accept(
            OPERATOR, AcceptTrial(trial_id=trial.trial_id, person_id=admin, full_administration=full_administration)
        )
        await self.world.settle()
        await self.world.services.trials.provide_details(OPERATOR, self.details())
        await self.world.settle()
        return await self.show()

    async def new_customer(self, **changes: Any) -> TrialView:
        """A new customer's trial, active."""
        await self.world.services.trials.request(OPERATOR, self.request(**changes))
        await self.world.settle()
        trial = await self.show()
        assert trial.state is TrialState.ACTIVE, trial
        return trial

    async def user(self, trial: TrialView, name: str, *, mailbox: str = "") -> None:
        """A user of the trial's organisation who holds a licence of it; the mailbox is called like the person, unless given."""
        await self.world.store(
            {
                "record": "person",
                "person_id": self.person(name),
                "organisation_id": trial.organisation_id,
                "name": name,
                "email": self.world.address(mailbox or name),
            }
        )
        assign = AssignLicences(trial_id=trial.trial_id, by=self.seller, give=(self.person(name),))
        await self.world.services.trials.assign_licences(OPERATOR, assign)

    async def show(self, name: str = "first") -> TrialView:
        """A trial as it is."""
        return await self.world.services.trials.show(OPERATOR, self.trial(name))

    async def result(self, name: str = "first", generation: int = 1) -> TrialResult:
        """How a stretch of a trial ended."""
        workflow_id = names.trial_id(self.trial(name), generation)
        handle = self.world.client.get_workflow_handle(workflow_id, result_type=TrialResult)
        ended: TrialResult = await handle.result()
        return ended

    async def grace(self, trial: TrialView, generation: int = 1) -> RenewalGraceResult:
        """How a grace of a trial's licences ended."""
        assert trial.licence_set_id is not None
        workflow_id = names.renewal_grace_id(trial.licence_set_id, generation)
        handle = self.world.client.get_workflow_handle(workflow_id, result_type=RenewalGraceResult)
        ended: RenewalGraceResult = await handle.result()
        return ended

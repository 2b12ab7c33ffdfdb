"""A fairground in a town: what partners, customers and processes do to trials, step by step."""

from typing import Any, Self

from adapters.postgres.licences import PostgresLicences
from tenure.contracts.conversion import Conversion, ConvertTrial
from tenure.contracts.device import DeviceReturnView, ShipDevices
from tenure.contracts.erasure import Erasure
from tenure.contracts.licence import (
    GraceOutcome,
    GrantLicences,
    LicenceKind,
    LicenceSet,
    RenewalGraceInput,
    RenewalGraceResult,
)
from tenure.contracts.organisation import DeleteNow
from tenure.contracts.platform import Deed
from tenure.contracts.trial import CancelTrial, EditTrial, ExtendTrial, RequestTrial, Site, TrialView
from tenure.contracts.trial_process import NumberHoldStep, PlatformReport, TrialAt, TrialStep
from tenure.ids import LicenceSetId, OrderId, OrganisationId, PersonId, TrialId
from tenure.policy.catalogue import shipped
from tests.integration.deletion.town import DAY, DOMAIN, SERVICE, Town
from tests.integration.trials.grounds import Grounds, Side

SITE = Site(url="acme.meet.example", time_zone="Europe/Berlin")


class Fairground(Grounds):
    """What partners do on the fairground of a town, and what becomes of it."""

    north: Side

    def __init__(self, town: Town) -> None:
        super().__init__(town)
        self.destruction = PostgresLicences(town.erasure, town.rules, shipped(), message_domain=DOMAIN)
        """The licences as the worker of the erasure role has them."""

    @classmethod
    async def open(cls, town: Town) -> Self:
        """A fairground with a partner of tier 1."""
        ground = cls(town)
        ground.north = await ground.partner("north")
        return ground

    # What partners, customers and commerce do.

    def request(self, *services: str, side: Side | None = None, **changes: Any) -> RequestTrial:
        """A request for a customer that is new, complete."""
        side, name = side or self.north, f"t{next(self._numbers)}"
        fields: dict[str, Any] = {
            "trial_id": TrialId(f"trl_{name}"),
            "partner_id": side.partner_id,
            "requested_by": side.seller,
            "services": services,
            "length_days": 30,
            "company_name": f"Works of {name}",
            "admin_email": f"eve@{name}.example",
            "industry": "technology",
            "country": "DE",
        }
        return RequestTrial(**(fields | changes))

    async def trial(self, *services: str, **changes: Any) -> TrialView:
        """A new customer's trial that is active."""
        trial = await self.town.trials.request(SERVICE, self.request(*(services or ("messaging",)), **changes))
        await self.run(trial.trial_id)
        return await self.show(trial.trial_id)

    async def add_on(self, organisation_id: OrganisationId, *services: str, **changes: Any) -> TrialView:
        """An active trial of an organisation that the partner manages."""
        await self.manage(changes.get("side") or self.north, organisation_id)
        nobody = {"company_name": None, "admin_email": None, "industry": None, "country": None}
        return await self.trial(*services, organisation_id=organisation_id, **nobody, **changes)

    async def extend(self, trial: TrialView, days: int, **changes: Any) -> TrialView:
        """Extend a trial, confirmed."""
        fields = {"trial_id": trial.trial_id, "by": self.north.seller, "days": days, "confirmed": True}
        return await self.town.trials.extend(SERVICE, ExtendTrial(**(fields | changes)))

    async def edit(self, trial: TrialView, *services: str, **changes: Any) -> TrialView:
        """Replace the services of a trial."""
        fields = {"trial_id": trial.trial_id, "by": self.north.seller, "services": services}
        return await self.town.trials.edit(SERVICE, EditTrial(**(fields | changes)))

    async def cancel(self, trial: TrialView, **changes: Any) -> TrialView:
        """Cancel a trial, confirmed."""
        fields = {"trial_id": trial.trial_id, "by": self.north.seller, "confirmed": True}
        return await self.town.trials.cancel(SERVICE, CancelTrial(**(fields | changes)))

    def order(self, trial: TrialView, *services: str, **changes: Any) -> ConvertTrial:
        """A paid order of the partner, for some services of a trial, confirmed."""
        number = next(self._numbers)
        fields: dict[str, Any] = {
            "trial_id": trial.trial_id,
            "order_id": OrderId(f"ord_{number}"),
            "licence_set_id": LicenceSetId(f"lic_paid-{number}"),
            "services": services,
            "ordered_by": self.north.partner_id,
            "confirmed": True,
        }
        return ConvertTrial(**(fields | changes))

    async def convert(self, trial: TrialView, *services: str, **changes: Any) -> Conversion:
        """Such an order is processed."""
        return await self.town.trials.convert(SERVICE, self.order(trial, *services, **changes))

    async def buy(
        self, organisation_id: OrganisationId, *services: str, kind: LicenceKind = LicenceKind.SUBSCRIPTION
    ) -> LicenceSet:
        """A customer buys a subscription, which commerce reports, or gets a trial that is not run here."""
        command = GrantLicences(
            licence_set_id=LicenceSetId(f"lic_bought-{next(self._numbers)}"),
            organisation_id=organisation_id,
            kind=kind,
            meetings="meetings" in services,
            services=services,
        )
        return await self.town.licences.grant(SERVICE, command)

    async def ship(self, trial: TrialView, *serials: str, days: int = 20, order: str = "DEMO-1") -> DeviceReturnView:
        """Devices are shipped for a trial, two where none are named, and are on trial for so many days."""
        command = ShipDevices(
            trial_id=trial.trial_id,
            demo_order=order,
            serials=serials or ("SN-0001", "SN-0002"),
            device_ends_at=await self.town.now() + days * DAY,
        )
        return await self.town.devices.ship(SERVICE, command)

    async def delete_now(self, trial: TrialView, by: PersonId) -> Erasure:
        """A full admin of the customer deletes the organisation."""
        command = DeleteNow(organisation_id=trial.organisation_id, person_id=by, confirmation=trial.organisation_name)
        return await self.town.organisations.delete_now(SERVICE, command)

    async def assign(self, trial: TrialView, *people: PersonId) -> None:
        """These people hold licences of a trial."""
        await self.town.execute(
            "insert into licence_assignments select $1, person_id, business_now() from unnest($2::text[]) as person_id",
            trial.licence_set_id,
            list(people),
        )

    # The steps of the processes, as of the town's time.

    async def look(self, trial_id: TrialId) -> TrialStep:
        """The process of a trial looks once."""
        return await self.town.trial_steps.check_trial(await self.at(trial_id))

    async def run(self, trial_id: TrialId) -> TrialStep:
        """The process of a trial does all that is due, and has the platform do its part."""
        step = await self.look(trial_id)
        while step.orders or (step.due_at is not None and step.due_at <= await self.town.now()):
            for order in step.orders:
                act = self.town.platform.build if order.deed is Deed.BUILD else self.town.platform.tear_down
                await self.town.trial_steps.record_platform(PlatformReport(order=order, built=await act(order)))
            step = await self.look(trial_id)
        return await self.town.trial_steps.conclude(await self.at(trial_id))

    async def at(self, trial_id: TrialId) -> TrialAt:
        """A step of the present process of a trial, now."""
        row = await self.row(trial_id)
        return TrialAt(
            trial_id=trial_id,
            organisation_id=row["organisation_id"],
            generation=row["generation"],
            as_of=await self.town.now(),
        )

    async def expired(self, trial: TrialView) -> TrialView:
        """The trial comes to its end, in time."""
        assert trial.ends_at is not None
        await self.town.advance_to(trial.ends_at)
        await self.run(trial.trial_id)
        return await self.show(trial.trial_id)

    async def grace(self, trial: TrialView) -> RenewalGraceInput:
        """The newest grace of a trial's licences."""
        [row] = await self.town.fetch(
            "select input from processes where type = 'RenewalGrace' and input ->> 'licence_set_id' = $1"
            " order by (input ->> 'generation')::int desc limit 1",
            trial.licence_set_id,
        )
        return RenewalGraceInput.model_validate(row["input"])

    async def end_grace(self, grace: RenewalGraceInput) -> RenewalGraceResult:
        """What the process of a grace does once it is over, in its order (GR-11)."""
        now = await self.town.now()
        check = await self.town.licences.check_grace(grace, now)
        if check.purge_meeting_data:
            await self.destruction.purge_meeting_data(grace, now)
        if check.outcome is GraceOutcome.REMOVED and grace.kind is LicenceKind.TRIAL:
            await self.town.licences.end_trial(grace, now)
            await self.town.licences.hold_numbers(grace, now)
        return await self.town.licences.conclude_grace(grace, now)

    async def ended(self, trial: TrialView) -> TrialView:
        """The trial's grace comes to its end too, in time, and its services are torn down."""
        if trial.grace_ends_at is None:
            trial = await self.expired(trial)
        assert trial.grace_ends_at is not None
        await self.town.advance_to(trial.grace_ends_at)
        await self.end_grace(await self.grace(trial))
        await self.run(trial.trial_id)
        return await self.show(trial.trial_id)

    async def look_at_numbers(self, trial: TrialView, generation: int = 1) -> NumberHoldStep:
        """The process of a hold looks."""
        at = (await self.at(trial.trial_id)).model_copy(update={"generation": generation})
        return await self.town.trial_steps.check_numbers(at)

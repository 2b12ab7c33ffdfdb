"""A market on a fairground: customers that partners ask for consent, and everything that a refusal could leave behind."""

from typing import Any, Self

from tenure.contracts.consent import AcceptTrial, DeclineTrial
from tenure.contracts.organisation import Role
from tenure.contracts.trial import ConsentState, ProvideDetails, ResendConsent, TrialState, TrialView
from tenure.contracts.trial_process import ConsentStep, TrialAt
from tenure.errors import Refusal, RefusalCode
from tenure.ids import OrganisationId, PersonId
from tests.integration.deletion.town import SERVICE, Town, admin
from tests.integration.trials.fairground import Fairground
from tests.integration.trials.grounds import Side


class Market(Fairground):
    """A fairground with two partners, and customers that neither manages."""

    south: Side

    @classmethod
    async def open(cls, town: Town) -> Self:
        """A market with the partners `north` and `south`."""
        market = await super().open(town)
        market.south = await market.partner("south")
        return market

    # What is asked of customers, and what they answer.

    async def customer(self, *, admins: int = 2) -> OrganisationId:
        """An organisation that no partner manages, with so many full admins."""
        return await self.town.organisation(admins=admins)

    async def lesser_admin(self, organisation_id: OrganisationId) -> PersonId:
        """An admin of a customer who is no full admin."""
        return await self.person(f"clerk-{organisation_id.removeprefix('org_')}", organisation_id, Role.CUSTOMER_ADMIN)

    async def ask(self, organisation_id: OrganisationId, *services: str, **changes: Any) -> TrialView:
        """A request to a customer that is confirmed; its first full admin's address is typed."""
        fields: dict[str, Any] = {"organisation_id": organisation_id, "admin_email": address(organisation_id)}
        command = self.request(*(services or ("messaging",)), **(fields | changes))
        return await self.town.trials.request(SERVICE, command)

    async def accept(self, trial: TrialView, person_id: PersonId | None = None, *, tick: bool = False) -> TrialView:
        """Somebody accepts, by default the first full admin."""
        return await self.town.consents.accept(
            SERVICE,
            AcceptTrial(
                trial_id=trial.trial_id,
                person_id=person_id or admin(trial.organisation_id),
                full_administration=tick,
            ),
        )

    async def decline(self, trial: TrialView, person_id: PersonId | None = None) -> None:
        """Somebody declines, by default the first full admin."""
        person_id = person_id or admin(trial.organisation_id)
        await self.town.consents.decline(SERVICE, DeclineTrial(trial_id=trial.trial_id, person_id=person_id))

    async def resend(self, trial: TrialView, by: PersonId | None = None) -> TrialView:
        """The partner has the request mailed again."""
        command = ResendConsent(trial_id=trial.trial_id, by=by or self.north.seller)
        return await self.town.trials.resend_consent(SERVICE, command)

    async def detail(self, trial: TrialView, by: PersonId | None = None, **changes: Any) -> TrialView:
        """The partner says what provisioning needs."""
        command = ProvideDetails(trial_id=trial.trial_id, by=by or self.north.seller, **changes)
        return await self.town.trials.provide_details(SERVICE, command)

    async def consented(self, organisation_id: OrganisationId, *services: str, tick: bool = False) -> TrialView:
        """An active trial that its customer has consented to."""
        trial = await self.ask(organisation_id, *services)
        await self.accept(trial, tick=tick)
        await self.detail(trial)
        await self.run(trial.trial_id)
        return await self.show(trial.trial_id)

    async def reach(self, trial: TrialView, end: ConsentState | TrialState) -> TrialView:
        """Bring a request that waits to an end of it, or the trial that it asks for to a state."""
        match end:
            case ConsentState.PENDING:
                pass
            case ConsentState.LAPSED:
                await self.lapsed(trial)
            case ConsentState.WITHDRAWN:
                await self.cancel(trial)
            case ConsentState.DECLINED:
                await self.decline(trial)
            case _:
                await self._go_on(trial, end)
        return await self.show(trial.trial_id)

    async def _go_on(self, trial: TrialView, end: ConsentState | TrialState) -> None:
        await self.accept(trial)
        if end in {ConsentState.ACCEPTED, TrialState.AWAITING_DETAILS}:
            return
        await self.detail(trial)
        if end is TrialState.PROVISIONING:
            return
        await self.run(trial.trial_id)
        match end:
            case TrialState.GRACE:
                await self.expired(await self.show(trial.trial_id))
            case TrialState.ENDED:
                await self.ended(await self.show(trial.trial_id))
            case TrialState.CANCELLED:
                await self.cancel(trial)
            case TrialState.CONVERTED:
                await self.convert(trial, *(each.service for each in trial.services))

    # The process of a consent, as of the town's time.

    async def look_at_consent(self, trial: TrialView) -> ConsentStep:
        """The process of a request looks once."""
        return await self.town.trial_steps.check_consent(
            TrialAt(trial_id=trial.trial_id, organisation_id=trial.organisation_id, as_of=await self.town.now())
        )

    async def lapsed(self, trial: TrialView) -> TrialView:
        """Nobody answers until the deadline."""
        assert trial.consent_deadline_at is not None
        await self.town.advance_to(trial.consent_deadline_at)
        await self.look_at_consent(trial)
        return await self.show(trial.trial_id)


def address(organisation_id: OrganisationId, number: int = 1) -> str:
    """The address of the n-th full admin of an organisation."""
    return f"ada-{number}@{organisation_id.removeprefix('org_')}.example"


def refusal_of(answer: object) -> RefusalCode | None:
    """The code of an answer that is a refusal, and None of any other; what broke is raised."""
    if isinstance(answer, Refusal):
        return answer.code
    if isinstance(answer, BaseException):
        raise answer
    return None

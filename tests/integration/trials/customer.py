"""A customer on trial, with people of every role, and what they are told."""

from datetime import datetime
from typing import Any, Self

from tenure.contracts.notice import Delivery
from tenure.contracts.organisation import Role
from tenure.contracts.trial import TrialView
from tenure.ids import OrganisationId, PersonId
from tests.integration.deletion.town import DAY
from tests.integration.trials.fairground import Fairground


class Customer:
    """A new customer on trial: `eve`, its full admin; `ada`, an admin; and `una`, a user who holds a licence."""

    def __init__(self, ground: Fairground, trial: TrialView, ada: PersonId, una: PersonId) -> None:
        self.ground, self.trial = ground, trial
        self.eve, self.ada, self.una = PersonId(f"per_{trial.trial_id.name}"), ada, una

    @classmethod
    async def open(cls, ground: Fairground, *services: str, **changes: Any) -> Self:
        """A customer whose welcome has been sent."""
        trial = await ground.trial(*services, **changes)
        await ground.post(trial.organisation_id)
        ada = await ground.person("ada", trial.organisation_id, Role.CUSTOMER_ADMIN, Role.USER)
        una = await ground.person("una", trial.organisation_id, Role.USER)
        await ground.assign(trial, una)
        return cls(ground, trial, ada, una)

    @property
    def id(self) -> OrganisationId:
        """The organisation."""
        return self.trial.organisation_id

    @property
    def end(self) -> datetime:
        """When its trial was to end at first."""
        assert self.trial.ends_at is not None
        return self.trial.ends_at

    @property
    def admins(self) -> list[str]:
        """Who administers it, in whatever role."""
        return sorted([self.eve, self.ada])

    async def comes_to(self, due: str) -> None:
        """Go to the `reminder` or the `end` of the trial, and let its process do what is due."""
        trial = await self.ground.show(self.trial.trial_id)
        assert trial.ends_at is not None
        await self.ground.town.advance_to(trial.ends_at - 7 * DAY if due == "reminder" else trial.ends_at)
        await self.ground.run(trial.trial_id)

    async def told_of(self, due: str) -> list[Delivery]:
        """The same, and what is sent then."""
        await self.comes_to(due)
        return await self.ground.post(self.id)

"""Tables of the trials' model whose processes are the real ones: workflows on the real server, under the simulation's clock."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime

from tenure.contracts.activity import ActivityEvent, ActivityKind
from tests.integration.deletion.town import DAY, HOUR, Town
from tests.integration.trials_model.table import Table
from tests.workflows.installation import FEED, Installation


class RealTown(Town):
    """A town in an installation with workers."""

    def __init__(self, world: Installation) -> None:
        application = world.application
        super().__init__(world.owner_url, application.database, application.database, application.rules)
        self.world = world


class Stage(Table):
    """Workers and platform do at once what is asked for; some seconds of real time pass meanwhile.

    So instants are compared by the hour, and no two days that are played begin at the same one.
    """

    town: RealTown

    async def settle(self) -> None:
        """Everything that is due is carried out now, and everything that is ordered is built."""
        self.follow()
        await self.town.world.settle()

    def follow(self) -> None:
        """The model's side of it."""
        self.model.settle()
        for trial in self.model.trials.values():
            if trial.state in {"provisioning", "active"}:
                self.model.build(trial, trial.services)
        self.model.settle()

    def same(self, what: str, product: object, model: object) -> None:
        """Compare instants by the hour."""
        super().same(what, _by_the_hour(product), _by_the_hour(model))

    async def compare_mails(self) -> None:
        """Each mail that was due has arrived, once, at the address of whom it was for (XC-02, 18.11)."""
        typed = {key: trial.typed for key, trial in self.model.trials.items()}
        due = Counter(f"{typed.get(note.recipient, note.recipient)}@example.com" for note in self.model.notes)
        mine = f"per_{self.name}-"
        arrived = Counter(
            address
            for mail in self.town.world.sink.messages()
            for address in mail.recipients
            if address.startswith(mine)
        )
        self.same("arrived", arrived, due)


async def pass_days(stages: Sequence[Stage], days: int) -> None:
    """Days pass for all, and an hour; somebody signs in everywhere, so that no deletion draws near."""
    world = stages[0].town.world
    to = stages[0].model.now + days * DAY + HOUR
    for stage in stages:
        stage.model.advance(to)
    await world.clock.advance(to, world.hear)
    for stage in stages:
        signed_in = ActivityEvent(
            organisation_id=stage.organisation_id, kind=ActivityKind.APP_SIGN_IN, at=to, source=FEED
        )
        await world.services.activity.record([signed_in])


async def half_past(world: Installation) -> None:
    """Go to the middle of an hour."""
    now = await world.simulation.now()
    await world.clock.advance(now.replace(minute=30, second=0, microsecond=0) + HOUR, world.hear)


def _by_the_hour(value: object) -> object:
    match value:
        case datetime():
            return value.replace(minute=0, second=0, microsecond=0)
        case Counter():
            return Counter({_by_the_hour(key): times for key, times in value.items()})
        case dict():
            return {key: _by_the_hour(each) for key, each in value.items()}
        case tuple():
            return tuple(_by_the_hour(each) for each in value)
        case _:
            return value

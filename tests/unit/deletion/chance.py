"""What chance brings to the simulated world."""

from datetime import timedelta

from tenure.contracts.organisation import OrganisationState
from tests.unit.deletion.cast import DAY, HOUR
from tests.unit.deletion.world import World


class Chance:
    """Use, silence, purchases, requests, outages and operators, at random."""

    def __init__(self, world: World) -> None:
        self.world = world

    def plan(self, number: int, length: timedelta) -> None:
        """Plan so many events in that time."""
        if self.world.random.random() < 0.5:
            stubborn = self.world.random.choice(self.world.organisations)
            self.world.stubborn = stubborn.name
            self.world.request(stubborn, self.world.random.choice([3, 9]) * DAY)
        for _ in range(number):
            event = self.world.random.choices(
                [
                    self._some_use,
                    self._some_look,
                    self._some_feed,
                    self._some_licence,
                    self._some_request,
                    self._some_trouble,
                    self._somebody,
                ],
                [10, 10, 3, 3, 3, 3, 4],
            )[0]
            self.world.at(self.world.now + self.world.random.random() * length, event)

    def _some_use(self) -> None:
        organisation, feed = (
            self.world.random.choice(self.world.organisations),
            self.world.random.choice(self.world.feeds),
        )
        for _ in range(self.world.random.choice([1, 1, 4])):
            self.world.at(
                self.world.now + self.world.random.random() * 2 * DAY, lambda: self.world.use(organisation, feed)
            )

    def _some_look(self) -> None:
        """Something wakes a process, and it looks though nothing is due."""
        organisation = self.world.random.choice(self.world.organisations)
        if organisation.state not in {OrganisationState.LIVE, OrganisationState.DELETED}:
            self.world.machinery.look_at(organisation, self.world.now)

    def _some_feed(self) -> None:
        length = self.world.random.choice([HOUR, DAY, 8 * DAY])
        self.world.feed_down(self.world.random.choice(self.world.feeds), length, loses=self.world.random.random() < 0.3)

    def _some_licence(self) -> None:
        organisation = self.world.random.choice(self.world.organisations)
        self.world.gain(organisation, customer=self.world.random.random() < 0.3)
        self.world.at(self.world.now + self.world.random.random() * 40 * DAY, lambda: self.world.lapse(organisation))

    def _some_request(self) -> None:
        self.world.request(self.world.random.choice(self.world.organisations), self.world.random.random() * 10 * DAY)

    def _some_trouble(self) -> None:
        until = self.world.now + self.world.random.choice([HOUR, DAY, 40 * DAY])
        if self.world.random.random() < 0.5:
            self.world.mail_down_until = until
        else:
            self.world.asleep_until = until

    def _somebody(self) -> None:
        """An operator does something."""
        chance = self.world.random.random()
        if chance < 0.5:
            self.world.machinery.release(self.world.random.choice([1, 2, 3]))
        elif chance < 0.7:
            self.world.abort(self.world.random.choice(self.world.organisations))
        else:
            self.world.rule(dry_run=self.world.random.random() < 0.2)

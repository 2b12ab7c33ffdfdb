"""The platform's orders and answers in any order: late, twice, and overtaken by each other (PV-04, TC-07)."""

from collections.abc import Awaitable, Callable
from random import Random

from tenure.contracts.platform import Deed, PlatformOrder
from tenure.contracts.trial import TrialView
from tenure.contracts.trial_process import PlatformReport
from tenure.errors import Refusal
from tests.integration.trials.fairground import Fairground

_SERVICES = ("calling", "contact-center", "meetings", "messaging")
_COURSES = 8
_STEPS = 40
_STANDS = """
select s.service, s.state, r.built_at is not null and r.torn_down_at is null as stands
  from trial_services s left join platform_resources r on r.resource = s.trial_id || '/' || s.service || '/' || s.turn
 where s.trial_id = $1
"""


class Disorder:
    """One trial, what the platform was asked for so far, and the answers that are on their way."""

    def __init__(self, ground: Fairground, trial: TrialView, chance: Random) -> None:
        self._ground = ground
        self._trial = trial
        self._chance = chance
        self._orders: list[PlatformOrder] = []
        self._reports: list[PlatformReport] = []
        self._steps: tuple[Callable[[], Awaitable[object]], ...] = (
            *(self.look, self.order, self.order, self.report, self.report),
            *(self.edit, self.edit, self.edit, self.buy),
        )

    async def step(self) -> None:
        """Anything that can happen; what is refused leaves nothing behind."""
        try:
            await self._chance.choice(self._steps)()
        except Refusal:
            return

    async def look(self) -> None:
        """The process looks, and has everything carried out that is ordered."""
        self._orders += (await self._ground.look(self._trial.trial_id)).orders

    async def order(self) -> None:
        """Some order arrives, be it once more; its answer is on its way."""
        if self._orders:
            order = self._chance.choice(self._orders)
            act = self._ground.town.platform.build if order.deed is Deed.BUILD else self._ground.town.platform.tear_down
            self._reports.append(PlatformReport(order=order, built=await act(order)))

    async def build_once_more(self) -> None:
        """Every order to build that there ever was arrives again."""
        for order in self._orders:
            if order.deed is Deed.BUILD:
                await self._ground.town.platform.build(order)

    async def report(self) -> None:
        """Some answer arrives, be it once more."""
        if self._reports:
            await self._ground.town.trial_steps.record_platform(self._chance.choice(self._reports))

    async def edit(self) -> None:
        """The partner replaces the services."""
        await self._ground.edit(self._trial, *self._chance.sample(_SERVICES, self._chance.randrange(1, 4)))

    async def buy(self) -> None:
        """The customer buys a service."""
        await self._ground.buy(self._trial.organisation_id, self._chance.choice(_SERVICES[:2]))


async def test_what_stands_in_the_end_is_what_is_paid_for_or_on_trial(ground: Fairground) -> None:
    """Once all has arrived, what is on trial stands and what left it does not, whatever overtook what.

    An order that arrives once more after that changes nothing any more (PV-04, TC-08, TC-12).
    """
    bought = 0
    for seed in range(_COURSES):
        chance = Random(seed)
        asked = await ground.trial("messaging")
        course = Disorder(ground, asked, chance)
        for _ in range(_STEPS):
            await course.step()
        await ground.run(asked.trial_id)
        await course.build_once_more()
        for _ in range(_STEPS):
            await course.report()
        for row in await ground.town.fetch(_STANDS, asked.trial_id):
            assert row["state"] in {"built", "bought", "gone"}, (seed, dict(row))
            if row["state"] != "bought":  # which may have been bought before anybody was asked to build it
                assert bool(row["stands"]) == (row["state"] == "built"), (seed, dict(row))
            bought += row["state"] == "bought"
    assert bought

"""A simulated world with virtual time: organisations, feeds and operators, run by seed on the pure policy.

The witness sees everything that happens here, and everything that the machinery does.
"""

import heapq
import random
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from itertools import count

from tenure.contracts.organisation import OrganisationState
from tenure.ids import TrialRequestId
from tenure.policy.rules import BreakerLimit, Rules
from tests.unit.deletion.cast import DAY, HOUR, START, Organisation, Source
from tests.unit.deletion.machinery import Machinery
from tests.unit.deletion.policies import Policy
from tests.unit.deletion.witness import Witness

ZONES = ("UTC", "Europe/Warsaw", "Asia/Beirut", "America/Nuuk", "Asia/Kathmandu", "Pacific/Kiritimati", "Africa/Cairo")


class World:
    """A few organisations, and everything that may happen to them."""

    def __init__(
        self, seed: int, policy: Policy, *, organisations: int = 5, rules: Rules | None = None, eventful: bool = True
    ) -> None:
        """Make a world; an uneventful one has organisations that all fall unused at one moment, and nothing else."""
        self.random = random.Random(seed)
        self.rules = rules or Rules(
            fleet_hour=BreakerLimit(absolute=self.random.choice([1, 2]), share=0),
            fleet_day=BreakerLimit(absolute=2, share=0),
            look_again=3 * HOUR,
            when_nobody_reachable=self.random.choice(["proceed", "proceed", "hold"]),
        )
        self.now = START
        self.organisations = [
            Organisation(f"org_{number}", self.random.choice(ZONES), self.random.choice([0, 1, 1, 2, 3]))
            for number in range(organisations)
        ]
        self.feeds = [
            Source("identity", timedelta(minutes=15)),
            Source("messages", self.random.choice([HOUR, HOUR, DAY, 2 * DAY])),
        ]
        self.witness = Witness(
            {organisation.name: organisation.zone for organisation in self.organisations},
            proceeds=self.rules.when_nobody_reachable == "proceed",
            per_second=self.rules.per_second,
            per_hour=self.rules.fleet_hour.absolute,
            per_day=self.rules.fleet_day.absolute,
        )
        self.witness.ruled(self.rules.version, dry_run=False)
        self.lost_until: datetime | None = None
        self.machinery = Machinery(self, policy)
        self.asleep_until = START
        """The workers are down until then: whatever falls due waits."""
        self.mail_down_until = START
        self.stubborn: str | None = None
        """An organisation whose partner asks for a trial again whenever a request lapses."""
        self._plan: list[tuple[datetime, int, Callable[[], None]]] = []
        self._numbers = count()
        for organisation in self.organisations:
            days = self.random.choice([0, 1, 10]) if eventful else 0
            self.at(START + days * DAY, partial(self.lapse, organisation))
        self.eventful = eventful

    def rule(self, *, dry_run: bool) -> None:
        """Other rules come into force; their durations stay the same."""
        self.rules = self.rules.model_copy(update={"version": f"v{next(self._numbers)}", "dry_run": dry_run})
        self.witness.ruled(self.rules.version, dry_run=dry_run)

    # Time.

    def at(self, instant: datetime, action: Callable[[], None]) -> None:
        """Plan an action."""
        heapq.heappush(self._plan, (max(instant, self.now), next(self._numbers), action))

    def run(self, until: datetime) -> None:
        """Let everything happen up to an instant."""
        while self._plan and self._plan[0][0] <= until:
            instant, _, action = heapq.heappop(self._plan)
            self.now = max(self.now, instant)
            self._beat()
            action()
        self.now = until

    def calm(self) -> None:
        """From now on nothing goes wrong, nobody uses anything, and the operator tends to what is held."""
        self.eventful = False
        self.asleep_until = self.mail_down_until = self.now
        for feed in self.feeds:
            self.feed_up(feed)
        self.rule(dry_run=False)
        for days in range(150):
            self.at(self.now + days * DAY, self.tend)

    def tend(self) -> None:
        """The operator does what only operators can: releases the breaker, and aborts what was active after all."""
        self.machinery.release(self.random.choice([1, 2, 3]))
        for organisation in self.organisations:
            if organisation.late or organisation.customers:
                self.abort(organisation)

    def unfinished(self) -> list[str]:
        """Organisations that nobody uses and that are still there: there are no exemptions (DM-10).

        Where nobody can be reached and the setting is hold, an organisation is held, visibly (SF-02).
        """
        return [
            organisation.name
            for organisation in self.organisations
            if organisation.state not in {OrganisationState.LIVE, OrganisationState.DELETED}
            and not (
                self.rules.when_nobody_reachable == "hold"
                and organisation.promise is not None
                and organisation.promise.first_accepted_at is None
            )
        ]

    # What happens to organisations.

    def lapse(self, organisation: Organisation) -> None:
        """Its last licences go, and its last customers; an unused one is marked (DM-01)."""
        if organisation.state is not OrganisationState.LIVE:
            return
        organisation.licences = organisation.customers = 0
        self._hold(organisation)
        self._begin(organisation)

    def gain(self, organisation: Organisation, *, customer: bool) -> None:
        """It buys, or gains a customer: the fact unmarks, or leaves it to the countdown to see.

        In the quarantine nothing can be bought; a customer can come back, by the abort of its own erasure.
        """
        gone = organisation.state in {OrganisationState.ERASING, OrganisationState.DELETED}
        if organisation.state is OrganisationState.DELETED or (gone and not customer):
            return
        if customer:
            organisation.customers = 1
        else:
            organisation.licences = 1
        self._hold(organisation)
        if self.random.random() < 0.7:
            self.unmark(organisation)

    def use(self, organisation: Organisation, feed: Source) -> None:
        """Somebody uses it: the feed will say so."""
        if organisation.state is not OrganisationState.DELETED:
            feed.waiting.append((self.now, organisation.name))

    def request(self, organisation: Organisation, length: timedelta) -> None:
        """A partner asks for a trial; the request waits for consent, and then lapses."""
        request_id = TrialRequestId(f"req_{next(self._numbers)}")
        organisation.requests[request_id] = self.now + length

        def lapse() -> None:
            organisation.requests.pop(request_id, None)
            if self.stubborn == organisation.name:
                self.request(organisation, length)

        self.at(self.now + length * self.random.choice([0.3, 1]), lapse)

    def abort(self, organisation: Organisation) -> None:
        """An operator brings it back from the quarantine (SF-11)."""
        if organisation.state is OrganisationState.ERASING and not organisation.purging:
            self.witness.aborted(organisation.name)
            organisation.late = False
            self._begin(organisation)

    # What happens to feeds.

    def feed_down(self, feed: Source, length: timedelta, *, loses: bool) -> None:
        """A feed falls silent; what happened meanwhile comes late, or is lost and declared so."""
        if feed.down_since is None:
            feed.down_since, feed.loses = self.now, loses
            self.at(self.now + length, lambda: self.feed_up(feed))

    def feed_up(self, feed: Source) -> None:
        """The feed is back: the backlog first, or the declared gap, and only then the watermark (SF-03)."""
        if feed.down_since is None:
            return
        if feed.loses:
            feed.waiting = [event for event in feed.waiting if event[0] <= feed.down_since]
            self.lost_until = max(self.now, self.lost_until or self.now)
            self.witness.lost_until.append(self.now)
        feed.down_since = None
        self._beat()
        for organisation in self.organisations:  # a declared gap wakes who is warned
            if organisation.state is OrganisationState.WARNED:
                self.machinery.look_at(organisation, self.now)

    # How facts change.

    def _begin(self, organisation: Organisation) -> None:
        organisation.state = OrganisationState.MARKED
        organisation.generation += 1
        organisation.cycle = 0
        organisation.counting_from, organisation.rules_version = self.now, None
        self.void(organisation)
        self.witness.marked(organisation.name, self.now)
        self.machinery.look_at(organisation, self.now + self.rules.silence)

    def unmark(self, organisation: Organisation) -> None:
        """Label, countdown and warning go (DP-04)."""
        if organisation.state in {OrganisationState.MARKED, OrganisationState.WARNED}:
            self.void(organisation)
            organisation.state, organisation.counting_from = OrganisationState.LIVE, None

    def void(self, organisation: Organisation) -> None:
        """A warning no longer stands."""
        organisation.promise = organisation.turn_at = organisation.held_by = None
        organisation.queued = set()
        if organisation.state is not OrganisationState.ERASING:
            self.witness.voided(organisation.name)

    def _hold(self, organisation: Organisation) -> None:
        record = self.witness.organisations[organisation.name]
        record.licences, record.customers = organisation.licences, organisation.customers

    def _beat(self) -> None:
        """Feeds deliver what they have gathered, and only then say how far they are complete."""
        by_name = {organisation.name: organisation for organisation in self.organisations}
        for feed in self.feeds:
            events = feed.beat(self.now)
            self.random.shuffle(events)  # out of order, for what counts is the newest (AC-10)
            for instant, name in events:
                self._deliver(by_name[name], instant)

    def _deliver(self, organisation: Organisation, instant: datetime) -> None:
        self.witness.delivered(organisation.name, instant)
        newer = organisation.last_activity_at is None or instant > organisation.last_activity_at
        if organisation.state is OrganisationState.ERASING:
            assert organisation.fenced_at is not None
            organisation.late = organisation.late or (newer and instant < organisation.fenced_at)
        elif newer:
            organisation.last_activity_at = instant
            if organisation.state is OrganisationState.WARNED:
                self.machinery.look_at(organisation, self.now)

"""The product's machinery, in memory: what the Postgres adapters do in transactions, by the same policy functions."""

from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

from tenure.contracts.activity import Feed
from tenure.contracts.breaker import Breaker
from tenure.contracts.deletion import Assessment, Evidence, PendingRequest, Promise, Verdict
from tenure.contracts.erasure import Erasure, ErasureCause, ErasureState
from tenure.contracts.organisation import OrganisationState
from tenure.ids import OrganisationId
from tests.unit.deletion.cast import DAY, HOUR, START, Organisation
from tests.unit.deletion.policies import Policy
from tests.unit.deletion.witness import FeedRecord, require

if TYPE_CHECKING:
    from tests.unit.deletion.world import World


class Machinery:
    """Countdowns, warnings, the rate, the breaker and purges."""

    def __init__(self, world: "World", policy: Policy) -> None:
        self.world = world
        self.policy = policy
        self.next_turn_at = START
        limits = world.rules.fleet_hour.absolute, world.rules.fleet_day.absolute
        self.breaker = Breaker(limit_hour=limits[0], limit_day=limits[1])
        self.fences: list[datetime] = []

    def release(self, number: int) -> None:
        """An operator releases some fences."""
        if self.breaker.open_since is not None:
            self.world.witness.releases(number)
            self.breaker = self.breaker.model_copy(update={"released": self.breaker.released + number})

    def look_at(self, organisation: Organisation, instant: datetime) -> None:
        """Plan the next look; an earlier plan is void."""
        organisation.looks += 1
        number = organisation.looks
        latency = timedelta(seconds=self.world.random.random() * 2)

        def look(as_of: datetime | None = None) -> None:
            if organisation.looks != number:
                return
            if self.world.now < self.world.asleep_until:
                # Retried when the workers are back, some with the instant that they were given before.
                as_of = self.world.now if self.world.random.random() < 0.3 else None
                self.world.at(self.world.asleep_until, partial(look, as_of))
            else:
                self.look(organisation, as_of)

        self.world.at(instant + latency, look)

    def look(self, organisation: Organisation, as_of: datetime | None = None) -> None:
        as_of = as_of or self.world.now
        if organisation.state is OrganisationState.ERASING:
            self._clear(organisation)
            return
        evidence = self._evidence(organisation)
        found = self.policy.deletion.assess(evidence, as_of, self.world.rules)
        if self.policy.deletion.needs_turn(found, evidence, self.world.now):
            organisation.turn_at = max(
                self.next_turn_at, as_of if self.world.now - as_of < timedelta(seconds=30) else self.world.now
            )
            organisation.turn_lag = min(self.world.now - as_of, self.policy.deletion.LONGEST_LAG)
            self.next_turn_at = organisation.turn_at + timedelta(seconds=1 / self.world.rules.per_second)
            found = self.policy.deletion.assess(self._evidence(organisation), as_of, self.world.rules)
        if found.verdict is Verdict.FENCE and not self._passes_breaker(organisation):
            organisation.turn_at = None
            self.look_at(organisation, as_of + self.world.rules.look_again)
            return
        self._follow(organisation, found, as_of)

    def _follow(self, organisation: Organisation, found: Assessment, as_of: datetime) -> None:
        organisation.rules_version = self.world.rules.version
        if found.verdict is not Verdict.FENCE:
            self.world.witness.looked(organisation.name)
        if found.verdict in {Verdict.HOLD, Verdict.WAIT}:
            assert found.due_at is not None
            require(holds=found.due_at > as_of, otherwise="looks again at once, and would find the same")
            if found.reason != "rate":
                organisation.turn_at = None
            if found.held_by is not None:
                organisation.held_by = found.held_by
                self.world.witness.deferred_by(organisation.name, found.held_by)
            self.look_at(organisation, found.due_at)
        elif found.verdict is Verdict.UNMARK:
            self.world.unmark(organisation)
        elif found.verdict is Verdict.RESET:
            self.world.void(organisation)
            organisation.state = OrganisationState.MARKED
            self.look(organisation, as_of)
        elif found.verdict is Verdict.WARN:
            self._warn(organisation, found, as_of)
        elif found.verdict is Verdict.FENCE:
            self._fence(organisation, as_of)

    def _warn(self, organisation: Organisation, found: Assessment, as_of: datetime) -> None:
        self.world.witness.warned(
            organisation.name, as_of, self.world.now, organisation.recipients, self._feed_records()
        )
        assert found.base_at is not None
        organisation.cycle += 1
        organisation.turn_at = organisation.held_by = None
        organisation.state = OrganisationState.WARNED
        not_before = self.policy.promise.promised(as_of, organisation.zone, self.world.rules)
        promise = Promise(cycle=organisation.cycle, base_at=found.base_at, not_before=not_before)
        organisation.queued = set(range(organisation.recipients))
        organisation.promise = promise if organisation.queued else self.policy.promise.settled(promise, as_of)
        for recipient in sorted(organisation.queued):
            latency = timedelta(seconds=self.world.random.random() * 5)
            self.world.at(self.world.now + latency, partial(self._send, organisation, recipient, organisation.cycle))
        self.look(organisation, as_of)

    def _send(self, organisation: Organisation, recipient: int, cycle: int) -> None:
        if self.world.now < self.world.asleep_until:
            self.world.at(self.world.asleep_until, lambda: self._send(organisation, recipient, cycle))
            return
        if organisation.cycle != cycle or recipient not in organisation.queued or organisation.promise is None:
            return
        found = self.policy.deletion.assess(self._evidence(organisation), self.world.now, self.world.rules)
        if found.verdict in {Verdict.RESET, Verdict.UNMARK, Verdict.END}:
            organisation.queued.discard(recipient)
            self.world.witness.given_up(organisation.name)
            self.look_at(organisation, self.world.now)
            return
        promise = self.policy.promise.attempted(
            organisation.promise, self.world.now, organisation.zone, self.world.rules
        )
        organisation.promise = promise
        self.world.witness.mailed(organisation.name, self.world.now, promise.not_before)
        fate = self.world.random.random()
        if self.world.now < self.world.mail_down_until or fate < 0.15:
            self.world.at(
                self.world.now + HOUR * self.world.random.choice([1, 1, 30]),
                lambda: self._send(organisation, recipient, cycle),
            )
            return
        # Most servers answer at once; some take very long.
        answer = self.world.random.choice([0, 0, 0, 1]) * self.world.random.random() * 12 * HOUR
        self.world.at(
            self.world.now + answer, lambda: self._answered(organisation, recipient, cycle, accepts=fate > 0.35)
        )

    def _answered(self, organisation: Organisation, recipient: int, cycle: int, *, accepts: bool) -> None:
        if organisation.cycle != cycle or recipient not in organisation.queued or organisation.promise is None:
            return
        organisation.queued.discard(recipient)
        if accepts:
            self.world.witness.taken(organisation.name, self.world.now)
            promise = self.policy.promise.accepted(
                organisation.promise, self.world.now, organisation.zone, self.world.rules
            )
            organisation.promise = promise
        else:
            self.world.witness.given_up(organisation.name)
        if not organisation.queued:
            organisation.promise = self.policy.promise.settled(organisation.promise, self.world.now)
        self.look_at(organisation, self.world.now)

    def _fence(self, organisation: Organisation, as_of: datetime) -> None:
        pending = {request for request, deadline in organisation.requests.items() if deadline > as_of}
        self.world.witness.fenced(
            organisation.name, as_of, self.world.now, self._feed_records(), {str(one) for one in pending}
        )
        self.fences.append(self.world.now)
        self.world.void(organisation)
        organisation.state, organisation.fenced_at, organisation.purging = (
            OrganisationState.ERASING,
            self.world.now,
            False,
        )
        self.look_at(organisation, self.world.now + self.world.rules.quarantine * self.world.random.choice([0.5, 1]))
        if self.world.eventful and self.world.random.random() < 0.1:
            # Somebody signed in at the last moment; the feed has not said so yet.
            feed = self.world.random.choice(self.world.feeds)
            feed.waiting.append(
                (self.world.now - self.world.random.random() * (self.world.now - feed.beaten_at), organisation.name)
            )
        if self.world.eventful and self.world.random.random() < 0.1:
            # The erasure of one of its customers is aborted in its own quarantine.
            back_at = self.world.now + self.world.random.random() * self.world.rules.quarantine
            self.world.at(back_at, lambda: self.world.gain(organisation, customer=True))

    def _clear(self, organisation: Organisation) -> None:
        assert organisation.fenced_at is not None
        evidence = self.policy.erasure.PurgeEvidence(
            erasure=Erasure(
                organisation_id=OrganisationId(organisation.name),
                generation=organisation.generation,
                cause=ErasureCause.UNUSED,
                state=ErasureState.QUARANTINE,
                fenced_at=organisation.fenced_at,
                quarantine_until=organisation.fenced_at + self.world.rules.quarantine,
            ),
            feeds=self._feed_models(),
            late_activity=organisation.late,
            breaker_open=self.policy.breaker.blocks_purge(self.breaker, organisation.fenced_at),
            customers_managed=organisation.customers,
        )
        clearance = self.policy.erasure.clear(evidence, self.world.now, self.world.rules)
        if clearance.cleared:
            if self.policy.breaker.needs_release(self.breaker, organisation.fenced_at):
                self._use(organisation)
            self.world.witness.purged(organisation.name, self.world.now, self._feed_records())
            organisation.state, organisation.purging = OrganisationState.DELETED, True
        else:
            self.look_at(organisation, clearance.due_at)

    def _passes_breaker(self, organisation: Organisation) -> bool:
        recent = [at for at in self.fences if at > self.world.now - DAY]
        breaker = self.breaker.model_copy(
            update={
                "fenced_last_hour": sum(at > self.world.now - HOUR for at in recent),
                "fenced_last_day": len(recent),
            }
        )
        if self.policy.breaker.blocks(breaker):
            return False
        if breaker.open_since is None:
            if self.policy.breaker.trips(breaker) is None:
                return True
            self.breaker = breaker.model_copy(update={"open_since": self.world.now, "released": 0})
            self.world.witness.stops()
            return False
        self._use(organisation)
        return True

    def _use(self, organisation: Organisation) -> None:
        """Take one of the released; with the last the breaker closes, if nothing that was fenced before it opened is left."""
        left, open_since = self.breaker.released - 1, self.breaker.open_since
        waits = any(
            other.state is OrganisationState.ERASING
            and self.policy.breaker.needs_release(self.breaker, other.fenced_at)
            for other in self.world.organisations
            if other is not organisation and other.fenced_at is not None
        )
        self.breaker = self.breaker.model_copy(
            update={"released": left, "open_since": open_since if left or waits else None}
        )

    def _evidence(self, organisation: Organisation) -> Evidence:
        return Evidence(
            organisation_id=OrganisationId(organisation.name),
            state=organisation.state,
            generation=organisation.generation,
            cycle=organisation.cycle,
            counting_from=organisation.counting_from,
            last_activity_at=organisation.last_activity_at,
            lost_until=self.world.lost_until,
            licence_sets_held=organisation.licences,
            customers_managed=organisation.customers,
            pending_requests=tuple(
                PendingRequest(trial_request_id=request_id, deadline_at=deadline)
                for request_id, deadline in organisation.requests.items()
            ),
            held_by=organisation.held_by,
            promise=organisation.promise,
            feeds=self._feed_models(),
            breaker_open=self.policy.breaker.blocks(self.breaker),
            turn_at=organisation.turn_at,
            turn_lag=organisation.turn_lag,
            rules_version=organisation.rules_version,
        )

    def _feed_models(self) -> tuple[Feed, ...]:
        return tuple(
            Feed(source=feed.name, rhythm=feed.rhythm, watermark=feed.beaten_at, heard_at=feed.beaten_at)
            for feed in self.world.feeds
        )

    def _feed_records(self) -> list[FeedRecord]:
        return [FeedRecord(feed.rhythm, feed.beaten_at, feed.beaten_at) for feed in self.world.feeds]

"""The countdown of a marked organisation: what is known of it, and what follows from that."""

from datetime import timedelta
from enum import StrEnum
from typing import Final

from temporalio import workflow

from tenure.contracts.activity import ActivitySignal, Feed
from tenure.contracts.base import Contract, Duration, Instant
from tenure.contracts.organisation import OrganisationState
from tenure.ids import OrganisationId, TrialRequestId


class Promise(Contract):
    """What a warned customer was told, and whether the telling arrived (SF-01, SF-02)."""

    cycle: int
    base_at: Instant
    """The end of activity that this warning speaks of; anything newer makes it void."""
    not_before: Instant
    """The date printed: nothing is deleted before it. It only ever moves later."""
    first_attempt_at: Instant | None = None
    first_accepted_at: Instant | None = None
    bounced_at: Instant | None = None
    """When all warnings that were accepted had come back; None once one is accepted anew (TL-04)."""
    settled: bool = False
    """No recipient is still being tried."""


class PendingRequest(Contract):
    """A trial request that waits for consent: it can defer a deletion once a cycle (DP-05)."""

    trial_request_id: TrialRequestId
    deadline_at: Instant


class Evidence(Contract):
    """Everything that decides about one countdown, read under lock."""

    organisation_id: OrganisationId
    state: OrganisationState
    generation: int
    cycle: int = 0
    """Warnings begun in this generation."""
    counting_from: Instant | None = None
    """When it was marked, or when an operator aborted its erasure."""
    last_activity_at: Instant | None = None
    lost_until: Instant | None = None
    """The end of the last span declared lost by a feed: counts as activity."""
    licence_sets_held: int = 0
    """Active or suspended."""
    customers_managed: int = 0
    pending_requests: tuple[PendingRequest, ...] = ()
    trials_in_provisioning: int = 0
    """Trials that were accepted or need no consent, and are being built (Q-08)."""
    onboarding_under_way: bool = False
    """A service provider is bringing it in as a wholesale customer: it is screened, reviewed, or gets its account."""
    held_by: TrialRequestId | None = None
    """The request that has already deferred this cycle's deletion."""
    promise: Promise | None = None
    feeds: tuple[Feed, ...] = ()
    """The feeds that are needed."""
    breaker_open: bool = False
    turn_at: Instant | None = None
    """The place in the queue that the rate has given to the next warning or fence."""
    turn_lag: Duration = timedelta(0)
    """How far the clock of who took the place was behind `business_now()`, and so how late it will come."""
    rules_version: str | None = None
    """The version of the rules at the last look at this countdown; None before the first."""


class Verdict(StrEnum):
    """What follows from the evidence."""

    WAIT = "wait"
    """Too early."""
    HOLD = "hold"
    """It would be time, but the evidence is not good enough or somebody stopped it."""
    RESET = "reset"
    """There was activity after the warning: back to the start."""
    UNMARK = "unmark"
    """Licences or customers came back."""
    WARN = "warn"
    FENCE = "fence"
    END = "end"
    """This countdown is no longer the organisation's."""


class Reason(StrEnum):
    """Why a verdict, in stable words."""

    SILENCE = "silence"
    NOTICE_PERIOD = "notice_period"
    RATE = "rate"
    FEED_UNKNOWN = "feed_unknown"
    FEED_BEHIND = "feed_behind"
    FEED_SILENT = "feed_silent"
    WARNING_NOT_ACCEPTED = "warning_not_accepted"
    NOBODY_REACHABLE = "nobody_reachable"
    REQUEST_PENDING = "request_pending"
    TRIAL_IN_PROVISIONING = "trial_in_provisioning"
    ONBOARDING_UNDER_WAY = "onboarding_under_way"
    BREAKER_OPEN = "breaker_open"
    CLOCK_AHEAD = "clock_ahead"
    DRY_RUN = "dry_run"
    RULES_CHANGED = "rules_changed"
    """The rules are not those of the last look: look again by these first (SF-04)."""
    ACTIVITY = "activity"
    LICENCES_HELD = "licences_held"
    CUSTOMERS_MANAGED = "customers_managed"
    NOT_COUNTING = "not_counting"
    OTHER_GENERATION = "other_generation"
    INCOMPLETE = "incomplete"
    """The evidence contradicts itself or lacks a date: never a ground for deletion (P4)."""


HOLDS: Final = frozenset(
    {
        Reason.FEED_UNKNOWN,
        Reason.FEED_BEHIND,
        Reason.FEED_SILENT,
        Reason.WARNING_NOT_ACCEPTED,
        Reason.NOBODY_REACHABLE,
        Reason.REQUEST_PENDING,
        Reason.TRIAL_IN_PROVISIONING,
        Reason.ONBOARDING_UNDER_WAY,
        Reason.BREAKER_OPEN,
        Reason.DRY_RUN,
        Reason.RULES_CHANGED,
        Reason.INCOMPLETE,
    }
)
"""What can hold a countdown; the others are reasons to wait, to act or to end."""


class Assessment(Contract):
    """The verdict, why, and when to look again."""

    verdict: Verdict
    reason: Reason
    rule: str
    """The requirement that says so."""
    due_at: Instant | None = None
    """When to look again; None where the verdict is to act now or the countdown is over."""
    base_at: Instant | None = None
    """The end of activity that counts."""
    held_by: TrialRequestId | None = None
    detail: str | None = None
    """Such as the feed that is behind. Free of personal data."""


class CountdownStep(Contract):
    """The outcome of one guarded transaction on a countdown."""

    assessment: Assessment
    state: OrganisationState
    cycle: int = 0
    notices: tuple[str, ...] = ()
    """Ids of this cycle's notices that are still queued, at every step: whoever runs the countdown delivers them."""
    looked_at: Instant | None = None
    """`business_now()` under lock, to compare other clocks with."""


class CountdownInput(Contract):
    """Which countdown this is."""

    organisation_id: OrganisationId
    generation: int


class CountdownAt(CountdownInput):
    """A step of a countdown at a business instant."""

    as_of: Instant


class ActivityReport(Contract):
    """What arrived by signal, to be written down."""

    organisation_id: OrganisationId
    activity: ActivitySignal


class CountdownResult(Contract):
    """How the countdown ended."""

    state: OrganisationState
    reason: Reason


@workflow.defn(name="DeletionCountdown")
class DeletionCountdownContract:
    """Marked, 30 silent days, a warning, 30 days from the warning, the fence; activity starts it again (DM, AC)."""

    @workflow.run
    async def run(self, countdown: CountdownInput) -> CountdownResult:
        """Count down until the organisation is fenced or no longer marked."""
        raise NotImplementedError

    @workflow.signal(name="facts_changed")
    async def facts_changed(self) -> None:
        """Something was committed that may concern this process: read the facts again."""
        raise NotImplementedError

    @workflow.signal(name="activity")
    async def activity(self, activity: ActivitySignal) -> None:
        """For feeds that prefer signals; it counts from its commit, which follows at once."""
        raise NotImplementedError

    @workflow.query(name="state")
    def state(self) -> CountdownStep | None:
        """What was found at the last look."""
        raise NotImplementedError

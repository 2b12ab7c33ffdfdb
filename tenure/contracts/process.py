"""Processes: the durable executions that facts make necessary, and the relay and repair that start them."""

from datetime import timedelta
from enum import StrEnum
from typing import Any

from temporalio import workflow

from tenure.contracts.base import Contract, Instant
from tenure.contracts.breaker import BreakerScope
from tenure.contracts.deletion import Reason
from tenure.contracts.erasure import PurgeHold
from tenure.contracts.organisation import OrganisationState
from tenure.contracts.trial import TrialState
from tenure.ids import OrganisationId, PartnerId


class ProcessType(StrEnum):
    """The workflow type that a process runs as."""

    RENEWAL_GRACE = "RenewalGrace"
    DELETION_COUNTDOWN = "DeletionCountdown"
    ERASURE = "Erasure"
    TRIAL_CONSENT = "TrialConsent"
    TRIAL = "Trial"
    NUMBER_RETENTION = "NumberRetention"
    DEVICE_RETURN = "DeviceReturn"
    WHOLESALE_ONBOARDING = "WholesaleOnboarding"
    RPL_REVIEW = "RplReview"
    ADDRESS_CHANGE = "AddressChange"
    LIST_SCREENING = "ListScreening"
    CUSTOMER_SCREENING = "CustomerScreening"


class ProcessState(StrEnum):
    """From the fact that needs it to the end of its execution."""

    PENDING = "pending"
    STARTED = "started"
    CLOSED = "closed"


class Process(Contract):
    """A row of `processes`: written with the fact, started once by the relay."""

    workflow_id: str
    type: ProcessType
    organisation_id: OrganisationId | None = None
    """None where it is of the whole installation."""
    partner_id: PartnerId | None = None
    """The partner that manages the organisation, for search; the first by id where several do."""
    input: dict[str, Any]
    state: ProcessState
    due_at: Instant | None = None
    wakes: int = 0
    """Changes of facts that concern it; the relay signals when this runs ahead of what it has sent."""
    restarts: int = 0
    """How often the repair has begun it again: without that, no execution ever takes the id of another."""


class Figures(Contract):
    """The state of the installation in numbers, for the metrics. Times by `business_now()`."""

    organisations: dict[OrganisationState, int]
    """Organisations per state; states without any may be left out."""
    trials: dict[TrialState, int] = {}
    """Trials that are not over, per state."""
    oldest_overdue: timedelta = timedelta(0)
    """How long the oldest next date, or its next look, is past due; zero where none is."""
    to_start: int = 0
    """Processes that are pending."""
    relay_lag: timedelta = timedelta(0)
    """How long the oldest pending process has waited; zero where none does."""
    purges_held: dict[PurgeHold, int] = {}
    """Erasures whose quarantine is over, by what holds the purge; reasons that hold none may be left out."""
    countdowns_held: dict[Reason, int] = {}
    """Countdowns whose warning or deletion is held, by why; reasons that hold none may be left out."""
    breakers_open: dict[BreakerScope, int] = {}
    """Breakers that let nothing through, by whose they are (SF-05)."""
    feeds_late: int = 0
    """Needed feeds that have not been heard of for longer than their rhythm (SF-03)."""
    notices_deferred: int = 0
    """Mails that the mail server has not taken for more than a minute, and that are tried again."""
    cases_open: int = 0
    """Hits that wait for a reviewer."""
    oldest_case: timedelta = timedelta(0)
    """How long the oldest of them that times out has been open; zero where none does (RPL-07, Q-32)."""
    screenings_stuck: int = 0
    """Customers and addresses that cannot be screened: a list or the provider is missing (RPL-16)."""
    oldest_list: timedelta = timedelta(0)
    """How long ago the list was presented that is the oldest; zero where none is loaded (RPL-16)."""
    oldest_account: timedelta = timedelta(0)
    """How long the platform has owed the oldest wholesale customer its account; zero where it owes none (PRV-01)."""
    services_refused: int = 0
    """Services of trials that the platform refuses to build or to tear down at the moment."""
    services_unanswered: int = 0
    """Services of trials about which the platform did not answer when it was asked last."""


class ReconcileInput(Contract):
    """How far one run of the repair may go."""

    limit: int = 1000


class RepairResult(Contract):
    """What the comparison of processes and executions found, and repaired."""

    checked: int
    restarted: tuple[str, ...] = ()
    orphaned: tuple[str, ...] = ()


class OverdueAt(Contract):
    """A question about the next dates at a business instant."""

    as_of: Instant


class ReconcileResult(Contract):
    """What did not fit, and was repaired (EV-03, P15)."""

    checked: int = 0
    restarted: tuple[str, ...] = ()
    """Workflow ids of processes that were recorded as started and did not run."""
    missing: tuple[str, ...] = ()
    """Workflow ids that facts needed and no process row named."""
    orphaned: tuple[str, ...] = ()
    """Executions that run though no fact needs them: woken, so that they end."""
    overdue: int = 0
    """Next dates past due by more than a day without a recorded reason."""


@workflow.defn(name="Reconcile")
class ReconcileContract:
    """Every fact that needs a process has one: checked on a schedule."""

    @workflow.run
    async def run(self, scope: ReconcileInput) -> ReconcileResult:
        """Compare facts and executions once."""
        raise NotImplementedError

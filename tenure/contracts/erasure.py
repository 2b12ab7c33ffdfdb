"""Erasure: quarantine, purge store by store, receipt (SF-07, SF-11, SF-12)."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field
from temporalio import workflow

from tenure.contracts.base import Command, Contract, Hash, Instant, Text
from tenure.ids import OrganisationId


class ErasureCause(StrEnum):
    """Why an organisation is erased."""

    UNUSED = "unused"
    OWN_REQUEST = "own_request"


class ErasureState(StrEnum):
    """In quarantine it can be aborted; once purging it only goes forward (XC-07)."""

    QUARANTINE = "quarantine"
    PURGING = "purging"
    ERASED = "erased"
    ABORTED = "aborted"


class PurgeHold(StrEnum):
    """What holds a purge whose quarantine is over (SF-11); `docs/operations.md` says what to do about each."""

    LATE_ACTIVITY = "late_activity"
    """Of before the fence: an event that came after it, or a gap that a feed declared after it."""
    CUSTOMERS_MANAGED = "customers_managed"
    DRY_RUN = "dry_run"
    BREAKER_OPEN = "breaker_open"
    FEED_BEHIND = "feed_behind"


class Store(StrEnum):
    """What is purged, in this order."""

    MAIL_QUEUE = "mail_queue"
    TRIAL_REQUESTS = "trial_requests"
    MESSAGES = "messages"
    FILES = "files"
    RECORDINGS = "recordings"
    NUMBERS = "numbers"
    MAPPINGS = "mappings"
    PEOPLE = "people"
    LICENCES = "licences"
    ACTIVITY = "activity"
    HISTORIES = "histories"
    """Closed workflow executions of the organisation."""
    PROFILE = "profile"


class Erasure(Contract):
    """The erasure of one organisation."""

    organisation_id: OrganisationId
    generation: int
    cause: ErasureCause
    state: ErasureState
    fenced_at: Instant
    quarantine_until: Instant
    held_because: str | None = None


class AbortErasures(Command):
    """An operator stops erasures that the vendor's own mistake began; each organisation is named (SF-08, SF-11)."""

    organisations: Annotated[tuple[OrganisationId, ...], Field(min_length=1, max_length=10_000)]
    reason: Text


class AbortResult(Contract):
    """What became of each organisation named."""

    aborted: tuple[OrganisationId, ...]
    """With the own organisation, where it was in quarantine, of each partner that has a customer again (DM-02)."""
    refused: dict[OrganisationId, str] = {}
    """The refusal code of each that was not aborted."""


class ErasureInput(Contract):
    """Which erasure this is."""

    organisation_id: OrganisationId
    generation: int
    cause: ErasureCause
    fenced_at: Instant
    quarantine_until: Instant


class ErasureAt(Contract):
    """A step of an erasure at a business instant."""

    organisation_id: OrganisationId
    generation: int
    as_of: Instant


class Clearance(Contract):
    """Whether the purge may begin."""

    cleared: bool
    """The erasure is now `purging`: there is no way back."""
    aborted: bool = False
    held_because: str | None = None
    due_at: Instant | None = None
    """When to look again."""


class EraseStore(Contract):
    """Purge one store, and read it back."""

    organisation_id: OrganisationId
    generation: int
    store: Store


class StoreResult(Contract):
    """What was removed, and what was found when the store was read back."""

    store: Store
    removed: int
    """By all attempts together: one that is repeated after a crash finds nothing left, and says the same."""
    remaining: int
    remains: str | None = None
    """What stays elsewhere and until when, such as in backups."""


class Receipt(Contract):
    """Proof of an erasure; `document` is canonical JSON, chained by hash to the receipt before (SF-07)."""

    sequence: int
    organisation_id: OrganisationId
    document: str
    previous_hash: Hash
    hash: Hash


class IssueReceipt(Contract):
    """All stores are purged: write the receipt, and turn the organisation into a tombstone."""

    organisation_id: OrganisationId
    generation: int


class ErasureResult(Contract):
    """How the erasure ended."""

    state: ErasureState
    receipt_hash: Hash | None = None


@workflow.defn(name="Erasure")
class ErasureContract:
    """Quarantine, then every store, then the receipt."""

    @workflow.run
    async def run(self, erasure: ErasureInput) -> ErasureResult:
        """Erase one organisation for good, unless an operator aborts in the quarantine."""
        raise NotImplementedError

    @workflow.signal(name="facts_changed")
    async def facts_changed(self) -> None:
        """Something was committed that may concern this process: read the facts again."""
        raise NotImplementedError

    @workflow.query(name="state")
    def state(self) -> Clearance | None:
        """What was found at the last look."""
        raise NotImplementedError

"""Licence sets and the grace in which suspended ones rest (A section 18.3)."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field, StringConstraints
from temporalio import workflow

from tenure.contracts.base import Command, Contract, Instant, told
from tenure.ids import LicenceSetId, OrganisationId

ServiceKey = Annotated[
    str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{0,31}$"), told("this is no name of a service such as meetings")
]
"""A service as the catalogue names it, such as `meetings`."""


class LicenceKind(StrEnum):
    """What the licences come from."""

    TRIAL = "trial"
    SUBSCRIPTION = "subscription"


class LicenceState(StrEnum):
    """Active, resting in grace, or gone for good."""

    ACTIVE = "active"
    SUSPENDED = "suspended"
    REMOVED = "removed"


class RestoredBy(StrEnum):
    """What brings suspended licences back (RP-03, RP-04, GR-05)."""

    PAID_SUBSCRIPTION = "paid_subscription"
    TRIAL_EXTENSION = "trial_extension"


class LicenceSet(Contract):
    """The licences of one trial or of one paid subscription."""

    licence_set_id: LicenceSetId
    organisation_id: OrganisationId
    kind: LicenceKind
    state: LicenceState
    meetings: bool = False
    """Whether it holds a meetings licence (RP-06)."""
    services: tuple[ServiceKey, ...] = ()
    """What it licenses; empty where that was never reported."""
    expires_at: Instant | None = None
    """The expiry that is planned, or that has been."""
    removal_due_at: Instant | None = None
    """The end of grace while suspended."""
    generation: int = 0
    """How often it has expired."""
    wholesale: bool = False
    """A service provider's subscription for its customer: it ends by being cancelled, and never comes back (Q-29)."""


class GrantLicences(Command):
    """A subscription was bought or a trial became active: it unmarks the organisation (DP-01, DP-02)."""

    licence_set_id: LicenceSetId
    organisation_id: OrganisationId
    kind: LicenceKind
    meetings: bool = False
    services: Annotated[tuple[ServiceKey, ...], Field(max_length=64)] = ()
    """What was bought: a trial of one of these is converted by it (GR-05), and no other is begun (TR-15)."""
    expires_at: Instant | None = None


class ExpireLicences(Command):
    """A trial or subscription came to its end: its licences are suspended (RP-01)."""

    licence_set_id: LicenceSetId
    expired_at: Instant
    """When it was. Reported more than a day late, the grace counts from the report (SF-06)."""


class RestoreLicences(Command):
    """A suspended licence set is paid for, or its trial is extended."""

    licence_set_id: LicenceSetId
    by: RestoredBy
    expires_at: Instant | None = None


class RenewalGraceInput(Contract):
    """Which grace this is."""

    licence_set_id: LicenceSetId
    organisation_id: OrganisationId
    kind: LicenceKind
    generation: int
    removal_due_at: Instant


class GraceAt(RenewalGraceInput):
    """A step of a grace at a business instant."""

    as_of: Instant


class GraceOutcome(StrEnum):
    """How a grace ended."""

    RESTORED = "restored"
    """Paid for, extended or converted."""
    CANCELLED = "cancelled"
    """Its trial was cancelled: what was left to wait for was the end of its meeting data (Q-32)."""
    REMOVED = "removed"
    ORGANISATION_GONE = "organisation_gone"


class GraceCheck(Contract):
    """What the facts say of a grace: still pending until its end, or over."""

    outcome: GraceOutcome | None = None
    """None while it is pending."""
    removal_due_at: Instant
    purge_meeting_data: bool = False
    """No other meetings licence is left: the meeting data goes too (RP-06)."""
    cancelled: bool = False
    """While it is pending: the licences are gone with their trial, and only the meeting data wait (Q-32)."""
    notices: tuple[str, ...] = ()
    """Ids of mails that are this grace's to deliver now."""


class RenewalGraceResult(Contract):
    """How it ended, and whether the organisation was marked in the end."""

    outcome: GraceOutcome
    marked: bool = False
    notices: tuple[str, ...] = ()
    """Mails that are still to be delivered: the process closes once there are none."""


@workflow.defn(name="RenewalGrace")
class RenewalGraceContract:
    """Suspended licences rest for 30 days (trial) or 60 (subscription), then are removed or have been restored."""

    @workflow.run
    async def run(self, grace: RenewalGraceInput) -> RenewalGraceResult:
        """Wait out the grace."""
        raise NotImplementedError

    @workflow.signal(name="facts_changed")
    async def facts_changed(self) -> None:
        """Something was committed that may concern this process: read the facts again."""
        raise NotImplementedError

    @workflow.query(name="state")
    def state(self) -> GraceCheck | None:
        """What was found at the last look."""
        raise NotImplementedError

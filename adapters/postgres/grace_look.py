"""What a grace is of, and how it stands: read under the lock of its organisation (RP-05, GR-05, Q-32)."""

from dataclasses import dataclass

import asyncpg

from adapters.postgres.database import Connection, business_now, lock
from adapters.postgres.graces import find_licence_set, licence_sets
from adapters.postgres.trials.rows import Trial, find_by_licences
from tenure.contracts.base import Instant
from tenure.contracts.licence import GraceOutcome, LicenceSet, LicenceState, RenewalGraceInput
from tenure.contracts.organisation import GONE
from tenure.contracts.trial import TrialState
from tenure.policy import grace as rule


@dataclass(frozen=True, slots=True)
class GraceLook:
    """What a grace is of, read under the lock of its organisation."""

    grace: RenewalGraceInput
    organisation: asyncpg.Record | None
    licences: LicenceSet | None
    trial: Trial | None
    """None for a subscription, and for a trial that is not run here."""
    now: Instant
    """When it is read: what a step does is of now, not of when it was asked for, however long it waited for a worker (SF-06)."""

    def outcome(self, as_of: Instant) -> GraceOutcome | None:
        """How the grace has ended; None while it is pending."""
        licences = self.licences
        if self.organisation is None or self.organisation["state"] in GONE or licences is None:
            return GraceOutcome.ORGANISATION_GONE
        if not self.newest or licences.state is LicenceState.ACTIVE:
            return GraceOutcome.RESTORED
        if licences.state is not LicenceState.REMOVED:
            return None
        if self.trial is not None and self.trial.state is TrialState.CONVERTED:
            return GraceOutcome.RESTORED
        if self.trial is None or self.trial.state is not TrialState.CANCELLED:
            return GraceOutcome.REMOVED
        # Its meeting data wait as after an expiry.
        return None if licences.meetings and as_of < self.grace.removal_due_at else GraceOutcome.CANCELLED

    @property
    def newest(self) -> bool:
        """Whether no later grace of the same licences has begun: the next dates are that one's then (GR-01, P11)."""
        return self.licences is None or self.licences.generation == self.grace.generation

    async def may_purge(self, connection: Connection) -> bool:
        """Whether recordings go with this set: it held a meetings licence, and none is left (RP-06)."""
        if self.licences is None or not self.licences.meetings:
            return False
        return rule.may_purge_meeting_data(await licence_sets(connection, self.licences.organisation_id))


async def read_look(connection: Connection, grace: RenewalGraceInput) -> GraceLook:
    """Lock the organisation of a grace, gone or not, and read its licence set and trial."""
    organisation = (await lock(connection, grace.organisation_id)).get(grace.organisation_id)
    licences = await find_licence_set(connection, grace.licence_set_id)
    trial = await find_by_licences(connection, grace.licence_set_id)
    return GraceLook(grace, organisation, licences, trial, await business_now(connection))

"""How a trial goes on by itself: active once everything is built, told of beforehand, over in the end."""

from adapters.postgres import ledger
from adapters.postgres.clock import refuse_ahead
from adapters.postgres.database import Connection
from adapters.postgres.trials import numbers, platform_orders, rows, terms
from adapters.postgres.trials.eligibility import holdings
from adapters.postgres.trials.mailing import Mailing
from adapters.postgres.trials.rows import Locked, Trial
from tenure import names
from tenure.contracts.base import Instant
from tenure.contracts.catalogue import Catalogue
from tenure.contracts.forecast import NextKind
from tenure.contracts.notice import NoticeKind
from tenure.contracts.trial import TrialPath, TrialState
from tenure.policy import trial as rule
from tenure.policy.catalogue import has_calling
from tenure.policy.rules import Rules
from tenure.policy.trial_mail import OF_AN_END
from tenure.ports import TIMER


class Progress:
    """What is due of a trial, done under the lock of its organisation."""

    def __init__(self, rules: Rules, catalogue: Catalogue, message_domain: str) -> None:
        self._rules = rules
        self._catalogue = catalogue
        self._domain = message_domain

    async def advance(self, connection: Connection, locked: Locked, as_of: Instant) -> Trial:
        """Do what is due, at most one thing, and answer the trial as it is then.

        After an outage the end goes before a reminder that it has overtaken: nobody is told of a day that is past (SF-06).
        """
        trial = locked.trial
        if trial.state is TrialState.PROVISIONING and await platform_orders.all_built(connection, trial):
            return await self._activate(connection, locked)
        if trial.state is not TrialState.ACTIVE or trial.ends_at is None:
            return trial
        if as_of >= trial.ends_at:
            await refuse_ahead(connection, as_of, locked.now)
            return await self._expire(connection, locked)
        if trial.reminder_at is not None and as_of >= trial.reminder_at:
            await refuse_ahead(connection, as_of, locked.now)
            return await self._remind(connection, locked)
        return trial

    async def _activate(self, connection: Connection, locked: Locked) -> Trial:
        """Everything is built: the clock starts (PV-07). What was bought meanwhile is on trial no more (TR-15)."""
        before, now = locked.trial, locked.now
        held = await holdings(connection, before.organisation_id, but=before.trial_id)
        bought = rule.owned(held.licence_sets, self._catalogue) & set(before.services)
        services = [service for service in before.services if service not in bought]
        await rows.leave_to_buyer(connection, before.trial_id, bought)
        for licences in held.licence_sets:
            if has_calling(bought & rule.owned([licences], self._catalogue), self._catalogue):
                await numbers.hand_over(
                    connection,
                    before.organisation_id,
                    licences.licence_set_id,
                    at=now,
                    actor=TIMER.actor,
                    trial_id=before.trial_id,
                )
        if not services:
            return await rows.change(
                connection,
                before,
                at=now,
                actor=TIMER.actor,
                action="trial_converted",
                details={"services": sorted(bought)},
                state=TrialState.CONVERTED,
                services=services,
            )
        trial = await rows.change(
            connection,
            before,
            at=now,
            actor=TIMER.actor,
            action="trial_started",
            services=services,
            activated_at=now,
            **terms.armed(before, rule.ends_at(now, before.length_days), now, self._rules),
        )
        await terms.grant(connection, locked, trial, self._catalogue)
        await terms.put_dates(connection, trial)
        mails = self._mails(trial, now)
        if trial.path is TrialPath.NEW_CUSTOMER:
            await mails.welcome(connection)
        elif trial.path is TrialPath.ADD_ON:
            await mails.admins(connection, NoticeKind.TRIAL_STARTED)
        return trial

    async def _remind(self, connection: Connection, locked: Locked) -> Trial:
        """Seven days before the end: every admin of the customer and of the partner (NO-01, NO-04)."""
        trial = await rows.change(
            connection, locked.trial, at=locked.now, actor=TIMER.actor, action="trial_end_told", reminder_at=None
        )
        await terms.clear_dates(connection, trial, NextKind.TRIAL_REMINDER)
        await self._mails(trial, locked.now).admins(
            connection, NoticeKind.TRIAL_ENDING, NoticeKind.TRIAL_ENDING_PARTNER
        )
        return trial

    async def _expire(self, connection: Connection, locked: Locked) -> Trial:
        """The end: licences rest, the grace begins, the same people are told (GR-01, NO-02, NO-04)."""
        before, now = locked.trial, locked.now
        assert before.ends_at is not None
        grace_ends_at = rule.grace_ends_at(before.ends_at, now, self._rules)
        trial = await rows.change(
            connection,
            before,
            at=now,
            actor=TIMER.actor,
            action="trial_expired",
            state=TrialState.GRACE,
            grace_ends_at=grace_ends_at,
            reminder_at=None,
        )
        await terms.clear_dates(connection, trial)
        await ledger.drop(connection, trial.trial_id, OF_AN_END)
        await terms.suspend(connection, trial, removal_due_at=grace_ends_at, at=now)
        await self._mails(trial, now).admins(connection, NoticeKind.TRIAL_EXPIRED, NoticeKind.TRIAL_EXPIRED_PARTNER)
        return trial

    def _mails(self, trial: Trial, at: Instant) -> Mailing:
        return Mailing(self._domain, trial, names.trial_id(trial.trial_id, trial.generation), at)

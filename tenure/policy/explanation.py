"""What happens next to an organisation, in words: what, when, by which rule, and what would stop it (WH-01)."""

from collections.abc import Mapping, Sequence
from typing import Final
from zoneinfo import ZoneInfo

from tenure.contracts.base import Instant
from tenure.contracts.deletion import Evidence, Reason, Verdict
from tenure.contracts.erasure import ErasureCause
from tenure.contracts.forecast import OF_A_TRIAL, SCREENING_UNAVAILABLE, TRIAL_CANCELLED, NextDate, NextKind
from tenure.contracts.licence import LicenceKind
from tenure.contracts.organisation import COUNTING, GONE
from tenure.contracts.review import ScreeningTrigger
from tenure.policy.deletion import assess, base_at
from tenure.policy.rules import Rules
from tenure.wording import relative

_BECAUSE = {
    Reason.RATE: "warnings and deletions are spaced, and its turn has not come",
    Reason.FEED_UNKNOWN: "nothing is known of an activity feed ({detail})",
    Reason.FEED_BEHIND: "an activity feed is behind ({detail})",
    Reason.FEED_SILENT: "an activity feed is silent ({detail})",
    Reason.WARNING_NOT_ACCEPTED: "no mail server has accepted the warning yet",
    Reason.NOBODY_REACHABLE: "no full admin can be reached",
    Reason.REQUEST_PENDING: "a trial request waits for consent ({detail})",
    Reason.TRIAL_IN_PROVISIONING: "a trial is being set up",
    Reason.ONBOARDING_UNDER_WAY: "its service provider is bringing it in as a customer",
    Reason.BREAKER_OPEN: "the breaker is open until an operator releases it",
    Reason.DRY_RUN: "this installation only rehearses deletions",
    Reason.RULES_CHANGED: "the rules have changed since the last look",
    Reason.INCOMPLETE: "what is known contradicts itself or lacks a date",
}
_TRIAL_DATES = {
    NextKind.CONSENT_DEADLINE: "The request for consent to trial {subject} lapses {when} ({rule}).",
    NextKind.TRIAL_REMINDER: "The admins of customer and partner are told of the end of trial {subject} {when} ({rule}).",
    NextKind.TRIAL_END: "Trial {subject} ends {when}; then its licences rest for {days} days ({rule}).",
    NextKind.NUMBER_RELEASE: "The phone numbers of trial {subject} are released for good {when} ({rule}).",
    NextKind.DEVICE_RETURN: "The devices of trial {subject} are due back {when} ({rule}).",
}
_REVIEWED: Final[Mapping[str, str]] = {
    OF_A_TRIAL: "A reviewer looks at what its screening has found; undecided, its trial is given up {when} ({rule}).",
    ScreeningTrigger.CREATE: "A reviewer looks at what its screening has found; undecided, its onboarding fails {when} ({rule}).",
    ScreeningTrigger.ADDRESS_UPDATE: "A reviewer looks at what the screening of its new billing address has found;"
    " undecided, the change is given up {when} ({rule}).",
}


class Explainer:
    """Puts one organisation's facts into sentences, with dates in its own time zone."""

    def __init__(
        self, evidence: Evidence, dates: Sequence[NextDate], time_zone: str, as_of: Instant, rules: Rules
    ) -> None:
        """Take what is known at an instant; the dates are in the order in which they are told."""
        self._evidence = evidence
        self._dates = dates
        self._zone = ZoneInfo(time_zone)
        self._as_of = as_of
        self._rules = rules

    def sentences(self) -> tuple[str, ...]:
        """Where the organisation stands and why, each next date, and what holds it."""
        return (self._standing(), self._activity(), *self._told(), *map(self._next, self._dates), *self._held())

    def would_stop_it(self) -> tuple[str, ...]:
        """Who can still do what; empty where nothing is pending, or nothing helps any more."""
        return (
            *self._stops_review(),
            *self._stops_trial_end(),
            *self._stops_removal(),
            *self._stops_deletion(),
            *self._stops_purge(),
        )

    def _standing(self) -> str:
        evidence = self._evidence
        if evidence.state in GONE:
            return "The organisation has been deleted."
        if evidence.state in COUNTING and evidence.counting_from is not None:
            return (
                "The organisation holds no licences and manages no customers: it is to be deleted, "
                f"and has been counting down since {self._date(evidence.counting_from)} (DM-01)."
            )
        return (
            f"The organisation is live: it holds {_count(evidence.licence_sets_held, 'licence set')} "
            f"and manages {_count(evidence.customers_managed, 'customer')}."
        )

    def _activity(self) -> str:
        last = self._evidence.last_activity_at
        known = "No activity is known" if last is None else f"Its last activity was {self._when(last)}"
        lost = self._evidence.lost_until
        if lost is None or (last is not None and lost <= last):
            return f"{known}."
        return f"{known}; a feed has lost what happened until {self._date(lost)}, which counts as activity (SF-03)."

    def _told(self) -> tuple[str, ...]:
        promise = self._evidence.promise
        if promise is None or promise.first_attempt_at is None:
            return ()
        if promise.first_accepted_at is None:
            tried = f"A warning was first tried {self._when(promise.first_attempt_at)}"
            return (f"{tried}; no mail server has accepted it (SF-02).",)
        accepted = f"A mail server accepted its warning {self._when(promise.first_accepted_at)}"
        if promise.bounced_at is not None:
            return (f"{accepted}; by {self._date(promise.bounced_at)} every one had come back (SF-02, TL-04).",)
        return (f"{accepted} (SF-02).",)

    def _next(self, date: NextDate) -> str:
        when = self._when(date.due_at)
        match date.kind:
            case NextKind.LICENCE_EXPIRY:
                grace = self._rules.trial_grace if date.reason == LicenceKind.TRIAL else self._rules.subscription_grace
                return f"Licence set {date.subject} expires {when}; then it rests for {grace.days} days ({date.rule})."
            case NextKind.LICENCE_REMOVAL if date.reason == TRIAL_CANCELLED:
                return (
                    f"Meeting data of licence set {date.subject}, of a cancelled trial, is purged {when} ({date.rule})."
                )
            case NextKind.LICENCE_REMOVAL:
                return f"Licence set {date.subject} has expired, and is removed for good {when} ({date.rule})."
            case NextKind.DELETION_WARNING:
                since = base_at(self._evidence)
                silence = f"{self._rules.silence.days} days without activity"
                silence += "" if since is None else f" since {self._date(since)}"
                return f"Its full admins are warned of the deletion {when}, after {silence} ({date.rule})."
            case NextKind.DELETION:
                return f"It is deleted for good, with all content, {when}, unless it comes back to life ({date.rule})."
            case NextKind.PURGE:
                return f"Its content is purged {when} ({date.rule})."
            case NextKind.SCREENING:
                return _screening(date, when)
            case NextKind.RPL_REVIEW:
                return _REVIEWED[date.reason].format(when=when, rule=date.rule)
            case _:
                days = self._rules.trial_grace.days
                return _TRIAL_DATES[date.kind].format(subject=date.subject, when=when, rule=date.rule, days=days)

    def _held(self) -> tuple[str, ...]:
        """What keeps a countdown from its next step, found by the same rule that the countdown asks."""
        found = assess(self._evidence, self._as_of, self._rules)
        held = found.verdict is Verdict.HOLD or found.reason is Reason.RATE
        if not held or found.due_at is None:
            return ()
        because = _BECAUSE[found.reason].format(detail=found.detail)
        return (f"It is held, since {because} ({found.rule}); the next look is {self._when(found.due_at)}.",)

    def _stops_review(self) -> tuple[str, ...]:
        return (
            *(
                "A list that is loaded or confirmed has it screened at once (RPL-16)."
                for date in self._dates
                if date.kind is NextKind.SCREENING and date.reason == SCREENING_UNAVAILABLE
            ),
            *(
                f"A reviewer can decide about case {date.subject} until {self._date(date.due_at)} (RPL-08, RPL-14)."
                for date in self._dates
                if date.kind is NextKind.RPL_REVIEW and date.due_at >= self._as_of
            ),
        )

    def _stops_trial_end(self) -> tuple[str, ...]:
        days = self._rules.longest_extension_days
        return tuple(
            {
                NextKind.CONSENT_DEADLINE: f"A full admin of it can consent to trial {date.subject} or decline it (CO-04).",
                NextKind.TRIAL_END: f"An order converts trial {date.subject}, and its partner can extend it by up to"
                f" {days} days from the day it does so (TC-01, TC-14).",
                NextKind.NUMBER_RELEASE: "Calling that is bought for this very organisation before then keeps the phone"
                " numbers (NR-03).",
            }[date.kind]
            for date in self._dates
            if date.kind in {NextKind.CONSENT_DEADLINE, NextKind.TRIAL_END, NextKind.NUMBER_RELEASE}
            and date.due_at > self._as_of
        )

    def _stops_removal(self) -> tuple[str, ...]:
        return tuple(
            _restores(date.reason).format(before=self._date(date.due_at), licences=date.subject)
            for date in self._dates
            if date.kind is NextKind.LICENCE_REMOVAL and date.due_at > self._as_of
        )

    def _stops_deletion(self) -> tuple[str, ...]:
        if self._evidence.state not in COUNTING:
            return ()
        return (
            "A new trial in this very organisation takes the mark away (DP-01).",
            "A subscription bought for this very organisation takes the mark away (DP-02).",
            "Any activity of its users or admins, a sign-in to its console included, starts the count anew (AC-02).",
            "If it belongs to a partner, the first customer that the partner gains takes the mark away (DM-02).",
        )

    def _stops_purge(self) -> tuple[str, ...]:
        return tuple(
            f"An operator who finds a mistake of the vendor can abort before {self._date(date.due_at)} (SF-11)."
            for date in self._dates
            if date.kind is NextKind.PURGE and date.reason != ErasureCause.OWN_REQUEST and date.due_at > self._as_of
        )

    def _date(self, instant: Instant) -> str:
        """Such as `12 March 2027, 00:00 CET`, with seconds where there are any."""
        local = instant.astimezone(self._zone)
        clock = f"{local:%H:%M:%S}" if local.second else f"{local:%H:%M}"
        return f"{local.day} {local:%B %Y}, {clock} {local:%Z}"

    def _when(self, instant: Instant) -> str:
        """Such as `on 12 March 2027, 00:00 CET (in 12 days)`."""
        return f"on {self._date(instant)} ({relative(instant, self._as_of)})"


def _restores(reason: str) -> str:
    """What stops the end of a grace, or of the wait of a cancelled trial's meeting data."""
    if reason == TRIAL_CANCELLED:
        return (
            "A meetings licence that is there before {before} keeps the meeting data of licence set {licences} (RP-06)."
        )
    by = "A paid subscription or an extension" if reason == LicenceKind.TRIAL else "A paid subscription"
    return by + " before {before} restores licence set {licences} (RP-03)."


def _screening(date: NextDate, when: str) -> str:
    """Who is screened, or was not: what is held against the lists is the customer, or where it moves to."""
    what = "Its new billing address" if date.rule == "RPL-02" else "It"
    if date.reason == SCREENING_UNAVAILABLE:
        return (
            f"{what} cannot be screened against the restricted-party lists: that is tried again {when}, "
            f"and nothing goes on until then ({date.rule}, RPL-16)."
        )
    return f"{what} is screened against the restricted-party lists {when} ({date.rule})."


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"

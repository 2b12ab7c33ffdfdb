"""The rules of a trial: what may be done when, what may be tried by whom, and every date (A sections 1 to 6, 11, 12)."""

from collections.abc import Iterable, Mapping
from datetime import timedelta
from enum import StrEnum

from tenure.contracts.base import Contract, Instant
from tenure.contracts.catalogue import Catalogue
from tenure.contracts.licence import LicenceKind, LicenceSet, ServiceKey
from tenure.contracts.trial import STARTED, ConsentState, Site, TrialPath, TrialState
from tenure.errors import Refusal, RefusalCode
from tenure.ids import PartnerId, TrialId
from tenure.policy.catalogue import needs_site
from tenure.policy.grace import HELD, counted_from, removal_due_at
from tenure.policy.rules import Rules

ABOUT_TO_END = timedelta(days=30)
"""How far ahead partners are shown what ends, in mails and in the console (NO-04, PS-02)."""
_PUNCTUAL = timedelta(hours=1)
"""What a process of ours carries out within it was carried out in time."""


class Action(StrEnum):
    """What can be done to a trial (A section 18.1, the second table)."""

    RESEND = "resend"
    CANCEL = "cancel"
    PROVIDE_DETAILS = "provide_details"
    EXTEND = "extend"
    EDIT = "edit"
    CONVERT = "convert"
    ASSIGN = "assign"


_ALLOWED: Mapping[Action, frozenset[TrialState]] = {
    Action.RESEND: frozenset({TrialState.PENDING_CONSENT}),
    Action.CANCEL: frozenset({TrialState.PENDING_CONSENT, *STARTED}),
    Action.PROVIDE_DETAILS: frozenset({TrialState.AWAITING_DETAILS, TrialState.PROVISIONING}),
    Action.EXTEND: frozenset({TrialState.ACTIVE, TrialState.GRACE}),
    Action.EDIT: frozenset({TrialState.ACTIVE}),
    Action.CONVERT: frozenset({TrialState.ACTIVE, TrialState.GRACE}),
    Action.ASSIGN: frozenset({TrialState.ACTIVE}),
}
_AFTER_GRACE: Mapping[Action, RefusalCode] = {
    Action.EXTEND: RefusalCode.GRACE_OVER,
    Action.CONVERT: RefusalCode.GRACE_OVER,
    Action.EDIT: RefusalCode.GRACE_OVER,
    Action.ASSIGN: RefusalCode.IRREVERSIBLE,
}


_THEN: Mapping[TrialState, TrialState] = {
    TrialState.PENDING_CONSENT: TrialState.CANCELLED,
    TrialState.ACTIVE: TrialState.GRACE,
    TrialState.GRACE: TrialState.ENDED,
}
"""What comes of a state by time alone."""


def settled(state: TrialState, until: Instant | None, as_of: Instant) -> TrialState:
    """What a trial is by now: at the very end of its state that is over, whether or not its process has got there (XC-03)."""
    return _THEN.get(state, state) if until is not None and as_of >= until else state


def refuse(action: Action, state: TrialState, until: Instant | None, as_of: Instant) -> RefusalCode | None:
    """Why an action is not possible in this state, or None where it is.

    Strictly before the end of the request, of the trial or of its grace is in time (CO-06, TC-05, TC-06, TC-14, XC-03).
    """
    state = settled(state, until, as_of)
    if state in _ALLOWED[action]:
        return None
    if action is Action.RESEND:
        return RefusalCode.NOT_PENDING
    if state is TrialState.ENDED:
        return _AFTER_GRACE.get(action, RefusalCode.WRONG_STATE)
    return RefusalCode.WRONG_STATE


# Consent


def consent_deadline(requested_at: Instant, rules: Rules) -> Instant:
    """Until when an answer counts; mailing again does not move it (CO-06, CO-12, Q-14)."""
    return requested_at + rules.consent_period


def answer_counts(deadline_at: Instant, as_of: Instant) -> bool:
    """Whether a request that is pending can be answered still: strictly before its deadline.

    At the deadline it is over, also where its timer has not come yet (CO-06, CO-19, XC-03).
    """
    return as_of < deadline_at


def refuse_consent(state: ConsentState, deadline_at: Instant, as_of: Instant) -> RefusalCode | None:
    """Why nobody can decide any more, or None where a full admin can (CO-12, CO-18)."""
    if state not in {ConsentState.PENDING, ConsentState.LAPSED}:
        return RefusalCode.NOT_PENDING
    in_time = state is ConsentState.PENDING and answer_counts(deadline_at, as_of)
    return None if in_time else RefusalCode.CONSENT_EXPIRED


# Eligibility


INELIGIBLE = (
    RefusalCode.SERVICE_ALREADY_OWNED,
    RefusalCode.SERVICE_ON_TRIAL_ELSEWHERE,
    RefusalCode.ALREADY_ON_TRIAL,
)
"""Why a service cannot be tried: the first of these that holds (TR-15 to TR-19)."""


class OtherTrial(Contract):
    """A trial of the same organisation."""

    trial_id: TrialId
    partner_id: PartnerId
    state: TrialState
    services: tuple[ServiceKey, ...]
    consent_deadline_at: Instant | None = None
    """Where its customer was asked."""


class Holdings(Contract):
    """What decides which services an organisation can try, read under lock."""

    licence_sets: tuple[LicenceSet, ...] = ()
    trials: tuple[OtherTrial, ...] = ()


def owned(licence_sets: Iterable[LicenceSet], catalogue: Catalogue) -> frozenset[ServiceKey]:
    """What the customer has bought and holds, in its renewal period too (TR-15, TR-18).

    A set of before services were reported says at least whether it is of meetings.
    """
    found: set[ServiceKey] = set()
    for licences in licence_sets:
        if licences.kind is LicenceKind.SUBSCRIPTION and licences.state in HELD:
            found.update(licences.services)
            if licences.meetings and not licences.services:
                found.update(service.key for service in catalogue.services if service.meetings)
    return frozenset(found)


def pending(partner_id: PartnerId, holdings: Holdings, as_of: Instant) -> TrialId | None:
    """What this partner has asked for there already, and can still be answered: one request at a time (TR-19, CO-15)."""
    for trial in holdings.trials:
        asked = trial.partner_id == partner_id and trial.state is TrialState.PENDING_CONSENT
        if asked and trial.consent_deadline_at is not None and answer_counts(trial.consent_deadline_at, as_of):
            return trial.trial_id
    return None


def ineligible(
    services: Iterable[ServiceKey], partner_id: PartnerId, holdings: Holdings, catalogue: Catalogue
) -> dict[ServiceKey, RefusalCode]:
    """The services that this partner cannot put on trial there, each with its reason (TR-15 to TR-19).

    Eligibility is of a service, not of an organisation; a request that waits for consent is in nobody's way.
    """
    bought = owned(holdings.licence_sets, catalogue)
    reasons: dict[ServiceKey, RefusalCode] = {}
    for service in services:
        on_trial = {
            trial.partner_id for trial in holdings.trials if trial.state in STARTED and service in trial.services
        }
        if service in bought:
            reasons[service] = RefusalCode.SERVICE_ALREADY_OWNED
        elif on_trial - {partner_id}:
            reasons[service] = RefusalCode.SERVICE_ON_TRIAL_ELSEWHERE
        elif on_trial:
            reasons[service] = RefusalCode.ALREADY_ON_TRIAL
    return reasons


def refuse_services(services: Iterable[ServiceKey], site: Site | None, catalogue: Catalogue) -> RefusalCode | None:
    """Why a selection is none, whoever it is for (TR-08, TR-09)."""
    chosen = tuple(services)
    if not chosen:
        return RefusalCode.NO_SERVICE_SELECTED
    if None in map(catalogue.service, chosen):
        return RefusalCode.SERVICE_UNKNOWN
    if site is None and needs_site(chosen, catalogue):
        return RefusalCode.SITE_DETAILS_REQUIRED
    return None


def path(*, exists: bool, managed: bool) -> TrialPath:
    """How a trial begins, by what there is already (TR-12)."""
    if not exists:
        return TrialPath.NEW_CUSTOMER
    return TrialPath.ADD_ON if managed else TrialPath.EXISTING_CUSTOMER


# The term


def ends_at(activated_at: Instant, length_days: int) -> Instant:
    """The end of a trial: its clock starts when everything is built (PV-07, Q-15)."""
    return activated_at + timedelta(days=length_days)


def reminder_at(armed_at: Instant, end: Instant, rules: Rules) -> Instant | None:
    """When the end is told beforehand; None where less than 7 days are left when it is set (NO-09, Q-12)."""
    due = end - rules.trial_reminder
    return due if armed_at <= due else None


def extended(as_of: Instant, days: int) -> Instant:
    """The new end: it replaces the old one, and may be earlier (TC-01, TC-03)."""
    return as_of + timedelta(days=days)


def refuse_extension(days: int, rules: Rules) -> RefusalCode | None:
    """Why a length is none (TC-02)."""
    if days < 1:
        return RefusalCode.EXTENSION_TOO_SHORT
    return RefusalCode.EXTENSION_TOO_LONG if days > rules.longest_extension_days else None


def require_extension(days: int, rules: Rules) -> None:
    """Refuse a length that is none, and say which are (TC-02).

    Raises:
        Refusal: as `refuse_extension` answers; `longest_days` is among its details.
    """
    code = refuse_extension(days, rules)
    if code is not None:
        longest = rules.longest_extension_days
        text = f"A trial is extended by 1 to {longest} days from today."
        raise Refusal(code, text, details={"longest_days": longest})


def grace_ends_at(end: Instant, expired_at: Instant, rules: Rules) -> Instant:
    """The end of the grace: 30 days after the end of the trial (GR-01).

    Where the end is carried out hours late or more, after an outage, the grace is counted from then: everybody who is
    told of it still has all of it (SF-06).
    """
    return removal_due_at(LicenceKind.TRIAL, counted_from(end, expired_at, _PUNCTUAL), rules)


# After the end


def numbers_held_until(calling_ended_at: Instant, held_at: Instant, rules: Rules) -> Instant:
    """Until when phone numbers wait for a purchase of calling in the same organisation (NR-01, NR-03).

    After an expiry calling ends with the grace, on day 30, so that the hold ends on day 45; removed or cancelled, it
    ends at once (TC-09). Where that end is carried out hours late or more, the hold is counted from then: what is final
    once it is over is never over before it has begun (SF-06).
    """
    return counted_from(calling_ended_at, held_at, _PUNCTUAL) + rules.number_hold


def devices_due_at(device_ends_at: Instant, rules: Rules) -> Instant:
    """Until when devices are to be back: by their own end date, not the trial's (DV-02)."""
    return device_ends_at + rules.device_return

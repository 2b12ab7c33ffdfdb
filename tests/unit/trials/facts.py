"""The facts that the reference model knows, and what follows from them."""

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import datetime

from tests.unit.trials.book import HELD, LIVE, RECORDED, Note, Number, Partner, Subscription, Trial


class Facts:
    """One organisation, what it bought, and the trials that partners began there."""

    def __init__(self, now: datetime, partners: dict[str, Partner], people: dict[str, str]) -> None:
        """Take the partners by id, and who belongs to the organisation with what role: full, admin or user."""
        self.now = now
        self.partners = partners
        self.people = dict(people)
        self.access: dict[str, str] = {}
        self.trials: dict[str, Trial] = {}
        self.subscriptions: dict[str, Subscription] = {}
        self.numbers: list[Number] = []
        self.notes: dict[Note, datetime] = {}
        """Since when each mail is due (XC-02)."""
        self.met: Counter[str] = Counter()
        """The rows of the tables that were gone through, as in `Trial: active → grace` or `extend: grace`."""
        self.recordings = 0
        self.marked = False

    def full_admins(self) -> set[str]:
        """Who decides for the customer."""
        return {person for person, role in self.people.items() if role == "full"}

    def admins(self) -> set[str]:
        """Every admin of the customer (NO-01)."""
        return {person for person, role in self.people.items() if role != "user"}

    def owned(self) -> set[str]:
        """What was bought, suspended or not (TR-18)."""
        return {service for one in self.subscriptions.values() if one.state != "removed" for service in one.services}

    def ineligible(self, services: Iterable[str], partner: str, but: Trial | None = None) -> dict[str, str]:
        """The services that a partner cannot put on trial, and why (TR-15, TR-16, TR-19)."""
        reasons = {}
        for service in services:
            others = {
                t.partner for t in self.trials.values() if t is not but and t.state in LIVE and service in t.services
            }
            if service in self.owned():
                reasons[service] = "service_already_owned"
            elif others - {partner}:
                reasons[service] = "service_on_trial_elsewhere"
            elif others:
                reasons[service] = "already_on_trial"
        return reasons

    def asked_for(self) -> set[str]:
        """What waits for an answer of the customer (CO-07)."""
        return {key for key, t in self.trials.items() if t.consent == "pending" and self._before(t.deadline)}

    def holds_licences(self) -> bool:
        """Whether anything is left that is not removed (RP-07)."""
        sets = [one.state for one in self.subscriptions.values()] + [t.licences for t in self.trials.values()]
        return bool(HELD & set(sets))

    def holds_meetings(self) -> bool:
        """Whether a meetings licence keeps what was recorded (RP-06)."""
        bought = any(one.state in HELD and RECORDED in one.services for one in self.subscriptions.values())
        return bought or any(t.licences in HELD and t.recorded for t in self.trials.values())

    def dates(self) -> list[datetime]:
        """When something ends by time alone, the earliest first."""
        return sorted({at for _, _, at in self._ends()})

    def next_dates(self) -> dict[tuple[str, str], datetime]:
        """What a partner sees to come, by kind and by what it is of: of each the earliest (PS-07)."""
        return {(kind, subject): at for kind, subject, at in sorted(self._ends(), key=lambda end: end[2], reverse=True)}

    def _ends(self) -> Iterator[tuple[str, str, datetime]]:
        for key, t in self.trials.items():
            ends = {
                "consent_deadline": t.deadline if t.consent == "pending" else None,
                "trial_reminder": t.reminder_at,
                "trial_end": t.ends_at if t.state == "active" else None,
                "licence_removal": t.grace_ends_at or t.recordings_until,
            }
            yield from ((kind, key, at) for kind, at in ends.items() if at is not None)
        for number in self.numbers:
            if number.trial is not None and number.held_until is not None:
                yield "number_release", number.trial, number.held_until
        for key, one in self.subscriptions.items():
            if one.removal_at is not None:
                yield "licence_removal", key, one.removal_at

    def is_true(self, note: Note) -> bool:
        """Whether what a mail says still holds: nobody is told of an end that has moved, passed, or does not concern them."""
        trial = self.trials.get(note.subject)
        if trial is None:
            return True  # of an order
        present = note.number == trial.ends
        match note.kind:
            case "consent_request":
                return trial.consent == "pending" and note.number == trial.mailings and self._before(trial.deadline)
            case "welcome":
                return trial.state in {"active", "grace", "converted"}
            case "trial_started":
                return trial.state == "active"
            case "trial_ending" | "trial_ending_partner":
                return trial.state == "active" and present and self._before(trial.ends_at)
            case "trial_expired" | "trial_expired_partner":
                return trial.state == "grace" and present and self._before(trial.grace_ends_at)
            case "access_gone":
                return self._has_lost(trial, note.recipient)
            case _:
                return True

    def _has_lost(self, trial: Trial, person: str) -> bool:
        """Who still belongs to an organisation that has bought all that the trial had has lost nothing (NO-06)."""
        active = {service for one in self.subscriptions.values() if one.state == "active" for service in one.services}
        return person not in self.people or not trial.services or not trial.services <= active

    def _turn(self, thing: Trial | Subscription | Number, state: str) -> None:
        self.met[f"{type(thing).__name__}: {thing.state} → {state}"] += 1
        thing.state = state

    def _answer(self, trial: Trial, consent: str) -> None:
        self.met[f"Consent: {trial.consent} → {consent}"] += 1
        trial.consent = consent

    def _open_up(self, partner: str, level: str | None) -> None:
        """What a partner may do; None takes the customer off its list (18.7)."""
        self.met[f"Access: {self.access.get(partner)} → {level}"] += 1
        if level is None:
            self.access.pop(partner, None)
        else:
            self.access[partner] = level

    def _before(self, end: datetime | None) -> bool:
        return end is not None and self.now < end

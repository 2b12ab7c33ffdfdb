"""The facts that the reference model knows, and what follows from them."""

from collections.abc import Iterable
from datetime import datetime

from tests.unit.trials.book import LIVE, Note, Number, Partner, Subscription, Trial


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
        self.notes: set[Note] = set()
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

    def holds_licences(self) -> bool:
        """Whether anything is left that is not removed (RP-07)."""
        sets = [one.state for one in self.subscriptions.values()] + [t.licences for t in self.trials.values()]
        return bool({"active", "suspended"} & set(sets))

    def dates(self) -> list[datetime]:
        """When something ends by time alone, the earliest first."""
        found = [
            at
            for t in self.trials.values()
            for at in (
                t.deadline if t.consent == "pending" else None,
                t.reminder_at,
                t.ends_at if t.state == "active" else None,
                t.grace_ends_at,
            )
        ]
        found += [number.held_until for number in self.numbers]
        found += [one.removal_at for one in self.subscriptions.values()]
        return sorted({at for at in found if at is not None})

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
            case _:
                return True

    def _before(self, end: datetime | None) -> bool:
        return end is not None and self.now < end

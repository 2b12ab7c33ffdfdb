"""A reference model of the trials of one organisation, written from the tables of the requirements alone (18.1 to 18.11).

It knows nothing of the product. A command answers what speaks against it: where that is nothing, it was carried out.
Time only moves the clock; `settle` carries out what is due by then.
"""

from collections.abc import Iterable

from tests.unit.trials.book import CONSENT, DAY, GRACE, LIVE, LONGEST, MAILINGS, NUMBERED, RECORDED, Note, Number, Trial
from tests.unit.trials.course import Course

_AFTER_GRACE = {"extend": "grace_over", "edit": "grace_over", "convert": "grace_over", "assign": "irreversible"}
_ALLOWED = {
    "resend": {"pending_consent"},
    "cancel": {"pending_consent", *LIVE},
    "provide": {"awaiting_details", "provisioning"},
    "extend": {"active", "grace"},
    "edit": {"active"},
    "convert": {"active", "grace"},
    "assign": {"active"},
}


class Model(Course):
    """One organisation, what it bought, and the trials that partners began there."""

    # What a partner does (18.1, second table; RO).

    def _objections(self, action: str, trial: Trial, by: str, *, seller: bool = True) -> set[str]:
        phase = trial.phase(self.now)
        against = set()
        self.met[f"{action}: {phase}"] += 1
        if phase not in _ALLOWED[action]:
            code = _AFTER_GRACE.get(action, "wrong_state") if phase == "ended" else "wrong_state"
            against.add("not_pending" if action == "resend" else code)
        return against | self._role(trial.partner, by, seller=seller)

    def _role(self, partner: str, by: str, *, seller: bool) -> set[str]:
        mine = self.partners[partner]
        if by == mine.seller or (by == mine.admin and not seller):
            return set()
        others = {person for other in self.partners.values() for person in (other.seller, other.admin)}
        return {"not_trial_owner" if by in others and by != mine.admin else "role_not_allowed"}

    def create(self, trial: Trial) -> None:
        """A new customer's trial: its partner administers it fully (18.7)."""
        self._open_up(trial.partner, "full")
        self.trials[trial.trial_id] = trial
        self.met["Trial: new"] += 1

    def request(
        self, trial_id: str, partner: str, by: str, services: Iterable[str], typed: str, length: int
    ) -> set[str]:
        """Ask for a trial of this organisation, which exists (TR-12)."""
        services = frozenset(services)
        against = set(self.ineligible(services, partner).values())
        if self._role(partner, by, seller=True):
            against.add("role_not_allowed")  # whoever is no seller of this very partner: there is no trial to own yet
        if not services:
            against.add("no_service_selected")
        if any(t.partner == partner and t.phase(self.now) == "pending_consent" for t in self.trials.values()):
            against.add("request_pending")
        if against:
            return against
        managed = self.access.get(partner)
        path, state = ("existing", "pending_consent") if managed is None else ("add_on", "provisioning")
        trial = self.trials[trial_id] = Trial(trial_id, partner, path, services, length, typed, state)
        self.met[f"Trial: {path}"] += 1
        if managed == "none":
            self._open_up(partner, "provisioning")
        elif managed is None:
            trial.consent, trial.deadline = "pending", self.now + CONSENT
            self._ask(trial)
        return set()

    def _ask(self, trial: Trial) -> None:
        """CO-02, CO-03."""
        trial.mailings += 1
        admins = self.full_admins()
        if trial.typed in admins:
            recipients = {trial.typed}
        else:
            recipients = admins | {trial.typed if trial.typed in self.people else trial.trial_id}
        self._tell("consent_request", trial, recipients, trial.mailings)

    def resend(self, trial: Trial, by: str) -> set[str]:
        """CO-12."""
        against = self._objections("resend", trial, by)
        if trial.mailings >= MAILINGS:
            against.add("mailed_often_enough")
        if not against:
            self._ask(trial)
        return against

    def provide(self, trial: Trial, by: str) -> set[str]:
        """PV-01."""
        against = self._objections("provide", trial, by, seller=False)
        if not against:
            self._turn(trial, "provisioning")
        return against

    def build(self, trial: Trial, services: Iterable[str]) -> None:
        """The platform has built services; calling comes with a number."""
        for service in set(services) - trial.built:
            trial.built.add(service)
            if service == NUMBERED:
                self.numbers.append(Number(trial.trial_id))

    def record(self) -> None:
        """A meeting is recorded."""
        self.recordings += 1

    def extend(self, trial: Trial, by: str, days: int, *, confirmed: bool) -> set[str]:
        """TC-01 to TC-06."""
        against = self._objections("extend", trial, by)
        if days < 1:
            against.add("extension_too_short")
        if days > LONGEST:
            against.add("extension_too_long")
        end = self.now + days * DAY
        if trial.state == "active" and trial.ends_at is not None and end < trial.ends_at and not confirmed:
            against.add("confirmation_required")
        if not against:
            self._arm(trial, end)
        return against

    def edit(self, trial: Trial, by: str, services: Iterable[str]) -> set[str]:
        """TC-07 to TC-09."""
        wanted = frozenset(services)
        against = self._objections("edit", trial, by)
        against |= set(self.ineligible(wanted - trial.services, trial.partner, but=trial).values())
        if not wanted:
            against.add("no_service_selected")
        if not against:
            removed = trial.services - wanted
            trial.services = wanted
            trial.recorded = trial.recorded or RECORDED in wanted
            trial.built -= removed
            if NUMBERED in removed:
                self._hold(trial, self.now)
        return against

    def assign(self, trial: Trial, by: str, give: set[str], take: set[str]) -> set[str]:
        """PV-05, PV-06."""
        against = self._objections("assign", trial, by, seller=False)
        if trial.path != "new" and self.access.get(trial.partner) != "full":
            against.add("access_level_insufficient")
        if (give | take) - set(self.people) - trial.holders:
            against.add("person_not_found")
        if not against:
            trial.holders = trial.holders - take | give
        return against

    def cancel(self, trial: Trial, by: str, *, confirmed: bool) -> set[str]:
        """CO-11, CO-13, TC-09 to TC-11, Q-32."""
        against = self._objections("cancel", trial, by)
        if not confirmed:
            against.add("confirmation_required")
        if against:
            return against
        before, grace_ends_at = trial.state, trial.grace_ends_at
        self._close(trial, "cancelled")
        if before in {"active", "grace"} and trial.recorded:
            trial.recordings_until = grace_ends_at or self.now + GRACE
        if before == "pending_consent":
            self._answer(trial, "withdrawn")
        elif (
            before in {"awaiting_details", "provisioning"}
            and trial.path == "existing"
            and not self._tries(trial.partner)
        ):
            self._open_up(trial.partner, None)
        self._hold(trial, self.now)
        if before in {"provisioning", "active", "grace"}:
            self._consider_marking()
        return set()

    def _tries(self, partner: str) -> bool:
        """Whether a partner still has a trial here, which it could not manage off its list (PV-02, TC-21)."""
        return any(trial.partner == partner and trial.state in LIVE for trial in self.trials.values())

    # What the customer does.

    def accept(self, trial: Trial, person: str, *, full: bool) -> set[str]:
        """CO-04 to CO-10, CO-17, CO-18."""
        if trial.consent == "accepted" and person in self.full_admins():
            self.met["accept: accepted"] += 1
            return set()
        against = self._open("accept", trial, person)
        dropped = self.ineligible(trial.services, trial.partner, but=trial)
        if len(dropped) == len(trial.services):
            against |= set(dropped.values())
        if not against:
            trial.services -= set(dropped)
            self.met["accept: in part"] += bool(dropped)
            self._answer(trial, "accepted")
            self._turn(trial, "awaiting_details")
            self._open_up(trial.partner, "full" if full else "provisioning")
        return against

    def decline(self, trial: Trial, person: str) -> set[str]:
        """CO-20."""
        against = self._open("decline", trial, person)
        if not against:
            self._answer(trial, "declined")
            self._close(trial, "cancelled")
        return against

    def grant(self, partner: str, person: str) -> set[str]:
        """RO-02."""
        against = set() if person in self.full_admins() else {"role_not_allowed"}
        if partner not in self.access:
            against.add("partner_not_found")
        if not against:
            self._open_up(partner, "full")
        return against

    def _open(self, act: str, trial: Trial, person: str) -> set[str]:
        self.met[f"{act}: {trial.consent}"] += 1
        against = set() if person in self.full_admins() else {"consent_needs_full_admin"}
        if trial.consent == "lapsed" or (trial.consent == "pending" and not self._before(trial.deadline)):
            against.add("consent_expired")
        elif trial.consent != "pending":
            against.add("not_pending")
        return against

    # What is ordered (TC-12 to TC-20).

    def convert(
        self, trial: Trial, order: tuple[str, str], services: Iterable[str], seller: str | None, *, confirmed: bool
    ) -> set[str]:
        """A paid order with its id and its subscription's; `seller` is the partner that placed it."""
        services = frozenset(services)
        mine = self.partners[trial.partner]
        against = self._objections("convert", trial, mine.seller)
        if seller == trial.partner and mine.distributor is not None:
            against.add("tier2_use_distributor")
        elif seller not in {None, trial.partner, mine.distributor}:
            against.add("not_trial_owner")
        if not trial.services & services:
            against.add("no_service_selected")
        elif trial.services - services and not confirmed:
            against.add("confirmation_required")
        if not against:
            contact = min(self.full_admins()) if seller is None else self.partners[seller].seller
            self.buy(order[1], services)
            self.notes.setdefault(Note("set_up_services", order[0], 1, contact), self.now)
        return against

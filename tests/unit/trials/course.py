"""What becomes of trials by themselves in the reference model: by time, and by what is bought."""

from collections.abc import Iterable
from datetime import datetime

from tests.unit.trials.book import (
    DAY,
    GRACE,
    HOLD,
    NUMBERED,
    OVER,
    PUNCTUAL,
    RECORDED,
    REMINDER,
    RENEWAL,
    REPORTED_IN_TIME,
    Note,
    Subscription,
    Trial,
)
from tests.unit.trials.facts import Facts


class Course(Facts):
    """Moves the facts on."""

    def advance(self, to: datetime) -> None:
        """Let time pass, with everything carried out at its instant."""
        while (due := next(iter(self.dates()), None)) is not None and due <= to:
            self.now = max(self.now, due)
            self.settle()
        self.now = to

    def settle(self) -> None:
        """Carry out now whatever is due."""
        for trial in self.trials.values():
            while self._step(trial):
                pass
        for number in self.numbers:
            if number.held_until is not None and not self._before(number.held_until):
                self._turn(number, "released")
                number.held_until = None
        for one in self.subscriptions.values():
            if one.removal_at is not None and not self._before(one.removal_at):
                self._turn(one, "removed")
                one.removal_at = None
                self._consider_purging(of_meetings=RECORDED in one.services)
                self._consider_marking()

    def _step(self, trial: Trial) -> bool:
        if trial.consent == "pending" and not self._before(trial.deadline):
            self._answer(trial, "lapsed")
            self._close(trial, "cancelled")
        elif trial.state == "provisioning" and trial.built >= trial.services:
            self._activate(trial)
        elif trial.state == "active" and not self._before(trial.ends_at):
            self._end(trial)
        elif trial.state == "active" and trial.reminder_at is not None and not self._before(trial.reminder_at):
            trial.reminder_at = None
            self.met["Trial: reminded"] += 1
            self._tell_both("trial_ending", trial)
        elif trial.state == "grace" and not self._before(trial.grace_ends_at):
            self._end_grace(trial)
        elif trial.recordings_until is not None and not self._before(trial.recordings_until):
            trial.recordings_until = None
            self._consider_purging(of_meetings=True)
        else:
            return False
        return True

    def _activate(self, trial: Trial) -> None:
        """PV-03, PV-07, TR-21; what was bought meanwhile is not tried (TR-15)."""
        self._leave(trial, frozenset(self.owned()))
        if trial.state in OVER:
            return
        self._arm(trial, self.now + trial.length * DAY)
        self.marked = False
        if trial.path == "new":
            self._tell("welcome", trial, {trial.typed}, 1)
        elif trial.path == "add_on":
            self._tell("trial_started", trial, self.admins(), 1)

    def _arm(self, trial: Trial, end: datetime) -> None:
        """TC-04, NO-09."""
        self._turn(trial, "active")
        trial.licences = "active"
        trial.recorded = trial.recorded or RECORDED in trial.services
        trial.ends += 1
        trial.ends_at, trial.grace_ends_at = end, None
        trial.reminder_at = end - REMINDER if self.now <= end - REMINDER else None

    def _end(self, trial: Trial) -> None:
        """GR-01, NO-02, NO-04; who is told late still has all of the grace (SF-06)."""
        assert trial.ends_at is not None
        late = self.now - trial.ends_at > PUNCTUAL
        self._turn(trial, "grace")
        trial.licences, trial.reminder_at = "suspended", None
        trial.grace_ends_at = (self.now if late else trial.ends_at) + GRACE
        self._tell_both("trial_expired", trial)

    def _end_grace(self, trial: Trial) -> None:
        """GR-06 to GR-11, NO-06; what is carried out late holds the numbers for all of their days (SF-06)."""
        over_at = trial.grace_ends_at
        assert over_at is not None
        self._close(trial, "ended")
        self._consider_purging(of_meetings=trial.recorded)
        self._tell("access_gone", trial, trial.holders, trial.ends)
        # Nobody is moved out whom the next trial, which is being built, is about to serve.
        building = any(each.state == "provisioning" for each in self.trials.values())
        if not building and not self.holds_licences():
            self.people = dict.fromkeys(self.full_admins(), "full")
            setting_up = {t.partner for t in self.trials.values() if t.state in {"awaiting_details", "provisioning"}}
            for partner in self.access.keys() - setting_up:  # PV-02
                self._open_up(partner, "none")
        self._hold(trial, self.now if self.now - over_at > PUNCTUAL else over_at)
        self._consider_marking()

    def _close(self, trial: Trial, state: str) -> None:
        self._turn(trial, state)
        trial.reminder_at, trial.grace_ends_at = None, None
        trial.licences = trial.licences and "removed"

    def _hold(self, trial: Trial, since: datetime) -> None:
        """Calling is over: NR-01, NR-03."""
        paid = any(one.state == "active" and NUMBERED in one.services for one in self.subscriptions.values())
        for number in self.numbers:
            if number.trial == trial.trial_id and number.state == "assigned":
                self._turn(number, "assigned" if paid else "held")
                number.trial, number.held_until = (None, None) if paid else (number.trial, since + HOLD)

    def _consider_purging(self, *, of_meetings: bool) -> None:
        """GR-10, RP-06."""
        if of_meetings and not self.holds_meetings():
            self.recordings = 0

    def _consider_marking(self) -> None:
        """DM-01."""
        self.marked = self.marked or not self.holds_licences()

    def _tell(self, kind: str, trial: Trial, recipients: Iterable[str], number: int) -> None:
        for recipient in recipients:
            self.notes.setdefault(Note(kind, trial.trial_id, number, recipient), self.now)

    def _tell_both(self, kind: str, trial: Trial) -> None:
        """NO-01, NO-04, NO-05."""
        mine = self.partners[trial.partner]
        self._tell(kind, trial, self.admins(), trial.ends)
        self._tell(f"{kind}_partner", trial, {mine.seller, mine.admin}, trial.ends)

    # What is bought, whoever sells it (TC-12, TC-19, TC-20, GR-05, NR-03).

    def buy(self, subscription: str, services: Iterable[str]) -> None:
        """What is bought leaves the trials that it is in; the rest runs on (TC-19)."""
        services = frozenset(services)
        self.subscriptions[subscription] = Subscription(services, since=self.now)
        self.marked = False
        for trial in self.trials.values():
            if trial.phase(self.now) in {"active", "grace"}:
                self._leave(trial, services)
        for number in self.numbers:
            if NUMBERED in services and number.state == "held" and self._before(number.held_until):
                self._turn(number, "assigned")
                number.trial, number.held_until = None, None

    def _leave(self, trial: Trial, services: frozenset[str]) -> None:
        bought = trial.services & services
        trial.services -= bought
        trial.recorded = trial.recorded and RECORDED not in bought  # what was recorded is the buyer's
        if bought and trial.services:
            self.met[f"Trial: {trial.state}, bought in part"] += 1
        for number in self.numbers:
            if NUMBERED in bought and number.trial == trial.trial_id and number.state == "assigned":
                number.trial = None
        if bought and not trial.services:
            self._close(trial, "converted")

    def expire(self, subscription: str, expired_at: datetime) -> None:
        """RP-01; what is reported late rests as long (SF-06)."""
        one = self.subscriptions[subscription]
        self._turn(one, "suspended")
        late = self.now - expired_at > REPORTED_IN_TIME
        one.removal_at = (self.now if late else expired_at) + RENEWAL

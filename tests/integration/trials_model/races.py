"""What comes at the very moment of an end, before anything has carried the end out (CO-19, XC-03, XC-06)."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from tenure.ids import PersonId, TrialId
from tests.integration.trials_model.changes import Assign, Buy, Cancel, Convert, Edit, Extend
from tests.integration.trials_model.moves import MINUTE, SERVICES, Accept, Decline, Move, OfTrial, Resend
from tests.integration.trials_model.table import Table
from tests.unit.trials.book import Trial

_ALL = frozenset(SERVICES)
_CONVERT = Convert(0, 0, _ALL, None, confirmed=True)
_CANCEL = Cancel(0, 0, confirmed=True)
_RIVALS: dict[str, tuple[OfTrial, ...]] = {
    "pending_consent": (Accept(0, 0, "full", full=False), Decline(0, 0, "full"), Resend(0, 0), _CANCEL),
    "active": (Edit(0, 0, _ALL), Assign(0, 0, frozenset({"full"})), Extend(0, 0, 7, confirmed=True), _CONVERT, _CANCEL),
    "grace": (Extend(0, 0, 7, confirmed=True), _CONVERT, _CANCEL),
}
"""What an end leaves no time for, by the state that ends."""


@dataclass(frozen=True)
class Race(Move):
    """An end has come, or comes within a minute: mails are about to be sent, and somebody acts."""

    which: int
    rival: int
    minutes: int
    mails: int

    async def play(self, table: Table) -> None:
        """Go to the end of something without a look, try the mails, and do what may come too late."""
        await table.settle()
        ends = sorted(_ends(table), key=lambda each: each[0])
        if not ends:
            return
        end, trial = ends[self.which % len(ends)]
        await table.pass_time(max(end + self.minutes * MINUTE, table.model.now) - table.model.now, lagging=True)
        for mail in range(self.mails):
            await table.attempt(mail, accepted=False)
        if trial is None:
            await Buy(frozenset({"calling"})).play(table)
        else:
            rivals = _RIVALS[trial.state]
            seller = table.model.partners[trial.partner].seller
            rival = rivals[self.rival % len(rivals)]
            await rival.act(table, trial, TrialId(trial.trial_id), PersonId(seller))
        await table.settle()


def _ends(table: Table) -> Iterator[tuple[datetime, Trial | None]]:
    """The ends of requests, trials and graces; without a trial, those of holds of numbers."""
    for trial in table.model.trials.values():
        end = {"pending_consent": trial.deadline, "active": trial.ends_at}.get(trial.state, trial.grace_ends_at)
        if end is not None:
            yield end, trial
    for number in table.model.numbers:
        if number.held_until is not None:
            yield number.held_until, None

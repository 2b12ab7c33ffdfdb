"""The whole simulation as a picture: a row for each organisation, a column for every few days, a colour for each phase."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import Final

from rich.console import Group
from rich.table import Table
from rich.text import Text

from adapters.postgres.simulation import Change
from tenure.contracts.base import Instant
from tenure.contracts.customer import OnboardingState
from tenure.contracts.licence import LicenceKind, LicenceState
from tenure.contracts.portfolio import LicenceSetRecord, OrganisationRecord


class Phase(StrEnum):
    """Where an organisation stands, as the picture colours it."""

    REVIEW = "in review"
    """A wholesale customer without an account: it is screened, waits for a reviewer, or the account is being created."""
    FAILED = "not taken in"
    LIVE = "live"
    TRIAL = "on trial"
    """All that it holds are licences of trials."""
    GRACE = "in grace"
    MARKED = "marked"
    WARNED = "warned"
    ERASING = "erasing"
    DELETED = "deleted"


_LOOK: Final = {
    Phase.REVIEW: ("▞", "blue"),
    Phase.FAILED: ("✕", "bright_red"),
    Phase.LIVE: ("█", "green"),
    Phase.TRIAL: ("▆", "cyan"),
    Phase.GRACE: ("▓", "yellow"),
    Phase.MARKED: ("▒", "dark_orange"),
    Phase.WARNED: ("▚", "red"),
    Phase.ERASING: ("░", "magenta"),
    Phase.DELETED: ("·", "bright_black"),
}
_BRIEF: Final = {"fenced": Phase.ERASING, "review_opened": Phase.REVIEW}
"""What may come and go within a column, and is to be seen all the same, by how it begins."""
_ONBOARDING: Final = {
    OnboardingState.RECEIVED: Phase.REVIEW,
    OnboardingState.SCREENING: Phase.REVIEW,
    OnboardingState.PENDING_RPL_REVIEW: Phase.REVIEW,
    OnboardingState.PROVISIONING: Phase.REVIEW,
    OnboardingState.ERROR: Phase.FAILED,
}
"""How a wholesale customer is coloured that has no account."""
_COLUMNS: Final = 50
_MONTH: Final = 30


def picture(
    organisations: Mapping[str, OrganisationRecord],
    licence_sets: Sequence[LicenceSetRecord],
    history: Sequence[Change],
    start: Instant,
    end: Instant,
) -> Group:
    """Draw the phases of all organisations from `start` to `end`."""
    step = (end - start) / _COLUMNS
    table = Table(box=None, pad_edge=False, title="Day by day", title_justify="left", title_style="bold")
    table.add_column("Organisation", no_wrap=True)
    table.add_column(_scale(step), no_wrap=True)
    for organisation_id, organisation in organisations.items():
        changes = [change for change in history if change.subject == organisation_id]
        holder = Holder(state=None if any(change.action == "created" for change in changes) else "live")
        for each in licence_sets:
            if each.organisation_id == organisation_id:
                holder.take(each.licence_set_id, each.state, each.kind)
        table.add_row(organisation.name, _row(changes, holder, start, step))
    legend = Text("   ").join(Text(f"{mark} {phase}", style) for phase, (mark, style) in _LOOK.items())
    return Group(table, legend)


@dataclass
class Holder:
    """An organisation as it stands, and the licence sets that it holds."""

    state: str | None
    """None before it was a customer."""
    held: dict[str, LicenceState] = field(default_factory=dict)
    trials: set[str] = field(default_factory=set)
    """The licence sets that are of trials."""
    onboarding: OnboardingState | None = None
    """Of a wholesale customer."""

    @property
    def phase(self) -> Phase | None:
        """How the picture colours it."""
        if self.state != "live":
            return None if self.state is None else Phase(self.state)
        active = {name for name, state in self.held.items() if state is LicenceState.ACTIVE}
        if active:
            return Phase.TRIAL if active <= self.trials else Phase.LIVE
        if self.onboarding in _ONBOARDING and not self.held:
            return _ONBOARDING[self.onboarding]
        return Phase.GRACE if LicenceState.SUSPENDED in self.held.values() else Phase.LIVE

    def apply(self, change: Change) -> None:
        """Take a change of the audit into account."""
        licence_set_id = change.details.get("licence_set_id")
        if licence_set_id is not None and change.to_state in set(LicenceState):
            kind = LicenceKind.TRIAL if change.reason == "trial_started" else None
            self.take(licence_set_id, LicenceState(change.to_state), kind)
        elif change.to_state in set(OnboardingState):
            self.onboarding = OnboardingState(change.to_state)
        elif change.to_state in {"live", *map(str, Phase)}:
            self.state = change.to_state

    def take(self, licence_set_id: str, state: LicenceState, kind: LicenceKind | None) -> None:
        """Note how a licence set stands; None: of whatever kind it was."""
        self.held[licence_set_id] = state
        if kind is LicenceKind.TRIAL:
            self.trials.add(licence_set_id)


def _scale(step: timedelta) -> str:
    marks = [" "] * _COLUMNS
    for days in range(0, int(_COLUMNS * step.days), _MONTH):
        place = int(timedelta(days=days) / step)
        label = f"{days}"
        marks[place : place + len(label)] = label
    return "".join(marks[:_COLUMNS])


def _row(changes: Sequence[Change], holder: Holder, start: Instant, step: timedelta) -> Text:
    text, waiting = Text(), list(changes)
    for column in range(1, _COLUMNS + 1):
        brief: Phase | None = None
        while waiting and waiting[0].at < start + column * step:
            change = waiting.pop(0)
            holder.apply(change)
            brief = _BRIEF.get(change.action, brief)
        phase = brief or holder.phase
        mark, style = (" ", "") if phase is None else _LOOK[phase]
        text.append(mark, style)
    return text

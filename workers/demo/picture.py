"""The whole simulation as a picture: a row for each organisation, a column for every few days, a colour for each phase."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from enum import StrEnum
from typing import Final

from rich.table import Table
from rich.text import Text

from adapters.postgres.simulation import Change
from tenure.contracts.base import Instant
from tenure.contracts.licence import LicenceState
from tenure.contracts.portfolio import LicenceSetRecord, OrganisationRecord


class Phase(StrEnum):
    """Where an organisation stands, as the picture colours it."""

    LIVE = "live"
    GRACE = "in grace"
    MARKED = "marked"
    WARNED = "warned"
    ERASING = "erasing"
    DELETED = "deleted"


_LOOK: Final = {
    Phase.LIVE: ("█", "green"),
    Phase.GRACE: ("▓", "yellow"),
    Phase.MARKED: ("▒", "dark_orange"),
    Phase.WARNED: ("▚", "red"),
    Phase.ERASING: ("░", "magenta"),
    Phase.DELETED: ("·", "bright_black"),
}
_COLUMNS: Final = 50
_MONTH: Final = 30


def picture(
    organisations: Mapping[str, OrganisationRecord],
    licence_sets: Sequence[LicenceSetRecord],
    history: Sequence[Change],
    start: Instant,
    end: Instant,
) -> Table:
    """Draw the phases of all organisations from `start` to `end`."""
    step = (end - start) / _COLUMNS
    table = Table(box=None, pad_edge=False, title="Day by day", title_justify="left", title_style="bold")
    table.add_column("Organisation", no_wrap=True)
    table.add_column(_scale(step), no_wrap=True)
    for organisation_id, organisation in organisations.items():
        held = {
            str(each.licence_set_id): each.state for each in licence_sets if each.organisation_id == organisation_id
        }
        changes = [change for change in history if change.subject == organisation_id]
        table.add_row(organisation.name, _row(changes, held, start, step))
    table.caption = Text("   ").join(Text(f"{mark} {phase}", style) for phase, (mark, style) in _LOOK.items())
    table.caption_justify = "left"
    return table


def _scale(step: timedelta) -> str:
    marks = [" "] * _COLUMNS
    for days in range(0, int(_COLUMNS * step.days), _MONTH):
        place = int(timedelta(days=days) / step)
        label = f"{days}"
        marks[place : place + len(label)] = label
    return "".join(marks[:_COLUMNS])


def _row(changes: Sequence[Change], held: dict[str, LicenceState], start: Instant, step: timedelta) -> Text:
    text, waiting, state = Text(), list(changes), "live"
    for column in range(1, _COLUMNS + 1):
        fenced = False
        while waiting and waiting[0].at < start + column * step:
            change = waiting.pop(0)
            state = _apply(change, held) or state
            fenced |= change.action == "fenced"
        mark, style = _LOOK[Phase.ERASING if fenced else phase(state, held)]
        text.append(mark, style)
    return text


def phase(state: str, held: Mapping[str, LicenceState]) -> Phase:
    """The phase of an organisation in that state that holds licence sets in these states."""
    if state != "live":
        return Phase(state)
    resting = LicenceState.SUSPENDED in held.values() and LicenceState.ACTIVE not in held.values()
    return Phase.GRACE if resting else Phase.LIVE


def _apply(change: Change, held: dict[str, LicenceState]) -> str | None:
    """Take a change into account; answers the organisation's new state, if it has one."""
    licence_set_id = change.details.get("licence_set_id")
    if licence_set_id is not None and change.to_state in set(LicenceState):
        held[licence_set_id] = LicenceState(change.to_state)
        return None
    return change.to_state if change.to_state in {"live", *map(str, Phase)} else None

"""What the person at the terminal sees."""

from collections.abc import Mapping, Sequence
from datetime import UTC
from typing import Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

from tenure.contracts.base import Instant
from tenure.contracts.portfolio import OrganisationRecord
from workers.demo.timeline import Deviation, Difference, Entry

_STYLES: Final = {
    "marked": "dark_orange",
    "warned": "red",
    "trial started": "green",
    "trial extended": "green",
    "trial converted": "green",
    "services bought": "green",
    "trial expired": "yellow",
    "trial cancelled": "yellow",
    "trial ended": "dark_orange",
    "consent accepted": "green",
    "consent declined": "yellow",
    "consent lapsed": "yellow",
    "mail accepted": "cyan",
    "mail refused": "yellow",
    "held": "yellow",
    "refused": "yellow",
    "reset": "green",
    "unmarked": "green",
    "erasure aborted": "green",
    "fenced": "magenta",
    "erased": "bold magenta",
}


def timeline(
    entries: Sequence[Entry], organisations: Mapping[str, OrganisationRecord], paths: Mapping[str, str], start: Instant
) -> Table:
    """What happened, organisation by organisation; `paths` says in a sentence what each is an example of."""
    table = Table(box=None, pad_edge=False, title="What happened", title_justify="left", title_style="bold")
    for column, justify in (("Day", "right"), ("UTC", "left"), ("What", "left"), ("Why", "left")):
        table.add_column(column, justify=justify, no_wrap=column != "Why")  # type: ignore[arg-type]
    subjects = [*organisations, *sorted({entry.subject for entry in entries} - organisations.keys())]
    for subject in subjects:
        own = [entry for entry in entries if entry.subject == subject]
        name = (
            f"{organisations[subject].name}, {organisations[subject].country}" if subject in organisations else subject
        )
        table.add_section()
        table.add_row("", "", Text(name, "bold"), Text(paths.get(subject, ""), "italic"))
        for entry in own:
            table.add_row(*_when(entry, start), Text(entry.what, _STYLES.get(entry.what, "")), entry.why)
    return table


def _when(entry: Entry, start: Instant) -> tuple[str, str]:
    at = entry.at.astimezone(UTC)
    return f"{(at - start.replace(hour=0, minute=0)).days}", f"{at:%Y-%m-%d %H:%M}"


def differences(found: Sequence[Difference], start: Instant) -> Table:
    """What was expected and did not happen, happened and was not expected, or happened at another time."""
    table = Table(title="Differences from what was expected", title_justify="left", title_style="bold red")
    for column in ("", "Subject", "What", "Why", "Expected", "Happened"):
        table.add_column(column)
    for difference in found:
        entry = difference.expected or difference.happened
        assert entry is not None
        table.add_row(
            Text(difference.deviation, "yellow" if difference.deviation is Deviation.MOVED else "red"),
            entry.subject,
            entry.what,
            entry.why,
            *(
                "day {}, {}".format(*_when(each, start)) if each else "-"
                for each in (difference.expected, difference.happened)
            ),
        )
    return table


def verdict(console: Console, expected: int, found: Sequence[Difference], faults: Sequence[str]) -> int:
    """The last word; answers the exit code."""
    for fault in faults:
        console.print(f"[red]✗[/] {fault}")
    if not faults:
        console.print(
            "[green]✓[/] No promise of a mail was broken, each mail came once and in time, receipts and audit are unbroken"
            " chains, nothing to repair."
        )
    if found:
        console.print(f"[red]✗[/] {len(found)} differences from the expected timeline.")
    else:
        console.print(f"[green]✓[/] All of the {expected} expected events happened when they should, and no other.")
    return 1 if found or faults else 0

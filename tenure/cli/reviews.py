"""`tenure reviews`: the restricted-party review, for reviewers, and for operators who look on (RPL)."""

from typing import Annotated

import typer
from rich.text import Text

from tenure.cli import output, session
from tenure.cli.beside import differences, marked
from tenure.cli.parameters import Case, Json, Organisation, Reason
from tenure.client import Tenure
from tenure.contracts.base import Instant
from tenure.contracts.review import (
    CaseState,
    DecideCase,
    Decision,
    RplCase,
    RplCaseView,
    ScreeningTrigger,
    StoredScreening,
)
from tenure.contracts.screening import Agreement, Hit, Subject
from tenure.wording import span

app = typer.Typer(help="The restricted-party review: who may be a listed party waits here.", no_args_is_help=True)

_COLOURS = {
    CaseState.OPEN: "yellow",
    CaseState.APPROVED: "green",
    CaseState.REJECTED: "bold red",
    CaseState.UNRESOLVED: "red",
    CaseState.TIMED_OUT: "red",
}
_AGREEMENTS = {Agreement.AGREES: "bold red", Agreement.DIFFERS: "green", Agreement.UNKNOWN: "dim"}


@app.command("list")
def list_cases(
    *,
    state: Annotated[CaseState | None, typer.Option(help="Only those in this state; open ones, if not given.")] = None,
    every: Annotated[bool, typer.Option("--all", help="Closed ones, too.")] = False,
    older_than: Annotated[
        int | None, typer.Option("--older-than", min=0, metavar="MINUTES", help="Only those opened so long ago.")
    ] = None,
    json: Json = False,
) -> None:
    """List open cases by deadline, with the time that is left and their age; slow ones are marked.

    Others, and all, are listed from the newest on.
    """
    wanted = None if every else state or CaseState.OPEN

    async def work(tenure: Tenure) -> tuple[list[RplCase], Instant]:
        found = tenure.reviews.list_rpl_cases(state=wanted, older_than_minutes=older_than)
        return [one async for one in found], await tenure.now()

    found, now = session.run(work)
    if json:
        output.print_json(found)
        return
    output.print_table(
        ("Case", "Customer", "Partner", "Because of", "Entries", "State", "Decide by", "Age"),
        [
            (
                one.case_id,
                f"{one.customer_name} ({one.organisation_id})",
                one.partner_id,
                output.words(one.trigger),
                str(one.hits),
                output.coloured(one.state.replace("_", " "), _COLOURS[one.state]),
                _decide_by(one, now),
                _age(one),
            )
            for one in found
        ],
        "Nothing waits for a decision." if wanted is CaseState.OPEN else "There are no such cases.",
    )


@app.command()
def show(case: Case, *, json: Json = False) -> None:
    """Show one case: the customer beside each entry that it may be, with what differs."""
    view = session.run(lambda tenure: tenure.reviews.get_rpl_case(case))
    _report(view, json=json)


@app.command()
def decide(
    case: Case,
    decision: Annotated[Decision, typer.Argument(help="Approve: the customer is none of the entries.")],
    *,
    reason: Reason,
    json: Json = False,
) -> None:
    """Decide a case, once and for good."""
    with session.checking():
        command = DecideCase(case_id=case, decision=decision, reason=reason)
    view = session.run(lambda tenure: tenure.reviews.decide_rpl_case(command))
    if json:
        output.print_json(view)
    else:
        output.say(f"{view.case_id} is {output.words(view.state)}, decided by {view.decided_by}.")


@app.command()
def screenings(organisation: Organisation, *, json: Json = False) -> None:
    """List every screening of a customer, newest first, with what it was held against."""

    async def work(tenure: Tenure) -> list[StoredScreening]:
        return [one async for one in tenure.reviews.list_screenings(organisation)]

    found = session.run(work)
    if json:
        output.print_json(found)
        return
    output.print_table(
        ("When", "Because of", "Result", "Entries", "Cleared before", "Case", "Lists"),
        [
            (
                output.instant(one.screened_at),
                output.words(one.trigger),
                output.coloured(one.result, "green" if one.result == "clear" else "yellow"),
                str(len(one.hits)),
                str(len(one.known)),
                one.case_id,
                ", ".join(f"{each.list_id} {each.version}" for each in one.lists),
            )
            for one in found
        ],
        "Nothing was screened.",
    )


def _report(view: RplCaseView, *, json: bool) -> None:
    if json:
        output.print_json(view)
        return
    output.print_fields(
        [
            ("Case", view.case_id),
            ("Customer", f"{view.customer_name} ({view.organisation_id}) of {view.partner_id}"),
            ("Because of", output.words(view.trigger)),
            ("Trial", view.trial_id),
            ("State", output.coloured(view.state.replace("_", " "), _COLOURS[view.state])),
            ("Decide by", _decide_by(view, view.as_of)),
            ("Age", _age(view)),
            ("Decided", f"{output.instant(view.decided_at)} by {view.decided_by}" if view.decided_at else None),
            ("Reason", view.reason),
            ("Lists", ", ".join(f"{each.list_id} version {each.version}" for each in view.lists)),
        ]
    )
    for number, hit in enumerate(view.found, 1):
        output.heading(f"{number}. {hit.primary_name}: {hit.list_id} {hit.entry_id}, {hit.kind}, {hit.score:.2f} alike")
        output.print_table(("", "Customer", "Entry", "Difference"), _rows(view.subject, hit), "")
    if view.omitted:
        output.say(f"\nAnd {view.omitted} more entries, less like it than these.", "yellow")


def _rows(
    subject: Subject | None, hit: Hit
) -> list[tuple[str, str | Text | None, str | Text | None, str | Text | None]]:
    listed = marked(hit.listed_name, hit.name).append(f" ({hit.quality})", "dim")
    country, address, births = (subject.country, subject.address, subject.births) if subject else (None, None, ())
    alike = f"{hit.address:.2f} alike" if hit.address is not None else None
    return [
        ("Name", marked(hit.name, hit.listed_name), listed, differences(hit.name, hit.listed_name)),
        ("Country", country, ", ".join(hit.countries), _agreement(hit.country)),
        (
            "Address",
            marked(address, hit.listed_address or "") if address else None,
            marked(hit.listed_address, address or "") if hit.listed_address else None,
            alike,
        ),
        ("Born", ", ".join(births), ", ".join(hit.births), _agreement(hit.birth)),
        ("Listed for", None, "; ".join(hit.programmes), None),
    ]


def _agreement(agreement: Agreement) -> Text:
    return output.coloured(agreement, _AGREEMENTS[agreement])


def _decide_by(case: RplCase, now: Instant) -> str | None:
    """Until when a decision counts; what an updated list has found waits for one however long (Q-32)."""
    if case.trigger is ScreeningTrigger.LIST_UPDATE:
        return None
    return output.due(case.deadline_at, now) if case.state is CaseState.OPEN else output.instant(case.deadline_at)


def _age(case: RplCase) -> Text:
    return output.coloured(f"{span(case.age)}, slow", "bold red") if case.slow else Text(span(case.age))

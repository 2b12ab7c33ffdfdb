"""`tenure delete-now` and `tenure erasures`: the customer's own request, and the way back from the vendor's mistakes."""

from pathlib import Path
from typing import Annotated

import typer

from tenure.cli import output, session
from tenure.cli.parameters import Json, Organisation, Reason, organisation, person
from tenure.contracts.erasure import AbortErasures, AbortResult, ErasureState
from tenure.contracts.organisation import DeleteNow
from tenure.ids import OrganisationId, PersonId

erasures = typer.Typer(help="Erasures, which can be aborted while their quarantine lasts.", no_args_is_help=True)


def delete_now(
    organisation: Organisation,
    *,
    person: Annotated[
        PersonId, typer.Option("--person", parser=person, metavar="PERSON", help="A full admin of it, who asks.")
    ],
    confirm: Annotated[str, typer.Option("--confirm", metavar="NAME", help="The organisation's name, exactly.")],
    json: Json = False,
) -> None:
    """Delete an organisation at its own request: at once, with all content, and for good."""
    with session.checking():
        command = DeleteNow(organisation_id=organisation, person_id=person, confirmation=confirm)
    erasure = session.run(lambda tenure: tenure.organisations.delete_now(command), confirm_with="--confirm")
    if json:
        output.print_json(erasure)
    else:
        output.say(f"{organisation} is being erased.")


@erasures.command("list")
def list_erasures(
    *,
    state: Annotated[ErasureState | None, typer.Option(help="Only those in this state.")] = None,
    json: Json = False,
) -> None:
    """List erasures, newest first."""
    found = session.run(lambda tenure: tenure.erasures.list(state))
    if json:
        output.print_json(found)
        return
    output.print_table(
        ("Organisation", "State", "Cause", "Fenced", "Quarantine ends", "Held because"),
        [
            (
                one.organisation_id,
                one.state,
                output.words(one.cause),
                output.instant(one.fenced_at),
                output.instant(one.quarantine_until),
                output.words(one.held_because),
            )
            for one in found
        ],
        "No erasures.",
    )


@erasures.command()
def abort(
    organisations: Annotated[
        list[OrganisationId] | None,
        typer.Argument(parser=organisation, metavar="ORGANISATION", help="Each one by its id."),
    ] = None,
    *,
    reason: Reason,
    file: Annotated[
        Path | None, typer.Option("--file", exists=True, dir_okay=False, help="More ids, one a line.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the plan, and change nothing.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask after the plan.")] = False,
    json: Json = False,
) -> None:
    """Stop erasures that a mistake of the vendor began. The plan is shown first.

    Each organisation is marked again with its data as it was, and its countdown begins anew.
    """
    with session.checking():
        command = AbortErasures(organisations=(*(organisations or ()), *_read(file)), reason=reason)
    if dry_run or not yes:
        plan = session.run(lambda tenure: tenure.erasures.plan_abort(command))
        _report(plan, "would be aborted", json=json and dry_run)
        if dry_run:
            return
        _confirm(len(plan.aborted))
    _report(session.run(lambda tenure: tenure.erasures.abort(command)), "aborted", json=json)


def _read(file: Path | None) -> list[OrganisationId]:
    lines = session.read(file).splitlines() if file is not None else []
    return [organisation(line.strip()) for line in lines if line.strip()]


def _confirm(count: int) -> None:
    if not count:
        session.fail("None of these can be aborted.", session.ExitCode.REFUSED)
    session.confirm(f"Abort {count}?")


def _report(result: AbortResult, verb: str, *, json: bool) -> None:
    if json:
        output.print_json(result)
        return
    output.print_table(
        ("Organisation", "Outcome"),
        [
            *((one, verb) for one in result.aborted),
            *((one, f"refused: {output.words(code)}") for one, code in result.refused.items()),
        ],
        "",
    )

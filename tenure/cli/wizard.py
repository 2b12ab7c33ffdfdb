"""`tenure wizard`: the first launch of an organisation (WIZ)."""

from collections.abc import Awaitable, Callable
from typing import Annotated

import typer

from tenure.cli import output, session
from tenure.cli.customers import units_of
from tenure.cli.parameters import Json, Organisation, Person
from tenure.client import Tenure
from tenure.contracts.wizard import AcceptTerms, Wizard, WizardCommand, WizardStep

app = typer.Typer(help="The first launch of an organisation, which remembers where it was.", no_args_is_help=True)

_NEXT = {
    WizardStep.ACCEPT_TERMS: "Read the terms, and accept them with `tenure wizard accept-terms`.",
    WizardStep.GET_STARTED: "Go on with `tenure wizard get-started`.",
    WizardStep.FOLLOW_PROMPTS: "Follow the prompts, and end with `tenure wizard complete`.",
}


@app.command()
def launch(organisation: Organisation, *, person: Person = None, json: Json = False) -> None:
    """Open an organisation where it was left, with the summary of its plan."""
    command = WizardCommand(organisation_id=organisation, person_id=person)
    _go(lambda tenure: tenure.wizard.launch_org(command), json=json)


@app.command()
def accept_terms(
    organisation: Organisation,
    *,
    version: Annotated[str, typer.Option("--version", help="The one that was read.")],
    person: Person = None,
    json: Json = False,
) -> None:
    """Accept the terms of this very version."""
    with session.checking():
        command = AcceptTerms(organisation_id=organisation, person_id=person, terms_version=version)
    _go(lambda tenure: tenure.wizard.accept_terms(command), json=json)


@app.command()
def get_started(organisation: Organisation, *, person: Person = None, json: Json = False) -> None:
    """Begin the prompts; the terms come first."""
    command = WizardCommand(organisation_id=organisation, person_id=person)
    _go(lambda tenure: tenure.wizard.get_started(command), json=json)


@app.command()
def complete(organisation: Organisation, *, person: Person = None, json: Json = False) -> None:
    """Say that the prompts were followed: the organisation is set up."""
    command = WizardCommand(organisation_id=organisation, person_id=person)
    _go(lambda tenure: tenure.wizard.complete_setup(command), json=json)


def _go(step: Callable[[Tenure], Awaitable[Wizard]], *, json: bool) -> None:
    wizard = session.run(step)
    if json:
        output.print_json(wizard)
        return
    accepted = f"{output.instant(wizard.accepted_at)} by {wizard.accepted_by}" if wizard.accepted_at else None
    output.print_fields(
        [
            ("Organisation", f"{wizard.organisation_name} ({wizard.organisation_id})"),
            ("Step", output.words(wizard.step)),
            ("Package", wizard.package),
            ("Units", units_of(wizard.quantities)),
            ("Services", ", ".join(wizard.services)),
            ("Terms", f"{wizard.terms_version}, {wizard.terms_url}"),
            ("Accepted", accepted),
            ("Set up", output.instant(wizard.completed_at)),
        ]
    )
    if wizard.step in _NEXT:
        output.say(_NEXT[wizard.step])

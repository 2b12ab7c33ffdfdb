"""`tenure trials pending`, `accept` and `decline`: the customer's side, as its admin console has it."""

from typing import Annotated

import typer

from tenure.cli import output, session
from tenure.cli.parameters import Json, Organisation, Trial, person
from tenure.client import Tenure
from tenure.contracts.base import Instant
from tenure.contracts.consent import AcceptTrial, ConsentRequest, DeclineTrial
from tenure.ids import PersonId

FullAdmin = Annotated[
    PersonId, typer.Option("--person", parser=person, metavar="PERSON", help="A full admin of the customer.")
]


def pending(organisation: Organisation, *, person: FullAdmin, json: Json = False) -> None:
    """List what waits for the consent of an organisation."""

    async def work(tenure: Tenure) -> tuple[tuple[ConsentRequest, ...], Instant]:
        return await tenure.trials.pending(organisation, person), await tenure.now()

    found, now = session.run(work)
    if json:
        output.print_json(found)
        return
    output.print_table(
        ("Trial", "Partner", "Services", "Decide by"),
        [
            (
                one.trial_id,
                f"{one.partner_name} ({one.partner_id})",
                ", ".join(service.name for service in one.services),
                output.due(one.deadline_at, now),
            )
            for one in found
        ],
        "Nothing waits for consent.",
    )


def accept(
    trial: Trial,
    *,
    person: FullAdmin,
    full_administration: Annotated[
        bool, typer.Option("--full-administration", help="Let the partner manage users and licences as well.")
    ] = False,
    json: Json = False,
) -> None:
    """Accept a trial for a customer."""
    with session.checking():
        command = AcceptTrial(trial_id=trial, person_id=person, full_administration=full_administration)
    view = session.run(lambda tenure: tenure.trials.accept(command))
    if json:
        output.print_json(view)
    else:
        output.say(f"{trial} is accepted: {output.words(view.state)}, with {view.access} access.")


def decline(trial: Trial, *, person: FullAdmin, json: Json = False) -> None:
    """Decline a trial for a customer."""
    with session.checking():
        command = DeclineTrial(trial_id=trial, person_id=person)
    session.run(lambda tenure: tenure.trials.decline(command))
    if json:
        output.print_json(command)
    else:
        output.say(f"{trial} is declined.")

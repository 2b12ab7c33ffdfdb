"""`tenure organisations`: the customer list, and one of them."""

from typing import Annotated

import typer

from tenure.cli import output, session
from tenure.cli.parameters import Json, Organisation, Partner
from tenure.client import Tenure
from tenure.contracts.licence import LicenceState
from tenure.contracts.organisation import OrganisationSummary

app = typer.Typer(help="The customer list, one organisation, and what happened to it.", no_args_is_help=True)


@app.command("list")
def list_organisations(
    *,
    to_be_deleted: Annotated[bool, typer.Option("--to-be-deleted", help="Only those with the label.")] = False,
    partner: Partner = None,
    named: Annotated[str | None, typer.Option("--named", help="Only those whose name contains this.")] = None,
    json: Json = False,
) -> None:
    """List organisations with their next dates; deleted ones are left out."""

    async def work(tenure: Tenure) -> list[OrganisationSummary]:
        found = tenure.organisations.list(to_be_deleted=True if to_be_deleted else None, named=named)
        return [organisation async for organisation in found if partner is None or partner in organisation.partners]

    found = session.run(work)
    if json:
        output.print_json(found)
        return
    output.print_table(
        ("Organisation", "Name", "State", "Next", "When", "Deleted not before", "Alert"),
        [
            (
                one.organisation_id,
                f"{one.name} (own organisation)" if one.is_own_org else one.name,
                "To be deleted" if one.to_be_deleted else output.words(one.state),
                output.words(one.next_kind),
                output.instant(one.next_due_at),
                output.instant(one.deletion_at),
                output.words(one.alert),
            )
            for one in found
        ],
        "There are no such organisations."
        if named
        else "No organisation is to be deleted."
        if to_be_deleted
        else "There are no organisations.",
    )


@app.command()
def show(organisation: Organisation, *, json: Json = False) -> None:
    """Show one organisation with its licences and people."""
    view = session.run(lambda tenure: tenure.organisations.show(organisation))
    if json:
        output.print_json(view)
        return
    output.print_fields(
        [
            ("Organisation", f"{view.name} ({view.organisation_id})"),
            ("State", "To be deleted" if view.to_be_deleted else output.words(view.state)),
            ("Place", f"{view.country}, {view.language}, {view.time_zone}"),
            ("Industry", view.industry),
            ("Data live in", view.region),
            ("Partners", ", ".join(view.partners)),
            ("Customers managed", str(view.managed_customers)),
            ("Last activity", output.instant(view.last_activity_at)),
            ("Marked", output.instant(view.marked_at)),
            (
                "Next",
                f"{output.words(view.next_kind)}, {output.instant(view.next_due_at)}" if view.next_due_at else None,
            ),
            ("Deleted not before", output.instant(view.deletion_at)),
            ("Alert", output.words(view.alert)),
        ]
    )
    output.heading("Licences")
    output.print_table(
        ("Licence set", "Kind", "Services", "State", "Expiry", "Removal"),
        [
            (
                one.licence_set_id,
                one.kind,
                ", ".join(one.services),
                output.coloured("Expired", "bold red") if one.state is LicenceState.SUSPENDED else one.state,
                output.instant(one.expires_at),
                output.instant(one.removal_due_at),
            )
            for one in view.licence_sets
        ],
        "None.",
    )
    output.heading("People")
    output.print_table(
        ("Person", "Name", "Mail", "Roles"),
        [
            (one.person_id, one.name, one.email, ", ".join(role.replace("_", " ") for role in one.roles))
            for one in view.people
        ],
        "None.",
    )


@app.command()
def audit(organisation: Organisation, *, json: Json = False) -> None:
    """Show every state change: who, what, why and when."""
    entries = session.run(lambda tenure: tenure.organisations.audit(organisation))
    if json:
        output.print_json(entries)
        return
    output.print_table(
        ("When", "What", "From", "To", "Why", "Who"),
        [
            (
                output.instant(one.at),
                output.words(one.action),
                one.from_state,
                one.to_state,
                output.words(one.reason),
                one.actor,
            )
            for one in entries
        ],
        "Nothing has changed.",
    )

"""`tenure users`: who uses a wholesale customer's packages, add-ons and numbers (USR, NUM, ADM)."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Annotated

import typer

from tenure.cli import output, session
from tenure.cli.parameters import Json, Organisation, Person, instant, partner, person
from tenure.client import Tenure
from tenure.contracts.organisation import Role
from tenure.contracts.package import BillableItem
from tenure.contracts.user import (
    AddOnCommand,
    AssignNumber,
    ChangeUserPackage,
    CreateUser,
    DeleteUser,
    ReleaseNumber,
    SetUserRole,
    User,
)
from tenure.ids import PartnerId, PersonId

app = typer.Typer(help="Users of wholesale customers, with packages, add-ons and numbers.", no_args_is_help=True)

UserId = Annotated[PersonId, typer.Argument(parser=person, metavar="USER", help="Such as per_jean.")]
AddOn = Annotated[str, typer.Argument(metavar="ADD_ON", help="See `tenure customers packages`.")]
Number = Annotated[str, typer.Argument(metavar="NUMBER", help="Such as +41225550100.")]
UserRole = Annotated[str, typer.Option("--role", help="user, customer_admin or customer_full_admin.")]


@app.command("list")
def list_users(organisation: Organisation, *, json: Json = False) -> None:
    """List a customer's users."""

    async def work(tenure: Tenure) -> list[User]:
        return [one async for one in tenure.users.list_users(organisation)]

    found = session.run(work)
    if json:
        output.print_json(found)
        return
    output.print_table(
        ("User", "Name", "Mail", "Roles", "Package", "Services", "Add-ons", "Numbers"),
        [
            (
                one.person_id,
                one.name,
                one.email,
                ", ".join(role.replace("_", " ") for role in one.roles),
                one.package,
                ", ".join(one.services),
                ", ".join(one.add_ons),
                ", ".join(one.phone_numbers),
            )
            for one in found
        ],
        "This customer has no users.",
    )


@app.command()
def create(
    organisation: Organisation,
    *,
    email: Annotated[str, typer.Option("--email")],
    package: Annotated[str | None, typer.Option("--package", help="Such as suite; every user has one.")] = None,
    name: Annotated[str | None, typer.Option("--name", help="The address stands for it, if not given.")] = None,
    add_on: Annotated[list[str] | None, typer.Option("--add-on", help="Beside the package; once for each.")] = None,
    role: UserRole = Role.USER,
    person: Person = None,
    json: Json = False,
) -> None:
    """Add a user with exactly one package."""
    with session.checking():
        command = CreateUser.model_validate(
            {
                "organisation_id": organisation,
                "email": email,
                "package": package,
                "name": name,
                "add_ons": add_on or (),
                "role": role,
                "person_id": person,
            }
        )
    _change(lambda tenure: tenure.users.create_user(command), json=json)


@app.command()
def delete(organisation: Organisation, user: UserId, *, json: Json = False) -> None:
    """Take a user out: what it had is free at once."""
    command = DeleteUser(organisation_id=organisation, user_id=user)
    session.run(lambda tenure: tenure.users.delete_user(command))
    if json:
        output.print_json(command)
    else:
        output.say(f"{user} is gone.")


@app.command()
def change_package(
    organisation: Organisation,
    user: UserId,
    package: Annotated[str, typer.Argument(metavar="PACKAGE", help="See `tenure customers packages`.")],
    *,
    json: Json = False,
) -> None:
    """Replace a user's package in one step."""
    with session.checking():
        command = ChangeUserPackage(organisation_id=organisation, user_id=user, package=package)
    _change(lambda tenure: tenure.users.change_user_package(command), json=json)


@app.command()
def set_role(
    organisation: Organisation,
    user: UserId,
    role: Annotated[str, typer.Argument(metavar="ROLE", help="user, customer_admin or customer_full_admin.")],
    *,
    json: Json = False,
) -> None:
    """Make a user an administrator, or an administrator a user."""
    with session.checking():
        command = SetUserRole.model_validate({"organisation_id": organisation, "user_id": user, "role": role})
    _change(lambda tenure: tenure.users.set_user_role(command), json=json)


@app.command()
def assign_add_on(organisation: Organisation, user: UserId, add_on: AddOn, *, json: Json = False) -> None:
    """Give an add-on to a user, beside the package."""
    with session.checking():
        command = AddOnCommand(organisation_id=organisation, user_id=user, add_on=add_on)
    _change(lambda tenure: tenure.users.assign_add_on(command), json=json)


@app.command()
def remove_add_on(organisation: Organisation, user: UserId, add_on: AddOn, *, json: Json = False) -> None:
    """Take an add-on back."""
    with session.checking():
        command = AddOnCommand(organisation_id=organisation, user_id=user, add_on=add_on)
    _change(lambda tenure: tenure.users.remove_add_on(command), json=json)


@app.command()
def assign_number(
    organisation: Organisation,
    number: Number,
    *,
    user: Annotated[PersonId | None, typer.Option("--user", parser=person, metavar="USER")] = None,
    location: Annotated[str | None, typer.Option("--location", help="Such as a reception, instead of a user.")] = None,
    json: Json = False,
) -> None:
    """Give a number to a user or to a location."""
    with session.checking():
        command = AssignNumber(organisation_id=organisation, phone_number=number, user_id=user, location=location)
    done = session.run(lambda tenure: tenure.users.assign_number(command))
    if json:
        output.print_json(done)
    else:
        output.say(f"{done.phone_number} is assigned to {done.user_id or done.location}.")


@app.command()
def release_number(organisation: Organisation, number: Number, *, json: Json = False) -> None:
    """Take a number back."""
    with session.checking():
        command = ReleaseNumber(organisation_id=organisation, phone_number=number)
    done = session.run(lambda tenure: tenure.users.release_number(command))
    if json:
        output.print_json(done)
    else:
        output.say(f"{done.phone_number} is free.")


@app.command()
def billable_items(
    *,
    partner: Annotated[PartnerId, typer.Option("--partner", parser=partner, metavar="PARTNER", help="Whose bill.")],
    from_: Annotated[datetime, typer.Option("--from", parser=instant, metavar="INSTANT")],
    to: Annotated[datetime, typer.Option("--to", parser=instant, metavar="INSTANT", help="The first not counted.")],
    json: Json = False,
) -> None:
    """List the add-ons that were assigned at some time between two instants."""

    async def work(tenure: Tenure) -> list[BillableItem]:
        return [one async for one in tenure.users.list_billable_items(partner, from_=from_, to=to)]

    found = session.run(work)
    if json:
        output.print_json(found)
        return
    output.print_table(
        ("Item", "Add-on", "Customer", "User", "From", "To"),
        [
            (
                str(one.item_id),
                one.add_on,
                one.organisation_id,
                one.person_id,
                output.instant(one.started_at),
                output.instant(one.ended_at),
            )
            for one in found
        ],
        "Nothing is billed for that time.",
    )


def _change(change: Callable[[Tenure], Awaitable[User]], *, json: bool) -> None:
    user = session.run(change)
    if json:
        output.print_json(user)
        return
    output.print_fields(
        [
            ("User", f"{user.name} ({user.person_id})"),
            ("Mail", user.email),
            ("Roles", ", ".join(role.replace("_", " ") for role in user.roles)),
            ("Package", user.package),
            ("Services", ", ".join(user.services)),
            ("Add-ons", ", ".join(user.add_ons)),
            ("Numbers", ", ".join(user.phone_numbers)),
        ]
    )

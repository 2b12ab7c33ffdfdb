"""`tenure devices`: trial devices, shipped and returned by their own end date."""

from datetime import datetime
from typing import Annotated

import typer
from rich.text import Text

from tenure.cli import output, session
from tenure.cli.parameters import By, Json, Partner, Trial, instant, organisation
from tenure.client import Tenure
from tenure.contracts.base import Instant
from tenure.contracts.device import (
    DeviceReturnView,
    DeviceState,
    FindDemoOrder,
    RegisterReturn,
    RequestReturnLabel,
    ReturnGuide,
    ShipDevices,
)
from tenure.ids import OrganisationId

app = typer.Typer(help="Trial devices: shipped, and back within 14 days of their own end date.", no_args_is_help=True)

_COLOURS = {DeviceState.SHIPPED: "yellow", DeviceState.OVERDUE: "bold red", DeviceState.RETURNED: "green"}

Serials = Annotated[list[str], typer.Option("--serial", metavar="SERIAL", help="Once for each device.")]


@app.command("list")
def list_devices(
    *,
    partner: Partner = None,
    overdue: Annotated[bool, typer.Option("--overdue", help="Only what is overdue.")] = False,
    json: Json = False,
) -> None:
    """List what is still to come back, the earliest first."""

    async def work(tenure: Tenure) -> tuple[list[DeviceReturnView], Instant]:
        found = tenure.devices.outstanding(partner_id=partner, overdue=True if overdue else None)
        return [one async for one in found], await tenure.now()

    found, now = session.run(work)
    if json:
        output.print_json(found)
        return
    output.print_table(
        ("Trial", "Organisation", "Demo order", "Out", "Due back", "Partner"),
        [
            (
                one.trial_id,
                output.named(one.organisation_name, one.organisation_id),
                one.demo_order,
                f"{_out(one)} of {len(one.devices)}",
                _due(one, now),
                one.partner_id,
            )
            for one in found
        ],
        "Nothing is overdue." if overdue else "Nothing is to come back.",
    )


@app.command()
def show(trial: Trial, *, json: Json = False) -> None:
    """Show the devices of a trial, and how they go back."""

    async def work(tenure: Tenure) -> tuple[DeviceReturnView, Instant]:
        return await tenure.devices.show(trial), await tenure.now()

    view, now = session.run(work)
    _report(view, now, json=json)


@app.command()
def ship(
    trial: Trial,
    *,
    demo_order: Annotated[str, typer.Option("--demo-order", help="Under which they were shipped.")],
    serial: Serials,
    device_end: Annotated[
        datetime,
        typer.Option(
            "--device-end", parser=instant, metavar="INSTANT", help="Of the licence agreement, not the trial's end."
        ),
    ],
    json: Json = False,
) -> None:
    """Report that devices were shipped for a trial."""
    with session.checking():
        command = ShipDevices(trial_id=trial, demo_order=demo_order, serials=tuple(serial), device_ends_at=device_end)

    async def work(tenure: Tenure) -> tuple[DeviceReturnView, Instant]:
        return await tenure.devices.ship(command), await tenure.now()

    view, now = session.run(work)
    _report(view, now, json=json)


@app.command()
def label(trial: Trial, *, by: By, json: Json = False) -> None:
    """Ask for a new return label, within the USA; elsewhere the way back is shown by `tenure devices show`."""
    with session.checking():
        command = RequestReturnLabel(trial_id=trial, by=by)
    guide = session.run(lambda tenure: tenure.trials.request_return_label(command))
    if json:
        output.print_json(guide)
    else:
        _guide(guide)


@app.command()
def returned(trial: Trial, *, serial: Serials, by: By, json: Json = False) -> None:
    """Report that devices came back."""
    with session.checking():
        command = RegisterReturn(trial_id=trial, by=by, serials=tuple(serial))

    async def work(tenure: Tenure) -> tuple[DeviceReturnView, Instant]:
        return await tenure.trials.register_return(command), await tenure.now()

    view, now = session.run(work)
    _report(view, now, json=json)


@app.command("find-order")
def find_order(
    *,
    by_organisation: Annotated[
        OrganisationId | None,
        typer.Option("--organisation", parser=organisation, metavar="ORGANISATION", help="With --email."),
    ] = None,
    email: Annotated[str | None, typer.Option("--email", help="Of an admin of that organisation.")] = None,
    serial: Annotated[
        list[str] | None, typer.Option("--serial", metavar="SERIAL", help="Or all serial numbers of the trial.")
    ] = None,
    json: Json = False,
) -> None:
    """Find a demo order number that is not known any more."""
    with session.checking():
        question = FindDemoOrder(by_organisation=by_organisation, admin_email=email, serials=tuple(serial or ()))
    found = session.run(lambda tenure: tenure.devices.find_demo_order(question))
    if json:
        output.print_json(found)
    else:
        output.say(found.demo_order)


def _report(view: DeviceReturnView, now: Instant, *, json: bool) -> None:
    if json:
        output.print_json(view)
        return
    output.print_fields(
        [
            ("Trial", view.trial_id),
            ("Organisation", view.organisation_id),
            ("Demo order", view.demo_order),
            ("Devices end", output.due(view.device_ends_at, now)),
            ("Due back", _due(view, now)),
        ]
    )
    output.heading("Devices")
    output.print_table(
        ("Serial", "State", "Returned"),
        [
            (one.serial, output.coloured(one.state, _COLOURS[one.state]), output.instant(one.returned_at))
            for one in view.devices
        ],
        "None.",
    )
    output.heading("The way back")
    _guide(view.guide)


def _guide(guide: ReturnGuide) -> None:
    if guide.label_sent:
        output.say("A new label is on its way.", style="green")
    for step in guide.steps:
        output.say(f"- {step}")


def _due(view: DeviceReturnView, now: Instant) -> Text:
    return output.coloured(output.due(view.due_at, now) or "", "bold red" if view.overdue else "")


def _out(view: DeviceReturnView) -> int:
    return sum(1 for one in view.devices if one.state is not DeviceState.RETURNED)

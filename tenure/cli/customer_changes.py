"""What becomes of a wholesale customer: `tenure customers update-address`, `set-quantities`, `run-provisioning` and so on."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated

import typer

from tenure.cli import output, session
from tenure.cli.customers import City, Country, Line, PostalCode, Region, address, report, units_of
from tenure.cli.parameters import Json, Organisation, Person, Yes, units
from tenure.client import Tenure
from tenure.contracts.base import Instant
from tenure.contracts.customer import (
    CancelSubscription,
    CustomerView,
    PaymentState,
    SetPaymentState,
    Subscription,
    UpdateBillingAddress,
)
from tenure.contracts.package import SetQuantities
from tenure.contracts.user import ItemOutcome, RunProvisioning
from tenure.errors import Refusal, RefusalCode

_COLOURS = {ItemOutcome.CREATED: "green", ItemOutcome.PRESENT: "dim", ItemOutcome.FAILED: "bold red"}


def update_address(
    organisation: Organisation,
    *,
    line: Line = None,
    city: City = None,
    region: Region = None,
    postal_code: PostalCode = None,
    country: Country = None,
    resync: Annotated[
        bool, typer.Option("--resync", help="Let the organisation's country and call-in numbers follow, once.")
    ] = False,
    json: Json = False,
) -> None:
    """Propose a new billing address, as a whole: it is screened first, and the old one stays in force meanwhile."""
    with session.checking():
        command = UpdateBillingAddress.model_validate(
            {
                "organisation_id": organisation,
                "billing_address": address(line, city, region, postal_code, country),
                "resync": resync,
            }
        )

    async def work(tenure: Tenure) -> tuple[CustomerView, Instant]:
        return await tenure.customers.update_billing_address(command), await tenure.now()

    view, now = session.run(work)
    report(view, now, json=json)


def set_quantities(
    organisation: Organisation,
    quantities: Annotated[list[str] | None, typer.Argument(metavar="CODE=N...", help="Of packages.")] = None,
    *,
    add_on: Annotated[
        list[str] | None, typer.Option("--add-on", metavar="CODE=N", help="Of an add-on; once for each.")
    ] = None,
    json: Json = False,
) -> None:
    """Raise or lower how many packages and add-ons a customer may assign; others stay as they are."""
    with session.checking():
        command = SetQuantities(organisation_id=organisation, packages=units(quantities), add_ons=units(add_on))
    found = session.run(lambda tenure: tenure.customers.set_quantities(command))
    if json:
        output.print_json(found)
    else:
        output.say(f"{organisation} has assigned {units_of(found.quantities)}.")


def run_provisioning(
    organisation: Organisation,
    *,
    file: Annotated[
        Path | None,
        typer.Option("--file", exists=True, dir_okay=False, help="JSON with `users` and `numbers`."),
    ] = None,
    with_creation: Annotated[
        bool, typer.Option("--with-creation", help="Take along what came with the creation and waits.")
    ] = False,
    person: Person = None,
    json: Json = False,
) -> None:
    """Finish users and numbers: what is there stays, and each item says what became of it. Exit code 1 if any failed."""
    body = session.read_object(file)
    with session.checking():
        command = RunProvisioning.model_validate(
            body | {"organisation_id": organisation, "with_creation": with_creation, "person_id": person}
        )
    run = session.run(lambda tenure: tenure.customers.run_provisioning(command))
    if json:
        output.print_json(run)
    elif run.retried_account:
        output.say("The account is being created again; run this once more when the customer is active.")
    else:
        output.print_table(
            ("Item", "Which", "Outcome", "Why"),
            [
                (one.kind, one.key, output.coloured(one.outcome, _COLOURS[one.outcome]), one.message)
                for one in run.results
            ],
            "There is nothing left to do.",
        )
    if any(one.outcome is ItemOutcome.FAILED for one in run.results):
        raise typer.Exit(session.ExitCode.REFUSED)


def cancel_subscription(organisation: Organisation, *, yes: Yes = False, json: Json = False) -> None:
    """End a customer's wholesale subscription."""
    subscription, name = session.run(_subscription(organisation))
    if not yes:
        session.confirm(f"End the subscription {subscription.licence_set_id} of {name}?")
    command = CancelSubscription(licence_set_id=subscription.licence_set_id)
    done = session.run(lambda tenure: tenure.customers.cancel_subscription(command))
    _report(done, json=json)


def set_payment_state(
    organisation: Organisation,
    payment: Annotated[PaymentState, typer.Argument(help="Unpaid, the customer is shown as suspended.")],
    *,
    json: Json = False,
) -> None:
    """Say whether a customer's subscription is paid."""
    subscription, _ = session.run(_subscription(organisation))
    command = SetPaymentState(licence_set_id=subscription.licence_set_id, payment_state=payment)
    done = session.run(lambda tenure: tenure.customers.set_payment_state(command))
    _report(done, json=json)


def _subscription(organisation: Organisation) -> Callable[[Tenure], Awaitable[tuple[Subscription, str]]]:
    async def work(tenure: Tenure) -> tuple[Subscription, str]:
        view = await tenure.customers.get_onboarding(organisation)
        if view.subscription is None:
            raise Refusal(RefusalCode.SUBSCRIPTION_NOT_FOUND)
        return view.subscription, view.name

    return work


def _report(done: Subscription, *, json: bool) -> None:
    if json:
        output.print_json(done)
        return
    attention = ", ".join(filter(None, map(output.words, done.statuses)))
    output.say(f"{done.licence_set_id} of {done.organisation_id} is {done.state}, {done.payment_state}. {attention}")

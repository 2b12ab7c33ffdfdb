"""`tenure customers`: wholesale customers, from their creation on (ONB)."""

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.text import Text

from tenure.cli import output, session
from tenure.cli.parameters import Json, Organisation, Partner, units
from tenure.client import Tenure
from tenure.contracts.base import Instant
from tenure.contracts.customer import CreateCustomer, CustomerSummary, CustomerView, OnboardingState
from tenure.contracts.package import Quantity

app = typer.Typer(help="Wholesale customers, from their creation on.", no_args_is_help=True)

_COLOURS = {
    OnboardingState.RECEIVED: "cyan",
    OnboardingState.SCREENING: "cyan",
    OnboardingState.PENDING_RPL_REVIEW: "yellow",
    OnboardingState.PROVISIONING: "cyan",
    OnboardingState.ACTIVE: "green",
    OnboardingState.ERROR: "bold red",
    OnboardingState.CANCELLED: "dim",
}

Line = Annotated[list[str] | None, typer.Option("--line", help="Street and house, as written there; once for each.")]
City = Annotated[str | None, typer.Option("--city")]
Region = Annotated[str | None, typer.Option("--region", help="State or province.")]
PostalCode = Annotated[str | None, typer.Option("--postal-code")]
Country = Annotated[str | None, typer.Option("--country", help="ISO 3166-1, such as DE: the organisation's, too.")]


@app.command("list")
def list_customers(
    *,
    partner: Partner = None,
    state: Annotated[OnboardingState | None, typer.Option(help="Only those in this state.")] = None,
    json: Json = False,
) -> None:
    """List customers with where their onboarding stands, and what needs attention."""

    async def work(tenure: Tenure) -> list[CustomerSummary]:
        return [one async for one in tenure.customers.list_customers(partner_id=partner, state=state)]

    found = session.run(work)
    if json:
        output.print_json(found)
        return
    output.print_table(
        ("Customer", "Name", "External id", "Partner", "State", "Needs attention", "Requested"),
        [
            (
                one.organisation_id,
                f"{one.name} (own organisation)" if one.is_own_org else one.name,
                one.external_id,
                one.partner_id,
                _standing(one),
                ", ".join(filter(None, map(output.words, one.statuses))),
                output.instant(one.requested_at),
            )
            for one in found
        ],
        "There are no such customers.",
    )


@app.command()
def show(organisation: Organisation, *, json: Json = False) -> None:
    """Show one customer: its onboarding, review, caps, sites and subscription."""

    async def work(tenure: Tenure) -> tuple[CustomerView, Instant]:
        return await tenure.customers.get_onboarding(organisation), await tenure.now()

    view, now = session.run(work)
    report(view, now, json=json)


@app.command()
def packages(*, json: Json = False) -> None:
    """List packages and add-ons with the codes that commands name them by."""
    offers = session.run(lambda tenure: tenure.customers.list_packages())
    if json:
        output.print_json(offers)
        return
    output.print_table(
        ("Code", "Name", "Level", "Services"),
        [(one.code, one.name, str(one.level), ", ".join(one.services)) for one in offers.packages],
        "There are no packages.",
    )
    output.heading("Add-ons")
    output.print_table(
        ("Code", "Name", "Available"),
        [
            (one.code, one.name, output.coloured(*(("yes", "green") if one.available else ("not yet", "yellow"))))
            for one in offers.add_ons
        ],
        "None.",
    )


@app.command()
def create(
    *,
    file: Annotated[
        Path | None,
        typer.Option("--file", exists=True, dir_okay=False, help="The body as JSON; options go before what it says."),
    ] = None,
    partner: Partner = None,
    external_id: Annotated[str | None, typer.Option("--external-id", help="Its reference in your own system.")] = None,
    name: Annotated[str | None, typer.Option("--name", help="Of the company.")] = None,
    line: Line = None,
    city: City = None,
    region: Region = None,
    postal_code: PostalCode = None,
    country: Country = None,
    package: Annotated[str | None, typer.Option("--package", help="That administrators hold, such as suite.")] = None,
    quantity: Annotated[
        list[str] | None, typer.Option("--quantity", metavar="CODE=N", help="Of a package; once for each.")
    ] = None,
    add_on: Annotated[
        list[str] | None, typer.Option("--add-on", metavar="CODE=N", help="Of an add-on; once for each.")
    ] = None,
    email: Annotated[str | None, typer.Option("--email", help="Of the first full admin.")] = None,
    admin_name: Annotated[str | None, typer.Option("--admin-name", help="Of the first full admin.")] = None,
    own_organisation: Annotated[
        bool | None, typer.Option("--own-organisation", help="The partner's own, which exists already.")
    ] = None,
    provision_after_review: Annotated[
        bool | None, typer.Option("--provision-after-review", help="Let users and numbers follow a cleared review.")
    ] = None,
    invoice_reference: Annotated[str | None, typer.Option("--invoice-reference", help="Your own.")] = None,
    json: Json = False,
) -> None:
    """Take in a customer: it is screened, and its account is created. The same again answers the same customer."""
    given: dict[str, Any] = {
        "partner_id": partner,
        "external_id": external_id,
        "name": name,
        "billing_address": address(line, city, region, postal_code, country),
        "package": package,
        "packages": units(quantity),
        "add_ons": units(add_on),
        "admin_email": email,
        "admin_name": admin_name,
        "own_organisation": own_organisation,
        "provision_after_review": provision_after_review,
        "invoice_reference": invoice_reference,
    }
    body = session.read_object(file)
    with session.checking():
        command = CreateCustomer.model_validate(body | {key: value for key, value in given.items() if value})

    async def work(tenure: Tenure) -> tuple[CustomerView, Instant]:
        return await tenure.customers.create_customer(command), await tenure.now()

    view, now = session.run(work)
    report(view, now, json=json)


def report(view: CustomerView, now: Instant, *, json: bool) -> None:
    """Print one customer."""
    if json:
        output.print_json(view)
        return
    review, change, paid = view.review, view.address_change, view.subscription
    output.print_fields(
        [
            ("Customer", f"{view.name} ({view.organisation_id})"),
            ("External id", f"{view.external_id} of {view.partner_id}"),
            ("State", coloured(view)),
            ("Since", output.due(view.state_since, now)),
            ("Problem", output.coloured(view.problem, "yellow") if view.problem else None),
            ("Needs attention", ", ".join(filter(None, map(output.words, view.statuses)))),
            ("Review", f"{review.case_id}, {output.words(review.state)}" if review else None),
            ("Decided until", output.due(review.deadline_at, now) if review and review.state == "open" else None),
            ("Billing address", ", ".join(filter(None, (view.billing_address.line, view.billing_address.country)))),
            (
                "New address",
                ", ".join(filter(None, (change.billing_address.line, change.billing_address.country)))
                if change
                else None,
            ),
            ("Its change", output.words(change.reason or change.state) if change else None),
            ("Country", view.org_country),
            ("Admins hold", view.package),
            ("Units", units_of(view.quantities)),
            ("Subscription", f"{paid.licence_set_id}, {paid.state}, {paid.payment_state}" if paid else None),
            ("Invoice", paid.invoice_reference if paid else None),
            (
                "Waiting items",
                f"{view.to_provision}: run `tenure customers run-provisioning`" if view.to_provision else None,
            ),
            ("Set up", "complete" if view.set_up_complete else "not yet"),
            ("Warnings", output.coloured(", ".join(filter(None, map(output.words, view.warnings))), "yellow")),
        ]
    )
    for site in view.sites:
        call_in = f"{site.call_in.phone_number} (by {output.words(site.call_in.rule)})" if site.call_in else "none"
        output.say(f"Site {site.url}: call-in {call_in}")


def units_of(quantities: tuple[Quantity, ...]) -> str:
    """Assigned and allowed of each package and add-on."""
    return ", ".join(f"{one.code} {one.assigned} of {one.limit}" for one in quantities)


def coloured(customer: CustomerSummary) -> Text:
    """A state in its colour, with its reason."""
    text = customer.state.replace("_", " ") + (f": {output.words(customer.reason)}" if customer.reason else "")
    return output.coloured(text, _COLOURS[customer.state])


def _standing(customer: CustomerSummary) -> Text:
    """A state, and while a review is waited for until when it is decided (RPL-07)."""
    if customer.state is not OnboardingState.PENDING_RPL_REVIEW or customer.review is None:
        return coloured(customer)
    return coloured(customer).append(f" until {output.instant(customer.review.deadline_at)}")


def address(
    line: list[str] | None, city: str | None, region: str | None, postal_code: str | None, country: str | None
) -> dict[str, Any]:
    """The parts of a billing address that are given."""
    parts = {"lines": line, "city": city, "region": region, "postal_code": postal_code, "country": country}
    return {name: value for name, value in parts.items() if value}

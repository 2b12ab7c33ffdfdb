"""`tenure trials`: what is asked for, and where each trial stands."""

from typing import Annotated
from uuid import uuid4

import typer
from rich.text import Text

from tenure.cli import output, session
from tenure.cli.parameters import By, Json, Partner, Trial, organisation, partner, trial
from tenure.client import Tenure
from tenure.contracts.base import Instant
from tenure.contracts.trial import (
    DeviceLine,
    RequestTrial,
    ServiceState,
    Site,
    TrialService,
    TrialState,
    TrialView,
)
from tenure.ids import OrganisationId, PartnerId, TrialId

app = typer.Typer(help="Trials, from the request to their end.", no_args_is_help=True)

_COLOURS = {
    TrialState.PENDING_CONSENT: "yellow",
    TrialState.AWAITING_DETAILS: "yellow",
    TrialState.PROVISIONING: "cyan",
    TrialState.ACTIVE: "green",
    TrialState.GRACE: "bold red",
    TrialState.CONVERTED: "green",
    TrialState.CANCELLED: "dim",
    TrialState.ENDED: "dim",
}
_SHOWN = frozenset({ServiceState.ORDERED, ServiceState.BUILT})
"""Services that are on trial; the others have left it."""
_ENDED = frozenset({TrialState.GRACE, TrialState.ENDED})
"""One that was cancelled or converted comes to no end any more (TC-11, TC-20)."""

OwnPartner = Annotated[
    PartnerId, typer.Option("--partner", parser=partner, metavar="PARTNER", help="Who sells, such as ptr_north.")
]
Customer = Annotated[
    OrganisationId | None,
    typer.Option("--organisation", parser=organisation, metavar="ORGANISATION", help="One that exists already."),
]
Email = Annotated[str | None, typer.Option("--email", help="Of an admin of the customer.")]
Country = Annotated[str | None, typer.Option("--country", help="ISO 3166-1, such as DE: it says where the data live.")]
SiteUrl = Annotated[str | None, typer.Option("--site-url", help="Host name of a meetings site.")]
SiteZone = Annotated[str | None, typer.Option("--site-time-zone", help="Of that site, such as Europe/Paris.")]


@app.command("list")
def list_trials(
    *,
    partner: Partner = None,
    organisation: Customer = None,
    state: Annotated[TrialState | None, typer.Option(help="Only those in this state.")] = None,
    ending: Annotated[
        int | None, typer.Option("--ending", min=0, max=3650, metavar="DAYS", help="Only what ends within these days.")
    ] = None,
    named: Annotated[str | None, typer.Option("--named", help="Only of customers whose name contains this.")] = None,
    json: Json = False,
) -> None:
    """List trials with the time that is left to each, what ends first before all, and whom to ask."""

    async def work(tenure: Tenure) -> tuple[list[TrialView], Instant]:
        found = tenure.trials.list(
            partner_id=partner,
            organisation_id=organisation,
            state=state,
            ending_within_days=ending,
            named=named,
            soonest_first=True,
        )
        return [one async for one in found], await tenure.now()

    found, now = session.run(work)
    if json:
        output.print_json(found)
        return
    output.print_table(
        ("Trial", "Customer", "State", "Services", "Until", "Access", "Contact"),
        [
            (
                one.trial_id,
                f"{one.organisation_name} ({one.organisation_id})",
                coloured(one.state),
                services(one.services),
                output.due(one.until, now),
                one.access,
                _contact(one),
            )
            for one in found
        ],
        "There are no such trials.",
    )


@app.command()
def show(trial: Trial, *, json: Json = False) -> None:
    """Show one trial with all its dates."""

    async def work(tenure: Tenure) -> tuple[TrialView, Instant]:
        return await tenure.trials.show(trial), await tenure.now()

    view, now = session.run(work)
    report(view, now, json=json)


@app.command()
def request(
    *,
    partner: OwnPartner,
    by: By,
    service: Annotated[list[str], typer.Option("--service", help="Such as calling; once for each.")],
    length: Annotated[
        int | None, typer.Option("--length", metavar="DAYS", help="The first on offer, if not given.")
    ] = None,
    organisation: Customer = None,
    company: Annotated[str | None, typer.Option("--company", help="A new customer's name.")] = None,
    email: Email = None,
    name: Annotated[str | None, typer.Option("--name", help="Of that admin.")] = None,
    industry: Annotated[
        str | None, typer.Option("--industry", help="Such as retail; see `tenure trials catalogue`.")
    ] = None,
    country: Country = None,
    language: Annotated[str, typer.Option("--language", help="Of a new customer's mails.")] = "en",
    time_zone: Annotated[str, typer.Option("--time-zone", help="Of a new customer.")] = "UTC",
    site_url: SiteUrl = None,
    site_time_zone: SiteZone = None,
    device: Annotated[list[str] | None, typer.Option("--device", metavar="MODEL[=N]", help="To be shipped.")] = None,
    own_id: Annotated[
        TrialId | None,
        typer.Option(
            "--id", parser=trial, metavar="TRIAL", help="To repeat a request safely: the same id, the same trial."
        ),
    ] = None,
    json: Json = False,
) -> None:
    """Begin a trial, or the request for consent to one: Tenure finds out which it is."""
    with session.checking():
        command = RequestTrial(
            trial_id=own_id or TrialId(f"trl_{uuid4()}"),
            partner_id=partner,
            requested_by=by,
            services=tuple(service),
            length_days=length,
            organisation_id=organisation,
            company_name=company,
            admin_email=email,
            admin_name=name,
            industry=industry,
            country=country,
            language=language,
            time_zone=time_zone,
            site=site(site_url, site_time_zone),
            devices=tuple(_device(line) for line in device or ()),
        )

    async def work(tenure: Tenure) -> tuple[TrialView, Instant]:
        return await tenure.trials.request(command), await tenure.now()

    view, now = session.run(work, confirm_with="--organisation")
    report(view, now, json=json)


def report(view: TrialView, now: Instant, *, json: bool) -> None:
    """Print one trial."""
    if json:
        output.print_json(view)
        return
    output.print_fields(
        [
            ("Trial", view.trial_id),
            ("State", coloured(view.state)),
            ("Customer", f"{view.organisation_name} ({view.organisation_id})"),
            ("Partner", view.partner_id),
            ("Way", output.words(view.path)),
            ("Services", services(view.services)),
            ("Site", view.site.url if view.site else None),
            ("Seats", str(view.seats) if view.seats else None),
            ("Length", f"{view.length_days} days"),
            ("Requested", output.instant(view.requested_at)),
            ("Consent", output.words(view.consent)),
            ("Screening", screening(view)),
            (
                "Consent by",
                output.due(view.consent_deadline_at, now) if view.state is TrialState.PENDING_CONSENT else None,
            ),
            ("Access", view.access),
            ("Active since", output.instant(view.activated_at)),
            ("Trial ends", output.due(view.ends_at, now) if view.state is TrialState.ACTIVE else None),
            ("Trial ended", output.due(view.ends_at, now) if view.state in _ENDED else None),
            ("Grace ends", output.due(view.grace_ends_at, now)),
            ("Numbers held until", output.due(view.numbers_held_until, now)),
            ("Devices end", output.due(view.device_ends_at, now)),
            ("Devices due back", output.due(view.devices_due_at, now)),
            ("Contact", _contact(view)),
        ]
    )


def _contact(view: TrialView) -> str | None:
    """Its name and address; who was asked for by address alone is called by it."""
    if view.contact is None:
        return None
    name, email = view.contact.name, view.contact.email
    return email if name == email else f"{name} <{email}>"


def screening(view: TrialView) -> str | None:
    """Where the screening of a customer stands that a trial has created, or why it is over, or not possible."""
    found = view.screening
    if found is None:
        return None
    return " ".join(filter(None, (output.words(found.reason or found.state), found.problem and f"({found.problem})")))


def services(found: tuple[TrialService, ...]) -> str:
    """What is on trial, with what the platform has against it."""
    shown = [one for one in found if one.state in _SHOWN] or found
    return ", ".join(f"{one.service} ({one.problem})" if one.problem else one.service for one in shown)


def coloured(state: TrialState) -> Text:
    """A state in its colour."""
    return output.coloured(state.replace("_", " "), _COLOURS[state])


def site(url: str | None, time_zone: str | None) -> Site | None:
    """A site, where one is given; half of it is none."""
    if not url and not time_zone:
        return None
    if not url or not time_zone:
        raise typer.BadParameter("a meetings site takes --site-url and --site-time-zone, both")
    return Site.model_validate({"url": url, "time_zone": time_zone})


def _device(line: str) -> DeviceLine:
    model, _, quantity = line.partition("=")
    return DeviceLine.model_validate({"model": model} | ({"quantity": quantity} if quantity else {}))

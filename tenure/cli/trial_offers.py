"""`tenure trials catalogue`, `offer` and `codes`: what can be asked for, what could be tried with whom, and why not."""

from tenure.cli import output, session
from tenure.cli.parameters import Json
from tenure.cli.trials import Country, Customer, Email, OwnPartner
from tenure.contracts.base import Contract
from tenure.contracts.trial import AskOffer
from tenure.errors import RefusalCode


def catalogue(*, json: Json = False) -> None:
    """List what a request is made of: services, lengths, industries, and countries with the region of their data."""
    found = session.run(lambda tenure: tenure.trials.catalogue())
    if json:
        output.print_json(found)
        return
    output.print_table(
        ("Service", "Name", "Needs"),
        [(one.service, one.name, "a meetings site" if one.site_required else None) for one in found.services],
        "There are no services.",
    )
    output.heading("Lengths")
    output.say(", ".join(f"{days} days" for days in found.lengths_days))
    output.heading("Industries")
    output.print_table(("Industry", "Name"), list(found.industries.items()), "None.")
    output.heading("Countries")
    regions: dict[str, list[str]] = {}
    for country, region in found.countries.items():
        regions.setdefault(region, []).append(country)
    output.print_table(
        ("Data live in", "Countries"), [(region, " ".join(countries)) for region, countries in regions.items()], "None."
    )


def offer(
    *,
    partner: OwnPartner,
    organisation: Customer = None,
    email: Email = None,
    country: Country = None,
    json: Json = False,
) -> None:
    """Say what could be tried with a customer, and how it would begin; nothing changes."""
    with session.checking():
        question = AskOffer(partner_id=partner, organisation_id=organisation, admin_email=email, country=country)
    answer = session.run(lambda tenure: tenure.trials.offer(question))
    if json:
        output.print_json(answer)
        return
    output.print_fields(
        [
            ("Way", output.words(answer.path)),
            (
                "Organisation",
                f"{answer.organisation_name} ({answer.organisation_id})" if answer.organisation_id else None,
            ),
            (
                "The address is also of",
                ", ".join(
                    f"{one.name} ({one.organisation_id})"
                    for one in answer.matches
                    if one.organisation_id != answer.organisation_id
                ),
            ),
            ("Data live in", answer.region),
            ("Bought", ", ".join(answer.bought)),
            ("Managed by", ", ".join(answer.partners)),
            ("Lengths", ", ".join(f"{days} days" for days in answer.lengths_days)),
        ]
    )
    output.heading("Services")
    output.print_table(
        ("Service", "Name", "Available"),
        [
            (
                one.service,
                one.name,
                output.coloured(one.refusal.text, "yellow") if one.refusal else output.coloured("yes", "green"),
            )
            for one in answer.services
        ],
        "None.",
    )


class Meaning(Contract):
    """What a refusal code says."""

    code: RefusalCode
    text: str


def codes(*, json: Json = False) -> None:
    """List every code with which a command can be refused, and what it says."""
    found = [Meaning(code=code, text=code.text) for code in RefusalCode]
    if json:
        output.print_json(found)
    else:
        output.print_table(("Code", "Meaning"), [(one.code.value, one.text) for one in found], "")

"""The catalogue that is shipped, for an installation that has none of its own, and what requests for trials pick from one."""

from collections.abc import Iterable
from functools import cache
from importlib.resources import files

from tenure.contracts.catalogue import Catalogue, TrialCatalogue, TriedService
from tenure.contracts.licence import ServiceKey
from tenure.policy.rules import Rules


@cache
def shipped() -> Catalogue:
    """Read `catalogue.json` beside this file.

    Regions and carriers follow the return process of the requirements: the USA by the label in the box, Canada and
    Europe, the Middle East and Africa by DHL, Australia by Expeditors, other places by the guide (DV-04, DV-06).
    """
    return Catalogue.model_validate_json(files("tenure.policy").joinpath("catalogue.json").read_bytes())


def of_trials(catalogue: Catalogue, rules: Rules) -> TrialCatalogue:
    """What can be picked for a request, in the order of the catalogue (TR-04, TR-05, TR-09, TR-22)."""
    return TrialCatalogue(
        services=tuple(
            TriedService(service=each.key, name=each.name, site_required=each.site_required)
            for each in catalogue.services
        ),
        lengths_days=rules.trial_lengths_days,
        industries=catalogue.industries,
        countries={code: entry.region for code, entry in catalogue.countries.items()},
    )


def has_calling(services: Iterable[ServiceKey], catalogue: Catalogue) -> bool:
    """Whether one of these services comes with phone numbers."""
    return any((service := catalogue.service(key)) is not None and service.calling for key in services)


def has_meetings(services: Iterable[ServiceKey], catalogue: Catalogue) -> bool:
    """Whether one of these services is of meetings: then recordings and a site go with it in the end (RP-06)."""
    return any((service := catalogue.service(key)) is not None and service.meetings for key in services)


def needs_site(services: Iterable[ServiceKey], catalogue: Catalogue) -> bool:
    """Whether one of these services has a meetings site (TR-09)."""
    return any((service := catalogue.service(key)) is not None and service.site_required for key in services)

"""Arguments and options that several commands take, each checked to be what it should be."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Annotated

import typer
from pydantic import TypeAdapter, ValidationError

from tenure.contracts.base import Instant
from tenure.ids import LicenceSetId, OrderId, OrganisationId, PartnerId, PersonId, RplCaseId, TrialId

_INSTANT: TypeAdapter[Instant] = TypeAdapter(Instant)
_UNITS = {"m": "minutes", "h": "hours", "d": "days"}


def _checked[Value](make: Callable[[str], Value]) -> Callable[[str], Value]:
    def parse(text: str) -> Value:
        try:
            return make(text)
        except ValidationError as error:
            raise typer.BadParameter(f"{text!r}: {error.errors()[0]['msg']}") from error
        except ValueError as error:
            raise typer.BadParameter(str(error)) from error

    return parse


def _duration(text: str) -> timedelta:
    match = re.fullmatch(r"(\d{1,6})([mhd])", text)
    if match is None:
        raise ValueError(f"{text!r} is no duration such as 15m, 6h or 1d")
    return timedelta(**{_UNITS[match[2]]: int(match[1])})


organisation = _checked(OrganisationId)
partner = _checked(PartnerId)
person = _checked(PersonId)
trial = _checked(TrialId)
order = _checked(OrderId)
licence_set = _checked(LicenceSetId)
case = _checked(RplCaseId)
instant = _checked(_INSTANT.validate_python)
duration = _checked(_duration)

Json = Annotated[bool, typer.Option("--json", help="Print JSON for machines, and nothing else.")]
Organisation = Annotated[
    OrganisationId, typer.Argument(parser=organisation, metavar="ORGANISATION", help="Such as org_alder.")
]
Partner = Annotated[
    PartnerId | None, typer.Option("--partner", parser=partner, metavar="PARTNER", help="Such as ptr_north.")
]
Reason = Annotated[str, typer.Option("--reason", help="Why; it is kept in the audit.")]
Trial = Annotated[TrialId, typer.Argument(parser=trial, metavar="TRIAL", help="Such as trl_alder-voice.")]
By = Annotated[
    PersonId, typer.Option("--by", parser=person, metavar="PERSON", help="Who does it, of the partner's organisation.")
]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]
Person = Annotated[
    PersonId | None,
    typer.Option("--person", parser=person, metavar="PERSON", help="In whose name, such as an admin of the customer."),
]
Case = Annotated[RplCaseId, typer.Argument(parser=case, metavar="CASE", help="Such as case_4f2a.")]


def units(pairs: list[str] | None) -> dict[str, int]:
    """Numbers by their codes, of what is written as `CODE=N`."""
    found = {}
    for pair in pairs or ():
        code, _, number = pair.partition("=")
        if not (code and number.isdecimal() and len(number) < 10):
            raise typer.BadParameter(f"{pair!r} is no CODE=N such as suite=10")
        found[code] = int(number)
    return found

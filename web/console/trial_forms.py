"""What the forms about trials mean, and what is wrong with them, field by field."""

from http import HTTPStatus
from typing import Any, Final

from pydantic import TypeAdapter, ValidationError
from starlette.datastructures import FormData

from tenure.contracts.base import EmailAddress, Text
from tenure.contracts.catalogue import Catalogue
from tenure.errors import Refusal
from tenure.policy.catalogue import needs_site
from web.console.desk import status_after

type Faults = dict[str, str]
"""What is wrong, by the field's name."""

DEVICE_LINES: Final = 3
"""How many models of devices a form asks for; the API takes more (TR-11)."""

_TEXTS: Final = {
    "company_name": "Give the company's name, on one line of up to 200 characters.",
    "admin_email": "Give an e-mail address as it is written in mails.",
    "admin_name": "Give a name on one line of up to 200 characters, or none.",
    "industry": "Pick the nearest industry.",
    "country": "Pick the country.",
    "services": "Pick services from the list.",
    "length_days": "Pick a length from the list.",
    "site": "Give the site's host name, such as acme.meet.example, and its time zone.",
    "devices": "Give a model for each number of devices, from 1 to 100.",
    "time_zone": "Pick a time zone from the list.",
    "language": "Pick a language from the list.",
}
_NEEDED: Final[dict[str, TypeAdapter[Any]]] = {
    "company_name": TypeAdapter(Text),
    "admin_email": TypeAdapter(EmailAddress),
    "industry": TypeAdapter(Text),
    "country": TypeAdapter(Text),
}
"""All four are asked for, whoever the customer turns out to be (TR-04)."""


def faults_of_details(form: FormData) -> Faults:
    """What is wrong with a customer's details before anybody is looked for."""
    found: Faults = {}
    for name, kind in _NEEDED.items():
        try:
            kind.validate_python(form.get(name, ""))
        except ValidationError:
            found[name] = _TEXTS[name]
    return found


def faults(error: ValidationError) -> Faults:
    """What a command refuses of a form, in words."""
    names = [str(each["loc"][0]) if each["loc"] else "" for each in error.errors()]
    return {name: _TEXTS.get(name, "This is not of the form that is expected.") for name in names}


def status(faults: Faults | None, refusal: Refusal | None) -> HTTPStatus:
    """The status of a page with a form that may have been refused."""
    if faults and refusal is None:
        return HTTPStatus.UNPROCESSABLE_ENTITY
    return status_after(refusal)


def refused_services(refusal: Refusal | None) -> dict[str, object]:
    """The services that a refusal names, each with its reason's code (TR-17)."""
    named = None if refusal is None else refusal.details.get("services")
    return dict(named) if isinstance(named, dict) else {}


def site(form: FormData, catalogue: Catalogue) -> dict[str, Any] | None:
    """The meetings site, where a service that is ticked has one; what was typed for another is none (TR-09)."""
    typed = {"url": str(form.get("site_url", "")).strip(), "time_zone": form.get("site_time_zone", "")}
    if not typed["url"] or not needs_site(map(str, form.getlist("service")), catalogue):
        return None
    return typed


def devices(form: FormData) -> tuple[dict[str, Any], ...]:
    """The devices to be shipped; lines that are blank, and the whole step where it is skipped, are none (TR-11)."""
    if form.get("ship") != "true":
        return ()
    lines = zip(form.getlist("device_model"), form.getlist("device_quantity"), strict=False)
    typed = [(str(model).strip(), str(quantity).strip()) for model, quantity in lines]
    return tuple({"model": model, "quantity": quantity or "1"} for model, quantity in typed if model or quantity)

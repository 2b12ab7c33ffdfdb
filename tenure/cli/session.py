"""A command's conversation with Tenure, and how its failures end the program."""

import asyncio
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from enum import IntEnum
from pathlib import Path
from typing import Any, NoReturn

import typer
from pydantic import TypeAdapter, ValidationError

from tenure.cli import output
from tenure.client import Tenure
from tenure.errors import Misconfigured, Refusal, RefusalCode, TenureError

_RETRY_FOR = timedelta(seconds=3)
"""A person waits for the answer."""

_OBJECT: TypeAdapter[dict[str, Any]] = TypeAdapter(dict[str, Any])
_INVALID = frozenset(
    {
        RefusalCode.INVALID_INPUT,
        RefusalCode.IMPORT_INVALID,
        RefusalCode.TOO_LARGE,
    }
)
_UNWANTED = frozenset({RefusalCode.REPORT_UNREADABLE, RefusalCode.NOTICE_NOT_FOUND, RefusalCode.RECIPIENT_MISMATCH})
"""Of what is handed in to be looked at: the same again would be refused again."""

_WAYS_OUT = {
    RefusalCode.UNAUTHENTICATED: "Set TENURE_TOKEN to a valid token.",
    RefusalCode.FORBIDDEN: "Set TENURE_TOKEN to a token that may do that: an operator's for most, a reviewer's for decisions,"
    " a list keeper's for lists.",
    RefusalCode.ORGANISATION_NOT_FOUND: "See `tenure organisations list`.",
    RefusalCode.FEED_NOT_FOUND: "Register it with `tenure feeds register`.",
    RefusalCode.ERASURE_NOT_FOUND: "See `tenure erasures list`.",
    RefusalCode.TRIAL_NOT_FOUND: "See `tenure trials list`.",
    RefusalCode.CUSTOMER_DETAILS_REQUIRED: "Pass --company, --email, --industry and --country; with --organisation, too,"
    " where the partner does not manage it.",
    RefusalCode.NO_SERVICE_SELECTED: "Pass --service, once for each.",
    RefusalCode.SERVICE_UNKNOWN: "See `tenure trials catalogue`.",
    RefusalCode.INDUSTRY_UNKNOWN: "See `tenure trials catalogue`.",
    RefusalCode.COUNTRY_UNSUPPORTED: "See `tenure trials catalogue`.",
    RefusalCode.SITE_DETAILS_REQUIRED: "Pass --site-url and --site-time-zone.",
    RefusalCode.LENGTH_NOT_OFFERED: "See `tenure trials catalogue`.",
    RefusalCode.SERVICE_ALREADY_OWNED: "See `tenure trials offer`.",
    RefusalCode.SERVICE_ON_TRIAL_ELSEWHERE: "See `tenure trials offer`.",
    RefusalCode.ALREADY_ON_TRIAL: "See `tenure trials extend` and `tenure trials edit`.",
    RefusalCode.REQUEST_PENDING: "See `tenure trials resend` and `tenure trials cancel`.",
    RefusalCode.CONSENT_EXPIRED: "A fresh request begins with `tenure trials request`.",
    RefusalCode.NOT_PENDING: "See `tenure trials show`.",
    RefusalCode.EXTENSION_TOO_LONG: "Pass fewer --days.",
    RefusalCode.EXTENSION_TOO_SHORT: "Pass --days 1 or more; to end a trial, use `tenure trials cancel`.",
    RefusalCode.CONTACT_NOT_ADMIN: "Pass another --contact.",
    RefusalCode.DEVICES_NOT_SHIPPED: "See `tenure devices list`.",
    RefusalCode.LABEL_US_ONLY: "See `tenure devices show` for the way back.",
    RefusalCode.SERIAL_MISMATCH: "See `tenure devices show` for those that were shipped.",
    RefusalCode.DEMO_ORDER_NOT_FOUND: "Name all serial numbers of the trial, or another admin's address.",
    RefusalCode.CUSTOMER_NOT_FOUND: "See `tenure customers list`.",
    RefusalCode.SUBSCRIPTION_NOT_FOUND: "See `tenure customers show`.",
    RefusalCode.CASE_NOT_FOUND: "See `tenure reviews list --all`.",
    RefusalCode.CASE_CLOSED: "See `tenure reviews show`.",
    RefusalCode.USER_NOT_FOUND: "See `tenure users list`.",
    RefusalCode.USER_EXISTS: "See `tenure users list`.",
    RefusalCode.CONFLICT: "See `tenure customers list`, and choose another --external-id.",
    RefusalCode.EXTERNAL_ID_REQUIRED: "Pass --external-id.",
    RefusalCode.BILLING_COUNTRY_REQUIRED: "Pass --country.",
    RefusalCode.INVALID_COUNTRY: "Pass another --country.",
    RefusalCode.UNKNOWN_PACKAGE: "See `tenure customers packages`.",
    RefusalCode.UNKNOWN_ADD_ON: "See `tenure customers packages`.",
    RefusalCode.ADD_ON_NOT_AVAILABLE: "See `tenure customers packages`.",
    RefusalCode.PACKAGE_REQUIRED: "Pass --package.",
    RefusalCode.PACKAGE_QUANTITY_EXCEEDED: "Raise it with `tenure customers set-quantities`.",
    RefusalCode.ADD_ON_QUANTITY_EXCEEDED: "Raise it with `tenure customers set-quantities`.",
    RefusalCode.ADMIN_PACKAGE_MISMATCH: "Change it with `tenure users change-package`.",
    RefusalCode.ADMIN_PACKAGE_DOWNGRADE_NOT_SUPPORTED: "See `tenure users set-role`.",
    RefusalCode.LAST_FULL_ADMIN: "See `tenure users set-role`.",
    RefusalCode.RPL_REVIEW_PENDING: "See `tenure customers show`.",
    RefusalCode.ONBOARDING_FAILED: "See `tenure customers show`.",
    RefusalCode.ACCOUNT_NOT_READY: "See `tenure customers show`.",
    RefusalCode.TERMS_NOT_ACCEPTED: "See `tenure wizard launch`.",
    RefusalCode.TERMS_OUTDATED: "See `tenure wizard launch`.",
    RefusalCode.SETUP_INCOMPLETE: "See `tenure wizard launch`.",
}

_ABOUT = ("services", "serials", "trial_id")
"""Details of a refusal that say which of several things it is about."""


class ExitCode(IntEnum):
    """How a command ends."""

    DONE = 0
    REFUSED = 1
    INVALID = 2
    """Arguments, files or settings are not what the command needs."""
    UNAVAILABLE = 3
    UNWANTED = 4
    """The report that was handed in is none, or none of ours: whoever hands it in need not keep it."""


def run[Result](work: Callable[[Tenure], Awaitable[Result]], *, confirm_with: str = "--yes") -> Result:
    """Do a command's work with a client made from the environment; a failure becomes one sentence and an exit code.

    `confirm_with` is the option that confirms what this command is to do.
    """

    async def conversation() -> Result:
        async with Tenure.from_environment(retry_for=_RETRY_FOR) as tenure:
            return await work(tenure)

    try:
        with checking():
            return asyncio.run(conversation())
    except Refusal as error:
        confirming = error.code is RefusalCode.CONFIRMATION_REQUIRED
        way_out = f"Pass {confirm_with}." if confirming else _WAYS_OUT.get(error.code)
        fail(" ".join(filter(None, (str(error), _named(error), way_out))), _exit_code(error.code))
    except Misconfigured as error:
        fail(str(error), ExitCode.INVALID)
    except TenureError as error:
        fail(str(error), ExitCode.UNAVAILABLE)


def _named(refusal: Refusal) -> str | None:
    """What of several things it is about, where its text says that of none."""
    found = next((refusal.details[name] for name in _ABOUT if name in refusal.details), None)
    names = ", ".join(map(str, found)) if isinstance(found, list | dict) else found
    return f"This is about {names}." if names else None


def _exit_code(code: RefusalCode) -> ExitCode:
    if code in _UNWANTED:
        return ExitCode.UNWANTED
    return ExitCode.INVALID if code in _INVALID else ExitCode.REFUSED


def confirm(question: str) -> None:
    """Ask before something is done that cannot be taken back; without a yes, or anybody to ask, the command ends."""
    if not sys.stdin.isatty():
        fail(f"{question}\nNobody is there to confirm that: add --yes.", ExitCode.INVALID)
    typer.confirm(question, abort=True, err=True)


@contextmanager
def checking() -> Iterator[None]:
    """Make a command of arguments; what does not have its form ends the program."""
    try:
        yield
    except ValidationError as error:
        wrong = "; ".join(_complaint(".".join(map(str, item["loc"])), item["msg"]) for item in error.errors())
        fail(f"The input does not have the expected form: {wrong}.", ExitCode.INVALID)


def _complaint(place: str, message: str) -> str:
    """What is wrong, and where; what is wrong with the whole has no place."""
    told = message.removeprefix("Value error, ")
    return f"{place}: {told}" if place else told


def read(file: Path) -> str:
    """The text of a file; one that cannot be read ends the command."""
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        fail(f"{file} cannot be read ({error}).", ExitCode.INVALID)


def read_object(file: Path | None) -> dict[str, Any]:
    """The JSON object in a file, and an empty one where no file is given; anything else ends the command."""
    if file is None:
        return {}
    try:
        return _OBJECT.validate_json(read(file))
    except ValidationError as error:
        fail(f"{file} does not hold one JSON object ({error.errors()[0]['msg']}).", ExitCode.INVALID)


def write(file: Path, content: str) -> None:
    """Write a file; one that cannot be written ends the command."""
    try:
        file.write_text(content, encoding="utf-8", newline="")
    except OSError as error:
        fail(f"{file} cannot be written ({error}).", ExitCode.INVALID)


def fail(message: str, code: ExitCode) -> NoReturn:
    """Say what is wrong, and end."""
    output.complain(message)
    raise typer.Exit(code)

"""What every page of the console is made with: the ports, the session, the templates, and who is there."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final, cast
from urllib.parse import quote

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from tenure.contracts.base import Instant
from tenure.contracts.credential import Credential, CredentialRole
from tenure.contracts.licence import ServiceKey
from tenure.contracts.trial import TrialView
from tenure.errors import Refusal, RefusalCode
from tenure.ids import OrganisationId, PersonId, RplCaseId, TrialId
from tenure.ports import Caller
from tenure.settings import InstallationKind
from web.console import onboarding_wording, review_wording, wording
from web.console.session import Sessions
from web.origin import from_our_page
from web.problems import status_of
from web.security import MAX_KEY, caller_of
from web.services import Services

HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src 'self'; frame-src 'self';"
    " form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
}
READERS: Final = frozenset({CredentialRole.OPERATOR, CredentialRole.PARTNER})
OPERATORS: Final = frozenset({CredentialRole.OPERATOR})
PARTNERS: Final = frozenset({CredentialRole.PARTNER})
REVIEWERS: Final = frozenset({CredentialRole.REVIEWER})
EVERYBODY: Final = READERS | REVIEWERS
"""Who signs in here; a reviewer sees the reviews alone (RPL-14), and systems have the API."""


class Desk:
    """The ports behind the console, its sessions and its templates."""

    def __init__(self, services: Services, sessions: Sessions) -> None:
        self.services = services
        self.sessions = sessions
        self._templates = Environment(
            loader=FileSystemLoader(Path(__file__).parent / "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._templates.filters.update(wording.FILTERS | review_wording.FILTERS | onboarding_wording.FILTERS)
        self._templates.filters["service"] = self._service_name

    @staticmethod
    def of(request: Request) -> "Desk":
        """The desk of the console that a request came to."""
        return cast("Desk", request.app.state.desk)

    def _service_name(self, key: ServiceKey) -> str:
        """A service as people call it; one that the catalogue names no more by its key."""
        found = self.services.catalogue.service(key)
        return key if found is None else found.name

    def render(self, template: str, status: HTTPStatus = HTTPStatus.OK, **context: Any) -> HTMLResponse:
        """A page; what it shows of the visitor is None unless the context says otherwise."""
        simulation = self.services.installation.kind is InstallationKind.SIMULATION
        content = self._templates.get_template(template).render(
            {"simulation": simulation, "credential": None, "now": None, "here": None} | context
        )
        return HTMLResponse(content, status, HEADERS)


@dataclass(frozen=True, slots=True)
class Visit:
    """A request of somebody who is signed in."""

    request: Request
    desk: Desk
    credential: Credential
    now: Instant
    """`business_now()` when the page was asked for."""

    @property
    def services(self) -> Services:
        """The ports."""
        return self.desk.services

    @property
    def operates(self) -> bool:
        """Whether an operator is there, not a partner."""
        return self.credential.role is CredentialRole.OPERATOR

    def caller(self, key: str | None = None) -> Caller:
        """The visitor as ports know them."""
        return caller_of(self.credential, key)

    def organisation_id(self) -> OrganisationId:
        """The organisation that the path names.

        Raises:
            Refusal: `organisation_not_found`, also where it is no id at all.
        """
        return self._named("organisation_id", OrganisationId, RefusalCode.ORGANISATION_NOT_FOUND)

    def trial_id(self) -> TrialId:
        """The trial that the path names.

        Raises:
            Refusal: `trial_not_found`, also where it is no id at all.
        """
        return self._named("trial_id", TrialId, RefusalCode.TRIAL_NOT_FOUND)

    async def trial(self) -> TrialView:
        """The trial that the path names, where the visitor may see it.

        Raises:
            Refusal: `trial_not_found`, or `org_deleted`.
        """
        return await self.services.trials.show(self.caller(), self.trial_id())

    def case_id(self) -> RplCaseId:
        """The review that the path names.

        Raises:
            Refusal: `case_not_found`, also where it is no id at all.
        """
        return self._named("case_id", RplCaseId, RefusalCode.CASE_NOT_FOUND)

    def _named[Id: str](self, name: str, kind: Callable[[str], Id], unknown: RefusalCode) -> Id:
        try:
            return kind(self.request.path_params[name])
        except ValueError as error:
            raise Refusal(unknown) from error

    def person_id(self) -> PersonId:
        """The partner's person whose token it is, who alone acts for the partner (TC-21).

        Raises:
            Refusal: `forbidden` where it is nobody's.
        """
        if self.credential.person_id is None:
            raise Refusal(RefusalCode.FORBIDDEN, "This token is nobody's: only a person's may do that.")
        return self.credential.person_id

    def render(self, template: str, status: HTTPStatus = HTTPStatus.OK, **context: Any) -> Response:
        """A page for this visitor."""
        return self.desk.render(template, status, visit=self, credential=self.credential, now=self.now, **context)


type View = Callable[[Visit], Awaitable[Response]]


def signed_in(view: View, roles: frozenset[CredentialRole] = READERS) -> Callable[[Request], Awaitable[Response]]:
    """Let a view see only those who are signed in with one of these roles; others are asked to sign in."""

    async def endpoint(request: Request) -> Response:
        desk = Desk.of(request)
        if request.method == "POST":
            require_our_page(request)
        token = desk.sessions.token(request)
        credential = None if token is None else await desk.services.tokens.credential(token)
        if credential is None:
            return RedirectResponse(f"/console/sign-in?next={quote(request.url.path)}", HTTPStatus.SEE_OTHER)
        if credential.role not in roles:
            raise Refusal(RefusalCode.FORBIDDEN)
        return await view(Visit(request, desk, credential, await desk.services.installation.now()))

    return endpoint


def key_of(form: FormData) -> str:
    """The key that came with a form: sent twice, it acts once (P10).

    Raises:
        Refusal: `invalid_input` where none came, or one that no page of ours has made.
    """
    key = form.get("key")
    if not isinstance(key, str) or not key.isprintable() or not 0 < len(key) <= MAX_KEY:
        raise Refusal(RefusalCode.INVALID_INPUT)
    return key


def status_after(refusal: Refusal | None) -> HTTPStatus:
    """The status of a page that says what was refused, if anything was."""
    return HTTPStatus.OK if refusal is None else status_of(refusal.code)


def page_after[Cursor](visit: Visit, kind: Callable[[str], Cursor], name: str = "after") -> Cursor | None:
    """Where a page of a list begins; a link that is damaged leads to the first page, as one without a place does."""
    try:
        given = visit.request.query_params.get(name)
        return kind(given) if given else None
    except ValueError:
        return None


def searched(visit: Visit) -> str | None:
    """What was typed to find somebody by name; None where nothing was."""
    typed = visit.request.query_params.get("named", "")
    return "".join(letter for letter in typed if letter.isprintable())[:200].strip() or None


def require_our_page(request: Request) -> None:
    """Refuse a form that another site has sent.

    Raises:
        Refusal: `forbidden`.
    """
    if not from_our_page(request):
        raise Refusal(RefusalCode.FORBIDDEN, "This form was not sent from a page of the console.")

"""What every page of the customer is made with: the ports, the templates of each language, and forms that are read strictly."""

from functools import lru_cache
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final, cast

from jinja2 import Environment
from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import HTMLResponse

from adapters.mail.words import isolated
from adapters.texts.languages import Language
from adapters.texts.templates import environment
from tenure.contracts.base import Command
from tenure.errors import Refusal, RefusalCode
from tenure.settings import InstallationKind
from web.origin import from_our_page
from web.services import Services

HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self';"
    " base-uri 'none'; frame-ancestors 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
    "X-Robots-Tag": "noindex, nofollow",
}
MAX_FORM_BYTES: Final = 4096
_MAX_FIELDS: Final = 8


class Pages:
    """The ports behind the pages, and how pages are made."""

    def __init__(self, services: Services) -> None:
        self.services = services

    @staticmethod
    def of(request: Request) -> "Pages":
        """The pages of the application that a request came to."""
        return cast("Pages", request.app.state.pages)

    def render(
        self, template: str, language: Language, status: HTTPStatus = HTTPStatus.OK, **context: Any
    ) -> HTMLResponse:
        """A page in a language."""
        simulation = self.services.installation.kind is InstallationKind.SIMULATION
        content = (
            _environment(language).get_template(template).render(lang=language.tag, simulation=simulation, **context)
        )
        return HTMLResponse(content, status, {**HEADERS, "Content-Language": language.tag})


async def read_form[Form: Command](request: Request, form: type[Form]) -> Form:
    """Read a form that a page of ours has sent.

    Raises:
        Refusal: `forbidden` where another site has sent it; `invalid_input` for a field that is unknown, missing,
            repeated or wrong.
    """
    if not from_our_page(request):
        raise Refusal(RefusalCode.FORBIDDEN)
    async with request.form(max_files=0, max_fields=_MAX_FIELDS) as sent:
        items = sent.multi_items()
    if len(dict(items)) < len(items):
        raise Refusal(RefusalCode.INVALID_INPUT)
    try:
        return form.model_validate(dict(items))
    except ValidationError as error:
        raise Refusal(RefusalCode.INVALID_INPUT) from error


@lru_cache(maxsize=64)
def _environment(language: Language) -> Environment:
    made = environment(language, Path(__file__).parent / "templates")
    made.filters["isolated"] = isolated
    return made

"""The mails of the development stack in the browser: read-only, nothing fetched from elsewhere, nothing executed."""

from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from workers.stack import mailbox
from workers.stack.mailbox import StoredMail

_PAGE_SIZE: Final = 200
_PAGE_POLICY: Final = (
    "default-src 'none'; style-src 'unsafe-inline'; frame-src 'self'; form-action 'self'; base-uri 'none'"
)
_MAIL_POLICY: Final = (
    "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; style-src 'unsafe-inline'; "
    "img-src data:; frame-ancestors 'self'"
)
"""For a mail's own HTML: no script, no forms, nothing loaded; links open in a tab of their own."""


def mail_application(folder: Path) -> Starlette:
    """Return the application that shows the mails in `folder`."""
    pages = _Pages(folder)
    return Starlette(
        routes=[
            Route("/", pages.index),
            Route("/messages.json", pages.index_json),
            Route("/messages/{id}", pages.show),
            Route("/messages/{id}/message.json", pages.show_json),
            Route("/messages/{id}/body.html", pages.body),
            Route("/messages/{id}/source.eml", pages.source),
            Route("/messages/{id}/attachments/{number:int}", pages.attachment),
        ]
    )


class _Pages:
    """The endpoints; synchronous, so that Starlette runs them, with their file access, in a thread."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._templates = Environment(loader=FileSystemLoader(Path(__file__).parent / "templates"), autoescape=True)

    def index(self, request: Request) -> Response:
        mails = self._chosen(request)
        to = request.query_params.get("to", "")
        return self._page("mails.html", mails=mails[:_PAGE_SIZE], total=len(mails), to=to)

    def index_json(self, request: Request) -> Response:
        return JSONResponse([_summary(mail) for mail in self._chosen(request)])

    def show(self, request: Request) -> Response:
        return self._page("mail.html", mail=self._one(request))

    def show_json(self, request: Request) -> Response:
        mail = self._one(request)
        names = [part.get_filename() for part in mail.attachments]
        return JSONResponse(_summary(mail) | {"text": mail.text, "html": mail.html, "attachments": names})

    def body(self, request: Request) -> Response:
        html = f'<!doctype html><base target="_blank">{self._one(request).html}'
        return HTMLResponse(html, headers={"Content-Security-Policy": _MAIL_POLICY})

    def source(self, request: Request) -> Response:
        mail = self._one(request)
        return _download(mail.file.read_bytes(), mail.file.name)

    def attachment(self, request: Request) -> Response:
        parts, number = self._one(request).attachments, request.path_params["number"]
        if number >= len(parts):
            raise HTTPException(404)
        content = parts[number].get_payload(decode=True)
        return _download(content if isinstance(content, bytes) else b"", parts[number].get_filename("attachment"))

    def _chosen(self, request: Request) -> list[StoredMail]:
        wanted = request.query_params.get("to", "").strip().casefold()
        newest = reversed(mailbox.messages(self._folder))
        return [mail for mail in newest if not wanted or any(wanted in to.casefold() for to in mail.recipients)]

    def _one(self, request: Request) -> StoredMail:
        mail = mailbox.message(self._folder, request.path_params["id"])
        if mail is None:
            raise HTTPException(404)
        return mail

    def _page(self, template: str, **values: Any) -> Response:
        html = self._templates.get_template(template).render(**values)
        return HTMLResponse(html, headers={"Content-Security-Policy": _PAGE_POLICY})


def _summary(mail: StoredMail) -> dict[str, Any]:
    return {
        "id": mail.id,
        "received_at": mail.received_at.isoformat(),
        "date": mail.message["Date"],
        "from": mail.message["From"],
        "to": mail.recipients,
        "subject": mail.subject,
        "message_id": mail.message["Message-ID"],
    }


def _download(content: bytes, name: str) -> Response:
    safe = "".join(letter if letter.isascii() and (letter.isalnum() or letter in "._-") else "_" for letter in name)
    return Response(
        content,
        media_type="application/octet-stream",
        headers={"Content-Disposition": f'attachment; filename="{safe}"', "X-Content-Type-Options": "nosniff"},
    )

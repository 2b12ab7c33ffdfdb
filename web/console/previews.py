"""Notices as they would be written (WH-03): a page, and the mail itself in a frame that can do nothing."""

from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from tenure.contracts.notice import Mail, NoticeKind
from web.console.desk import Visit, signed_in

_MAIL_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox; frame-ancestors 'self'"
"""Mails carry their styles inline, as mail programs want them, and nothing else."""


async def preview(visit: Visit) -> Response:
    """The warning as text, with the frame that shows it as HTML."""
    return visit.render(
        "preview.html", here="customers", organisation_id=visit.organisation_id(), mail=await _mail(visit)
    )


async def preview_html(visit: Visit) -> Response:
    """The HTML part alone."""
    return HTMLResponse((await _mail(visit)).html, headers={"Content-Security-Policy": _MAIL_POLICY})


async def _mail(visit: Visit) -> Mail:
    delivery = await visit.services.notices.preview(
        visit.caller(), NoticeKind.DELETION_WARNING, visit.organisation_id(), visit.now
    )
    return visit.services.writer.write(delivery)


ROUTES = [
    Route("/organisations/{organisation_id}/warning", signed_in(preview)),
    Route("/organisations/{organisation_id}/warning.html", signed_in(preview_html)),
]

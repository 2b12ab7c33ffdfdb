"""Writes mails from Jinja templates: subject, text and HTML of one template, in the recipient's language (TL-02).

What a mail says stands in one template, named after the kind of notice; the three folders hold what a form looks like.
So text and HTML cannot say different things.
"""

from functools import lru_cache
from pathlib import Path
from typing import Final, Literal
from zoneinfo import ZoneInfo

from jinja2 import Environment

from adapters.mail.words import Wording, Words, brief, isolated, one_line
from adapters.texts.dates import unbroken
from adapters.texts.languages import Language, language
from adapters.texts.templates import environment
from tenure.contracts.notice import DeletionMatter, Delivery, Mail, NoticeKind
from tenure.ports import Writer

TEMPLATES = Path(__file__).with_name("templates")

type Form = Literal["subject", "text", "html"]

_FOLDERS: Final[dict[Form, tuple[str, ...]]] = {
    "subject": ("subject", "text"),
    "text": ("text",),
    "html": ("html",),
}
"""Where the layout and the parts of a form are; a subject shows no part."""


class TemplateWriter(Writer):
    """Templates are named after the kind of notice."""

    def write(self, delivery: Delivery) -> Mail:
        """Render subject, text and HTML in the recipient's language; dates in the organisation's zone (SF-01)."""
        written_in, zone = language(delivery.language), ZoneInfo(delivery.time_zone)
        kind, matter = delivery.notice.kind, delivery.matter
        title, plain, page = (
            Wording(written_in, zone, delivery.attempt_at, *written).words(delivery)
            for written in ((brief, str), (one_line, str), (isolated, unbroken))
        )
        subject = _render("subject", kind, written_in, title).strip()
        return Mail(
            message_id=delivery.notice.message_id,
            date=delivery.attempt_at,
            to_name=one_line(delivery.name),
            to_address=delivery.email,
            language=written_in.tag,
            subject=subject,
            text=_render("text", kind, written_in, plain),
            html=_render("html", kind, written_in, page | {"subject": subject, "language": written_in.tag}),
            not_before=matter.deletion_at.astimezone(zone) if isinstance(matter, DeletionMatter) else None,
        )


def _render(form: Form, kind: NoticeKind, written_in: Language, said: Words) -> str:
    return _environment(form, written_in).get_template(f"{kind}.j2").render(said)


@lru_cache(maxsize=192)
def _environment(form: Form, written_in: Language) -> Environment:
    folders = (*(TEMPLATES / folder for folder in _FOLDERS[form]), TEMPLATES)
    return environment(written_in, *folders, autoescape=form == "html", keep_trailing_newline=True)

"""Writes mails from Jinja templates: a text and an HTML part, in the recipient's language (TL-02)."""

import re
from datetime import timedelta
from functools import lru_cache
from pathlib import Path
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_date, format_time, get_timezone_gmt, get_timezone_name
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

from adapters.texts.languages import Language, language
from tenure.contracts.notice import Delivery, Mail
from tenure.ports import Writer

TEMPLATES = Path(__file__).with_name("templates")

_UNPRINTABLE = re.compile(r"[\s\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]+")
"""Line ends, control characters and marks of direction: in a name they could forge a line or turn a date around."""


class TemplateWriter(Writer):
    """Templates are named after the kind of notice; subject and text share one, the HTML has its own."""

    def write(self, delivery: Delivery) -> Mail:
        """Render subject, text and HTML in the recipient's language; dates in the organisation's zone (SF-01)."""
        written_in = language(delivery.language)
        environment = _environment(written_in)
        words = _words(delivery, written_in.locale)
        text = environment.get_template(f"{delivery.notice.kind}.txt.j2")
        subject = "".join(text.blocks["subject"](text.new_context(words))).strip()
        html = environment.get_template(f"{delivery.notice.kind}.html.j2").render(
            words | {"organisation": Markup("<bdi>{}</bdi>").format(words["organisation"])},
            subject=subject,
            language=written_in.tag,
        )
        return Mail(
            message_id=delivery.notice.message_id,
            date=delivery.attempt_at,
            to_name=str(words["name"]),
            to_address=delivery.email,
            language=written_in.tag,
            subject=subject,
            text=text.render(words),
            html=html,
            not_before=delivery.deletion_at.astimezone(ZoneInfo(delivery.time_zone)),
        )


def _words(delivery: Delivery, locale: Locale) -> dict[str, object]:
    """What the templates may say. Days are spelled out by month name, hours have 24: neither can be misread."""
    zone = ZoneInfo(delivery.time_zone)
    deletion = delivery.deletion_at.astimezone(zone)
    offset = get_timezone_gmt(deletion, "long", locale=locale)
    zone_name = get_timezone_name(deletion, "long", locale=locale)
    return {
        "name": one_line(delivery.name),
        "organisation": one_line(delivery.organisation_name),
        "deletion_date": format_date(deletion, "long", locale),
        "deletion_day": format_date(deletion, "full", locale),
        "deletion_time": format_time(deletion, "HH:mm", tzinfo=zone, locale=locale),
        "zone": zone_name if zone_name == offset else f"{zone_name} ({offset})",
        "days": max(0, (delivery.deletion_at - delivery.attempt_at) // timedelta(days=1)),
        "unused_since": format_date(delivery.base_at.astimezone(zone), "long", locale),
        "not_before": deletion.isoformat(),
        "simulation": delivery.simulation,
    }


def one_line(text: str) -> str:
    """The text on one line, and running in its own direction."""
    return _UNPRINTABLE.sub(" ", text).strip()


@lru_cache(maxsize=64)
def _environment(written_in: Language) -> Environment:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=select_autoescape(enabled_extensions=("html.j2",), default=False),
        undefined=StrictUndefined,
        extensions=["jinja2.ext.i18n"],
    )
    environment.policies["ext.i18n.trimmed"] = True
    environment.install_gettext_translations(written_in.translations, newstyle=True)  # type: ignore[attr-defined]
    return environment

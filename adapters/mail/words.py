"""What the templates may say: names on one line, instants as people read them, services in the mail's language."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from babel.dates import format_time
from markupsafe import Markup

from adapters.texts.dates import date, day
from adapters.texts.languages import Language
from adapters.texts.services import listed
from adapters.texts.zones import zone_name
from tenure.contracts.catalogue import Service
from tenure.contracts.notice import DeletionMatter, Delivery, EndingTrial, TrialMatter
from tenure.contracts.trial import TrialContact
from tenure.errors import Misconfigured

_UNPRINTABLE = re.compile(r"[\s\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]+")
"""Line ends, control characters and marks of direction: in a name they could forge a line or turn a date around."""

_BRIEF = 64
"""Longest name in a subject."""

_LINK = re.compile(r"https?://[!-~]+")

type Words = dict[str, object]


def one_line(text: str) -> str:
    """The text on one line, and running in its own direction."""
    return _UNPRINTABLE.sub(" ", text).strip()


def brief(text: str) -> str:
    """The same for a subject, where a long name would push out of sight what the mail is about."""
    line = one_line(text)
    return line if len(line) <= _BRIEF else f"{line[: _BRIEF - 1].rstrip()}…"


def isolated(text: str) -> Markup:
    """The same for a page: whatever script it is in, it does not reorder what stands around it."""
    return Markup("<bdi>{}</bdi>").format(one_line(text))


@dataclass(frozen=True)
class When:
    """An instant in a zone: days by month name, hours up to 24, so that neither can be misread."""

    date: str
    day: str
    """The date with its weekday."""
    time: str
    zone: str
    iso: str
    days: int
    """Until then, by the calendar of the zone: 0 is today."""
    full_days: int
    """Until then, in 24 hours each."""


@dataclass(frozen=True)
class Wording:
    """How one form of a mail puts facts into words."""

    language: Language
    zone: ZoneInfo
    """The organisation's."""
    now: datetime
    """When the mail is sent."""
    name: Callable[[str], str]
    """How names that people chose are written: `one_line`, `brief` or `isolated`."""
    number: Callable[[str], str] = str
    """How dates are written: as they are, or `unbroken`."""

    def words(self, delivery: Delivery) -> Words:
        """All words of a mail. What has no value is left out, so that a template that asks for it fails (TL-02)."""
        common: Words = {
            "name": one_line(delivery.name),
            "organisation": self.name(delivery.organisation_name),
            "simulation": delivery.simulation,
        }
        if isinstance(delivery.matter, DeletionMatter):
            return common | self._of_deletion(delivery.matter)
        return common | self._of_trial(delivery.matter)

    def _of_deletion(self, matter: DeletionMatter) -> Words:
        deletion = self._when(matter.deletion_at)
        return {"deletion": deletion, "unused_since": self._when(matter.base_at), "not_before": deletion.iso}

    def _of_trial(self, matter: TrialMatter) -> Words:
        instants = {"ends": matter.ends_at, "device_ends": matter.device_ends_at}
        limits = {
            "deadline": matter.deadline_at,
            "grace_ends": matter.grace_ends_at,
            "devices_due": matter.devices_due_at,
        }
        held_until = matter.numbers_held_until
        link: Words = {} if matter.link is None else {"link": _checked(matter.link)}
        return {
            **{word: self._when(at) for word, at in instants.items() if at is not None},
            **{word: self._until(at) for word, at in limits.items() if at is not None},
            "numbers_held": None if held_until is None else self._until(held_until),
            "over": matter.ends_at is not None and matter.ends_at <= self.now,
            **link,
            "partner": self.name(matter.partner_name),
            "services": self._listed(matter.services),
            "meetings": any(service.meetings for service in matter.services),
            "ending": [self._ending(trial) for trial in matter.ending],
            "ending_left_off": matter.ending_left_off,
            "devices": matter.devices,
            "carrier": matter.carrier,
        }

    def _ending(self, trial: EndingTrial) -> Words:
        return {
            "organisation": self.name(trial.organisation_name),
            "services": self._listed(trial.services),
            "ends": self._when(trial.ends_at),
            "over": trial.ends_at <= self.now,
            "grace_ends": self._until(trial.grace_ends_at),
            "contact": None if trial.contact is None else self._contact(trial.contact),
        }

    def _contact(self, contact: TrialContact) -> Words:
        return {"name": self.name(contact.name), "email": one_line(contact.email)}

    def _listed(self, services: Sequence[Service]) -> str:
        return one_line(listed(services, self.language))

    def _until(self, instant: datetime) -> When:
        """The same for a limit: the first minute of a day ends the one before, so that the day named is the last one left."""
        eve_at = instant - timedelta(minutes=1)
        if eve_at.astimezone(self.zone).date() == instant.astimezone(self.zone).date():
            return self._when(instant)
        eve = self._when(eve_at)
        return replace(eve, time="24:00", iso=instant.astimezone(self.zone).isoformat())

    def _when(self, instant: datetime) -> When:
        at, locale = instant.astimezone(self.zone), self.language.locale
        return When(
            date=self.number(date(at, locale)),
            day=self.number(day(at, locale)),
            time=format_time(at, "HH:mm", tzinfo=self.zone, locale=locale),
            zone=zone_name(at, locale),
            iso=at.isoformat(),
            days=max(0, (at.date() - self.now.astimezone(self.zone).date()).days),
            full_days=max(0, (instant - self.now) // timedelta(days=1)),
        )


def _checked(link: str) -> str:
    """A link that is one, and on one line.

    Raises:
        Misconfigured: The address of the pages or of the admin console is no web address.
    """
    if _LINK.fullmatch(link) is None:
        raise Misconfigured("A link in a mail begins with http:// or https://, and has no spaces: see the settings.")
    return link

"""What the outside world does, day by day.

The simulated calendar is fixed, so that every date, midnight and change of clocks is the same at each run. The paths of
organisations that nobody touches need no line here: time alone takes them to their end.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from tenure.contracts.activity import ActivityKind
from tenure.contracts.base import Instant
from tenure.contracts.licence import LicenceKind
from workers.demo.acts import (
    Act,
    abort,
    activity,
    expiry,
    management,
    own_request,
    purchase,
    recording,
    recordings_left,
    release,
    renewal,
    silence,
    trial_request,
)
from workers.demo.world import IDENTITY, MESSAGING

START: Final = datetime(2035, 1, 8, 8, 0, tzinfo=UTC)
"""Day 0, a Monday: the portfolio is imported."""
END: Final = START + timedelta(days=200)


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happens outside Tenure."""

    at: Instant
    told: str
    act: Act


def _on(day: int, time: str, told: str, act: Act) -> Event:
    """An event on a day counted from START, at a time in UTC."""
    hours, minutes = time.split(":")
    at = START.replace(hour=0) + timedelta(days=day, hours=int(hours), minutes=int(minutes))
    return Event(at, told, act)


_SIGN_IN: Final = ActivityKind.APP_SIGN_IN
_MESSAGES: Final = tuple(
    _on(day, "11:30", "한옥스테이 receives a message", activity("hanok", ActivityKind.MESSAGE_RECEIVED, MESSAGING))
    for day in range(20, 200, 25)
)

# fmt: off - a table is read by its columns
SCRIPT: Final[Sequence[Event]] = sorted(
    (
        _on(1, "09:00", "Meridian Studio records three meetings", recording("meridian", 3)),
        _on(1, "12:00", "The trial of Orzeł expires", expiry("orzel-trial")),
        _on(2, "14:00", "The subscription of Atelier Lumière expires", expiry("lumiere-suite")),
        _on(3, "09:00", "The trial of Cascina Verde expires", expiry("cascina-trial")),
        _on(4, "10:00", "Meridian's trial of meetings expires; its subscription runs on", expiry("meridian-trial")),
        _on(5, "10:00", "The subscription of Brouwer & Zonen expires", expiry("brouwer-voice")),
        _on(25, "09:10", "Ewa, no full admin, asks to delete Kowalski", own_request("kowalski", "ewa-zielinska", "-")),
        _on(
            25, "09:12", "Tomasz, full admin, mistypes its name", own_request("kowalski", "tomasz-kowalski", "Kowalski")
        ),
        _on(
            25,
            "09:15",
            "Tomasz deletes it",
            own_request("kowalski", "tomasz-kowalski", "Kowalski i Synowie Sp. z o.o."),
        ),
        _on(26, "08:00", "A phone of Kowalski's still signs in", activity("kowalski", _SIGN_IN, IDENTITY)),
        _on(30, "10:00", "Gintaro kelias moves to Alpenstern ...", management("alpenstern", "gintaro", starts=True)),
        _on(30, "10:05", "... and Baltica has no customer left", management("baltica", "gintaro", starts=False)),
        _on(35, "08:00", "Meridian looks for its recordings", recordings_left("meridian")),
        _on(40, "09:00", "Northwind, warned, starts a trial", purchase("northwind", kind=LicenceKind.TRIAL, days=90)),
        _on(40, "10:00", "Meridian's subscription expires, too", expiry("meridian-meetings")),
        _on(
            45,
            "16:20",
            "An admin of Dunavska knjižara, warned, opens the console",
            activity("dunavska", ActivityKind.ADMIN_CONSOLE_SIGN_IN, IDENTITY),
        ),
        _on(51, "07:45", "Somebody at Orzeł, marked, signs in", activity("orzel", _SIGN_IN, IDENTITY)),
        _on(
            60,
            "23:00",
            "Ada releases the breaker of Hangang Networks",
            release("hangang", 4, "Pilot customers of one campaign, confirmed by Hangang"),
        ),
        _on(61, "15:00", "Atelier Lumière pays on day 59 of its grace", renewal("lumiere-suite")),
        _on(68, "12:00", "The feed of messages falls silent", silence(MESSAGING)),
        _on(69, "06:00", "The feed of messages is back", silence(MESSAGING, ends=True)),
        _on(75, "10:00", "Baltica wins Gintaro kelias back", management("baltica", "gintaro", starts=True)),
        _on(79, "10:00", "A partner asks Vinarija Podrum, warned, for a trial", trial_request("vinarija", 1)),
        _on(81, "10:00", "Ada aborts the erasure of Clearwater", abort("clearwater", "Billed to a wrong account")),
        _on(87, "10:00", "A second request to Vinarija Podrum", trial_request("vinarija", 2)),
        _on(95, "09:00", "Clearwater Dental buys a subscription", purchase("clearwater")),
        _on(
            97,
            "08:00",
            "A sign-in at Optique Léman from before its fence arrives late",
            activity("leman", _SIGN_IN, IDENTITY, hours_ago=12),
        ),
        _on(98, "06:00", "Ada aborts the erasure of Optique Léman", abort("leman", "They were there: a late event")),
        _on(101, "08:00", "Meridian looks for its recordings", recordings_left("meridian")),
        _on(110, "08:00", "Meridian buys a new subscription", purchase("meridian")),
        _on(120, "13:00", "Optique Léman buys a subscription", purchase("leman")),
        _on(130, "09:00", "Northwind's trial expires", expiry("northwind-new")),
        *_MESSAGES,
    ),
    key=lambda event: event.at,
)
# fmt: on
"""Everything that happens outside, in order."""

PATHS: Final[Mapping[str, str]] = {
    "org_alpenstern": "A partner's own organisation, without licences and with customers: never marked",
    "org_baltica": "A partner's own organisation that loses its last customer, and wins one back",
    "org_bergbahn": "An ordinary customer",
    "org_brouwer": "A subscription ends, and nobody does anything",
    "org_cascina": "A trial ends, and nobody does anything",
    "org_lumiere": "Paid for on day 59 of 60: nothing was lost",
    "org_orzel": "Somebody signs in before the warning: it comes 30 days after that",
    "org_dunavska": "An admin signs in after the warning: back to the start, a second warning",
    "org_northwind": "A new trial after the warning ends it all; when it runs out, the whole ladder again",
    "org_ostsee": "A feed is silent when the time has come: held until it is back",
    "org_bianchi": "The address bounces: the attempt stands for the acceptance",
    "org_montmartre": "Nobody is full admin: no mail to anybody, no exception either",
    "org_clearwater": "Fenced, and saved by an operator within the quarantine",
    "org_vinarija": "A pending trial request defers the deletion once, a second one does not",
    "org_leman": "A late event from before the fence holds the purge; an operator aborts it",
    "org_meridian": "Recordings stay as long as one meetings licence does",
    "org_kowalski": "Deleted at its own request, by a full admin who typed its name",
    "org_gintaro": "A customer that moves from partner to partner",
    "org_hanok": "Somebody receives a message every 25 days: never even warned",
    "org_namsan": "One of four customers of one partner that fall due on one day",
    "org_jadehill": "The second of them: as many as the partner's breaker lets through in a day",
    "org_suanluang": "The third: the breaker opens, an operator releases all four",
    "org_mehta": "The fourth: held by the open breaker",
    "breaker:ptr_hangang": "The breaker of one partner",
    "feed:messaging": "The feed of messages",
}
"""What each organisation is an example of."""

"""Organisations on the way to their deletion: licences that end, activity, operators, and what saves some of them."""

from collections.abc import Mapping, Sequence
from typing import Final

from tenure.contracts.activity import ActivityKind
from tenure.contracts.licence import LicenceKind
from workers.demo.acts.facts import (
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
)
from workers.demo.script.event import Event, on
from workers.demo.world import IDENTITY, MESSAGING

_SIGN_IN: Final = ActivityKind.APP_SIGN_IN
_MESSAGES: Final = tuple(
    on(day, "11:30", "한옥스테이 receives a message", activity("hanok", ActivityKind.MESSAGE_RECEIVED, MESSAGING))
    for day in range(20, 200, 25)
)

# fmt: off
EVENTS: Final[Sequence[Event]] = (
    on(1, "09:00", "Meridian Studio records three meetings", recording("meridian", 3)),
    on(1, "12:00", "The trial of Orzeł expires", expiry("orzel-trial")),
    on(2, "14:00", "The subscription of Atelier Lumière expires", expiry("lumiere-suite")),
    on(3, "09:00", "The trial of Cascina Verde expires", expiry("cascina-trial")),
    on(4, "10:00", "Meridian's trial of meetings expires; its subscription runs on", expiry("meridian-trial")),
    on(5, "10:00", "The subscription of Brouwer & Zonen expires", expiry("brouwer-voice")),
    on(25, "09:10", "Ewa, no full admin, asks to delete Kowalski", own_request("kowalski", "ewa-zielinska", "-")),
    on(25, "09:12", "Tomasz, full admin, mistypes its name", own_request("kowalski", "tomasz-kowalski", "Kowalski")),
    on(25, "09:15", "Tomasz deletes it", own_request("kowalski", "tomasz-kowalski", "Kowalski i Synowie Sp. z o.o.")),
    on(26, "08:00", "A phone of Kowalski's still signs in", activity("kowalski", _SIGN_IN, IDENTITY)),
    on(30, "10:00", "Gintaro kelias moves to Alpenstern ...", management("alpenstern", "gintaro", starts=True)),
    on(30, "10:05", "... and Baltica has no customer left", management("baltica", "gintaro", starts=False)),
    on(35, "08:00", "Meridian looks for its recordings", recordings_left("meridian")),
    on(40, "09:00", "Northwind, warned, starts a trial", purchase("northwind", kind=LicenceKind.TRIAL, days=90)),
    on(40, "10:00", "Meridian's subscription expires, too", expiry("meridian-meetings")),
    on(45, "16:20", "An admin of Dunavska knjižara, warned, opens the console",
       activity("dunavska", ActivityKind.ADMIN_CONSOLE_SIGN_IN, IDENTITY)),
    on(51, "07:45", "Somebody at Orzeł, marked, signs in", activity("orzel", _SIGN_IN, IDENTITY)),
    on(60, "23:00", "Ada releases the breaker of Hangang Networks",
       release("hangang", 4, "Pilot customers of one campaign, confirmed by Hangang")),
    on(61, "15:00", "Atelier Lumière pays on day 59 of its grace", renewal("lumiere-suite")),
    on(68, "12:00", "The feed of messages falls silent", silence(MESSAGING)),
    on(69, "06:30", "The feed of messages is back", silence(MESSAGING, ends=True)),
    on(75, "10:00", "Baltica wins Gintaro kelias back", management("baltica", "gintaro", starts=True)),
    on(81, "10:00", "Ada aborts the erasure of Clearwater", abort("clearwater", "Billed to a wrong account")),
    on(95, "09:00", "Clearwater Dental buys a subscription", purchase("clearwater")),
    on(97, "08:00", "A sign-in at Optique Léman from before its fence arrives late",
       activity("leman", _SIGN_IN, IDENTITY, hours_ago=12)),
    on(98, "06:00", "Ada aborts the erasure of Optique Léman", abort("leman", "They were there: a late event")),
    on(101, "08:00", "Meridian looks for its recordings", recordings_left("meridian")),
    on(110, "08:00", "Meridian buys a new subscription", purchase("meridian")),
    on(120, "13:00", "Optique Léman buys a subscription", purchase("leman")),
    on(130, "09:00", "Northwind's trial expires", expiry("northwind-new")),
    *_MESSAGES,
)
# fmt: on

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

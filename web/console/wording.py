"""The console's words: enumerations as people say them, and instants as people read them."""

from datetime import datetime
from typing import Final
from urllib.parse import quote
from zoneinfo import ZoneInfo

from tenure.contracts.base import Instant
from tenure.wording import relative, span
from web.api.calendar import SUMMARIES

_WORDS: Final = {kind.value: summary for kind, summary in SUMMARIES.items()} | {
    "live": "Live",
    "marked": "Marked",
    "warned": "Warned",
    "erasing": "Being erased",
    "deleted": "Deleted",
    "pending_consent": "Pending customer consent",
    "awaiting_details": "Awaiting provisioning details",
    "provisioning": "Provisioning",
    "grace": "In grace",
    "ended": "Ended",
    "new_customer": "New customer",
    "existing_customer": "Existing organisation, by consent",
    "add_on": "Add-on for a managed customer",
    "consent_request": "Request for consent",
    "trial_started": "Trial started",
    "trial_ending": "Trial is ending, to the customer",
    "trial_ending_partner": "Trial is ending, to the partner",
    "trial_expired": "Trial has expired, to the customer",
    "trial_expired_partner": "Trial has expired, to the partner",
    "access_gone": "Access is gone, to the users",
    "set_up_services": "Set up services",
    "device_agreement": "Device agreement",
    "ups": "UPS",
    "dhl": "DHL",
    "expeditors": "Expeditors",
    "guide": "See the return guide",
    "service_already_owned": "Bought already",
    "service_on_trial_elsewhere": "On trial with another partner",
    "already_on_trial": "On trial with you already",
    "request_pending": "Your request waits for the customer's consent",
    "ordered": "Being built",
    "bought": "Bought",
    "leaving": "Being removed",
    "gone": "Removed",
    "customer_full_admin": "Full admin",
    "customer_admin": "Admin",
    "eu": "Europe",
    "us": "United States",
    "ap": "Asia and the Pacific",
    "own_request": "The customer's own request",
    "unused": "Unused",
    "nobody_reachable": "No address of a full admin takes mail",
    "warning_not_accepted": "The warning has not been accepted by a mail server yet",
    "warning_bounced": "Every warning has come back: nobody is known to be told",
    "notice_bounced": "A mail came back",
    "breaker_open": "The breaker is open",
    "feed_behind": "An activity feed is behind",
    "feed_unknown": "An activity feed has never reported",
    "rpl_review_pending": "Review pending",
    "pending_rpl_review": "Review pending",
    "onboarding_error": "Onboarding failed",
    "ready_for_order_setup": "Set-up is not complete",
    "rpl_rejected": "Rejected by a reviewer",
    "rpl_unresolved": "The review could not resolve it",
    "rpl_review_timeout": "Nobody decided in time",
    "provisioning_failed": "The platform refuses",
    "late_activity": "Activity from before the fence has arrived",
}


def words(value: str) -> str:
    """A code as people say it; one that is new here as its own words."""
    return _WORDS.get(value, value.replace("_", " ").capitalize())


def instant(value: Instant, zone: str = "UTC") -> str:
    """Such as `12 Mar 2027, 00:00 CET`: to the minute, in that zone."""
    local = value.astimezone(ZoneInfo(zone))
    return f"{local.day} {local:%b %Y, %H:%M} {local.tzname()}"


def day(value: datetime) -> str:
    """Such as `Friday, 12 March 2027`."""
    return f"{value:%A}, {value.day} {value:%B %Y}"


def due(value: Instant, now: Instant) -> str:
    """Such as `in 12 days`; a date that has passed and still stands is due, not done."""
    return f"due {relative(value, now)}" if value <= now else relative(value, now)


def mail_to(address: str) -> str:
    """The link that writes to an address, and to it alone: what follows a `?` in a link would be recipients and texts."""
    return f"mailto:{quote(address, safe='@')}"


FILTERS: Final = {
    "words": words,
    "instant": instant,
    "day": day,
    "relative": relative,
    "due": due,
    "span": span,
    "mail_to": mail_to,
}

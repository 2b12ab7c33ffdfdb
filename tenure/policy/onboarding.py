"""The rules of a wholesale customer's onboarding: what may be asked for, and what follows a screening and its review."""

import re
from collections.abc import Collection, Iterable, Mapping
from typing import Final, NamedTuple

from tenure.contracts.address import BillingAddress
from tenure.contracts.base import Instant
from tenure.contracts.call_in import Telephony
from tenure.contracts.catalogue import Catalogue
from tenure.contracts.customer import (
    RPL_REASONS,
    CreateCustomer,
    NewSite,
    OnboardingReason,
    OnboardingState,
    Pstn,
)
from tenure.contracts.review import CaseState, ScreeningTrigger
from tenure.contracts.screening import Hit, Screening, Subject, says_something
from tenure.errors import Refusal, RefusalCode
from tenure.policy.countries import is_country
from tenure.policy.package import Packages
from tenure.policy.rules import Rules

_CONTROLS: Final = re.compile(r"[\x80-\x9f\u2028\u2029]")

PENDING: Final = frozenset(
    {
        OnboardingState.RECEIVED,
        OnboardingState.SCREENING,
        OnboardingState.PENDING_RPL_REVIEW,
        OnboardingState.PROVISIONING,
    }
)
"""On the way to an account."""

REASONS: Final[Mapping[CaseState, OnboardingReason]] = {
    CaseState.REJECTED: OnboardingReason.RPL_REJECTED,
    CaseState.UNRESOLVED: OnboardingReason.RPL_UNRESOLVED,
    CaseState.TIMED_OUT: OnboardingReason.RPL_REVIEW_TIMEOUT,
}
"""Why what waited for a review is in error after it; an approval is none of these (RPL-07, RPL-10, RPL-11)."""

TIMED: Final = frozenset({ScreeningTrigger.CREATE, ScreeningTrigger.ADDRESS_UPDATE})
"""What waits for its review, for 72 hours; a hit after the update of a list blocks nothing, and waits for ever (Q-32)."""


def require_creation(command: CreateCustomer, packages: Packages, telephony: Telephony) -> None:
    """Refuse what can be wrong with a customer whoever it is; users and numbers are looked at when they are provisioned.

    Raises:
        Refusal: `invalid_input` where the name has neither letter nor digit, and so cannot be screened;
            `billing_country_required`, `invalid_country` (ONB-04), `org_country_not_settable` (ONB-06);
            `unknown_package`, `unknown_add_on`, `add_on_not_available` (ADD-02), `invalid_quantity` (PKG-10, ADM-04);
            `unknown_telephony_domain`; `site_url_taken` where one address is given twice.
    """
    if not says_something(command.name):
        raise Refusal(RefusalCode.INVALID_INPUT, "The name of the company has a letter or a digit.")
    country = billing_country(command.billing_address, packages.catalogue)
    if command.org_country is not None and command.org_country != country:
        raise Refusal(RefusalCode.ORG_COUNTRY_NOT_SETTABLE, details={"country": country})
    packages.require_package(command.package)
    packages.require_quantities(command.packages, command.add_ons, command.package)
    _require_sites(command.sites, telephony)


def billing_country(address: BillingAddress, catalogue: Catalogue) -> str:
    """The country of a billing address.

    Raises:
        Refusal: `billing_country_required`, or `invalid_country` (ONB-04).
    """
    country = (address.country or "").strip()
    if not country:
        raise Refusal(RefusalCode.BILLING_COUNTRY_REQUIRED)
    if not is_country(country, catalogue):
        raise Refusal(RefusalCode.INVALID_COUNTRY)
    return country


def _require_sites(sites: Collection[NewSite], telephony: Telephony) -> None:
    for site in sites:
        known = site.telephony_domain is not None and telephony.domain(site.telephony_domain) is not None
        if site.pstn is Pstn.CISCO and not known:
            raise Refusal(RefusalCode.UNKNOWN_TELEPHONY_DOMAIN, details={"site": site.url})
    if len({site.url for site in sites}) < len(sites):
        raise Refusal(RefusalCode.SITE_URL_TAKEN, "An address of a meetings site is given twice.")


def is_over(state: OnboardingState, reason: OnboardingReason | None) -> bool:
    """Whether an onboarding has come to its end: its external id may be used again, and is screened afresh (RPL-12, Q-29)."""
    return state is OnboardingState.CANCELLED or reason in RPL_REASONS


def subject(names: Iterable[str], address: BillingAddress) -> Subject:
    """Whom to screen, under every name that is known (RPL-01, RPL-02)."""
    plain = dict.fromkeys(_CONTROLS.sub(" ", name) for name in names)
    return Subject(names=tuple(plain), country=address.country, address=address.line or None)


def deadline(opened_at: Instant, rules: Rules) -> Instant:
    """The last instant at which a decision counts (RPL-08)."""
    return opened_at + rules.review_period


def is_late(trigger: ScreeningTrigger, deadline_at: Instant, at: Instant) -> bool:
    """Whether the time for a decision is over: strictly later than the deadline, and only where something waits (RPL-08)."""
    return trigger in TIMED and at > deadline_at


class Finding(NamedTuple):
    """What is left of a screening once it is held against what a reviewer has cleared before."""

    hits: tuple[Hit, ...]
    """Of which nobody has cleared this customer as it is."""
    known: tuple[Hit, ...]
    is_clear: bool


type EntryKey = tuple[str, str, str]
"""A list's id, an entry's id on it, and the entry's hash."""


def finding(screening: Screening, cleared: Collection[EntryKey]) -> Finding:
    """Leave out the entries that the customer was cleared of, both being as they were then (Q-32).

    A screening that does not list all of its hits is looked at as a whole: nobody has seen the others (RPL-16).
    """
    if screening.omitted:
        return Finding(screening.hits, (), is_clear=False)
    known = tuple(hit for hit in screening.hits if key(hit) in cleared)
    hits = tuple(hit for hit in screening.hits if key(hit) not in cleared)
    return Finding(hits, known, is_clear=not hits)


def key(hit: Hit) -> EntryKey:
    """The entry of a hit, as it is."""
    return str(hit.list_id), hit.entry_id, hit.entry_hash

"""What the console says of a wholesale customer, in plain words: where it stands, what that means, and what to do."""

from typing import Final

from tenure.contracts.address import BillingAddress
from tenure.contracts.call_in import CallInRule
from tenure.contracts.customer import (
    AddressChange,
    AddressState,
    CustomerView,
    OnboardingReason,
    OnboardingState,
    ProvisioningWarning,
    Pstn,
)
from tenure.contracts.package import Quantity, UnitKind
from web.console.comparison import country

STATES: Final = {
    OnboardingState.RECEIVED: "Received",
    OnboardingState.SCREENING: "Being screened",
    OnboardingState.PENDING_RPL_REVIEW: "In review",
    OnboardingState.PROVISIONING: "Being set up",
    OnboardingState.ACTIVE: "Active",
    OnboardingState.ERROR: "Failed",
    OnboardingState.CANCELLED: "Cancelled",
}

_AGAIN: Final = " To try again, create the customer anew, with the same external id if you like: it is screened afresh."

_STANDING: Final = {
    OnboardingState.RECEIVED: "The request is stored, and is about to be screened against restricted-party lists.",
    OnboardingState.SCREENING: "The customer is being screened against restricted-party lists. Without a hit its account is"
    " created at once.",
    OnboardingState.PENDING_RPL_REVIEW: "The screening found entries that the customer may be. A reviewer decides about that;"
    " until then nothing can be provisioned, and there is nothing for you to do.",
    OnboardingState.PROVISIONING: "The customer has been cleared, and its account is being created.",
    OnboardingState.ACTIVE: "The account is ready.",
    OnboardingState.CANCELLED: "The last subscription has been cancelled.",
}

_FAILED: Final = {
    OnboardingReason.RPL_REJECTED: "A reviewer has rejected the customer, and no account was created." + _AGAIN,
    OnboardingReason.RPL_UNRESOLVED: "A reviewer could not find out whether the customer is a restricted party, and no"
    " account was created." + _AGAIN,
    OnboardingReason.RPL_REVIEW_TIMEOUT: "Nobody has decided about the customer in time, and no account was created."
    + _AGAIN,
    OnboardingReason.PROVISIONING_FAILED: "The platform refuses to create the account. Once that is put right, run the"
    " provisioning again: the customer is not screened again.",
}

_MOVES: Final = {
    AddressState.SCREENING: "The new address is being screened. The old one stays in force until it is clear.",
    AddressState.PENDING_RPL_REVIEW: "The screening of the new address found entries, and a reviewer decides. The old one"
    " stays in force, and the services keep running.",
    AddressState.APPLIED: "The new address has been cleared, and is in force.",
}

_STAYED: Final = {
    OnboardingReason.RPL_REJECTED: "A reviewer has rejected the new address: the old one stays in force.",
    OnboardingReason.RPL_UNRESOLVED: "A reviewer could not clear the new address: the old one stays in force.",
    OnboardingReason.RPL_REVIEW_TIMEOUT: "Nobody has decided about the new address in time: the old one stays in force.",
}

_WARNINGS: Final = {
    ProvisioningWarning.NO_DEFAULT_CALL_IN: "A meetings site has no default call-in number: its telephony domain has none"
    " for the organisation's country, nor a default for the location."
}

_RULES: Final = {
    CallInRule.COUNTRY: "the first available number of the organisation's country",
    CallInRule.LOCATION_DEFAULT: "the default number of the location: the country has none",
}

_PHONES: Final = {Pstn.CISCO: "Cisco-enabled", Pstn.OTHER: "Not Cisco-enabled, so no call-in number is set"}


def standing(view: CustomerView) -> str:
    """Where a customer stands, and what that means for its provider (B annex 1)."""
    if view.state is OnboardingState.ERROR:
        return _FAILED.get(view.reason, "The onboarding has failed.") if view.reason else "The onboarding has failed."
    return _STANDING[view.state]


def move(change: AddressChange) -> str:
    """Where the change of an address stands (RPL-17)."""
    if change.state is AddressState.ERROR:
        kept = "The new address was not taken over: the old one stays in force."
        return _STAYED.get(change.reason, kept) if change.reason else kept
    return _MOVES[change.state]


def problem(view: CustomerView, *, operates: bool) -> str | None:
    """Why it does not go on, where something is in the way: lists and providers are an operator's to put right (RPL-16)."""
    if view.problem is None:
        return None
    if view.state is OnboardingState.ERROR:
        return f"The platform says: {view.problem}."
    return view.problem if operates else "The screening is not possible at the moment. It is tried again by itself."


def postal(address: BillingAddress) -> str:
    """An address on one line, its country in words."""
    parts = (address.line, country(address.country) if address.country else "")
    return ", ".join(part for part in parts if part) or "None"


def unit(quantity: Quantity) -> str:
    """What is counted."""
    return "Package" if quantity.kind is UnitKind.PACKAGE else "Add-on"


FILTERS: Final = {
    "onboarding": STATES.__getitem__,
    "standing": standing,
    "move": move,
    "postal": postal,
    "country": country,
    "unit": unit,
    "warning": _WARNINGS.__getitem__,
    "call_in_rule": _RULES.__getitem__,
    "phones": _PHONES.__getitem__,
}

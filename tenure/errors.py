"""Everything that Tenure raises.

TenureError
├── Refusal              a command that the rules refuse; `code` is stable, nothing was changed (XC-05)
├── MailRefused          a mail server refuses a recipient for good (5xx, and the enhanced status says so)
├── PlatformRefused      the platform refuses to build or tear down a service; a person has to look
├── Unavailable          a service that Tenure needs did not answer; trying again is right
└── Misconfigured        a setting, or the place this runs in, is wrong; nothing was started
"""

from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum
from typing import Self


class RefusalCode(StrEnum):
    """Why a command was refused: the value is the stable code, `text` says it to a person."""

    text: str

    def __new__(cls, code: str, text: str) -> Self:
        """Make a member of a code and its text."""
        member = str.__new__(cls, code)
        member._value_ = code
        member.text = text
        return member

    ORGANISATION_NOT_FOUND = "organisation_not_found", "There is no such organisation."
    PARTNER_NOT_FOUND = "partner_not_found", "There is no such partner."
    PERSON_NOT_FOUND = "person_not_found", "There is no such person in this organisation."
    LICENCE_SET_NOT_FOUND = "licence_set_not_found", "There is no such licence set."
    LICENCE_SET_EXISTS = "licence_set_exists", "A licence set with this id exists already, with other contents."
    FEED_NOT_FOUND = "feed_not_found", "There is no such activity feed."
    ERASURE_NOT_FOUND = "erasure_not_found", "This organisation is not being erased."
    IMPORT_NOT_FOUND = "import_not_found", "There is no such import."
    RECEIPT_NOT_FOUND = "receipt_not_found", "There is no receipt for this organisation."
    ORG_DELETED = "org_deleted", "This organisation has been deleted."
    IRREVERSIBLE = "irreversible", "What was removed or deleted cannot be brought back."
    NO_EXCEPTIONS = "no_exceptions", "No organisation can be exempted from deletion, or paused."
    GRACE_OVER = "grace_over", "The renewal period is over: begin a new trial or subscription."
    PAID_SUBSCRIPTION_REQUIRED = (
        "paid_subscription_required",
        "Licences of a subscription are restored only by a paid subscription.",
    )
    ROLE_NOT_ALLOWED = "role_not_allowed", "This person's role does not allow that: ask somebody whose role does."
    CONFIRMATION_REQUIRED = "confirmation_required", "This takes an explicit confirmation."
    WRONG_STATE = "wrong_state", "That is not possible in the present state."
    TRIAL_NOT_FOUND = "trial_not_found", "There is no such trial."
    TRIAL_EXISTS = "trial_exists", "This id is taken by a trial or an organisation with other contents: choose another."
    PARTNER_NOT_CERTIFIED = "partner_not_certified", "Only a certified partner may do that: have the partner certified."
    OWN_ORG_NEEDS_ORDER = (
        "own_org_needs_order",
        "A trial for a partner's own organisation starts as an order in commerce.",
    )
    CUSTOMER_DETAILS_REQUIRED = (
        "customer_details_required",
        "Give the company's name, an admin's e-mail address, the industry and the country.",
    )
    INDUSTRY_UNKNOWN = "industry_unknown", "There is no such industry: pick the nearest one of the catalogue."
    COUNTRY_UNSUPPORTED = (
        "country_unsupported",
        "The services are not offered in this country: the catalogue names those where they are.",
    )
    NO_SERVICE_SELECTED = "no_service_selected", "Select at least one service; to end a trial, cancel it."
    SERVICE_UNKNOWN = "service_unknown", "There is no such service: the catalogue names those there are."
    SITE_DETAILS_REQUIRED = (
        "site_details_required",
        "A service of this trial needs a meetings site: give its address and a time zone.",
    )
    SITE_URL_TAKEN = "site_url_taken", "This address of a meetings site is not available: choose another."
    SITE_FIXED = (
        "site_fixed",
        "The meetings site of this trial stands already: leave its address and its time zone as they are.",
    )
    LENGTH_NOT_OFFERED = "length_not_offered", "Trials of this length are not offered: choose one of the catalogue."
    SERVICE_ALREADY_OWNED = (
        "service_already_owned",
        "The customer has bought a service of this trial already: leave it out.",
    )
    SERVICE_ON_TRIAL_ELSEWHERE = (
        "service_on_trial_elsewhere",
        "Another partner has a trial of a service of this one: leave it out, or wait for the end of that.",
    )
    ALREADY_ON_TRIAL = "already_on_trial", "You have a trial of this service there already: extend or edit that."
    REQUEST_PENDING = (
        "request_pending",
        "Your request to this organisation is waiting for its consent: mail it again, or cancel it.",
    )
    NOT_TRIAL_OWNER = "not_trial_owner", "Only the partner that started a trial may do that."
    CONSENT_NEEDS_FULL_ADMIN = (
        "consent_needs_full_admin",
        "Only a full admin of the organisation may decide about that.",
    )
    CONSENT_EXPIRED = "consent_expired", "The time to consent to this trial is over: its partner may ask anew."
    NOT_PENDING = "not_pending", "This request is not waiting for consent any more: see what became of it."
    MAILED_OFTEN_ENOUGH = (
        "mailed_often_enough",
        "This request has been mailed as often as one may be: wait for the answer.",
    )
    LINK_INVALID = "link_invalid", "This link is damaged or was not made here: open the one of the mail."
    ACCESS_LEVEL_INSUFFICIENT = (
        "access_level_insufficient",
        "The customer has not given you full administration: ask its full admin.",
    )
    EXTENSION_TOO_LONG = "extension_too_long", "A trial is not extended that far: choose fewer days from today."
    EXTENSION_TOO_SHORT = "extension_too_short", "A trial is extended by one day from today at least."
    TIER2_USE_DISTRIBUTOR = "tier2_use_distributor", "A tier-2 partner converts a trial through its distributor."
    CONTACT_NOT_ADMIN = (
        "contact_not_admin",
        "Name an admin of the partner or of the customer as the provisioning contact.",
    )
    ORDER_EXISTS = "order_exists", "This order is known, with other contents: give the new one an id of its own."
    ORDER_NOT_FOUND = "order_not_found", "There is no such order."
    CUSTOMER_NOT_MATCHED = (
        "customer_not_matched",
        "This address is not of an admin of the trial's organisation: check both.",
    )
    MANAGED_BY_TRIAL = "managed_by_trial", "These licences belong to a trial: extend, convert or cancel that."
    MANAGED_BY_WHOLESALE = (
        "managed_by_wholesale",
        "These licences are a wholesale subscription: cancel that, or create the customer anew.",
    )
    NUMBERS_RELEASED = "numbers_released", "The phone numbers have been released."
    DEVICES_NOT_SHIPPED = "devices_not_shipped", "No devices were shipped for this trial."
    LABEL_US_ONLY = "label_us_only", "Return labels are sent within the USA only."
    SERIAL_MISMATCH = "serial_mismatch", "A serial number is not one that was shipped for this trial."
    DEMO_ORDER_NOT_FOUND = "demo_order_not_found", "Nothing was shipped that matches all of this."
    CUSTOMER_NOT_FOUND = "customer_not_found", "There is no such wholesale customer."
    SUBSCRIPTION_NOT_FOUND = "subscription_not_found", "There is no such wholesale subscription."
    CASE_NOT_FOUND = "case_not_found", "There is no such review."
    USER_NOT_FOUND = "user_not_found", "There is no such user of this customer."
    CONFLICT = "conflict", "This external id is taken by a customer with other contents."
    EXTERNAL_ID_REQUIRED = "external_id_required", "Give the customer's reference in your own system."
    BILLING_COUNTRY_REQUIRED = "billing_country_required", "Give the country of the billing address."
    INVALID_COUNTRY = "invalid_country", "There is no such country: give its code of two letters (ISO 3166-1)."
    ORG_COUNTRY_NOT_SETTABLE = (
        "org_country_not_settable",
        "The organisation's country follows from the billing address.",
    )
    UNKNOWN_PACKAGE = "unknown_package", "There is no such package."
    UNKNOWN_ADD_ON = "unknown_add_on", "There is no such add-on."
    ADD_ON_NOT_AVAILABLE = "add_on_not_available", "This add-on is not available yet."
    INVALID_QUANTITY = "invalid_quantity", "Quantities are whole numbers from 0 on, and one package at least is wanted."
    QUANTITY_BELOW_ASSIGNED = "quantity_below_assigned", "More are assigned than that: take some back first."
    PACKAGE_REQUIRED = "package_required", "Every user has a package."
    USER_ALREADY_HAS_PACKAGE = "user_already_has_package", "A user has one package: change it instead."
    PACKAGE_QUANTITY_EXCEEDED = "package_quantity_exceeded", "All packages of this kind are assigned."
    ADD_ON_QUANTITY_EXCEEDED = "add_on_quantity_exceeded", "All add-ons of this kind are assigned."
    USER_EXISTS = "user_exists", "This customer has a user with this address, with other contents."
    ADMIN_PACKAGE_MISMATCH = (
        "admin_package_mismatch",
        "An administrator holds the package that the organisation was created with: fix the package first.",
    )
    ADMIN_PACKAGE_DOWNGRADE_NOT_SUPPORTED = (
        "admin_package_downgrade_not_supported",
        "The package of an administrator cannot be lowered: take the role away first.",
    )
    LAST_FULL_ADMIN = "last_full_admin", "This is the last full admin: appoint another one first."
    NUMBER_IN_USE = "number_in_use", "This number is assigned already."
    CALLING_NOT_ENTITLED = "calling_not_entitled", "A number needs a package with calling."
    UNKNOWN_TELEPHONY_DOMAIN = "unknown_telephony_domain", "There is no such telephony domain."
    RPL_REVIEW_PENDING = "rpl_review_pending", "A restricted-party review of this customer is under way."
    ONBOARDING_FAILED = "onboarding_failed", "The onboarding of this customer has failed: create it anew."
    ACCOUNT_NOT_READY = "account_not_ready", "The customer's account is not ready yet."
    CUSTOMER_CANCELLED = "customer_cancelled", "The customer's last subscription has been cancelled."
    CASE_CLOSED = "case_closed", "This review is closed."
    TERMS_NOT_ACCEPTED = "terms_not_accepted", "Accept the terms first."
    TERMS_OUTDATED = "terms_outdated", "These are not the terms that are in force: read them again."
    SETUP_INCOMPLETE = "setup_incomplete", "Finish the set-up of the organisation first."
    NOTICE_NOT_FOUND = "notice_not_found", "There is no notice with the Message-ID of this report."
    RECIPIENT_MISMATCH = "recipient_mismatch", "The notice of this report was not sent to any of its recipients."
    REPORT_UNREADABLE = (
        "report_unreadable",
        "This is no report of a mail server, or it does not say which mail and whose it is about.",
    )
    CLOCK_AHEAD = "clock_ahead", "The caller's clock is ahead of the installation's."
    FUTURE_EVENT = "future_event", "The event lies more than 5 minutes in the future."
    BREAKER_NOT_OPEN = "breaker_not_open", "This breaker is not open: there is nothing to release."
    IDEMPOTENCY_KEY_REUSED = "idempotency_key_reused", "This idempotency key was used for another command."
    IMPORT_INVALID = "import_invalid", "The file has invalid rows; nothing was stored."
    INVALID_INPUT = "invalid_input", "The input does not have the expected form."
    UNAUTHENTICATED = "unauthenticated", "The request carries no valid credentials."
    FORBIDDEN = "forbidden", "These credentials do not permit that."
    TOO_LARGE = "too_large", "The request is larger than allowed."


class TenureError(Exception):
    """Tenure could not do what was asked."""

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message or type(self).__doc__)


class Refusal(TenureError):
    """The rules refuse the command; nothing was changed."""

    def __init__(
        self, code: RefusalCode, message: str | None = None, details: Mapping[str, object] | None = None
    ) -> None:
        """Refuse with a code; `details` are facts for the caller's machine, free of personal data."""
        super().__init__(message or code.text)
        self.code = code
        self.details = dict(details or {})


class MailRefused(TenureError):
    """A mail server refuses this recipient for good.

    Only what the server says of the recipient counts: a 5xx with an enhanced status (RFC 3463) such as 5.1.1. A 5xx
    about us (login, sender, relaying, a block list) or about the content is no refusal but `Unavailable`: where nobody
    can be reached an organisation may be deleted unwarned (DM-17), and our own fault is no ground for that.
    """


class PlatformRefused(TenureError):
    """The platform refuses to build or to tear down a service.

    Asking again soon will not help, asking again later may: somebody has to put something right in between.
    """

    def __init__(self, code: str, message: str | None = None) -> None:
        """Refuse with the platform's own code, free of personal data."""
        super().__init__(message or f"The platform refuses: {code}.")
        self.code = code


class Unavailable(TenureError):
    """A service that Tenure needs did not answer; try again."""

    def __init__(self, message: str | None = None, *, retry_after: timedelta | None = None) -> None:
        """Say what did not answer, and how long to leave it alone where it has said so itself."""
        super().__init__(message)
        self.retry_after = retry_after


class Misconfigured(TenureError):
    """A setting is missing or wrong."""

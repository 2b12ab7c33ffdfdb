"""Everything that Tenure raises.

TenureError
├── Refusal              a command that the rules refuse; `code` is stable, nothing was changed (XC-05)
├── MailRefused          a mail server refuses a recipient for good (5xx, and the enhanced status says so)
├── Unavailable          a service that Tenure needs did not answer; trying again is right
└── Misconfigured        a setting, or the place this runs in, is wrong; nothing was started
"""

from collections.abc import Mapping
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
    GRACE_OVER = "grace_over", "The renewal period is over."
    PAID_SUBSCRIPTION_REQUIRED = (
        "paid_subscription_required",
        "Licences of a subscription are restored only by a paid subscription.",
    )
    ROLE_NOT_ALLOWED = "role_not_allowed", "This person's role does not allow that."
    CONFIRMATION_REQUIRED = "confirmation_required", "Confirm by typing the organisation's name exactly."
    WRONG_STATE = "wrong_state", "That is not possible in the present state."
    CLOCK_AHEAD = "clock_ahead", "The caller's clock is ahead of the installation's."
    FUTURE_EVENT = "future_event", "The event lies more than 5 minutes in the future."
    BREAKER_OPEN = "breaker_open", "The deletion breaker is open: an operator has to release it."
    BREAKER_NOT_OPEN = "breaker_not_open", "This breaker is not open: there is nothing to release."
    IDEMPOTENCY_KEY_REUSED = "idempotency_key_reused", "This idempotency key was used for another command."
    IMPORT_INVALID = "import_invalid", "The file has invalid rows; nothing was stored."
    INVALID_INPUT = "invalid_input", "The input does not have the expected form."
    UNAUTHENTICATED = "unauthenticated", "The request carries no valid credentials."
    NOT_PERMITTED = "not_permitted", "These credentials do not permit that."
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


class Unavailable(TenureError):
    """A service that Tenure needs did not answer; try again."""


class Misconfigured(TenureError):
    """A setting is missing or wrong."""

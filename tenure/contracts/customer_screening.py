"""The screening of a customer that is created by a trial (RPL-01, RPL-03, Q-27)."""

from enum import StrEnum

from tenure.contracts.base import Contract


class CustomerScreeningState(StrEnum):
    """Where the screening of a customer stands; nothing is built for its trial before it is clear."""

    SCREENING = "screening"
    PENDING_RPL_REVIEW = "pending_rpl_review"
    CLEAR = "clear"
    """Nothing was found, or a reviewer has approved."""
    ERROR = "error"
    """Its trial is cancelled with it; another one is screened anew (RPL-12)."""


class CustomerScreeningReason(StrEnum):
    """Why it is in error."""

    RPL_REVIEW_TIMEOUT = "rpl_review_timeout"
    RPL_UNRESOLVED = "rpl_unresolved"
    RPL_REJECTED = "rpl_rejected"


class CustomerScreeningView(Contract):
    """The screening of a trial's customer as its partner sees it."""

    state: CustomerScreeningState
    reason: CustomerScreeningReason | None = None
    problem: str | None = None
    """Why it is still being screened, for an operator (RPL-16)."""

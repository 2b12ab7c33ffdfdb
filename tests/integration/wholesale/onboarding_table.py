"""Annex 1 of the requirements as a table: what each thing that happens makes of a wholesale customer."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum, auto
from typing import Final

from tenure.contracts.customer import AddressState as A
from tenure.contracts.customer import OnboardingReason as R
from tenure.contracts.customer import OnboardingState as S
from tenure.contracts.review import CaseState, Decision, ScreeningTrigger
from tenure.errors import RefusalCode as Code

MOMENT = timedelta(microseconds=1)


class Move(StrEnum):
    """What happens to a customer."""

    NO_MATCH = auto()
    MATCH = auto()
    PROVIDER_FAILURE = auto()
    APPROVE = auto()
    REJECT = auto()
    UNRESOLVED = auto()
    LAST_MOMENT = auto()
    """72 hours are over to the microsecond, and the process of the review looks."""
    TOO_LATE = auto()
    """A microsecond more."""
    ACCOUNT_READY = auto()
    ACCOUNT_REFUSED = auto()
    RERUN = auto()
    MOVE_AWAY = auto()
    CANCEL = auto()
    SAME_REQUEST = auto()
    OTHER_REQUEST = auto()


DECISIONS: Final = {
    Move.APPROVE: (Decision.APPROVE, CaseState.APPROVED, None),
    Move.REJECT: (Decision.REJECT, CaseState.REJECTED, R.RPL_REJECTED),
    Move.UNRESOLVED: (Decision.UNRESOLVED, CaseState.UNRESOLVED, R.RPL_UNRESOLVED),
}
NOT_READY: Final = {
    S.RECEIVED: Code.ACCOUNT_NOT_READY,
    S.SCREENING: Code.ACCOUNT_NOT_READY,
    S.PROVISIONING: Code.ACCOUNT_NOT_READY,
    S.PENDING_RPL_REVIEW: Code.RPL_REVIEW_PENDING,
    S.ERROR: Code.ONBOARDING_FAILED,
    S.CANCELLED: Code.CUSTOMER_CANCELLED,
}
"""What an address, or a run, is refused with where the customer is not active (RPL-06, PRV-03)."""

WAITING: Final = frozenset({A.SCREENING, A.PENDING_RPL_REVIEW})
"""A change of address that is not over."""


@dataclass
class Model:
    """What annex 1 says of the customer."""

    state: S = S.RECEIVED
    reason: R | None = None
    address: A | None = None
    """The sub-state of its newest change."""
    moved: bool = False
    """The new address is in force."""
    case: CaseState | None = None
    """The newest review."""
    trigger: ScreeningTrigger = ScreeningTrigger.CREATE
    deadline: datetime | None = None
    screenings: int = 0
    generations: int = 1

    @property
    def is_over(self) -> bool:
        """Whether the reference may be used again (RPL-12, Q-29)."""
        return self.state is S.CANCELLED or self.reason in {R.RPL_REJECTED, R.RPL_UNRESOLVED, R.RPL_REVIEW_TIMEOUT}

    def play(self, move: Move, now: datetime) -> Code | None:
        """What a move does, after which the processes look; a refusal changes nothing."""
        match move:
            case Move.NO_MATCH | Move.MATCH | Move.PROVIDER_FAILURE:
                self._screen(move, now)
                refused = None
            case Move.APPROVE | Move.REJECT | Move.UNRESOLVED:
                refused = self._decide(move, now)
            case Move.LAST_MOMENT | Move.TOO_LATE:
                self._look_at_clock(now)
                refused = None
            case Move.SAME_REQUEST | Move.OTHER_REQUEST:
                refused = self._request(move)
            case Move.MOVE_AWAY:
                refused = self._move_away()
            case _:
                refused = self._account(move)
        if self.state is S.RECEIVED:
            self.state = S.SCREENING
        return refused

    def _account(self, move: Move) -> Code | None:
        match move:
            case Move.ACCOUNT_READY if self.state is S.PROVISIONING:
                self.state = S.ACTIVE
            case Move.ACCOUNT_REFUSED if self.state is S.PROVISIONING:
                self.state, self.reason = S.ERROR, R.PROVISIONING_FAILED
            case Move.RERUN if self.reason is R.PROVISIONING_FAILED:
                self.state, self.reason = S.PROVISIONING, None
                self.generations += 1
            case Move.RERUN if self.state is not S.ACTIVE:
                return NOT_READY[self.state]
            case Move.CANCEL if self.state is S.ACTIVE:
                self.state = S.CANCELLED
                if self.address in WAITING:
                    self.address = A.ERROR
        return None

    def _request(self, move: Move) -> Code | None:
        if self.is_over:
            fresh = Model()
            self.__dict__.update(fresh.__dict__)
        elif move is Move.OTHER_REQUEST:
            return Code.CONFLICT
        return None

    def _look_at_clock(self, now: datetime) -> None:
        if self.case is CaseState.OPEN and self.deadline is not None and now > self.deadline:
            self._conclude(CaseState.TIMED_OUT, R.RPL_REVIEW_TIMEOUT)

    def _screen(self, move: Move, now: datetime) -> None:
        if move is Move.PROVIDER_FAILURE:
            return
        match = move is Move.MATCH
        if self.state in {S.RECEIVED, S.SCREENING}:
            self.state = S.PENDING_RPL_REVIEW if match else S.PROVISIONING
            self.trigger = ScreeningTrigger.CREATE
        elif self.address is A.SCREENING:
            self.address = A.PENDING_RPL_REVIEW if match else A.APPLIED
            self.moved = self.moved or not match
            self.trigger = ScreeningTrigger.ADDRESS_UPDATE if match else self.trigger
        else:
            return
        self.screenings += 1
        if match:
            self.case, self.deadline = CaseState.OPEN, now + timedelta(hours=72)

    def _decide(self, move: Move, now: datetime) -> Code | None:
        _, outcome, reason = DECISIONS[move]
        if self.case is None or self.deadline is None or self.case is outcome:
            return None
        if self.case is not CaseState.OPEN or now > self.deadline:
            return Code.CASE_CLOSED
        self._conclude(outcome, reason)
        return None

    def _conclude(self, outcome: CaseState, reason: R | None) -> None:
        self.case = outcome
        if self.trigger is ScreeningTrigger.CREATE:
            self.state, self.reason = (S.PROVISIONING, None) if reason is None else (S.ERROR, reason)
        elif self.address is A.PENDING_RPL_REVIEW:
            self.address = A.APPLIED if reason is None else A.ERROR
            self.moved = self.moved or reason is None

    def _move_away(self) -> Code | None:
        if self.reason is R.PROVISIONING_FAILED:
            return Code.ACCOUNT_NOT_READY
        if self.state is not S.ACTIVE:
            return NOT_READY[self.state]
        if self.address in WAITING:
            return Code.RPL_REVIEW_PENDING
        self.address = A.SCREENING
        return None

"""Random lives of customers that trials create, on a real Postgres, held against a table of what may become of them."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum, auto
from typing import Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tenure.contracts.review import CaseState, Decision
from tenure.contracts.trial import TrialView
from tenure.errors import Refusal
from tenure.policy.rules import DEFAULT
from tenure.settings import InstallationKind
from tests.conftest import FreshDatabase
from tests.integration.deletion.town import Town
from tests.integration.newcomers.checkpoint import Checkpoint
from tests.integration.wholesale.gate import hit


class Move(StrEnum):
    """What happens to a customer."""

    IN_VAIN = auto()
    CLEAR = auto()
    HIT = auto()
    APPROVE = auto()
    REJECT = auto()
    TOO_LATE = auto()
    CANCEL = auto()
    AGAIN = auto()
    """Its partner asks for another trial."""
    RUN = auto()
    """The trial's process looks, and the platform does what it is told."""


_OUTCOMES: Final = {
    Move.APPROVE: CaseState.APPROVED,
    Move.REJECT: CaseState.REJECTED,
    Move.TOO_LATE: CaseState.TIMED_OUT,
}


@dataclass
class Model:
    """What the requirements say of the customer."""

    screening: str = "screening"
    trial: str = "provisioning"
    case: CaseState | None = None
    was_clear: bool = False

    def play(self, move: Move) -> str | None:
        """What it makes of the customer; answers the code of the refusal where there is one."""
        match move:
            case Move.CLEAR if self.screening == "screening":
                self.screening, self.was_clear = "clear", True
            case Move.HIT if self.screening == "screening":
                self.screening, self.case = "pending_rpl_review", CaseState.OPEN
            case Move.APPROVE | Move.REJECT | Move.TOO_LATE:
                return self._conclude(_OUTCOMES[move])
            case Move.CANCEL if self.trial == "cancelled":
                return "wrong_state"
            case Move.CANCEL:
                self.trial = "cancelled"
            case Move.RUN if (self.trial, self.screening) == ("provisioning", "clear"):
                self.trial = "active"
            case Move.AGAIN:
                return self._again()
        return None

    def _conclude(self, outcome: CaseState) -> str | None:
        if self.case is CaseState.OPEN:
            self.case = outcome
            if outcome is CaseState.APPROVED:
                self.screening, self.was_clear = "clear", True
            else:
                self.screening, self.trial = "error", "cancelled"
        elif self.case not in {None, outcome} and outcome is not CaseState.TIMED_OUT:
            return "case_closed"
        return None

    def _again(self) -> str | None:
        if self.screening in {"screening", "pending_rpl_review"}:
            return "account_not_ready" if self.screening == "screening" else "rpl_review_pending"
        if self.trial != "cancelled":
            return "already_on_trial"
        self.trial = "provisioning"
        if self.screening == "error":
            self.screening = "screening"
        return None


@dataclass
class Life:
    """A customer at the checkpoint, beside what the table says of it."""

    checkpoint: Checkpoint
    trial: TrialView
    asked: TrialView
    """The trial that has begun the newest screening."""
    model: Model = field(default_factory=Model)

    async def play(self, move: Move) -> None:
        """Let it happen, and see that it was refused exactly where the table says so."""
        refused: str | None = None
        try:
            await self._do(move)
        except Refusal as refusal:
            refused = refusal.code
        assert refused == self.model.play(move), move

    async def _do(self, move: Move) -> None:
        checkpoint = self.checkpoint
        match move:
            case Move.IN_VAIN:
                await checkpoint.in_vain(self.asked)
            case Move.CLEAR | Move.HIT:
                await checkpoint.screen(self.asked, *([hit()] if move is Move.HIT else []))
            case Move.APPROVE | Move.REJECT if self.model.case is not None:
                await checkpoint.decide(self.asked, Decision.APPROVE if move is Move.APPROVE else Decision.REJECT)
            case Move.TOO_LATE if self.model.case is not None:
                case = await checkpoint.case(self.asked)
                await checkpoint.town.advance_to(case.deadline_at + timedelta(seconds=1))
                await checkpoint.check_case(self.asked)
            case Move.CANCEL:
                await checkpoint.cancel(self.trial)
            case Move.AGAIN:
                self.trial = await checkpoint.again(self.trial)
                self.asked = self.trial if self.trial.screening is not None else self.asked
            case Move.RUN:
                await checkpoint.run(self.trial.trial_id)

    async def compare(self) -> None:
        """What is stored is what the table says; the platform knows of nobody who was never clear."""
        checkpoint, model = self.checkpoint, self.model
        step = await checkpoint.check(self.asked)
        seen = await checkpoint.show(self.trial.trial_id)
        assert (step.state, seen.state) == (model.screening, model.trial)
        running = {"screening": 1, "pending_rpl_review": 2}.get(model.screening, 0)
        if model.case is not None:
            await checkpoint.check_case(self.asked)
        processes = await checkpoint.town.processes(self.trial.organisation_id)
        screening = [
            name
            for name, state in processes.items()
            if state != "closed" and name.startswith(("customer-screening/", "rpl-review/"))
        ]
        assert len(screening) == running
        dates = {str(date.kind) for date in await checkpoint.town.next_dates(self.trial.organisation_id)}
        assert (
            dates & {"screening", "rpl_review"} == ({"screening"}, {"rpl_review"}, set())[running - 1 if running else 2]
        )
        asked_for = "select count(*)::int from platform_resources where organisation_id = $1"
        if not model.was_clear:
            assert await checkpoint.town.value(int, asked_for, self.trial.organisation_id) == 0


@pytest.fixture(scope="module")
async def checkpoint(fresh_database: FreshDatabase) -> AsyncIterator[Checkpoint]:
    """One checkpoint for all lives."""
    async with Town.open(await fresh_database(InstallationKind.SIMULATION), DEFAULT) as town:
        yield await Checkpoint.open(town)


@settings(
    max_examples=30,
    deadline=None,
    derandomize=True,
    report_multiple_bugs=False,
    suppress_health_check=[HealthCheck.too_slow],
)
@given(moves=st.lists(st.sampled_from(Move), min_size=3, max_size=9))
async def test_nothing_is_built_before_it_is_clear(checkpoint: Checkpoint, moves: list[Move]) -> None:
    """Whatever happens in whatever order: screening, trial, reviews, processes and dates are what they must be (RPL-01, RPL-05 to RPL-16, TC-10, TR-12)."""
    trial = await checkpoint.newcomer()
    life = Life(checkpoint, trial, trial)
    for move in moves:
        await life.play(move)
        await life.compare()

"""Random lives of onboardings on a real Postgres, held against annex 1 of the requirements as a table, after every move."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters.postgres.wholesale.users import PostgresUsers
from tenure.contracts.customer import AddressState as A
from tenure.contracts.customer import CancelSubscription, CreateCustomer, CustomerView
from tenure.contracts.customer import OnboardingState as S
from tenure.contracts.review import CaseState, RplCaseView
from tenure.contracts.user import RunProvisioning
from tenure.errors import Refusal
from tenure.errors import RefusalCode as Code
from tenure.policy.rules import DEFAULT
from tenure.settings import InstallationKind
from tests.conftest import FreshDatabase
from tests.integration.clock import STOPPED, set_clock
from tests.integration.deletion.town import Town
from tests.integration.wholesale.gate import BERLIN, PARIS, SOLD, Gate, hit
from tests.integration.wholesale.hall import provider
from tests.integration.wholesale.onboarding_table import DECISIONS, MOMENT, WAITING, Model, Move


@dataclass
class Life:
    """A customer at the gate, beside what the table says of it."""

    gate: Gate
    users: PostgresUsers
    command: CreateCustomer
    customer: CustomerView
    model: Model = field(default_factory=Model)

    @classmethod
    async def begin(cls, gate: Gate) -> "Life":
        """A customer is requested."""
        command = gate.command()
        users = PostgresUsers(gate.town.database, DEFAULT, SOLD)
        return cls(gate, users, command, await gate.create(command))

    async def play(self, move: Move) -> None:
        """Let it happen, and see that it was refused exactly where the table says so."""
        before, case = await self.gate.town.now(), await self._case()
        if move in {Move.LAST_MOMENT, Move.TOO_LATE} and self.model.deadline is not None:
            await self.gate.town.advance_to(self.model.deadline + (MOMENT if move is Move.TOO_LATE else timedelta(0)))
        now = await self.gate.town.now()
        assert now >= before
        was_over = self.model.is_over
        expected = self.model.play(move, now)
        refused: Code | None = None
        try:
            await self._do(move, case, was_over=was_over)
        except Refusal as refusal:
            refused = refusal.code
        await self.gate.look(self.customer)
        assert refused is expected, move

    async def _do(self, move: Move, case: RplCaseView | None, *, was_over: bool) -> None:
        match move:
            case Move.APPROVE | Move.REJECT | Move.UNRESOLVED if case is not None:
                await self.gate.decide(case.case_id, DECISIONS[move][0])
            case Move.LAST_MOMENT | Move.TOO_LATE if case is not None:
                await self.gate.look_at_case(case)
            case Move.SAME_REQUEST | Move.OTHER_REQUEST:
                await self._request(move, was_over=was_over)
            case Move.RERUN | Move.MOVE_AWAY | Move.CANCEL:
                await self._command(move)
            case _:
                await self._step(move)

    async def _step(self, move: Move) -> None:
        """What screeners and the platform answer the processes."""
        gate, customer = self.gate, self.customer
        match move:
            case Move.NO_MATCH | Move.MATCH:
                hits = (hit(f"SDN-{self.model.screenings}"),) if move is Move.MATCH else ()
                await gate.screen(customer, *hits)
                if (await gate.see(customer)).address_change is not None:
                    await gate.screen_address(customer, *hits)
            case Move.PROVIDER_FAILURE:
                await gate.look(customer)
                await gate.steps.record_unavailable(await gate.task(customer), "The list un is stale.")
            case Move.ACCOUNT_READY:
                await gate.set_up(customer)
            case Move.ACCOUNT_REFUSED if (await gate.see(customer)).state is S.PROVISIONING:
                await gate.refuse_account(customer)

    async def _command(self, move: Move) -> None:
        """What the service provider sends."""
        gate, customer = self.gate, self.customer
        match move:
            case Move.RERUN:
                run = RunProvisioning(organisation_id=customer.organisation_id)
                await self.users.run_provisioning(provider(gate.north), run)
            case Move.MOVE_AWAY:
                city = f"City {self.model.screenings}"
                await gate.move(customer, (BERLIN if self.model.moved else PARIS).model_copy(update={"city": city}))
            case Move.CANCEL if (paid := (await gate.see(customer)).subscription) is not None:
                cancel = CancelSubscription(licence_set_id=paid.licence_set_id)
                await gate.customers.cancel_subscription(provider(gate.north), cancel)

    async def _request(self, move: Move, *, was_over: bool) -> None:
        """The same request once more, or another one of the same reference: a new customer where the last is over."""
        command, customer = self.command, self.customer
        if move is Move.OTHER_REQUEST:
            command = command.model_copy(update={"packages": {"suite": command.packages["suite"] + 1}})
        self.customer = await self.gate.create(command)
        self.command = command
        assert (self.customer.organisation_id != customer.organisation_id) is was_over

    async def compare(self) -> None:
        """What is stored is what the table says: states, the case, what runs, what falls due, what is built."""
        gate, model = self.gate, self.model
        seen, case = await gate.see(self.customer), await self._case()
        assert (seen.state, seen.reason) == (model.state, model.reason)
        assert (seen.address_change and seen.address_change.state) == model.address
        assert (seen.billing_address != BERLIN) is model.moved
        assert (case and case.state) == model.case
        running, due = set(), set()
        name = self.customer.organisation_id
        if model.state in {S.SCREENING, S.PENDING_RPL_REVIEW, S.PROVISIONING}:
            running.add(f"onboarding/{name}/{model.generations}")
        if model.address is not None:
            change = (await gate.address_task(self.customer)).generation
            await gate.look_at_address(self.customer)
            if model.address in WAITING:
                running.add(f"address-change/{name}/{change}")
        if model.state is S.SCREENING or model.address is A.SCREENING:
            due.add("screening")
        if case is not None and case.state is CaseState.OPEN:
            running.add(f"rpl-review/{case.case_id}/1")
            due.add("rpl_review")
        elif case is not None:
            await gate.look_at_case(case)
        processes = await gate.town.processes(name)
        open_ = {each for each, state in processes.items() if state != "closed"}
        assert {each for each in open_ if not each.startswith("renewal-grace/")} == running
        dates = {date.kind for date in await gate.town.next_dates(name)}
        assert {str(kind) for kind in dates if kind in {"screening", "rpl_review"}} == due
        built = await gate.town.value(int, _BUILT, name)
        assert (built > 0) is (model.state in {S.ACTIVE, S.CANCELLED})
        assert await gate.town.value(int, _SCREENED, name) == model.screenings

    async def _case(self) -> RplCaseView | None:
        cases = await self.gate.cases(self.customer)
        return cases[-1] if cases else None


_BUILT: Final = """
select ((select count(*) from people where organisation_id = $1)
        + (select count(*) from licence_sets where organisation_id = $1))::int
"""
_SCREENED: Final = "select count(*)::int from screenings where organisation_id = $1"


@pytest.fixture(scope="module")
async def gate(fresh_database: FreshDatabase) -> AsyncIterator[Gate]:
    """One gate for all lives, whose clock stands still unless it is moved."""
    url = await fresh_database(InstallationKind.SIMULATION)
    await set_clock(url, STOPPED)
    async with Town.open(url, DEFAULT) as town:
        yield await Gate.open(town)


def _lives() -> st.SearchStrategy[list[Move]]:
    """Moves of any kind, in which the way to an account is not rare."""
    way: list[list[Move]] = [
        [],
        [Move.MATCH],
        [Move.MATCH, Move.APPROVE],
        [Move.NO_MATCH, Move.ACCOUNT_READY],
        [Move.NO_MATCH, Move.ACCOUNT_READY, Move.MOVE_AWAY],
        [Move.NO_MATCH, Move.ACCOUNT_READY, Move.MOVE_AWAY, Move.MATCH],
    ]
    moves = st.lists(st.sampled_from(Move), min_size=2, max_size=6)
    return st.builds(lambda begin, rest: [*begin, *rest], st.sampled_from(way), moves)


@settings(
    max_examples=40,
    deadline=None,
    derandomize=True,
    report_multiple_bugs=False,
    suppress_health_check=[HealthCheck.too_slow],
)
@given(moves=_lives())
async def test_onboardings_go_as_the_table_says(gate: Gate, moves: list[Move]) -> None:
    """Whatever happens in whatever order: states, reviews, addresses, processes and dates are those of annex 1 (ONB-07, ONB-08, RPL-04 to RPL-18, PRV-01 to PRV-04)."""
    life = await Life.begin(gate)
    for move in moves:
        await life.play(move)
        await life.compare()

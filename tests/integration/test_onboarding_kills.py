"""`kill -9` of the worker while customers are screened, given an account, reviewed and screened again: nothing is lost or done twice."""

from collections.abc import Awaitable, Callable, Sequence
from contextlib import nullcontext
from pathlib import Path

from tenure.settings import InstallationKind
from tests.conftest import FreshDatabase
from tests.integration.killing import PATIENCE, killable, outcome, through
from tests.workflows.counter import HOUR, LISTED, MOMENT, Counter
from tests.workflows.installation import Installation, installation
from workers.stack.mail import MailSink
from workers.stack.temporal import Temporal

ONBOARD = (
    "screener.screen:after:1",  # found, and nobody has written that down
    "platform.open_account:after:1",  # the account is there, and nobody has written that down
    "onboarding_steps.record_account:after:1",
)
TIME_OUT = ("onboarding_steps.check_review:after:1",)
UPDATE = ("onboarding_steps.record_list_screening:after:1",)

_FACTS = {
    "customers": "select name, state, reason, generation, attempts, problem, reviewed, account is null as unopened"
    " from onboardings order by name",
    "people": "select p.email, r.role, u.package from people p join person_roles r using (person_id)"
    " join user_packages u using (person_id) order by 1, 2",
    "units": "select kind, code, quantity, assigned from unit_quantities order by 1, 2, 3, 4",
}


async def life(world: Installation, *, killed: bool) -> str:
    """One customer is clear, another waits in vain for a reviewer, and then the list finds the first; answers the outcome."""

    async def act(faults: Sequence[str], what: Callable[[], Awaitable[None]]) -> None:
        await (through(world, faults, what) if killed else what())

    async with killable(world, "") if killed else nullcontext():
        counter = await Counter.open(world)
    await counter.take_in()
    await counter.take_in(LISTED)
    await act(ONBOARD, world.settle)
    await act((), lambda: world.advance(2 * HOUR))  # the review is slow by now, and looks next after its deadline
    await act(TIME_OUT, lambda: world.advance(70 * HOUR + MOMENT))
    await counter.load("Clear Works")
    await act(UPDATE, world.settle)
    return await outcome(world, _FACTS)


async def test_killed_in_the_middle(
    temporal: Temporal, fresh_database: FreshDatabase, mail_sink: MailSink, tmp_path: Path
) -> None:
    """Killed between each answer and its record, the facts end as if nothing had been: one screening, one account, one case.

    (RPL-04, RPL-07, RPL-16, PRV-04, Q-32, P10, XC-01)
    """
    async with installation(temporal, await fresh_database(InstallationKind.SIMULATION), mail_sink, tmp_path) as world:
        undisturbed = await life(world, killed=False)
    async with installation(
        temporal,
        await fresh_database(InstallationKind.SIMULATION),
        mail_sink,
        tmp_path,
        working=False,
        patience=PATIENCE,
    ) as world:
        assert await life(world, killed=True) == undisturbed

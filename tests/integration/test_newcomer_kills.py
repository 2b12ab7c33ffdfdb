"""`kill -9` of the worker while a trial's new customer is screened and reviewed: it is screened once, and built for once."""

from pathlib import Path

from tenure.contracts.review import Decision
from tenure.contracts.trial import TrialState
from tenure.settings import InstallationKind
from tests.conftest import FreshDatabase
from tests.integration.killing import PATIENCE, outcome, through
from tests.workflows.counter import LISTED, Counter
from tests.workflows.fair import Fair
from tests.workflows.installation import OPERATOR, Installation, installation
from workers.stack.mail import MailSink
from workers.stack.temporal import Temporal

FAULTS = (
    "onboarding_steps.record_unavailable:after:1",  # no list: written down, and the process does not know
    "screener.screen:after:2",  # without a list once more; then found, and nobody has written that down
    "onboarding_steps.record_screening:after:1",
    "onboarding_steps.check_customer_screening:before:1",
    "onboarding_steps.check_customer_screening:after:2",  # decided: its process is closed in the facts, and still runs
)

_FACTS = {
    "trials": "select state, services from trials",
    "customers": "select state, reason, attempts, problem from customer_screenings",
    "cleared": "select list_id from cleared_hits",
    "notices": "select kind, recipient, state from notices order by 1, 2",
}


async def life(world: Installation) -> None:
    """A listed newcomer comes while there is no list; then there is one, and a reviewer approves."""
    counter, fair = await Counter.open(world, listed=False), await Fair.open(world, screened=True)
    await world.services.trials.request(OPERATOR, fair.request(company_name=LISTED))
    await world.settle()
    await counter.list_parties(LISTED, "Abu Feldspar", "Ilia Basaltov", "Jan Gneiss", "Maria Schist")
    held = await fair.show()
    assert held.state is TrialState.PROVISIONING
    await counter.decide(held.organisation_id, Decision.APPROVE)
    assert (await fair.show()).state is TrialState.ACTIVE


async def test_killed_in_the_middle(
    temporal: Temporal, fresh_database: FreshDatabase, mail_sink: MailSink, tmp_path: Path
) -> None:
    """Killed between each answer and its record, the facts end as if nothing had been: one screening, one case, one trial.

    (RPL-01, RPL-04, RPL-15, RPL-16, Q-27, P10, XC-01)
    """
    async with installation(temporal, await fresh_database(InstallationKind.SIMULATION), mail_sink, tmp_path) as world:
        await life(world)
        undisturbed = await outcome(world, _FACTS)
    async with installation(
        temporal,
        await fresh_database(InstallationKind.SIMULATION),
        mail_sink,
        tmp_path,
        working=False,
        patience=PATIENCE,
    ) as world:
        await through(world, FAULTS, lambda: life(world))
        assert await outcome(world, _FACTS) == undisturbed

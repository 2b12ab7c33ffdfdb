"""`kill -9` of the worker while a trial's new customer is screened and reviewed: it is screened once, and built for once."""

import re
from pathlib import Path

from tenure.contracts.review import Decision
from tenure.contracts.trial import TrialState
from tenure.settings import InstallationKind
from tests.conftest import FreshDatabase
from tests.integration.test_kills import PATIENCE, facts, through
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
    "screenings": "select trigger, result, subject ->> 'names' as names from screenings order by 1, 2, 3",
    "cases": "select trigger, state, decided_by from rpl_cases",
    "cleared": "select list_id from cleared_hits",
    "platform": "select service, torn_down_at is null as stands from platform_resources order by 1",
    "licences": "select kind, state, services from licence_sets order by services",
    "notices": "select kind, recipient, state from notices order by 1, 2",
    "processes": "select type, state from processes order by 1, 2",
    "next dates": "select kind, rule, reason from next_dates order by 1",
    "audit": "select actor, action, from_state, to_state, reason, count(*) from audit where subject ~ '^(org|trl)_'"
    " group by 1, 2, 3, 4, 5 order by 2, 1, 3, 4, 5",
}


async def outcome(world: Installation) -> str:
    """Everything that the facts say in the end, without instants and without what names this test."""
    return re.sub(r"[0-9a-f]{32}", "id", await facts(world, _FACTS))


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
        undisturbed = await outcome(world)
    async with installation(
        temporal,
        await fresh_database(InstallationKind.SIMULATION),
        mail_sink,
        tmp_path,
        working=False,
        patience=PATIENCE,
    ) as world:
        await through(world, FAULTS, lambda: life(world))
        assert await outcome(world) == undisturbed

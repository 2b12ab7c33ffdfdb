"""`kill -9` of the worker at every step of warn, fence and erase: the outcome is that of an undisturbed run."""

from datetime import timedelta
from pathlib import Path

import pytest

from tenure.contracts.erasure import Store
from tenure.ids import OrganisationId
from tenure.settings import InstallationKind
from tests.conftest import FreshDatabase
from tests.integration.killing import PATIENCE, killable, outcome, through
from tests.workflows.installation import Installation, installation
from workers.stack.mail import MailSink
from workers.stack.temporal import Temporal

DAY = timedelta(days=1)
MOMENT = timedelta(minutes=3)

WARN = (
    "countdowns.warn:before:1",
    "countdowns.warn:after:1",
    "notices.next_attempt:before:1",
    "notices.next_attempt:after:1",
    "mailer.send:before:1",
    "mailer.send:after:1",  # the server has taken the mail: the one crash that may send a second copy (XC-02)
    "notices.accepted:after:1",
    "countdowns.assess:before:1",
    "countdowns.assess:after:1",
)
FENCE = ("countdowns.fence:before:1", "countdowns.fence:after:1", "erasures.clear:before:1", "erasures.clear:after:1")
PURGE = (
    "erasures.clear:before:1",
    "erasures.clear:after:1",
    "eraser.erase:before:1",
    "eraser.erase:after:1",
    # The first call of each is the repetition of what the one before it had done when it died.
    *["eraser.erase:after:2"] * (len(Store) - 1),
    "eraser.issue_receipt:before:1",
    "eraser.issue_receipt:after:1",
)

_FACTS = {
    "organisation": "select state, name, generation, marked_at is null as unmarked from organisations",
    "countdown": "select generation, cycle, hold_reason, end_reason from countdowns order by generation",
    "promises": "select generation, cycle, settled, first_accepted_at is null as untold from promises order by 1, 2",
    "notices": "select kind, generation, cycle, recipient, state, message_id from notices order by recipient",
    "processes": "select workflow_id, type, state, restarts from processes order by workflow_id",
    # How many histories there were is not known to a worker that died when it had asked Temporal to delete them.
    "stores": "select store, case when store <> 'histories' then removed end as removed, remaining from erased_stores"
    " order by store",
    "receipts": "select sequence, organisation_id from receipts order by sequence",
    "audit": "select position, actor, action, from_state, to_state, reason from audit where subject ~ '^org_'"
    " order by position",
    "activity": "select closed, watched, last_activity_at is null as silent from activity",
}


async def until_marked(world: Installation) -> OrganisationId:
    organisation_id = await world.organisation()
    await world.settle()
    return organisation_id


async def until_warned(world: Installation) -> None:
    await world.advance(31 * DAY)


async def until_fenced(world: Installation) -> None:
    promised = (await world.row("select max(not_before) from promises"))[0]
    await world.clock.advance(promised + MOMENT, world.hear)


async def until_erased(world: Installation) -> None:
    await world.advance(25 * timedelta(hours=1))


STAGES = {"warn": (until_warned, WARN), "fence": (until_fenced, FENCE), "purge": (until_erased, PURGE)}


@pytest.fixture(scope="module")
async def undisturbed(
    temporal: Temporal, fresh_database: FreshDatabase, mail_sink: MailSink, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, str]:
    """The outcome after each stage where nothing went wrong."""
    url = await fresh_database(InstallationKind.SIMULATION)
    outcomes = {}
    async with installation(temporal, url, mail_sink, tmp_path_factory.mktemp("undisturbed")) as world:
        await until_marked(world)
        for name, (act, _) in STAGES.items():
            await act(world)
            outcomes[name] = await outcome(world, _FACTS)
    return outcomes


@pytest.mark.parametrize("stage", STAGES)
async def test_killed_at_every_step(
    stage: str,
    undisturbed: dict[str, str],
    temporal: Temporal,
    fresh_database: FreshDatabase,
    mail_sink: MailSink,
    tmp_path: Path,
) -> None:
    """Killed before and after each transaction and each mail, the facts end as if nothing had been (P10, XC-01, XC-07).

    The mail server gets at most one copy more, with the same Message-ID (XC-02, P9).
    """
    url = await fresh_database(InstallationKind.SIMULATION)
    async with installation(temporal, url, mail_sink, tmp_path, working=False, patience=PATIENCE) as world:
        async with killable(world, ""):
            await until_marked(world)
            for name, (act, _) in STAGES.items():
                if name == stage:
                    break
                await act(world)
        act, faults = STAGES[stage]
        await through(world, faults, lambda: act(world))
        assert await outcome(world, _FACTS) == undisturbed[stage]
        copies = world.mails()
        assert len(copies) == (2 if stage == "warn" else 1)
        assert len({mail.message["Message-ID"] for mail in copies}) == 1

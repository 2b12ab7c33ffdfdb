"""What can happen to a request around its deadline, in every order (CO-06, CO-14, CO-19, CO-20)."""

from collections.abc import Awaitable, Callable, Mapping
from itertools import permutations
from typing import Final

import pytest

from tenure.ids import PersonId, TrialId
from tests.integration.deletion.town import OPERATOR, Town
from tests.integration.trials_model.changes import Buy, Cancel
from tests.integration.trials_model.moves import Accept, Decline, Request, Resend
from tests.integration.trials_model.table import Scene, Table
from tests.unit.trials.book import CONSENT, Trial


async def _deadline(table: Table) -> None:
    await table.pass_time(CONSENT, lagging=True)


async def _timer(table: Table) -> None:
    await table.settle()


def _by(move: Accept | Decline | Resend | Cancel) -> Callable[[Table], Awaitable[None]]:
    async def play(table: Table) -> None:
        trial: Trial = next(iter(table.model.trials.values()))
        seller = table.model.partners[trial.partner].seller
        await move.act(table, trial, TrialId(trial.trial_id), PersonId(seller))

    return play


_EVENTS: Final[Mapping[str, Callable[[Table], Awaitable[None]]]] = {
    "deadline": _deadline,
    "timer": _timer,
    "accept": _by(Accept(0, 0, "full", full=False)),
    "accept with the box": _by(Accept(0, 0, "full", full=True)),
    "decline": _by(Decline(0, 0, "full")),
    "resend": _by(Resend(0, 0)),
    "cancel": _by(Cancel(0, 0, confirmed=True)),
    "buy": Buy(frozenset({"calling"})).play,
}
_RIVALS: Final = ("accept with the box", "decline", "resend", "cancel", "buy")


async def _asked_for(table: Table) -> set[str]:
    """What a full admin is shown (CO-07)."""
    full_admin = PersonId(table.person("full"))
    return {each.trial_id for each in await table.town.consents.pending(OPERATOR, table.organisation_id, full_admin)}


@pytest.mark.parametrize("rival", _RIVALS)
async def test_every_order_around_the_deadline(town: Town, rival: str) -> None:
    """The deadline, a look of the process, an acceptance and one event more: each order has the outcome of the tables.

    The clock stands at the very deadline once it has come, and the process looks when the order says so; a full admin is
    shown what can still be answered (CO-07).
    """
    for order in permutations(("deadline", "timer", "accept", rival)):
        table = await Table.lay(town, Scene())
        await Request(0, frozenset({"calling"}), "full", 30, seller=True, wise=True).play(table)
        for event in order:
            await _EVENTS[event](table)
            table.same("asked for", await _asked_for(table), table.model.asked_for())
        await table.settle()
        await table.compare()

"""Outages of weeks and of a year, in every state of a trial in which something ends by itself (SF-06, XC-01)."""

from tests.integration.deletion.town import Town
from tests.integration.trials_model.changes import Buy, Expire, Record
from tests.integration.trials_model.moves import Attempt, Begin
from tests.integration.trials_model.table import Scene, Table
from tests.unit.trials.book import DAY

_OUTAGES = (("pending_consent", 40), ("active", 40), ("active", 400), ("grace", 400), ("ended", 40))
"""In which state of the trial an outage begins, and for how many days nothing looks."""


async def test_outages_skip_and_shorten_nothing(town: Town) -> None:
    """Mails are tried before anything has looked again: what follows is what the model says, each step with all its days.

    What ends then keeps its whole grace and hold, also a subscription whose expiry is reported only now (SF-06, TL-01).
    """
    for state, days in _OUTAGES:
        table = await Table.lay(town, Scene())
        await Begin(state).play(table)
        await Record().play(table)
        await Buy(frozenset({"messaging"})).play(table)
        await table.settle()
        await table.pass_time(days * DAY, lagging=True)
        await Attempt((0, 1, 2), accepted=False).play(table)
        await table.settle()
        await table.compare()
        await Expire(2).play(table)
        await table.compare()
        await table.pass_time(29 * DAY, lagging=False)
        await table.compare()

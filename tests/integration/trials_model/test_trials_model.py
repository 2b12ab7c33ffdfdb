"""Random lives of trials on a real Postgres, compared with the reference model after every move."""

from collections import Counter
from collections.abc import Sequence
from pprint import pformat
from random import Random

from tests.integration.deletion.town import Town
from tests.integration.trials_model.lives import life, scene
from tests.integration.trials_model.moves import Move
from tests.integration.trials_model.table import Scene, Table
from tests.unit.trials.rows import ROWS

_LIVES = (*range(40), 41, 48, 79, 139, 231, 1456, 1682)
"""Seeds of lives that go through every row together; where a change of what can happen leaves one out, others may not."""


async def test_trials_go_as_the_tables_say(town: Town) -> None:
    """Whatever happens in whatever order, at whatever instant, trials are what the tables say.

    States, dates, mails and their instants, licences, recordings, numbers, access and marks are those of the model after
    every move, and no mail goes out that is not true. No row of the tables is left out (sections 18.1 to 18.5, 18.7 and
    18.11; XC-02, XC-03, XC-05).
    """
    met: Counter[str] = Counter()
    for seed in _LIVES:
        chance = Random(seed)
        beginning, moves = scene(chance), life(chance)
        try:
            met += await _play(town, beginning, moves)
        except Exception as error:
            shortest = await _shortest(town, beginning, moves)
            raise AssertionError(
                f"Life {seed} goes wrong, by these moves:\n{beginning}\n{pformat(shortest)}"
            ) from error
    assert not ROWS - met.keys()


async def _play(town: Town, beginning: Scene, moves: Sequence[Move]) -> Counter[str]:
    """Live a life; answers which rows of the tables it went through."""
    table = await Table.lay(town, beginning)
    for move in moves:
        lagging = table.lagging
        await move.play(table)
        if table.lagging and not lagging:
            continue
        await table.settle()
        await table.compare()
    await table.calm()
    return table.model.met


async def _shortest(town: Town, beginning: Scene, moves: list[Move]) -> list[Move]:
    """The moves without which the life would go well."""
    for move in list(moves):
        fewer = [each for each in moves if each is not move]
        try:
            await _play(town, beginning, fewer)
        except Exception:  # noqa: BLE001 - it still goes wrong, in whatever way
            moves = fewer
    return moves

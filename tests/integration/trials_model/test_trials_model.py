"""Random lives of trials on a real Postgres, compared with the reference model after every move."""

from hypothesis import HealthCheck, given, settings

from tests.integration.deletion.town import Town
from tests.integration.trials_model.lives import LIVES, SCENES
from tests.integration.trials_model.moves import Move
from tests.integration.trials_model.table import Scene, Table


@settings(
    max_examples=100,
    deadline=None,
    derandomize=True,
    report_multiple_bugs=False,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(scene=SCENES, moves=LIVES)
async def test_trials_go_as_the_tables_say(town: Town, scene: Scene, moves: list[Move]) -> None:
    """Whatever happens in whatever order, at whatever instant, trials are what the tables say.

    States, dates, mails, licences, numbers, access and marks are those of the model after every move, and no mail goes
    out that is not true (sections 18.1 to 18.5, 18.7 and 18.11; XC-02, XC-03, XC-05).
    """
    table = await Table.lay(town, scene)
    for move in moves:
        lagging = table.lagging
        await move.play(table)
        if table.lagging and not lagging:
            continue
        await table.settle()
        await table.compare()
    await table.calm()

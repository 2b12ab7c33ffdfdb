"""Random lives of trials on the real servers, compared with the reference model (sections 18.1 to 18.5, 18.7, 18.11)."""

from random import Random

from tests.integration.trials_model.lives import commands, scene
from tests.workflows.installation import Installation
from tests.workflows.stage import RealTown, Stage, half_past, pass_days

_TOGETHER = 5
_TURNS = 12


async def test_trials_live_as_the_tables_say(world: Installation) -> None:
    """Under real workflows states, dates, mails, licences, numbers and marks are the model's, day after day.

    Each mail has arrived, once, at the address that the model says (XC-01, XC-02, NO-08).
    """
    chance = Random(4)
    await half_past(world)
    town = RealTown(world)
    played = [(await Stage.lay(town, scene(chance)), commands(chance, _TURNS)) for _ in range(_TOGETHER)]
    stages = [stage for stage, _ in played]
    for turn in range(_TURNS):
        for stage, moves in played:
            await moves[turn].play(stage)
            stage.follow()
        await world.settle()
        for stage in stages:
            await stage.compare()
        await pass_days(stages, chance.choice((1, 6, 7, 9)))
    await world.settle()
    for stage in stages:
        await stage.compare()
        await stage.compare_mails()

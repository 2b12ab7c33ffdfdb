"""The lists that a development stack begins with."""

from datetime import timedelta

from adapters.postgres.screening_lists import PostgresScreeningLists
from tenure.policy.screening import ScreeningRules, unusable
from tests.integration.deletion.town import OPERATOR, Town
from workers.stack.lists import load_examples


async def test_a_new_stack_can_screen_and_stays_able_to(town: Town, lists: PostgresScreeningLists) -> None:
    """The examples are loaded once, and confirmed by a start at which they have become stale (RPL-16)."""
    said: list[str] = []
    await load_examples(lists, OPERATOR, said.append)
    assert unusable(await lists.all(), ScreeningRules()) is None
    assert len(said) == 3
    await load_examples(lists, OPERATOR, said.append)
    assert len(said) == 3
    await town.advance(timedelta(days=8))
    await load_examples(lists, OPERATOR, said.append)
    found = await lists.all()
    assert unusable(found, ScreeningRules()) is None
    assert {each.version for each in found} == {1}

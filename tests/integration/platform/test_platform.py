"""What both platforms promise: each order is carried out once, whatever is repeated, lost or overtaken (PV-04)."""

import asyncio

from tenure.contracts.platform import Deed
from tests.integration.platform.conftest import World, order


async def test_what_is_asked_again_is_built_once(world: World) -> None:
    """The same order answers the same resource and numbers, and builds nothing more (PV-04)."""
    first = await world.platform.build(order())
    assert len(set(first.phone_numbers)) == 2
    assert [await world.platform.build(order()) for _ in range(3)] == [first] * 3
    assert await world.standing() == [first.resource]


async def test_services_have_nothing_in_common(world: World) -> None:
    """Each service is a resource of its own with numbers of its own; one that needs none has none (PV-03)."""
    calling, other = await world.platform.build(order()), await world.platform.build(order(service="fax"))
    meetings = await world.platform.build(order(service="meetings", numbers=0))
    assert meetings.phone_numbers == ()
    assert len({*calling.phone_numbers, *other.phone_numbers}) == 4
    assert sorted(await world.standing()) == sorted([calling.resource, other.resource, meetings.resource])


async def test_what_is_torn_down_stays_so(world: World) -> None:
    """Tearing down again is no error, and the build that comes again answers as it did and builds nothing (TC-10, PV-04)."""
    built = await world.platform.build(order())
    for resource in (built.resource, None):
        gone = await world.platform.tear_down(order(Deed.TEAR_DOWN, resource=resource))
        assert gone.resource == built.resource
    assert await world.standing() == []
    assert await world.platform.build(order()) == built
    assert await world.standing() == []


async def test_what_was_never_built_can_be_torn_down(world: World) -> None:
    """It is no error, and the build that it has overtaken builds nothing and takes no numbers (PV-04, TC-10)."""
    await world.platform.tear_down(order(Deed.TEAR_DOWN))
    await world.platform.tear_down(order(Deed.TEAR_DOWN))
    late = await world.platform.build(order())
    assert late.phone_numbers == ()
    assert await world.platform.build(order()) == late
    assert await world.standing() == []


async def test_a_service_that_comes_back_is_built_anew(world: World) -> None:
    """The next turn has a resource of its own, which a tear-down of the turn before does not touch (TC-07)."""
    first = await world.platform.build(order())
    await world.platform.tear_down(order(Deed.TEAR_DOWN, resource=first.resource))
    second = await world.platform.build(order(turn=2))
    assert second.resource != first.resource
    assert not set(second.phone_numbers) & set(first.phone_numbers)
    await world.platform.tear_down(order(Deed.TEAR_DOWN))
    assert await world.standing() == [second.resource]


async def test_one_of_many_at_once(world: World) -> None:
    """Ten builds side by side, and one resource (PV-04, XC-06)."""
    built = await asyncio.gather(*(world.platform.build(order()) for _ in range(10)))
    assert len(set(built)) == 1
    assert await world.standing() == [built[0].resource]


async def test_nothing_stands_after_a_tear_down(world: World) -> None:
    """However builds and a tear-down of one turn cross, nothing stands in the end (PV-04, TC-10)."""
    for turn in range(1, 11):
        await asyncio.gather(
            world.platform.build(order(turn=turn)),
            world.platform.tear_down(order(Deed.TEAR_DOWN, turn=turn)),
            world.platform.build(order(turn=turn)),
        )
    assert await world.standing() == []

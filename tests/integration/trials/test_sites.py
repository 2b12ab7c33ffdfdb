"""The meetings site of a trial: reserved with a service that is built there, and never moved."""

from tenure.contracts.trial import Site
from tenure.errors import RefusalCode
from tests.integration.trials.fairground import SITE, Fairground
from tests.integration.trials.market import Market


async def test_edit_takes_a_site(ground: Fairground) -> None:
    """A site is reserved with the service that needs it, unless it is another organisation's (TR-09, TR-10)."""
    first, second = await ground.trial(), await ground.trial()
    edited = await ground.edit(first, "messaging", "meetings-enterprise", site=SITE)
    assert edited.site == SITE
    taken = ground.edit(second, "messaging", "meetings-enterprise", site=SITE)
    assert await ground.refused(taken) is RefusalCode.SITE_URL_TAKEN
    free = Site(url="other.meet.example", time_zone="UTC")
    assert (await ground.edit(second, "meetings-enterprise", site=free)).site == free


async def test_a_site_that_is_built_stays_where_it_is(ground: Fairground) -> None:
    """While a service with a site stays, so do its address and time zone; with the service itself, they are open anew (TR-09)."""
    trial = await ground.trial("messaging", "meetings-enterprise", site=SITE)
    other, zone = Site(url="other.meet.example", time_zone="UTC"), SITE.model_copy(update={"time_zone": "Asia/Seoul"})
    for moved in (other, zone):
        edit = ground.edit(trial, "calling", "meetings-enterprise", site=moved)
        assert await ground.refused(edit) is RefusalCode.SITE_FIXED
    assert (await ground.edit(trial, "calling", "meetings-enterprise", site=SITE)).site == SITE
    await ground.edit(trial, "calling")
    assert (await ground.edit(trial, "calling", "meetings-enterprise", site=other)).site == other


async def test_no_site_is_reserved_for_nothing(ground: Fairground) -> None:
    """Typed along with services that have none, in a request or an edit, it stays anybody's (TR-09, TR-10)."""
    trial = await ground.trial("messaging", site=SITE)
    edited = await ground.edit(trial, "messaging", "calling", site=SITE)
    assert (trial.site, edited.site) == (None, None)
    assert (await ground.trial("meetings-enterprise", site=SITE)).site == SITE


async def test_a_site_that_nobody_had_to_give_stays_as_well(ground: Fairground) -> None:
    """Meetings that may do without one are built at it where it was given, and are not moved either (TR-09, PV-04)."""
    trial = await ground.trial("meetings", site=SITE)
    other = Site(url="other.meet.example", time_zone="UTC")
    assert await ground.refused(ground.edit(trial, "meetings", "calling", site=other)) is RefusalCode.SITE_FIXED
    without = await ground.trial("meetings")
    assert (await ground.edit(without, "meetings", "meetings-enterprise", site=other)).site == other


async def test_a_site_goes_with_what_drops_out(market: Market) -> None:
    """Meetings that were bought before the customer consented leave their site to whoever asks next (CO-17, TR-10)."""
    customer = await market.customer()
    asked = await market.ask(customer, "messaging", "meetings-enterprise", site=SITE)
    await market.buy(customer, "meetings-enterprise")
    assert (await market.accept(asked)).site is None
    assert await market.site(SITE.url) == "free"

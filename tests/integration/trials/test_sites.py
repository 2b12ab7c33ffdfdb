"""The meetings site of a trial that is edited: reserved with its service, and never moved."""

from tenure.contracts.trial import Site
from tenure.errors import RefusalCode
from tests.integration.trials.fairground import SITE, Fairground


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

"""Meetings sites of wholesale customers: numbers at their creation, and by an address change that asks for it."""

import pytest

from adapters.postgres.database import business_now
from adapters.postgres.wholesale import call_ins, rows
from tenure.contracts.call_in import CallIn, CallInRule, Telephony
from tenure.contracts.customer import NewSite, ProvisioningWarning, Pstn, SiteView
from tenure.errors import Refusal, RefusalCode
from tenure.ids import OrganisationId
from tenure.policy.telephony import shipped
from tests.integration.wholesale.hall import Hall
from tests.integration.wholesale.leaving import cancel, end_grace
from tests.integration.wholesale.newcomer import licences_of, newcomer

LACKING = (ProvisioningWarning.NO_DEFAULT_CALL_IN,)
BERLIN = CallIn(phone_number="+493023125100", prefix="+49", rule=CallInRule.COUNTRY)
LONDON = CallIn(phone_number="+442079460200", prefix="+44", rule=CallInRule.LOCATION_DEFAULT)


def site(url: str, domain: str | None = "global", pstn: Pstn = Pstn.CISCO) -> NewSite:
    """A site that comes with an onboarding."""
    return NewSite(url=f"{url}.meetings.example", time_zone="Europe/Berlin", pstn=pstn, telephony_domain=domain)


async def create(
    hall: Hall, customer: OrganisationId, *sites: NewSite, country: str = "DE", telephony: Telephony | None = None
) -> tuple[ProvisioningWarning, ...]:
    """Create the sites of a customer's onboarding."""
    await hall.town.execute(
        "update onboardings set sites = $2 where organisation_id = $1",
        customer,
        [each.model_dump(mode="json") for each in sites],
    )
    async with hall.town.database.write() as connection:
        onboarding, _ = await rows.lock_customer(connection, customer)
        return await call_ins.create_sites(
            connection, onboarding, country, telephony or shipped(), await business_now(connection), "timer"
        )


async def resync(hall: Hall, customer: OrganisationId, country: str) -> None:
    """A new address with `resync` is applied."""
    async with hall.town.database.write() as connection:
        await rows.lock_customer(connection, customer)
        at = await business_now(connection)
        await call_ins.resync(connection, customer, country, shipped(), at, "service:orders")


async def views(hall: Hall, customer: OrganisationId) -> dict[str, CallIn | None]:
    """The sites of a customer with their numbers."""
    async with hall.town.database.read() as connection:
        return {view.url.partition(".")[0]: view.call_in for view in await call_ins.views(connection, customer)}


async def test_each_site_gets_its_number(hall: Hall) -> None:
    """By the domain of each site and the country of the organisation, with prefix and rule; only where calls are Cisco's (CIN-01, CIN-02, CIN-03, CIN-04, CIN-09, CIN-11)."""
    customer = await newcomer(hall, "provisioning")
    wanted = (site("one"), site("two", "americas"), site("three", pstn=Pstn.OTHER), site("four", None, Pstn.OTHER))
    assert await create(hall, customer, *wanted) == ()
    assert await views(hall, customer) == {
        "four": None,
        "one": BERLIN,
        "three": None,
        "two": CallIn(phone_number="+14155550121", prefix="+1", rule=CallInRule.LOCATION_DEFAULT),
    }
    async with hall.town.database.read() as connection:
        [shown] = [view for view in await call_ins.views(connection, customer) if view.call_in == BERLIN]
    assert shown == SiteView(url=wanted[0].url, pstn=Pstn.CISCO, telephony_domain="global", call_in=BERLIN)
    assert (await hall.town.audit(customer))[-1] == "sites_created"


async def test_a_site_without_a_number_is_told(hall: Hall) -> None:
    """Neither the country nor the location has one, or the domain is configured no more: unset, with a warning (CIN-07)."""
    customer = await newcomer(hall, "provisioning")
    assert await create(hall, customer, site("one", "asia-pacific"), site("two"), country="SG") == LACKING
    assert (await views(hall, customer))["one"] is None
    gone = shipped().model_copy(update={"domains": shipped().domains[1:]})
    assert await create(hall, customer, site("two"), telephony=gone) == LACKING
    assert (await views(hall, customer))["two"] is None
    assert await create(hall, customer, site("three", "asia-pacific", Pstn.OTHER)) == ()


async def test_only_a_resync_changes_it(hall: Hall) -> None:
    """Country and numbers follow together, once, in the audit and without the country there; nothing else moves them (CIN-11, Q-08, Q-35)."""
    customer = await newcomer(hall, "active")
    await create(hall, customer, site("one"), site("two", "emea"), site("three", "asia-pacific", Pstn.OTHER))
    before = await views(hall, customer)
    await hall.town.execute('update onboardings set billing_address = \'{"country": "FR"}\'')
    assert await views(hall, customer) == before
    await resync(hall, customer, "CH")
    assert await views(hall, customer) == {
        "one": BERLIN.model_copy(update={"rule": CallInRule.LOCATION_DEFAULT}),
        "two": LONDON,
        "three": None,
    }
    assert await hall.town.value(str, "select country from organisations where organisation_id = $1", customer) == "CH"
    [row] = await hall.town.fetch(
        "select action, details from audit where subject = $1 order by position desc limit 1", customer
    )
    assert tuple(row) == ("country_resynced", {"sites": 3, "without_call_in": 0})


async def test_warnings_follow_a_resync(hall: Hall) -> None:
    """What is missing after it replaces what was missing before (CIN-07, Q-35)."""
    customer = await newcomer(hall, "active")
    assert await create(hall, customer, site("one", "asia-pacific"), country="AU") == ()
    warnings = "select warnings from onboardings where organisation_id = $1"
    for country, missing in (("NZ", list(LACKING)), ("AU", [])):
        await resync(hall, customer, country)
        assert await hall.town.value(list, warnings, customer) == missing


async def test_an_address_is_one_organisations(hall: Hall) -> None:
    """Kept from the request on, free again where the onboarding failed, and never taken from whoever has it (TR-10)."""
    first, second = await newcomer(hall, "screening"), await newcomer(hall, "screening")
    wanted = site("one")

    async def reserve(customer: OrganisationId) -> None:
        async with hall.town.database.write() as connection:
            await call_ins.reserve_sites(connection, customer, [wanted], await business_now(connection))

    await reserve(first)
    assert await hall.refused(reserve(second)) is RefusalCode.SITE_URL_TAKEN
    with pytest.raises(Refusal):
        await create(hall, second, wanted)
    async with hall.town.database.write() as connection:
        onboarding, _ = await rows.lock_customer(connection, first)
        await call_ins.give_sites_back(connection, onboarding.model_copy(update={"sites": (wanted,)}))
    await create(hall, second, wanted)
    assert await views(hall, second) == {"one": BERLIN}
    async with hall.town.database.write() as connection:
        onboarding, _ = await rows.lock_customer(connection, second)
        await call_ins.give_sites_back(connection, onboarding)
    assert await hall.site(wanted.url) == "in_use"


async def test_it_goes_with_the_recordings(hall: Hall) -> None:
    """A site that is purged has no number any more, for whoever gets its address next (RP-06, GR-08)."""
    customer = await hall.customer()
    await create(hall, customer, site("one"))
    await hall.town.execute("update licence_sets set meetings = true where organisation_id = $1", customer)
    await cancel(hall, licences_of(customer))
    assert await views(hall, customer) == {"one": BERLIN}
    await end_grace(hall, customer)
    [row] = await hall.town.fetch("select state, pstn, call_in_number from meeting_sites")
    assert tuple(row) == ("retired", None, None)

"""Deletion safety where trials meet purges, imports and partners (TR-10, RP-06, GR-06, GR-08, Q-01, DM-01, DM-02)."""

from datetime import timedelta

import pytest

from adapters.postgres.imports import PostgresImports
from tenure.contracts.licence import GrantLicences, LicenceKind
from tenure.contracts.organisation import CONSUMER, OrganisationState
from tenure.contracts.portfolio import ImportReport
from tenure.contracts.trial import Site, TrialState
from tenure.errors import RefusalCode
from tenure.ids import LicenceSetId
from tenure.policy.catalogue import shipped
from tenure.portfolio import JSON_LINES
from tests.integration.deletion.town import OPERATOR, SERVICE
from tests.integration.facts.portfolios import Fields, licences, lines, organisation
from tests.integration.trials.customer import Customer
from tests.integration.trials.fairground import SITE, Fairground
from tests.integration.trials.market import Market

NOBODY = {"company_name": None, "admin_email": None, "industry": None, "country": None}
NEXT_SITE = Site(url="next.meet.example", time_zone="UTC")


async def imported(ground: Fairground, *rows: Fields) -> ImportReport:
    """A base is imported."""
    return await PostgresImports(ground.town.database, ground.town.rules, shipped()).store(
        OPERATOR, lines(*rows), JSON_LINES
    )


def person(customer: Customer, name: str, role: str) -> Fields:
    """The row that a base has of a person of the customer."""
    return {
        "record": "person",
        "person_id": f"per_{name}",
        "organisation_id": customer.id,
        "name": name,
        "email": f"{name}@example.com",
        "role": role,
    }


async def test_the_site_of_the_next_trial_outlives_the_purge(ground: Fairground) -> None:
    """What a trial has reserved that is being built is not purged with the meetings of the one before, nor given to others (TR-10, GR-10)."""
    first = await ground.trial("meetings", site=SITE)
    await ground.expired(first)
    grace = await ground.grace(first)
    await ground.town.advance_to(grace.removal_due_at - timedelta(hours=1))
    request = ground.request("meetings-enterprise", organisation_id=first.organisation_id, site=NEXT_SITE, **NOBODY)
    second = await ground.town.trials.request(SERVICE, request)
    await ground.town.advance_to(grace.removal_due_at)
    await ground.end_grace(grace)
    assert (await ground.site(SITE.url), await ground.site(NEXT_SITE.url)) == ("retired", "in_use")
    stranger = ground.request("meetings-enterprise", site=NEXT_SITE)
    assert await ground.refused(ground.town.trials.request(SERVICE, stranger)) is RefusalCode.SITE_URL_TAKEN
    await ground.run(second.trial_id)
    assert (await ground.show(second.trial_id)).site == NEXT_SITE


async def test_the_site_of_a_request_outlives_the_purge(ground: Fairground) -> None:
    """So it is with what another partner has reserved for a request that waits; once it is withdrawn, the site is anybody's (TR-10, CO-13)."""
    first = await ground.trial("meetings", site=SITE)
    await ground.expired(first)
    grace = await ground.grace(first)
    await ground.town.advance_to(grace.removal_due_at - timedelta(hours=1))
    south = await ground.partner("south")
    request = ground.request("meetings-enterprise", side=south, organisation_id=first.organisation_id, site=NEXT_SITE)
    second = await ground.town.trials.request(SERVICE, request)
    await ground.town.advance_to(grace.removal_due_at)
    await ground.end_grace(grace)
    assert (await ground.site(SITE.url), await ground.site(NEXT_SITE.url)) == ("retired", "in_use")
    await ground.cancel(second, by=south.seller)
    assert await ground.site(NEXT_SITE.url) == "free"


async def test_a_purged_site_does_not_come_back_by_a_detour(ground: Fairground) -> None:
    """Another organisation reserved it and never used it: it is still not this one's again (TR-10, GR-08)."""
    first = await ground.ended(await ground.trial("meetings-enterprise", site=SITE))
    other = await ground.town.trials.request(SERVICE, ground.request("meetings-enterprise", site=SITE))
    await ground.cancel(other)
    again = ground.request("meetings-enterprise", organisation_id=first.organisation_id, site=SITE, **NOBODY)
    assert await ground.refused(ground.town.trials.request(SERVICE, again)) is RefusalCode.SITE_URL_TAKEN
    assert (await ground.trial("meetings-enterprise", site=SITE)).site == SITE


@pytest.mark.parametrize("way", ["grant", "import"])
async def test_bought_meetings_keep_recordings_whatever_the_flag_says(ground: Fairground, way: str) -> None:
    """A subscription of a meetings service is one of meetings, also where commerce says only which service it is (RP-06, Q-20)."""
    trial = await ground.trial("meetings-enterprise", site=SITE)
    await ground.keep(trial.organisation_id, "recordings")
    command = GrantLicences(
        licence_set_id=LicenceSetId("lic_plain"),
        organisation_id=trial.organisation_id,
        kind=LicenceKind.SUBSCRIPTION,
        services=("meetings",),
    )
    row = licences("plain", trial.organisation_id.removeprefix("org_"), services=["meetings"])
    for again in ("", "Again"):  # which changes nothing
        if way == "grant":
            await ground.town.licences.grant(SERVICE, command)
        else:
            other = organisation("other", name=f"Other {again}")
            assert (await imported(ground, row, other)).errors == ()
    await ground.ended(trial)
    assert await ground.kept(trial.organisation_id) == ["recordings"]
    assert await ground.site(SITE.url) == "in_use"


async def test_the_consumers_are_never_marked(ground: Fairground) -> None:
    """They hold everybody who was moved out, and no licence of theirs can come and go so that all are deleted (GR-06, Q-30)."""
    await ground.ended((await Customer.open(ground, "messaging")).trial)
    await ground.town.mark(CONSUMER)
    assert await ground.town.state(CONSUMER) is OrganisationState.LIVE


async def test_an_import_leaves_the_contacts_of_record(ground: Fairground) -> None:
    """A base that has taken in that they have no role any more still leaves them to be warned (Q-01, DM-05)."""
    customer = await Customer.open(ground, "messaging")
    await ground.ended(customer.trial)
    name = customer.eve.removeprefix("per_")
    assert (await imported(ground, person(customer, name, "user"))).errors == ()
    await ground.town.advance(ground.town.rules.silence)
    step = await ground.town.warn(customer.id)
    assert len(step.notices) == 1


async def test_an_import_of_the_same_base_after_the_end(ground: Fairground) -> None:
    """Whoever was moved out stays where they are, without the roles that they had, and the rest of the base is taken (GR-06, GR-08, WH-07)."""
    customer = await Customer.open(ground, "messaging")
    await ground.ended(customer.trial)
    renamed = organisation(customer.id.removeprefix("org_"), name="Renamed", country="DE")
    report = await imported(ground, renamed, person(customer, "ada", "customer_admin"))
    assert report.errors == ()
    [row] = await ground.town.fetch(
        "select organisation_id, array(select role from person_roles r where r.person_id = p.person_id) as roles"
        " from people p where person_id = 'per_ada'"
    )
    assert (row["organisation_id"], row["roles"]) == (CONSUMER, [])
    assert await ground.town.value(str, "select name from organisations where organisation_id = $1", customer.id) == (
        "Renamed"
    )


async def test_one_of_two_trials_is_cancelled_before_it_is_active(market: Market) -> None:
    """The partner keeps its customer while another trial of it is on there, and is not marked for having lost it (CO-13, DM-02, RO-04)."""
    customer = await market.customer()
    consented = await market.ask(customer, "messaging")
    await market.accept(consented, tick=True)
    other = await market.town.trials.request(SERVICE, market.request("calling", organisation_id=customer, **NOBODY))
    await market.run(other.trial_id)
    await market.cancel(consented)
    assert (await market.show(other.trial_id)).state is TrialState.ACTIVE
    assert await market.access(market.north, customer) == "full"
    assert await market.town.state(market.north.organisation_id) is OrganisationState.LIVE


async def test_a_grant_outlives_the_end_of_another_partner_s_trial(market: Market) -> None:
    """Consented to and not set up yet, a trial can still be set up after the last grace of another has ended everything else (PV-02, CO-08, RO-04)."""
    trial = await market.trial("messaging")
    await market.expired(trial)
    grace = await market.grace(trial)
    await market.town.advance_to(grace.removal_due_at - timedelta(hours=1))
    [eve] = await market.town.fetch(
        "select person_id, email from full_admins where organisation_id = $1", trial.organisation_id
    )
    asked = await market.town.trials.request(
        SERVICE,
        market.request("calling", side=market.south, organisation_id=trial.organisation_id, admin_email=eve["email"]),
    )
    await market.accept(asked, eve["person_id"])
    await market.town.advance_to(grace.removal_due_at)
    await market.end_grace(grace)
    assert await market.access(market.north, trial.organisation_id) == "none"
    await market.detail(asked, market.south.seller)
    await market.run(asked.trial_id)
    assert (await market.show(asked.trial_id)).state is TrialState.ACTIVE

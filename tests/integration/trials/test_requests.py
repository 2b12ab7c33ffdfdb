"""What a partner gives with a request for a trial, and what it is refused for (TR-01 to TR-11, TR-22, TR-23)."""

import asyncio
from typing import Any

import pytest
from pydantic import ValidationError

from tenure.contracts.organisation import Role
from tenure.contracts.trial import AskOffer, DeviceLine, Site, TrialPath, TrialState
from tenure.errors import Refusal, RefusalCode
from tenure.ids import PartnerId, PersonId, TrialId
from tenure.policy.rules import Rules
from tests.integration.deletion.town import SERVICE, Town
from tests.integration.trials.fairground import SITE
from tests.integration.trials.market import Market, address

DEVICES = (DeviceLine(model="Desk Pro", quantity=2), DeviceLine(model="Board"))


async def test_new_customer(town: Town, market: Market) -> None:
    """Organisation, its admin, access and trial come of one request; industry and region are stored (TR-04, TR-05, 18.7)."""
    command = market.request(
        "messaging", "calling", admin_name="Eve", industry="health", country="AU", time_zone="Asia/Seoul"
    )
    trial = await town.trials.request(SERVICE, command)
    assert (trial.path, trial.state, trial.access) == (TrialPath.NEW_CUSTOMER, TrialState.PROVISIONING, "full")
    [customer] = await town.fetch("select * from organisations where organisation_id = $1", trial.organisation_id)
    assert (customer["name"], customer["industry"]) == (command.company_name, "health")
    assert (customer["country"], customer["region"], customer["time_zone"]) == ("AU", "ap", "Asia/Seoul")
    [eve] = await town.fetch("select name, email from full_admins where organisation_id = $1", trial.organisation_id)
    assert (eve["name"], eve["email"]) == ("Eve", command.admin_email)
    assert await town.audit(trial.organisation_id) == ["created", "managed", "trial_requested"]


async def test_region_is_shown_before_it_is_fixed(town: Town, market: Market) -> None:
    """An offer says where the data would live, and an unsupported country is told before anything is asked for (TR-05, TR-07)."""
    for country, region in (("DE", "eu"), ("US", "us"), ("AU", "ap")):
        question = AskOffer(partner_id=market.north.partner_id, country=country)
        assert (await town.trials.offer(SERVICE, question)).region == region
    nowhere = AskOffer(partner_id=market.north.partner_id, country="ZZ")
    assert await market.refused(town.trials.offer(SERVICE, nowhere)) is RefusalCode.COUNTRY_UNSUPPORTED


async def test_region_of_an_existing_customer_stays(town: Town, market: Market) -> None:
    """The country that a partner types for an existing customer moves nothing: offer, order and row keep its region (TR-06)."""
    acme = await market.customer()
    await town.execute("update organisations set region = 'eu', industry = 'media' where organisation_id = $1", acme)
    trial = await market.ask(acme, country="US", industry="health", company_name="Other")
    await market.accept(trial)
    await market.detail(trial)
    [order] = (await market.look(trial.trial_id)).orders
    assert order.region == "eu"
    [row] = await town.fetch(
        "select country, region, industry, name from organisations where organisation_id = $1", acme
    )
    assert tuple(row)[:3] == ("DE", "eu", "media")
    assert row["name"] != "Other"
    question = AskOffer(partner_id=market.south.partner_id, organisation_id=acme, country="US")
    assert (await town.trials.offer(SERVICE, question)).region == "eu"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"partner_id": PartnerId("ptr_nobody")}, RefusalCode.PARTNER_NOT_FOUND),
        ({"requested_by": PersonId("per_nobody")}, RefusalCode.ROLE_NOT_ALLOWED),
        ({"requested_by": PersonId("per_north-pat")}, RefusalCode.ROLE_NOT_ALLOWED),
        ({"requested_by": PersonId("per_south-sal")}, RefusalCode.ROLE_NOT_ALLOWED),
        ({"services": ()}, RefusalCode.NO_SERVICE_SELECTED),
        ({"services": ("messaging", "telex")}, RefusalCode.SERVICE_UNKNOWN),
        ({"services": ("meetings-enterprise",)}, RefusalCode.SITE_DETAILS_REQUIRED),
        ({"length_days": 45}, RefusalCode.LENGTH_NOT_OFFERED),
        ({"length_days": 0}, RefusalCode.LENGTH_NOT_OFFERED),
        ({"company_name": None}, RefusalCode.CUSTOMER_DETAILS_REQUIRED),
        ({"admin_email": None}, RefusalCode.CUSTOMER_DETAILS_REQUIRED),
        ({"industry": None}, RefusalCode.CUSTOMER_DETAILS_REQUIRED),
        ({"country": None}, RefusalCode.CUSTOMER_DETAILS_REQUIRED),
        ({"industry": "space-travel"}, RefusalCode.INDUSTRY_UNKNOWN),
        ({"country": "ZZ"}, RefusalCode.COUNTRY_UNSUPPORTED),
        ({"admin_email": "North-Sal@Example.com"}, RefusalCode.OWN_ORG_NEEDS_ORDER),
    ],
)
async def test_a_request_is_refused(town: Town, market: Market, changes: dict[str, Any], code: RefusalCode) -> None:
    """Each fault has its code and leaves nothing: no organisation, no trial, no mail (TR-02 to TR-04, TR-07 to TR-09, XC-05)."""
    fields: dict[str, Any] = {"services": ("messaging",)}
    command = market.request(**(fields | changes))
    assert await market.refused(town.trials.request(SERVICE, command)) is code


async def test_only_certified_partners(town: Town, market: Market) -> None:
    """A partner that is not certified any more starts nothing, sees no offer, and changes no trial that it has (TR-01)."""
    trial = await market.trial()
    await town.execute("update partners set certified = false where partner_id = 'ptr_north'")
    question = AskOffer(partner_id=market.north.partner_id, country="DE")
    for act in (
        town.trials.request(SERVICE, market.request("messaging")),
        town.trials.offer(SERVICE, question),
        market.extend(trial, 30),
        market.cancel(trial),
    ):
        assert await market.refused(act) is RefusalCode.PARTNER_NOT_CERTIFIED


async def test_own_organisation(town: Town, market: Market) -> None:
    """A trial of a partner's own organisation is an order in commerce, named by id or by an admin's address; so says the text (TR-03)."""
    colleague = await market.person("colleague", market.north.organisation_id, Role.USER)
    email = await town.value(str, "select email from people where person_id = $1", colleague)
    own = market.north.organisation_id
    for changes in (
        {"organisation_id": own},
        {"organisation_id": own, "admin_email": email},
        {"admin_email": email.upper()},
    ):
        with pytest.raises(Refusal, match="order in commerce") as refusal:
            await town.trials.request(SERVICE, market.request("messaging", **changes))
        assert refusal.value.code is RefusalCode.OWN_ORG_NEEDS_ORDER
        question = AskOffer(
            partner_id=market.north.partner_id,
            organisation_id=changes.get("organisation_id"),
            admin_email=changes.get("admin_email"),
        )
        assert await market.refused(town.trials.offer(SERVICE, question)) is RefusalCode.OWN_ORG_NEEDS_ORDER
    south = market.request("messaging", side=market.south, organisation_id=own, admin_email=email)
    assert (await town.trials.request(SERVICE, south)).path is TrialPath.EXISTING_CUSTOMER


async def test_a_partner_that_is_gone(town: Town, market: Market) -> None:
    """From the fence of its own organisation on a partner starts nothing, whoever it is for (SF-11)."""
    acme, managed = await market.customer(), await market.customer()
    await market.manage(market.north, managed)
    await town.execute(
        "update organisations set state = 'erasing' where organisation_id = $1", market.north.organisation_id
    )
    nobody = {"company_name": None, "admin_email": None, "industry": None, "country": None}
    for act in (
        town.trials.request(SERVICE, market.request("messaging")),
        market.ask(acme),
        town.trials.request(SERVICE, market.request("messaging", organisation_id=managed, **nobody)),
    ):
        assert await market.refused(act) is RefusalCode.ORG_DELETED


async def test_sites(town: Town, market: Market) -> None:
    """A site is one organisation's: another is refused it, in whatever case it is typed (TR-09, TR-10)."""
    first = await town.trials.request(SERVICE, market.request("meetings-enterprise", site=SITE))
    assert first.site == SITE
    same = Site(url=SITE.url.upper(), time_zone="UTC")
    second = market.request("meetings-enterprise", site=same)
    assert await market.refused(town.trials.request(SERVICE, second)) is RefusalCode.SITE_URL_TAKEN
    other = second.model_copy(update={"site": Site(url="other.meet.example", time_zone="UTC")})
    assert (await town.trials.request(SERVICE, other)).site == other.site
    assert (await town.trials.request(SERVICE, market.request("meetings"))).site is None


@pytest.mark.parametrize(
    "url", ["acme", "http://acme.example", "acme..example", "-acme.example", "acme.example/x", "a b.example", ""]
)
def test_a_site_is_a_host_name(url: str) -> None:
    """What is no host name is none (TR-10)."""
    with pytest.raises(ValidationError):
        Site(url=url, time_zone="UTC")


async def test_a_site_that_was_never_used_is_given_back(town: Town, market: Market) -> None:
    """A request that comes to nothing keeps no site, and one that the customer uses otherwise is not given away (TR-10)."""
    acme, other = await market.customer(), await market.customer()
    wanted = {"site": SITE}
    await market.lapsed(await market.ask(acme, "meetings-enterprise", **wanted))
    trial = await market.ask(other, "meetings-enterprise", **wanted)
    await market.accept(trial)
    await market.detail(trial)
    await market.run(trial.trial_id)
    await market.lapsed(await market.ask(other, "calling", side=market.south, **wanted))
    assert await market.refused(market.ask(acme, "meetings-enterprise", **wanted)) is RefusalCode.SITE_URL_TAKEN


async def test_a_site_that_was_purged(town: Town, market: Market) -> None:
    """It is not given back to the organisation that had it, and is free for any other (TR-10, GR-08)."""
    ended = await market.ended(await market.trial("meetings-enterprise", site=SITE))
    again = market.request("meetings-enterprise", site=SITE, organisation_id=ended.organisation_id, admin_email=None)
    assert await market.refused(town.trials.request(SERVICE, again)) is RefusalCode.SITE_URL_TAKEN
    elsewhere = market.request("meetings-enterprise", site=SITE)
    assert (await town.trials.request(SERVICE, elsewhere)).site == SITE


async def test_a_site_that_two_requests_name(town: Town, market: Market) -> None:
    """What one partner's lapsed request gives up stays with the other's, which waits for the same customer (TR-10, CO-14)."""
    acme = await market.customer()
    one = await market.ask(acme, "meetings-enterprise", site=SITE)
    await town.advance(market.town.rules.silence / 30)
    other = await market.ask(acme, "meetings-enterprise", site=SITE, side=market.south)
    await market.lapsed(one)
    stranger = market.request("meetings-enterprise", site=SITE)
    assert await market.refused(town.trials.request(SERVICE, stranger)) is RefusalCode.SITE_URL_TAKEN
    await market.cancel(other, by=market.south.seller)
    assert (await town.trials.request(SERVICE, stranger)).site == SITE


async def test_devices_or_none(town: Town, market: Market) -> None:
    """Devices are kept as they were asked for; the step is skipped without harm, and nothing is shipped by it (TR-11)."""
    chosen = await town.trials.request(SERVICE, market.request("messaging", devices=DEVICES))
    skipped = await town.trials.request(SERVICE, market.request("messaging"))
    rows = await town.fetch("select trial_id, devices from trials")
    assert {row["trial_id"]: row["devices"] for row in rows} == {
        chosen.trial_id: [{"model": "Desk Pro", "quantity": 2}, {"model": "Board", "quantity": 1}],
        skipped.trial_id: [],
    }
    for trial in (chosen, skipped):
        await market.run(trial.trial_id)
        assert (await market.show(trial.trial_id)).state is TrialState.ACTIVE
    assert await town.value(int, "select count(*)::int from device_returns") == 0


async def test_lengths(town: Town, market: Market) -> None:
    """Lengths come from the rules, longer ones than an extension's among them, the first where none is chosen (TR-22, Q-15)."""
    assert [(await market.trial(length_days=days)).length_days for days in (None, 30, 60, 90)] == [30, 30, 60, 90]
    town.rule(Rules(trial_lengths_days=(14, 120)))
    assert (await market.trial(length_days=None)).length_days == 14
    with pytest.raises(Refusal) as refusal:
        await town.trials.request(SERVICE, market.request("messaging", length_days=30))
    assert refusal.value.details == {"offered_days": [14, 120]}


async def test_a_request_comes_again(town: Town, market: Market) -> None:
    """The same submit again, at once or later, with a key or without, is one organisation, one trial, one mail (TR-23, P10)."""
    acme = await market.customer()
    commands = [
        market.request("messaging"),
        market.request("messaging", organisation_id=acme, admin_email=address(acme)),
    ]
    for command in commands:
        answers = await asyncio.gather(*(town.trials.request(SERVICE, command) for _ in range(6)))
        once = await market.facts()
        assert len({answer.model_dump_json() for answer in answers}) == 1
        assert await town.trials.request(SERVICE, command) == answers[0]
        assert await market.facts() == once
    keyed = SERVICE.model_copy(update={"key": "again"})
    command = market.request("messaging")
    first = await town.trials.request(keyed, command)
    once = await market.facts()
    assert await town.trials.request(keyed, command) == first
    assert await market.facts() == once
    assert (
        await market.refused(town.trials.request(keyed, market.request("calling")))
        is RefusalCode.IDEMPOTENCY_KEY_REUSED
    )


async def test_a_refused_request_may_come_again(town: Town, market: Market) -> None:
    """A refusal takes the key back with everything else: once the facts allow it, the same key goes through (P10, XC-05)."""
    keyed = SERVICE.model_copy(update={"key": "patience"})
    await town.execute("update partners set certified = false")
    command = market.request("messaging")
    assert await market.refused(town.trials.request(keyed, command)) is RefusalCode.PARTNER_NOT_CERTIFIED
    await town.execute("update partners set certified = true")
    assert (await town.trials.request(keyed, command)).state is TrialState.PROVISIONING


async def test_an_id_is_used_once(town: Town, market: Market) -> None:
    """An id with other contents is refused, and so is one whose organisation, licences or processes would be others' (TR-23, P11)."""
    command = market.request("messaging")
    await town.trials.request(SERVICE, command)
    changed = command.model_copy(update={"services": ("calling",)})
    assert await market.refused(town.trials.request(SERVICE, changed)) is RefusalCode.TRIAL_EXISTS
    acme = await market.customer()
    name = acme.removeprefix("org_")
    await town.execute(
        "insert into licence_sets (licence_set_id, organisation_id, kind, state, active_since, created_at) values ('lic_taken-trial', $1, 'trial', 'active', business_now(), business_now())",
        acme,
    )
    await town.trials.request(SERVICE, market.request("messaging", trial_id=TrialId(f"trl_{'a' * 47}b")))
    for trial_id in (TrialId(f"trl_{name}"), TrialId("trl_taken"), TrialId(f"trl_{'a' * 48}")):
        taken = market.request("messaging", trial_id=trial_id)
        assert await market.refused(town.trials.request(SERVICE, taken)) is RefusalCode.TRIAL_EXISTS


async def test_nobody_is_named_in_ids_and_audit(town: Town, market: Market) -> None:
    """Neither addresses nor names stand in ids of processes, next dates or the audit, from the request to the answer (P14, XC-04)."""
    secret: dict[str, Any] = {
        "company_name": "Zebra Works",
        "admin_name": "Zelda Zebra",
        "admin_email": "zelda@zebra.example",
    }
    new = await town.trials.request(SERVICE, market.request("messaging", **secret))
    await market.run(new.trial_id)
    acme = await market.customer()
    asked = await market.ask(acme, "calling", **(secret | {"admin_email": "zora@zebra.example"}))
    await market.resend(asked)
    await market.accept(asked, tick=True)
    await market.cancel(asked)
    names = {*secret.values(), "zora", "zebra", "Telecom", "Name of", "Ada ", "ada-", "@"}
    for table in ("audit", "processes", "next_dates"):
        rows = [row["row"] for row in await town.fetch(f"select t::text as row from {table} t")]
        assert rows
        assert not [row for row in rows if any(name.lower() in row.lower() for name in names)]

"""After an erasure nothing in the database names the customer or its people, whatever its trials had left (XC-07, DM-08)."""

from adapters.postgres.tokens import PostgresTokens
from tenure.contracts.consent import AcceptTrial
from tenure.contracts.conversion import ActingAs, TieOrder
from tenure.contracts.credential import Credential, CredentialRole
from tenure.contracts.device import RegisterReturn, ShipDevices
from tenure.contracts.organisation import OrganisationState, Role
from tenure.contracts.trial import AssignLicences, Site
from tenure.ids import PersonId
from tenure.ports import Caller
from tests.integration.deletion.town import DAY, OPERATOR
from tests.integration.trials.fairground import Fairground
from tests.integration.trials.market import Market

_TABLES = "select relname from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace order by relname"
SITE = Site(url="zebrafink.meet.example", time_zone="Europe/Berlin")


def keyed(key: str) -> Caller:
    """Commerce, whose command is remembered by a key."""
    return Caller(actor="service:orders", key=key)


async def said(ground: Fairground, word: str) -> dict[str, list[str]]:
    """The rows of every table that have this word in them."""
    tables = [row["relname"] for row in await ground.town.fetch(_TABLES)]
    found = {
        table: [
            row["row"]
            for row in await ground.town.fetch(
                f"select t::text as row from {table} t where t::text ilike '%' || $1 || '%'", word
            )
        ]
        for table in tables
    }
    return {table: rows for table, rows in found.items() if rows}


async def test_no_word_of_it_is_left(market: Market) -> None:
    """Names, addresses, the site and the numbers are in no table, notes of commands and the audit included (XC-04, XC-07, DM-08, SF-07)."""
    town = market.town
    request = market.request(
        "meetings-enterprise",
        "calling",
        "messaging",
        company_name="Zebrafink Werke",
        admin_email="quastenflosser@zebrafink.example",
        admin_name="Quirina Zebrafink",
        site=SITE,
    )
    trial = await town.trials.request(keyed("request"), request)
    await market.run(trial.trial_id)
    customer, eve = trial.organisation_id, PersonId(f"per_{trial.trial_id.name}")
    ada = await market.person("ada", customer, Role.CUSTOMER_ADMIN)
    await town.execute("update people set name = 'Ada Zebrafink' where person_id = $1", ada)
    assign = AssignLicences(trial_id=trial.trial_id, by=market.north.seller, give=(ada, eve))
    await town.trials.assign_licences(keyed("assign"), assign)
    order = market.order(trial, "messaging", contact=eve)
    await town.trials.convert(keyed("convert"), order)
    tie = TieOrder(order_id=order.order_id, acting_as=ActingAs.CUSTOMER_ADMIN, admin_email=request.admin_email or "")
    await town.consents.tie(keyed("tie"), tie)
    ship = ShipDevices(
        trial_id=trial.trial_id,
        demo_order="DEMO-77",
        serials=("SN-7001", "SN-7002"),
        device_ends_at=await town.now() + 20 * DAY,
    )
    await town.devices.ship(keyed("ship"), ship)
    back = RegisterReturn(trial_id=trial.trial_id, by=market.north.helper, serials=("SN-7001",))
    await town.devices.register_return(keyed("back"), back)
    stranger = market.request(
        "contact-center",
        side=market.south,
        organisation_id=customer,
        admin_email="stranger@quastenflosser.example",
        company_name="Zebrafink",
    )
    asked = await town.trials.request(keyed("ask"), stranger)
    accept = AcceptTrial(trial_id=asked.trial_id, person_id=eve, full_administration=True)
    await town.consents.accept(keyed("accept"), accept)
    for row in await town.fetch("select notice_id from notices where organisation_id = $1", customer):
        if await town.notices.next_attempt(str(row["notice_id"])) is not None:
            answer = "250 queued for <quastenflosser@zebrafink.example>"
            await town.notices.accepted(str(row["notice_id"]), answer)
    await market.keep(customer, "messages", "recordings", "numbers")
    await market.edit(await market.show(trial.trial_id), "meetings-enterprise")
    await market.run(trial.trial_id)
    numbers = [row["phone_number"] for row in await town.fetch("select phone_number from phone_numbers")]
    assert numbers
    assert await said(market, "zebrafink")
    await market.delete_now(await market.show(trial.trial_id), eve)
    assert (await town.clear(customer)).cleared
    await town.erase(customer)
    assert await town.state(customer) is OrganisationState.DELETED
    for word in ("zebrafink", "quastenflosser", "quirina", *numbers):
        assert await said(market, word) == {}


async def test_a_partner_s_people_go_with_its_own_organisation(market: Market) -> None:
    """Its trials at customers go on, and no name or address of its admins is left; their tokens open nothing (XC-07, P14)."""
    town, north = market.town, market.north
    tokens = PostgresTokens(town.database)
    token = await tokens.create(
        OPERATOR,
        Credential(name="north", role=CredentialRole.PARTNER, partner_id=north.partner_id, person_id=north.seller),
    )
    trial = await market.trial("messaging")
    await market.expired(trial)
    await town.execute("update people set email = 'xylofon@north.example' where person_id = $1", north.seller)
    await town.execute("update partners set name = 'Xylofon Telecom' where partner_id = $1", north.partner_id)
    await town.execute("insert into person_roles values ($1, 'customer_full_admin')", north.head)
    name = await town.value(str, "select name from organisations where organisation_id = $1", north.organisation_id)
    own = trial.model_copy(update={"organisation_id": north.organisation_id, "organisation_name": name})
    await market.delete_now(own, north.head)
    assert (await town.clear(north.organisation_id)).cleared
    await town.erase(north.organisation_id)
    assert await said(market, "xylofon") == {}
    assert await tokens.credential(token) is None
    assert await market.post(trial.organisation_id) != []
    shown = await market.show(trial.trial_id)
    assert shown.grace_ends_at is not None
    await town.advance_to(shown.grace_ends_at)
    await market.end_grace(await market.grace(shown))
    assert await town.state(trial.organisation_id) is OrganisationState.MARKED

"""A wholesale customer is deleted: all that names it goes; that it was screened, and what was billed, stays (XC-07, RPL-19)."""

import pytest

from adapters.postgres.eraser import PostgresEraser
from adapters.postgres.platform import PostgresPlatform
from tenure.contracts.customer import CustomerView, NewSite, Pstn
from tenure.contracts.erasure import Receipt
from tenure.contracts.onboarding import AccountReport, OnboardingInput, ScreeningDone
from tenure.contracts.organisation import DeleteNow, OrganisationState, Role
from tenure.contracts.review import CaseState, DecideCase, Decision
from tenure.contracts.user import NumberItem, UserItem
from tenure.errors import RefusalCode, Unavailable
from tenure.ids import LicenceSetId, OrganisationId, RplCaseId
from tests.integration.deletion.test_roles import GUARDED, attempt, refused
from tests.integration.wholesale.gate import ATTENDANT, PARIS, Gate, hit
from tests.integration.wholesale.hall import OPERATOR, REVIEWER, SERVICE, provider, seller
from tests.integration.wholesale.leaving import cancel, end_grace
from tests.integration.wholesale.test_wizard import Launch

NAME = "Zanzibar Spice"
WORDS = (
    NAME,
    "zanzibar",
    "Hauptstr",
    "Berlin",
    "Rivoli",
    "Paris",
    "Zoe Zimmer",
    "CRM-77",
    "20794601",
    "looked-at-zanzibar",
)
"""Whatever of it could still be read somewhere."""
_OF_CUSTOMERS = (
    "onboardings",
    "address_changes",
    "cleared_hits",
    "unit_quantities",
    "user_packages",
    "phone_numbers",
    "meeting_sites",
    "platform_resources",
    "licence_sets",
    "people",
    "wizards",
)


class Witnessed(PostgresPlatform):
    """The platform, and whose accounts it was told to close."""

    def __init__(self, gate: Gate) -> None:
        super().__init__(gate.town.erasure)
        self.closed: list[OrganisationId] = []
        self.failures = 0

    async def close_account(self, organisation_id: OrganisationId) -> None:
        """Close it, unless that fails at first."""
        if self.failures:
            self.failures -= 1
            raise Unavailable("The platform does not answer.")
        self.closed.append(organisation_id)
        await super().close_account(organisation_id)


@pytest.fixture
def platform(gate: Gate) -> Witnessed:
    """The platform that the eraser of the town asks."""
    platform = Witnessed(gate)
    gate.town.eraser = PostgresEraser(gate.town.erasure, gate.town.rules, gate.town.shelf, platform)
    return platform


async def furnished(gate: Gate) -> CustomerView:
    """A customer that has left something everywhere: found, cleared, set up, moved, and found again."""
    command = gate.command(
        external_id="CRM-77",
        name=NAME,
        admin_email="zoe@zanzibar.example",
        admin_name="Zoe Zimmer",
        invoice_reference="zanzibar-4711",
        add_ons={ATTENDANT: 2},
        provision_after_review=True,
        sites=(NewSite(url="zanzibar.meetings.example", pstn=Pstn.CISCO, telephony_domain="global"),),
        users=(UserItem(email="zack@zanzibar.example", package="suite", add_ons=(ATTENDANT,)),),
        numbers=(NumberItem(phone_number="+442079460123", email="zack@zanzibar.example"),),
    )
    keyed = provider(gate.north).model_copy(update={"key": "create-1"})
    customer = await gate.customers.create(keyed, command)
    assert await gate.screen(customer, hit(name=NAME)) is ScreeningDone.MATCH
    await decide(gate, customer, Decision.APPROVE)
    customer = await gate.set_up(customer)
    await gate.move(customer)
    await gate.screen_address(customer)
    await gate.move(customer, PARIS.model_copy(update={"city": "Paris 2"}))
    assert await gate.screen_address(customer, hit("SDN-2", name=NAME)) is ScreeningDone.MATCH
    launch = Launch(gate, customer.organisation_id)
    await launch.accept(seller(gate.north).model_copy(update={"key": "accept-1"}))
    assert set(await left(gate)) == set(_OF_CUSTOMERS)
    return customer


async def decide(gate: Gate, customer: CustomerView, decision: Decision) -> None:
    """The newest case of a customer is decided, with a reason that names it."""
    case = await gate.case(customer)
    command = DecideCase(case_id=case.case_id, decision=decision, reason="looked-at-zanzibar")
    await gate.reviews.decide(REVIEWER.model_copy(update={"key": f"decide-{case.case_id}"}), command)


async def left(gate: Gate) -> dict[str, int]:
    """How many rows there are of customers, beside the partners' own people."""
    own = [gate.north.organisation_id, gate.south.organisation_id]
    count = "select count(*)::int from {} where organisation_id <> all($1::text[])"
    counts = {table: await gate.town.value(int, count.format(table), own) for table in _OF_CUSTOMERS}
    return {table: number for table, number in counts.items() if number}


async def read_again(gate: Gate) -> dict[str, list[str]]:
    """In which tables which of the words can still be read."""
    tables = [
        row["relname"]
        for row in await gate.town.fetch(
            "select relname from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace"
        )
    ]
    found = "select coalesce(array_agg(word), '{{}}') from unnest($1::text[]) as word where exists (select from {} as row where row::text ilike '%' || word || '%')"
    told = {table: await gate.town.value(list, found.format(table), list(WORDS)) for table in tables}
    return {table: words for table, words in told.items() if words}


async def delete_now(gate: Gate, organisation_id: OrganisationId, name: str = NAME) -> None:
    """A full admin of the customer deletes its organisation."""
    person = await gate.admin(organisation_id)
    command = DeleteNow(organisation_id=organisation_id, person_id=person, confirmation=name)
    await gate.town.organisations.delete_now(SERVICE, command)


async def erase(gate: Gate, organisation_id: OrganisationId) -> Receipt:
    """The purge begins, and goes through."""
    assert (await gate.town.clear(organisation_id)).cleared
    return await gate.town.erase(organisation_id)


async def test_all_that_names_it_goes(gate: Gate, platform: Witnessed) -> None:
    """No table holds its name, addresses, people, numbers, sites, references or what a reviewer wrote of it (XC-07, DM-11)."""
    customer = await furnished(gate)
    assert {"onboardings", "screenings", "rpl_cases", "people"} <= set(await read_again(gate))
    await delete_now(gate, customer.organisation_id)
    receipt = await erase(gate, customer.organisation_id)
    assert '"remaining":0' in receipt.document
    assert await read_again(gate) == {}
    assert await left(gate) == {}
    assert platform.closed == [customer.organisation_id]
    assert await gate.town.state(customer.organisation_id) is OrganisationState.DELETED


async def test_what_has_to_be_proved_stays(gate: Gate) -> None:
    """That it was screened, when, against which lists, with what result and by whose decision; and its bill, which ends at the fence (RPL-19, ADD-05)."""
    customer = await furnished(gate)
    proof = "select screening_id, trigger, result, lists, screened_at from screenings order by screening_id"
    cases = "select case_id, trigger, state, opened_at, closed_at, decided_by from rpl_cases order by screening_id"
    before = [await gate.town.fetch(proof), await gate.town.fetch(cases)]
    await delete_now(gate, customer.organisation_id)
    fenced_at = await gate.town.now()
    await erase(gate, customer.organisation_id)
    assert [await gate.town.fetch(proof), await gate.town.fetch(cases)] == before
    assert [row["result"] for row in before[0]] == ["match", "clear", "match"]
    page = await gate.reviews.screenings(OPERATOR, customer.organisation_id)
    assert {(each.subject, each.hits, each.known) for each in page.screenings} == {(None, (), ())}
    case = await gate.reviews.show(REVIEWER, RplCaseId(before[1][0]["case_id"]))
    assert (case.customer_name, case.subject, case.found, case.reason) == (customer.organisation_id, None, (), None)
    assert (await gate.reviews.page(REVIEWER, state=CaseState.OPEN)).cases == ()
    [item] = await gate.town.fetch("select add_on, started_at, ended_at from add_on_assignments")
    assert item["add_on"] == ATTENDANT
    assert item["started_at"] < item["ended_at"] <= fenced_at


async def test_its_external_id_is_free_from_the_fence_on(gate: Gate) -> None:
    """Nothing of it is answered any more, and another customer may have its reference (Q-29, DM-09, SF-11)."""
    customer = await furnished(gate)
    await delete_now(gate, customer.organisation_id)
    north = provider(gate.north)
    assert await gate.refused(gate.move(customer)) is RefusalCode.ORG_DELETED
    assert await gate.refused(gate.customers.show(north, customer.organisation_id)) is RefusalCode.ORG_DELETED
    again = await gate.create(gate.command(external_id="CRM-77"))
    assert again.organisation_id != customer.organisation_id
    await erase(gate, customer.organisation_id)
    assert await gate.refused(gate.customers.show(north, customer.organisation_id)) is RefusalCode.CUSTOMER_NOT_FOUND


async def test_the_account_goes_before_what_knows_of_it(gate: Gate, platform: Witnessed) -> None:
    """While the platform does not answer, the rows stay; then its account is closed there (XC-07)."""
    customer = await gate.active(name=NAME)
    await delete_now(gate, customer.organisation_id)
    platform.failures = 1
    with pytest.raises(Unavailable):
        await erase(gate, customer.organisation_id)
    assert "platform_resources" in await left(gate)
    await gate.town.erase(customer.organisation_id)
    assert platform.closed == [customer.organisation_id]
    assert await left(gate) == {}


async def test_from_the_cancellation_to_the_end(gate: Gate) -> None:
    """Cancelled, 60 days of grace, marked, 30 silent days, warned, 30 days, quarantine: then nothing of it is left (PO-08, RP-01, DM-05 to DM-08)."""
    customer = await furnished(gate)
    licences = await gate.town.value(str, "select licence_set_id::text from onboardings")
    await cancel(gate, LicenceSetId(licences))
    await end_grace(gate, customer.organisation_id)
    assert await gate.town.state(customer.organisation_id) is OrganisationState.MARKED
    await gate.town.purging(customer.organisation_id)
    await gate.town.erase(customer.organisation_id)
    assert await read_again(gate) == {}
    assert await left(gate) == {}


async def test_an_onboarding_ends_with_its_organisation(gate: Gate) -> None:
    """A partner deletes its own organisation while it is brought in: no step goes on, wherever it stood, and nothing is left (DM-12, RPL-06, PO-07)."""
    own = gate.north.organisation_id
    await gate.person("zoe", own, Role.CUSTOMER_FULL_ADMIN)
    customer = await gate.create(own_organisation=True, name=NAME)
    task = await gate.task(customer)
    assert (await gate.look(customer)).state == "screening"
    assert await gate.screen(customer, hit(name=NAME)) is ScreeningDone.MATCH
    case = await gate.case(customer)
    await gate.decide(case.case_id)
    at = OnboardingInput(organisation_id=own, generation=1)
    order = await gate.steps.account(at)
    assert order is not None
    name = await gate.town.value(str, "select name from organisations where organisation_id = $1", own)
    await delete_now(gate, own, name)
    before = await gate.facts()
    assert await gate.steps.subject(task) is None
    assert await gate.record(task, hit(name=NAME)) is ScreeningDone.VOID
    await gate.steps.record_unavailable(task, "no list")
    assert await gate.steps.account(at) is None
    await gate.steps.record_account(AccountReport(order=order, resource="account-1"))
    assert await gate.refused(gate.decide(case.case_id, Decision.REJECT)) is RefusalCode.ORG_DELETED
    assert await gate.facts() == before
    assert (await gate.look(customer)).state is None
    assert (await gate.look_at_case(case)).state is None
    await erase(gate, own)
    assert await gate.town.fetch("select from onboardings") == []
    assert await gate.town.fetch("select from screenings where subject is not null") == []


@pytest.mark.parametrize("table", ["onboardings", "cleared_hits", "unit_quantities", "wizards", "meeting_sites"])
async def test_the_eraser_deletes_only_what_is_being_purged(gate: Gate, table: str) -> None:
    """Rows of a customer that lives are guarded by the database, whatever the eraser is told (SF-12)."""
    customer = await furnished(gate)
    async with refused(GUARDED):
        await attempt(gate.town.erasure, f"delete from {table} where organisation_id = $1", customer.organisation_id)
    assert table in await left(gate)

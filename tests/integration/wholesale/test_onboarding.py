"""A wholesale customer comes in: received, screened, its account created, and what it begins with."""

from adapters.postgres.wholesale.users import PostgresUsers
from tenure.contracts.call_in import CallInRule
from tenure.contracts.customer import NewSite, OnboardingState, ProvisioningWarning, Pstn
from tenure.contracts.onboarding import OnboardingInput, ScreeningDone
from tenure.contracts.organisation import OrganisationState, Role
from tenure.contracts.package import SetQuantities
from tenure.contracts.review import Decision
from tenure.contracts.user import NumberItem, UserItem
from tenure.policy.rules import DEFAULT
from tests.integration.deletion.town import Town
from tests.integration.wholesale.gate import ATTENDANT, BERLIN, SOLD, Gate, hit
from tests.integration.wholesale.hall import provider

BUILT = ("people", "user_packages", "licence_sets", "phone_numbers", "platform_resources", "add_on_assignments")
"""Where something would be of what a customer gets."""
SITE = NewSite(url="acme.meet.example", time_zone="Europe/Berlin", pstn=Pstn.CISCO, telephony_domain="global")


async def _built(town: Town, organisation_id: str) -> dict[str, int]:
    """How many rows an organisation has where something is built."""
    count = "select count(*)::int from {} where organisation_id = $1"
    return {table: await town.value(int, count.format(table), organisation_id) for table in BUILT}


async def test_nobody_has_to_do_anything(gate: Gate) -> None:
    """Without a match no case is opened and no human acts; no order id is asked for, and the ports are all it takes (RPL-04, ONB-01, ONB-08, PO-02, PO-03, PRV-01)."""
    customer = await gate.create()
    assert customer.state is OnboardingState.RECEIVED
    step = await gate.look(customer)
    assert (step.state, step.due_at) == (OnboardingState.SCREENING, None)
    assert await gate.screen(customer) is ScreeningDone.CLEAR
    assert (await gate.look(customer)).state is OnboardingState.PROVISIONING
    active = await gate.set_up(customer)
    assert (active.state, active.review) == (OnboardingState.ACTIVE, None)
    assert await gate.cases(customer) == []
    assert await gate.town.audit(customer.organisation_id) == [
        "created",
        "managed",
        "onboarding_received",
        "screening_began",
        "screening_clear",
        "licences_active",
        "account_ready",
        "user_created",
    ]


async def test_nothing_is_there_before_it_is_screened(gate: Gate) -> None:
    """While it is screened or reviewed the platform has no order, and there are no users, numbers or packages (RPL-01, RPL-06, ONB-02)."""
    users = (UserItem(email="ann@works.example", package="suite"),)
    customer, _ = await gate.held(users=users, sites=(SITE,))
    assert customer.state is OnboardingState.PENDING_RPL_REVIEW
    assert set((await _built(gate.town, customer.organisation_id)).values()) == {0}
    assert await gate.steps.account(OnboardingInput(organisation_id=customer.organisation_id)) is None
    assert (customer.sites, customer.subscription, customer.quantities[0].assigned) == ((), None, 0)


async def test_what_it_begins_with(gate: Gate) -> None:
    """An administrator with a unit of the creation package, a subscription, the country of the bill, a site with its number (ONB-05, ONB-09, ADM-04, CIN-01, CIN-11, PKG-05)."""
    customer = await gate.active(
        packages={"suite": 2, "calling": 1},
        add_ons={ATTENDANT: 3},
        sites=(SITE,),
        admin_name="Eve Adams",
        language="pl",
        time_zone="Europe/Warsaw",
        invoice_reference="INV-7",
    )
    [eve] = await gate.town.fetch(
        "select p.name, u.package, r.role from people p join user_packages u using (person_id)"
        " join person_roles r using (person_id) where p.organisation_id = $1",
        customer.organisation_id,
    )
    assert tuple(eve) == ("Eve Adams", "suite", Role.CUSTOMER_FULL_ADMIN)
    assert [(each.code, each.limit, each.assigned) for each in customer.quantities] == [
        ("calling", 1, 0),
        ("suite", 2, 1),
        (ATTENDANT, 3, 0),
    ]
    assert customer.subscription is not None
    assert (customer.subscription.state, customer.subscription.invoice_reference) == ("active", "INV-7")
    [site] = customer.sites
    assert site.call_in is not None
    assert (site.call_in.prefix, site.call_in.rule) == ("+49", CallInRule.COUNTRY)
    assert (customer.org_country, customer.package, customer.warnings) == ("DE", "suite", ())
    [organisation] = await gate.town.fetch(
        "select country, region, language, time_zone, state from organisations where organisation_id = $1",
        customer.organisation_id,
    )
    assert tuple(organisation) == ("DE", "eu", "pl", "Europe/Warsaw", OrganisationState.LIVE)
    assert await gate.access(gate.north, customer.organisation_id) == "full"


async def test_a_subscription_covers_every_package_that_may_be_assigned(gate: Gate) -> None:
    """What users of any package have is licensed, so that its recordings are kept with it (PKG-03, RP-06)."""
    customer = await gate.active(package="calling", packages={"calling": 1, "meetings": 1, "suite": 0})
    [licences] = await gate.town.fetch(
        "select services, meetings, wholesale from licence_sets where organisation_id = $1", customer.organisation_id
    )
    assert tuple(licences) == (["calling", "meetings", "messaging"], True, True)


async def test_more_packages_cover_more(gate: Gate) -> None:
    """What may be assigned later is licensed from then on, and what has been of meetings stays so (PKG-11, RP-06)."""
    customer = await gate.active(package="calling", packages={"calling": 1})
    users = PostgresUsers(gate.town.database, DEFAULT, SOLD)
    seen = []
    for suites in (0, 2, 0):
        command = SetQuantities(organisation_id=customer.organisation_id, packages={"suite": suites})
        await users.set_quantities(provider(gate.north), command)
        [licences] = await gate.town.fetch(
            "select services, meetings from licence_sets where organisation_id = $1", customer.organisation_id
        )
        seen.append(tuple(licences))
    few, all_ = ["calling", "messaging"], ["calling", "meetings", "messaging"]
    assert seen == [(few, False), (all_, True), (few, True)]


async def test_a_site_without_a_number_is_told(gate: Gate) -> None:
    """No number of another region is chosen: the customer shows the warning (CIN-07)."""
    site = SITE.model_copy(update={"telephony_domain": "asia-pacific"})
    address = BERLIN.model_copy(update={"country": "TH"})
    customer = await gate.active(sites=(site,), billing_address=address)
    assert customer.warnings == (ProvisioningWarning.NO_DEFAULT_CALL_IN,)
    assert (customer.org_country, customer.sites[0].call_in) == ("TH", None)


async def test_users_and_numbers_follow_a_clear_screening(gate: Gate) -> None:
    """What came with the creation is provisioned at once; what fails waits for the next run (ONB-01, PRV-05, PRV-06)."""
    users = tuple(UserItem(email=f"{name}@works.example", package="suite") for name in ("ann", "bob", "cid"))
    numbers = (NumberItem(phone_number="+493023125001", email="ann@works.example"),)
    customer = await gate.active(packages={"suite": 3}, users=users, numbers=numbers)
    assert customer.to_provision == 1
    assert customer.quantities[0].assigned == 3
    assert (await _built(gate.town, customer.organisation_id))["phone_numbers"] == 1
    [report] = await gate.town.fetch(
        "select details from audit where subject = $1 and action = 'creation_provisioned'", customer.organisation_id
    )
    assert report["details"] == {"items": 4, "failed": {"package_quantity_exceeded": 1}}


async def test_after_a_review_they_wait_for_a_run(gate: Gate) -> None:
    """An approval creates the customer and nothing more, unless that was asked for (PRV-06, RPL-09)."""
    users = (UserItem(email="ann@works.example", package="suite"),)
    waiting, case = await gate.held(users=users)
    await gate.decide(case.case_id, Decision.APPROVE)
    waiting = await gate.set_up(waiting)
    assert (waiting.state, waiting.to_provision, waiting.quantities[0].assigned) == ("active", 1, 1)
    asked, case = await gate.held(users=users, provision_after_review=True)
    await gate.decide(case.case_id, Decision.APPROVE)
    asked = await gate.set_up(asked)
    assert (asked.state, asked.to_provision, asked.quantities[0].assigned) == ("active", 0, 2)


async def test_its_process_is_there_until_it_is_over(gate: Gate) -> None:
    """The request leaves a process and a date behind, and neither is left when the account is there (ONB-08, P11, WH-01)."""
    customer = await gate.create()
    process = f"onboarding/{customer.organisation_id}/1"
    assert await gate.town.processes(customer.organisation_id) == {process: "pending"}
    assert [(date.kind, date.rule) for date in await gate.town.next_dates(customer.organisation_id)] == [
        ("screening", "RPL-01")
    ]
    await gate.screen(customer)
    assert await gate.town.next_dates(customer.organisation_id) == []
    await gate.set_up(customer)
    assert await gate.town.processes(customer.organisation_id) == {process: "closed"}


async def test_no_trace_names_anybody(gate: Gate) -> None:
    """Ids are random, and neither audit nor processes nor dates hold a name or an address (ONB-03, XC-04)."""
    customer = await gate.active(name="Zacharias Zorn KG", admin_name="Zita Zorn", admin_email="zita@zorn.example")
    moved = BERLIN.model_copy(update={"city": "Zwickau", "lines": ("Zornstr. 1",)})
    await gate.move(customer, moved)
    await gate.screen_address(customer, hit(name="Zacharias Zorn KG"))
    for table in ("audit", "processes", "next_dates"):
        rows = await gate.town.fetch(f"select r::text as content from {table} r")
        assert rows, table
        assert not [row["content"] for row in rows if "zor" in row["content"].lower() or "wick" in row["content"]]


async def test_steps_are_safe_to_repeat(gate: Gate) -> None:
    """A step that is done again after a crash does nothing more (PRV-04, RPL-16)."""
    customer = await gate.create()
    task = await gate.task(customer)
    await gate.look(customer)
    assert await gate.record(task) is ScreeningDone.CLEAR
    facts = await gate.facts()
    assert await gate.record(task) is ScreeningDone.VOID
    assert await gate.steps.subject(task) is None
    await gate.steps.record_unavailable(task, "too late")
    assert await gate.facts() == facts
    order = await gate.steps.account(OnboardingInput(organisation_id=customer.organisation_id))
    assert order is not None
    await gate.set_up(customer)
    facts = await gate.facts()
    await gate.set_up(customer)
    assert await gate.facts() == facts

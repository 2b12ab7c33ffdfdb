"""Runs of provisioning: what is missing is finished, what fails is told, and nothing is there twice (PRV-02 to PRV-07)."""

import asyncio
from typing import Any

import pytest

from adapters.postgres.wholesale import numbers
from tenure.contracts.organisation import Role
from tenure.contracts.user import ItemOutcome, ItemResult, NumberItem, RunProvisioning, UserItem
from tenure.errors import Unavailable
from tenure.ids import OrganisationId
from tests.integration.wholesale.hall import OPERATOR, REVIEWER, SERVICE, helper, provider, reader, seller
from tests.integration.wholesale.office import ATTENDANT, PLAN, Office, number, person, phone


async def test_users_and_numbers_are_finished_in_one_run(office: Office) -> None:
    """Users first, then numbers, told in the order in which they were given (PRV-02, NUM-01)."""
    org = await office.hall.customer(packages={"suite": 5, "meetings": 5}, add_ons={ATTENDANT: 1})
    items: list[UserItem | NumberItem] = [
        person("ann", add_ons=[ATTENDANT], role=Role.CUSTOMER_ADMIN),
        person("bob", "meetings"),
        number(2, to="ann"),
        number(1, location="Lobby"),
    ]
    results = await office.run(org, *items)
    assert [(result.key, result.outcome) for result in results] == [
        (key, ItemOutcome.CREATED) for key in ("ann@works.example", "bob@works.example", phone(2), phone(1))
    ]
    people = await office.people(org)
    assert (people["ann"].phone_numbers, people["ann"].add_ons) == ((phone(2),), (ATTENDANT,))
    assert people["bob"].package == "meetings"
    assert await office.audited(org) == 2 * ["user_created"] + 2 * ["number_assigned"]
    await office.balance(org)


async def test_a_run_with_nothing_left_does_nothing(office: Office) -> None:
    """Run again, and once more without anything: all is there, and no user, number or unit is there twice (PRV-04)."""
    org = await office.hall.customer(add_ons={ATTENDANT: 1})
    items: list[UserItem | NumberItem] = [
        person("ann", add_ons=[ATTENDANT]),
        number(1, to="ann"),
        number(2, location="Lobby"),
    ]
    await office.run(org, *items)
    before = await office.hall.facts()
    assert {result.outcome for result in await office.run(org, *items)} == {ItemOutcome.PRESENT}
    assert await office.run(org) == ()
    assert await office.hall.facts() == before


async def test_only_what_is_missing_is_added(office: Office) -> None:
    """Of a user who is there, the add-on that was not; what the user has beside that, stays (PRV-02, PRV-04)."""
    org = await office.hall.customer(packages={"suite": 3}, add_ons={ATTENDANT: 1})
    await office.user(org, "ann")
    results = await office.run(org, person("ann", add_ons=[ATTENDANT]), person("bob"), person("BOB"))
    assert [result.outcome for result in results] == ["completed", "created", "present"]
    [again] = await office.run(org, person("ann"))
    assert again.outcome == "present"
    assert await office.units(org) == {"suite": (3, 3), ATTENDANT: (1, 1)}
    assert (await office.people(org))["ann"].add_ons == (ATTENDANT,)


async def test_a_second_package_is_never_given(office: Office) -> None:
    """A user who is there with another package keeps it: only a change replaces it (PKG-02)."""
    org = await office.hall.customer(packages={"suite": 3, "calling": 3})
    await office.user(org, "ann", "calling")
    [result] = await office.run(org, person("ann"))
    assert (result.outcome, result.code) == ("failed", "user_already_has_package")
    assert (await office.units(org))["suite"] == (1, 3)
    assert (await office.people(org))["ann"].package == "calling"


async def test_what_fails_leaves_nothing_and_takes_nothing_along(office: Office) -> None:
    """Each failed item with its reason and no trace, the others stay, and a later run finishes them (PRV-05)."""
    org = await office.hall.customer(packages={"suite": 3, "meetings": 1}, add_ons={PLAN: 1})
    other = await office.hall.customer()
    await office.assign(other, "Lobby", phone(9))
    items: list[UserItem | NumberItem] = [
        person("ann"),
        person("none", None),
        person("odd", "premium"),
        person("plan", add_ons=[PLAN]),
        person("fax", add_ons=["fax"]),
        person("bob"),
        person("late"),
        number(9, location="Lobby"),
        number(1, to="ann"),
        number(2, to="late"),
        number(1, to="bob"),
    ]
    results = await office.run(org, *items)
    assert [result.code for result in results] == [
        None,
        "package_required",
        "unknown_package",
        "add_on_not_available",
        "unknown_add_on",
        None,
        "package_quantity_exceeded",
        "number_in_use",
        None,
        "user_not_found",
        "number_in_use",
    ]
    assert all((result.code is None) == (result.message is None) for result in results)
    assert set(await office.people(org)) == {"eve", "ann", "bob"}
    await office.balance(org)
    await office.quantities(org, {"suite": 4})
    again = await office.run(org, person("ann"), person("late"), number(2, to="late"))
    assert [result.outcome for result in again] == ["present", "created", "created"]
    await office.balance(org)


@pytest.mark.parametrize(
    ("state", "reason", "code"),
    [
        ("received", None, "account_not_ready"),
        ("screening", None, "account_not_ready"),
        ("provisioning", None, "account_not_ready"),
        ("pending_rpl_review", None, "rpl_review_pending"),
        ("error", "rpl_rejected", "onboarding_failed"),
        ("error", "rpl_unresolved", "onboarding_failed"),
        ("error", "rpl_review_timeout", "onboarding_failed"),
        ("cancelled", None, "customer_cancelled"),
    ],
)
async def test_a_run_needs_review_and_account(office: Office, state: str, reason: str | None, code: str) -> None:
    """Both conditions: while one is missing, or after a failed review, nothing is provisioned (PRV-02, PRV-03, RPL-06)."""
    org = await office.hall.customer()
    await office.become(org, state, reason)
    assert await office.refused(office.run(org, person("ann"), number(1, location="Lobby"))) == code


async def test_after_a_failure_of_the_account_a_run_tries_that_again(office: Office) -> None:
    """The next generation is ordered, nobody is screened again, and users wait for the account (PRV-03)."""
    org = await office.hall.customer()
    await office.become(org, "error", "provisioning_failed")
    keyed = office.north.model_copy(update={"key": "again"})
    command = RunProvisioning(organisation_id=org, users=(person("ann"),))
    run = await office.users.run_provisioning(keyed, command)
    assert (run.retried_account, run.results) == (True, ())
    [row] = await office.town.fetch("select state, generation, reason from onboardings where organisation_id = $1", org)
    assert (row["state"], row["generation"], row["reason"]) == ("provisioning", 2, None)
    started = await office.town.fetch("select workflow_id from processes where organisation_id = $1", org)
    assert [each["workflow_id"] for each in started] == [f"onboarding/{org}/2"]
    assert await office.town.fetch("select from screenings") == []
    assert set(await office.people(org)) == {"eve"}
    assert await office.users.run_provisioning(keyed, command) == run
    assert await office.refused(office.run(org, person("ann"))) == "account_not_ready"


async def test_what_came_with_the_creation_is_taken_along_when_asked_for(office: Office) -> None:
    """Not by itself; what fails of it waits for the next run, what is done does not (PRV-06, Q-05)."""
    org = await office.hall.customer(packages={"suite": 3})
    await _came_with(office, org, [person("ann"), person("bob"), person("late")], [number(1, to="late")])
    assert await office.run(org) == ()
    results = await office.run(org, person("ann"), with_creation=True)
    assert [result.outcome for result in results] == ["created", "created", "failed", "failed", "present"]
    assert await _waits(office, org) == (["late@works.example"], [phone(1)])
    await office.quantities(org, {"suite": 4})
    again = await office.run(org, with_creation=True)
    assert [result.outcome for result in again] == ["created", "created"]
    assert await _waits(office, org) == ([], [])
    before = await office.hall.facts()
    assert await office.run(org, with_creation=True) == ()
    assert await office.hall.facts() == before


async def test_who_may_run_it(office: Office) -> None:
    """The service provider, and a full admin of the customer in whose name a service asks; nobody else (PRV-07)."""
    org = await office.hall.customer()
    eve, plain = await office.administrator(org), await office.user(org, "plain")
    stranger = await office.administrator(await office.hall.customer())
    command = RunProvisioning(organisation_id=org, users=(person("ann"),))
    refusals: list[tuple[Any, dict[str, Any], str]] = [
        (provider(office.hall.south), {}, "customer_not_found"),
        (reader(office.hall.north), {}, "forbidden"),
        (helper(office.hall.north), {}, "role_not_allowed"),
        (REVIEWER, {}, "forbidden"),
        (REVIEWER, {"person_id": eve}, "forbidden"),
        (office.north, {"person_id": eve}, "forbidden"),
        (SERVICE, {"person_id": plain.person_id}, "role_not_allowed"),
        (SERVICE, {"person_id": stranger}, "person_not_found"),
    ]
    for caller, details, code in refusals:
        asked = office.users.run_provisioning(caller, command.model_copy(update=details))
        assert await office.refused(asked) == code
    for caller in (office.north, seller(office.hall.north), SERVICE, OPERATOR):
        run = await office.users.run_provisioning(caller, command)
    run = await office.users.run_provisioning(SERVICE, command.model_copy(update={"person_id": eve}))
    assert [result.outcome for result in run.results] == ["present"]


async def test_a_run_is_done_once_for_its_key(office: Office) -> None:
    """Sent again it says what is there now, does nothing, and brings nobody back who was taken out since (P10, PRV-04)."""
    org = await office.hall.customer(packages={"suite": 2})
    keyed = office.north.model_copy(update={"key": "run"})
    items = (person("ann"), person("late"), number(1, to="ann"), number(2, to="late"))
    first = await office.run(org, *items, caller=keyed)
    assert [result.outcome for result in first] == ["created", "failed", "created", "failed"]
    before = await office.hall.facts()
    again = await office.run(org, *items, caller=keyed)
    assert [result.outcome for result in again] == ["present", "failed", "present", "failed"]
    assert await office.hall.facts() == before
    await _came_with(office, org, [person("mia")], [number(3, location="Desk")])
    with_creation = await office.run(org, with_creation=True, caller=office.north.model_copy(update={"key": "two"}))
    assert [result.outcome for result in with_creation] == ["failed", "created"]
    [waits] = await office.run(org, with_creation=True, caller=office.north.model_copy(update={"key": "two"}))
    assert (waits.key, waits.outcome) == ("mia@works.example", "failed")


async def test_many_runs_at_once_end_as_one(office: Office) -> None:
    """The same list, in whatever order, by several at the same time: each user and number once (PRV-04, XC-06)."""
    org, other = await office.hall.customer(packages={"suite": 21}), await office.hall.customer()
    people = [person(f"user{place}") for place in range(20)]
    phones = [number(place, to=f"user{place}") for place in range(20)]
    taken = [number(place, location=f"Desk {place}") for place in reversed(range(20))]
    runs = await asyncio.gather(
        office.run(org, *people, *phones),
        office.run(org, *reversed(people), *reversed(phones)),
        office.run(other, *taken),
        office.run(org, *people, *phones),
    )
    made: list[ItemResult] = [result for run in runs for result in run if result.outcome == "created"]
    assert sorted({result.key for result in made}) == sorted(result.key for result in made)
    assert [len([each for each in made if each.kind == kind]) for kind in ("user", "number")] == [20, 20]
    await office.balance(org)


async def test_users_and_numbers_may_change_while_an_address_is_reviewed(office: Office) -> None:
    """A customer that waits for the review of a new address goes on as it was (Q-31, RPL-17)."""
    org = await office.hall.customer()
    await office.town.execute(
        "insert into address_changes (organisation_id, generation, state, billing_address, requested_at, state_since)"
        " values ($1, 1, 'address_pending_rpl_review', '{}', business_now(), business_now())",
        org,
    )
    results = await office.run(org, person("ann"), number(1, to="ann"))
    assert [result.outcome for result in results] == ["created", "created"]


async def test_a_run_that_breaks_off_leaves_nothing(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is no refusal ends the whole run, and it can be run again (P10)."""
    org = await office.hall.customer()

    async def break_off(*_: object) -> None:
        raise ConnectionResetError

    monkeypatch.setattr(numbers, "_place", break_off)
    before = await office.hall.facts()
    with pytest.raises(Unavailable):
        await office.run(org, person("ann"), number(1, location="Lobby"))
    assert await office.hall.facts() == before
    monkeypatch.undo()
    assert len(await office.run(org, person("ann"), number(1, location="Lobby"))) == 2


async def _came_with(
    office: Office, organisation_id: OrganisationId, people: list[UserItem], phones: list[NumberItem]
) -> None:
    """These came with the creation of a customer."""
    await office.town.execute(
        "update onboardings set users = $2, numbers = $3 where organisation_id = $1",
        organisation_id,
        [each.model_dump(mode="json") for each in people],
        [each.model_dump(mode="json") for each in phones],
    )


async def _waits(office: Office, organisation_id: OrganisationId) -> tuple[list[str], list[str]]:
    """What of it still waits."""
    [row] = await office.town.fetch(
        "select users, numbers from onboardings where organisation_id = $1", organisation_id
    )
    return [each["email"] for each in row["users"]], [each["phone_number"] for each in row["numbers"]]

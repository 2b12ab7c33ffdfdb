"""Phone numbers of users and locations: each in one place, on the whole platform (NUM-02)."""

import asyncio

import pytest

from tenure.contracts.organisation import Role
from tenure.contracts.user import AssignNumber, NumberAssignment, ReleaseNumber
from tenure.errors import Refusal
from tenure.ids import OrganisationId, PersonId
from tests.integration.wholesale.hall import provider
from tests.integration.wholesale.office import Office, phone


async def test_a_number_goes_to_a_user_or_to_a_location(office: Office) -> None:
    """It is shown with its user; where it is already, nothing happens; the audit names no number (NUM-02, P14)."""
    org = await office.hall.customer()
    ann = await office.user(org, "ann")
    given = await office.assign(org, ann.person_id, phone(1))
    assert given == NumberAssignment(phone_number=phone(1), organisation_id=org, user_id=ann.person_id)
    assert (await office.assign(org, "Lobby", phone(2))).location == "Lobby"
    before = await office.hall.facts()
    await office.assign(org, ann.person_id, phone(1))
    await office.assign(org, "Lobby", phone(2))
    assert await office.hall.facts() == before
    assert (await office.people(org))["ann"].phone_numbers == (phone(1),)


@pytest.mark.parametrize("free", [True, False])
async def test_a_number_that_is_somewhere_goes_nowhere_else(office: Office, free: bool) -> None:
    """Not to another user, a location or another customer, until it is released (NUM-02)."""
    org, other = await office.hall.customer(), await office.hall.customer(side=office.hall.south)
    ann, bob = await office.user(org, "ann"), await office.user(org, "bob")
    await office.assign(org, ann.person_id, phone(1))
    elsewhere = AssignNumber(organisation_id=other, phone_number=phone(1), location="Lobby")
    if free:
        released = await _release(office, org, 1)
        assert (released.user_id, released.location) == (None, None)
        taken = await office.users.assign_number(provider(office.hall.south), elsewhere)
        assert taken.organisation_id == other
        assert (await office.people(org))["ann"].phone_numbers == ()
    else:
        assert await office.refused(office.assign(org, bob.person_id, phone(1))) == "number_in_use"
        assert await office.refused(office.assign(org, "Lobby", phone(1))) == "number_in_use"
        south = office.users.assign_number(provider(office.hall.south), elsewhere)
        assert await office.refused(south) == "number_in_use"


async def test_releasing_again_or_elsewhere_is_no_error_and_no_release(office: Office) -> None:
    """What is not assigned here stays what it is: another customer's, a trial's, or nobody's (NUM-02)."""
    org, other = await office.hall.customer(), await office.hall.customer()
    await office.assign(other, "Lobby", phone(1))
    before = await office.hall.facts()
    for last in (1, 2):
        await _release(office, org, last)
    assert await office.hall.facts() == before
    await office.assign(org, "Lobby", phone(3))
    await _release(office, org, 3)
    before = await office.hall.facts()
    await _release(office, org, 3)
    assert await office.hall.facts() == before


@pytest.mark.parametrize(("state", "taken"), [("assigned", True), ("held", True), ("released", False)])
async def test_numbers_of_trials_are_in_use_until_they_are_released(office: Office, state: str, taken: bool) -> None:
    """Assigned to a trial or on hold after it: nobody's else; released for good: free (NUM-02, NR-02)."""
    org = await office.hall.customer()
    theirs = await office.town.organisation()
    await office.town.execute(
        "insert into phone_numbers (phone_number, organisation_id, state, hold, held_until)"
        " values ($1, $2, $3::text, 1, case $3 when 'held' then business_now() + interval '15 days' end)",
        phone(1),
        theirs,
        state,
    )
    if taken:
        assert await office.refused(office.assign(org, "Lobby", phone(1))) == "number_in_use"
    else:
        await office.assign(org, "Lobby", phone(1))
        assert await office.hall.numbers(theirs) == []


async def test_a_number_that_a_trial_left_to_the_customer_can_be_placed(office: Office) -> None:
    """It is the customer's own, and in no place yet (NUM-02, NR-03)."""
    org = await office.hall.customer()
    await office.town.execute(
        "insert into phone_numbers (phone_number, organisation_id, licence_set_id) values ($1, $2, 'lic_bought')",
        phone(1),
        org,
    )
    await _release(office, org, 1)
    assert await office.hall.numbers(org) == [("assigned", "lic_bought")]
    assert (await office.assign(org, "Lobby", phone(1))).location == "Lobby"


async def test_a_number_needs_calling(office: Office) -> None:
    """In the user's package; for a location, in some package that the customer may assign (NUM-02)."""
    org = await office.hall.customer(packages={"suite": 2, "meetings": 2})
    meg = await office.user(org, "meg", "meetings")
    assert await office.refused(office.assign(org, meg.person_id, phone(1))) == "calling_not_entitled"
    silent = await office.hall.customer(package="meetings", packages={"meetings": 3, "calling": 0})
    assert await office.refused(office.assign(silent, "Lobby", phone(1))) == "calling_not_entitled"
    await office.quantities(silent, {"calling": 1})
    await office.assign(silent, "Lobby", phone(1))


async def test_a_number_needs_somebody(office: Office) -> None:
    """A user of this very customer, with a package (NUM-02)."""
    org, other = await office.hall.customer(), await office.hall.customer()
    stranger = await office.user(other, "ann")
    guest = await office.hall.person("guest", org, Role.PARTNER_ADMIN)
    for person_id, code in [
        (PersonId("per_nobody"), "user_not_found"),
        (stranger.person_id, "user_not_found"),
        (guest, "package_required"),
    ]:
        assert await office.refused(office.assign(org, person_id, phone(1))) == code


async def test_no_package_without_calling_while_there_is_a_number(office: Office) -> None:
    """A change of package takes no number away silently: it is released first (NUM-02, PKG-09)."""
    org = await office.hall.customer(packages={"suite": 3, "calling": 1, "meetings": 1})
    ann = await office.user(org, "ann")
    await office.assign(org, ann.person_id, phone(1))
    assert await office.refused(office.change(org, ann.person_id, "meetings")) == "calling_not_entitled"
    assert (await office.change(org, ann.person_id, "calling")).phone_numbers == (phone(1),)
    await _release(office, org, 1)
    assert (await office.change(org, ann.person_id, "meetings")).package == "meetings"


async def test_two_customers_want_one_number_at_once(office: Office) -> None:
    """However many ask at the same time, one has it (NUM-02)."""
    customers = [await office.hall.customer() for _ in range(12)]
    answers = await asyncio.gather(
        *(office.assign(org, f"Lobby {place}", phone(1)) for place, org in enumerate(customers)),
        return_exceptions=True,
    )
    won = [answer for answer in answers if isinstance(answer, NumberAssignment)]
    lost = [answer.code for answer in answers if isinstance(answer, Refusal)]
    assert (len(won), lost) == (1, 11 * ["number_in_use"])


async def test_a_number_changes_customers_while_it_is_given_back(office: Office) -> None:
    """Released here and wanted there at once: it is never in two places, and never lost (NUM-02)."""
    org, other = await office.hall.customer(), await office.hall.customer()
    for _ in range(10):
        await office.assign(org, "Lobby", phone(1))
        _, answer = await asyncio.gather(
            _release(office, org, 1), office.assign(other, "Desk", phone(1)), return_exceptions=True
        )
        [row] = await office.town.fetch("select organisation_id, state from phone_numbers")
        got_it = isinstance(answer, NumberAssignment)
        assert (row["organisation_id"], row["state"]) == ((other, "assigned") if got_it else (org, "released"))
        await _release(office, other, 1)


async def _release(office: Office, organisation_id: OrganisationId, last: int) -> NumberAssignment:
    command = ReleaseNumber(organisation_id=organisation_id, phone_number=phone(last))
    return await office.users.release_number(office.north, command)

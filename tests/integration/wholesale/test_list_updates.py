"""Lists and customers: nobody goes on unscreened while a list is missing, and nobody slips past one that is updated."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta

import pytest

from adapters.postgres.screening_lists import PostgresScreeningLists
from tenure.contracts.customer import CustomerStatus, OnboardingState
from tenure.contracts.onboarding import ListScreeningInput, ScreeningDone
from tenure.contracts.review import CaseState, Decision, ScreeningTrigger
from tenure.contracts.screening import ListId, ListVersion, Screening
from tenure.errors import Refusal
from tenure.policy import screening as rule
from tenure.ports import ListFile
from tests.integration.wholesale.gate import Gate, hit
from tests.integration.wholesale.hall import OPERATOR, REVIEWER
from tests.unit.screening.published import content, file

ROWS = content("dpl.txt").split(b"\n")
UPDATE = ListScreeningInput(list_id=ListId.US_DPL, version=2)


@pytest.fixture
def lists(gate: Gate) -> PostgresScreeningLists:
    """The lists of the gate's town, of which none is loaded."""
    return PostgresScreeningLists(gate.town.database, rule.DEFAULT)


def dpl(rows: int) -> Sequence[ListFile]:
    """A list of so many entries."""
    return [file("dpl.txt", b"\n".join((ROWS[0], *ROWS[1 : rows + 1])))]


def against(*versions: int, hits: int = 0) -> Screening:
    """A screening against these versions of our first lists."""
    named = zip((ListId.US_DPL, ListId.EU), versions, strict=False)
    seen = tuple(ListVersion(list_id=list_id, version=version) for list_id, version in named)
    return Screening(hits=tuple(hit(f"DPL-{number}") for number in range(hits)), lists=seen)


async def test_without_a_list_it_stays_in_screening(gate: Gate) -> None:
    """It is tried again, later each time, and why is told; it never goes on as "no match" (RPL-16)."""
    customer = await gate.create()
    await gate.look(customer)
    task = await gate.task(customer)
    waits = []
    for _ in range(6):
        await gate.steps.record_unavailable(task, "The list us-dpl has never been loaded." + "x" * 600)
        step = await gate.look(customer)
        assert step.looks_at is not None
        assert step.state is OnboardingState.SCREENING
        waits.append(step.looks_at - await gate.town.now())
    expected = [rule.retry_after(attempts, rule.DEFAULT) for attempts in range(1, 7)]
    assert all(abs(wait - each) < timedelta(seconds=5) for wait, each in zip(waits, expected, strict=True))
    seen = await gate.see(customer)
    assert seen.problem is not None
    assert (seen.problem[:38], len(seen.problem)) == ("The list us-dpl has never been loaded.", 500)
    [date] = await gate.town.next_dates(customer.organisation_id)
    assert (date.kind, date.reason, date.due_at) == ("screening", "screening_unavailable", step.looks_at)
    assert await gate.record(task) is ScreeningDone.CLEAR
    assert ((await gate.see(customer)).problem, await gate.town.next_dates(customer.organisation_id)) == (None, [])


async def test_a_list_wakes_whoever_waits(gate: Gate, lists: PostgresScreeningLists) -> None:
    """Loaded, or presented again: customers and new addresses are screened at once (RPL-16)."""
    customer, moving = await gate.create(), await gate.active()
    await gate.look(customer)
    await gate.move(moving)
    for number in (1, 2):
        await gate.steps.record_unavailable(await gate.task(customer), "no list")
        await gate.steps.record_unavailable(await gate.address_task(moving), "no list")
        wakes = [await gate.town.wakes(each.organisation_id) for each in (customer, moving)]
        update = await lists.update(OPERATOR, dpl(20))
        assert update.repeated is (number == 2)
        for each, before in zip((customer, moving), wakes, strict=True):
            assert await gate.town.wakes(each.organisation_id) > before
        now = await gate.town.now()
        looks = ((await gate.look(customer)).looks_at, (await gate.look_at_address(moving)).looks_at)
        assert all(at is not None and at <= now for at in looks)


async def test_a_list_that_was_updated_meanwhile_is_looked_at_again(gate: Gate, lists: PostgresScreeningLists) -> None:
    """An answer of the version before, or without a list that is new, is not taken (RPL-16, Q-32)."""
    await lists.update(OPERATOR, dpl(20))
    customer = await gate.create()
    await gate.look(customer)
    task = await gate.task(customer)
    await lists.update(OPERATOR, dpl(21))
    facts = await gate.town.value(int, "select count(*)::int from screenings")
    for stale in (against(1), against(1, 1), against(3)):
        assert await gate.steps.record_screening(task, stale) is ScreeningDone.UNAVAILABLE
    step = await gate.look(customer)
    assert step.state is OnboardingState.SCREENING
    assert step.looks_at is not None
    assert step.looks_at <= await gate.town.now()
    assert await gate.town.value(int, "select count(*)::int from screenings") == facts
    assert await gate.steps.record_screening(task, against(2)) is ScreeningDone.CLEAR


async def test_nobody_slips_between_an_update_and_its_screening(gate: Gate, lists: PostgresScreeningLists) -> None:
    """Whenever an update comes: the customer was screened against it, or is among those whom it concerns (Q-32)."""
    await lists.update(OPERATOR, dpl(20))
    for round_ in range(4):
        version = round_ + 1
        customer = await gate.create()
        await gate.look(customer)
        task = await gate.task(customer)
        done, _ = await asyncio.gather(
            gate.steps.record_screening(task, against(version)), lists.update(OPERATOR, dpl(21 + round_))
        )
        update = ListScreeningInput(list_id=ListId.US_DPL, version=version + 1)
        concerned = {each for each, _ in await gate.steps.customers_after(update, 100)}
        assert (customer.organisation_id in concerned) is (done is ScreeningDone.CLEAR), done


async def test_a_screening_waits_for_an_update_under_way(gate: Gate, lists: PostgresScreeningLists) -> None:
    """Its answer is not taken before the update is there or is not: then it is held against what is in use (Q-32)."""
    await lists.update(OPERATOR, dpl(20))
    customer = await gate.create()
    await gate.look(customer)
    task = await gate.task(customer)
    async with gate.town.database.write() as updating:
        await updating.execute("select pg_advisory_xact_lock(hashtext('tenure.lists'), hashtext('us-dpl'))")
        await updating.execute(
            "insert into screening_lists select list_id, 2, sha256, published_at, loaded_at, confirmed_at, loaded_by,"
            " entries, names from screening_lists"
        )
        recording = asyncio.create_task(gate.steps.record_screening(task, against(1)))
        while not await gate.town.fetch("select from pg_locks where locktype = 'advisory' and not granted"):
            assert not recording.done()
    assert await recording is ScreeningDone.UNAVAILABLE


async def test_an_update_has_a_process(gate: Gate, lists: PostgresScreeningLists) -> None:
    """One for each version that added or changed something, of the whole installation (Q-32)."""
    for count in (23, 23, 25, 24):  # the second repeats the first, the last only takes away
        await lists.update(OPERATOR, dpl(count))
    rows = await gate.town.fetch("select workflow_id, organisation_id, state from processes order by workflow_id")
    assert [tuple(row) for row in rows] == [
        ("list-screening/us-dpl/1", None, "pending"),
        ("list-screening/us-dpl/2", None, "pending"),
    ]
    await gate.steps.close_list_screening(UPDATE)
    assert [row["state"] for row in await gate.town.fetch("select state from processes order by workflow_id")] == [
        "pending",
        "closed",
    ]


async def test_all_who_are_not_over_are_concerned(gate: Gate) -> None:
    """In order of id, page by page: waiting for a review, for an account, active, or refused one; nobody else (Q-32)."""
    concerned = [await gate.active(), (await gate.held())[0]]
    provisioning = await gate.create()
    await gate.screen(provisioning)
    refused = await gate.create()
    await gate.screen(refused)
    await gate.refuse_account(refused)
    concerned += [provisioning, refused]
    over, case = await gate.held()
    await gate.decide(case.case_id, Decision.REJECT)
    await gate.look(await gate.create())
    expected = sorted(customer.organisation_id for customer in concerned)
    found = [
        *await gate.steps.customers_after(UPDATE, 3),
        *await gate.steps.customers_after(UPDATE.model_copy(update={"after": expected[2]}), 3),
    ]
    assert [organisation_id for organisation_id, _ in found] == expected
    assert {subject.address for _, subject in found} == {"Hauptstr. 1, Berlin, 10115"}
    gone = concerned[0].organisation_id
    await gate.town.execute("update organisations set state = 'erasing' where organisation_id = $1", gone)
    left = await gate.steps.customers_after(UPDATE, 9)
    assert [each for each, _ in left] == [each for each in expected if each != gone]
    subject = found[0][1]
    for organisation_id in (gone, over.organisation_id):
        assert not await gate.steps.record_list_screening(UPDATE, organisation_id, subject, against(2, hits=1))


async def test_a_hit_after_an_update_blocks_nothing(gate: Gate) -> None:
    """A case of its own, once for each version, without a time limit, closed by a reviewer; the customer goes on (Q-32, Q-31)."""
    customer = await gate.active()
    [(organisation_id, subject)] = await gate.steps.customers_after(UPDATE, 10)
    for _ in range(2):  # the second time is after a crash
        assert await gate.steps.record_list_screening(UPDATE, organisation_id, subject, against(2, hits=1))
    [case] = await gate.cases(customer)
    assert (case.trigger, case.state, case.hits) == (ScreeningTrigger.LIST_UPDATE, CaseState.OPEN, 1)
    seen = await gate.see(customer)
    assert (seen.state, CustomerStatus.RPL_REVIEW_PENDING in seen.statuses) == (OnboardingState.ACTIVE, False)
    await gate.move(customer)
    assert await gate.screen_address(customer) is ScreeningDone.CLEAR
    await gate.town.advance(timedelta(days=30))
    step = await gate.look_at_case(case)
    assert (step.state, step.deadline_at) == (CaseState.OPEN, None)
    assert await gate.town.next_dates(organisation_id) == []
    await gate.decide(case.case_id, Decision.REJECT)
    assert (await gate.look_at_case(case)).state is CaseState.REJECTED
    assert (await gate.see(customer)).state is OnboardingState.ACTIVE


async def test_after_an_update_the_memory_holds(gate: Gate) -> None:
    """Cleared of an entry that stays as it is, a customer is not looked at again; a clear one is kept all the same (RPL-19, Q-32)."""
    customer, case = await gate.held(hit("DPL-0"))
    await gate.decide(case.case_id)
    [(organisation_id, subject)] = await gate.steps.customers_after(UPDATE, 10)
    for _ in range(2):
        assert not await gate.steps.record_list_screening(UPDATE, organisation_id, subject, against(2, hits=1))
    [kept, _] = (await gate.reviews.screenings(REVIEWER, customer.organisation_id)).screenings
    assert (kept.trigger, kept.result, len(kept.known)) == (ScreeningTrigger.LIST_UPDATE, "clear", 1)
    changed = Screening(hits=(hit("DPL-0", version=2),), lists=against(3).lists)
    later = UPDATE.model_copy(update={"version": 3})
    assert await gate.steps.record_list_screening(later, organisation_id, subject, changed)


async def test_a_list_that_is_refused_wakes_nobody(gate: Gate, lists: PostgresScreeningLists) -> None:
    """A file that is none leaves everything as it was (RPL-16)."""
    with pytest.raises(Refusal):
        await lists.update(OPERATOR, [file("dpl.txt", b"nothing")])
    assert await gate.town.fetch("select from processes") == []

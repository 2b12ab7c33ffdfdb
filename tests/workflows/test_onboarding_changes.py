"""What happens to customers later, on the real servers: new addresses, updated lists, a platform that refuses, lost executions."""

from datetime import timedelta

import pytest

import activities.screenings
from adapters.postgres.platform import PostgresPlatform
from tenure import names, search
from tenure.contracts.customer import AddressState, OnboardingReason, OnboardingState
from tenure.contracts.onboarding import AccountOrder, AddressChangeResult, ListScreeningResult
from tenure.contracts.process import ReconcileContract, ReconcileInput
from tenure.contracts.review import CaseState, Decision, ScreeningTrigger
from tenure.contracts.screening import ListId
from tenure.contracts.user import RunProvisioning
from tenure.errors import PlatformRefused, Unavailable
from tenure.ids import OrganisationId
from tests.workflows.counter import BERLIN, HOUR, LISTED, MOMENT, PARIS, Counter
from tests.workflows.installation import Installation
from workflows import _options


@pytest.fixture
async def counter(world: Installation) -> Counter:
    """A service provider in an empty installation, with a short list loaded."""
    return await Counter.open(world)


async def ended[Result](world: Installation, workflow_id: str, result: type[Result]) -> Result:
    """How an execution ended."""
    found: Result = await world.client.get_workflow_handle(workflow_id, result_type=result).result()
    return found


async def test_a_customer_moves(counter: Counter) -> None:
    """Nothing is found at the new address: it is in force, and the customer was active all along (RPL-02, RPL-17)."""
    organisation_id = await counter.create()
    await counter.move(organisation_id)
    moved = await counter.show(organisation_id)
    assert (moved.state, moved.billing_address) == (OnboardingState.ACTIVE, PARIS)
    result = await ended(counter.world, names.address_change_id(organisation_id, 1), AddressChangeResult)
    assert result.state is AddressState.APPLIED


async def hit_later(counter: Counter) -> OrganisationId:
    """A customer that is listed only after its onboarding, and moves: its address change has a hit."""
    organisation_id = await counter.create("Later Works")
    await counter.list_parties("Later Works")
    await counter.decide(organisation_id, Decision.UNRESOLVED)  # of the update: it blocks nothing, and clears nobody
    await counter.move(organisation_id)
    return organisation_id


@pytest.mark.parametrize(
    ("decision", "state", "address"),
    [
        (Decision.APPROVE, AddressState.APPLIED, PARIS),
        (Decision.REJECT, AddressState.ERROR, BERLIN),
        (None, AddressState.ERROR, BERLIN),
    ],
)
async def test_a_hit_on_the_move(
    counter: Counter, decision: Decision | None, state: AddressState, address: object
) -> None:
    """The old address stays in force until a reviewer approves, and for good if none does; services run on (RPL-17, RPL-18)."""
    world = counter.world
    organisation_id = await hit_later(counter)
    waiting = await counter.show(organisation_id)
    assert (waiting.state, waiting.billing_address) == (OnboardingState.ACTIVE, BERLIN)
    change = world.client.get_workflow_handle(names.address_change_id(organisation_id, 1))
    attributes = (await change.describe()).typed_search_attributes
    assert attributes[search.PHASE] == AddressState.PENDING_RPL_REVIEW
    assert attributes[search.DUE_AT] == (await counter.case(organisation_id)).deadline_at
    if decision is None:
        await world.advance(72 * HOUR + MOMENT)
        assert (await counter.case(organisation_id)).state is CaseState.TIMED_OUT
    else:
        await counter.decide(organisation_id, decision)
    moved = await counter.show(organisation_id)
    assert (moved.state, moved.billing_address) == (OnboardingState.ACTIVE, address)
    assert (await ended(world, change.id, AddressChangeResult)).state is state


async def test_an_updated_list_finds_customers(counter: Counter, monkeypatch: pytest.MonkeyPatch) -> None:
    """Everybody is screened against what came to the list, page by page and run by run; a hit is a case that blocks nothing.

    It never times out; a later update asks again about nobody whom it does not concern. (Q-32, RPL-13)
    """
    monkeypatch.setattr(activities.screenings, "_PAGE", 2)
    monkeypatch.setattr(_options, "LOOKS_PER_RUN", 2)
    world = counter.world
    customers = [await counter.create(f"Works {number}") for number in range(6)]
    listed = [customers[1], customers[4]]
    await counter.list_parties("Works 1", "Works 4", "Nobody's Works")
    workflow_id = names.list_screening_id(ListId.US_DPL, counter.version + 2)
    result = await ended(world, workflow_id, ListScreeningResult)
    assert (result.screened, result.hits) == (6, 2)
    listing = await world.client.get_workflow_handle(workflow_id).describe()
    assert listing.raw_description.workflow_execution_info.first_run_id != listing.run_id
    assert search.ORGANISATION not in {pair.key for pair in listing.typed_search_attributes}
    for organisation_id in listed:
        case = await counter.case(organisation_id)
        assert (case.trigger, case.state) == (ScreeningTrigger.LIST_UPDATE, CaseState.OPEN)
        assert (await counter.show(organisation_id)).state is OnboardingState.ACTIVE
    assert (await world.row("select count(*) from rpl_cases"))[0] == 2
    await world.advance(100 * HOUR)
    review = await counter.review(listed[0])
    assert (await review.describe()).typed_search_attributes[search.PHASE] == "review_slow"
    assert (await counter.case(listed[0])).state is CaseState.OPEN
    await counter.decide(listed[0], Decision.APPROVE)
    await counter.list_parties("Somebody Else")
    assert (
        await ended(world, names.list_screening_id(ListId.US_DPL, counter.version + 3), ListScreeningResult)
    ).hits == 0


async def test_a_platform_that_refuses(counter: Counter, monkeypatch: pytest.MonkeyPatch) -> None:
    """A refusal ends the onboarding with the platform's code; provisioning that is run again has it tried again.

    Nobody is screened a second time for that. (PRV-03, PRV-05)
    """

    async def refuse(platform: PostgresPlatform, order: AccountOrder) -> str:
        raise PlatformRefused("no_capacity")

    world = counter.world
    monkeypatch.setattr(PostgresPlatform, "open_account", refuse)
    organisation_id = await counter.create()
    refused = await counter.show(organisation_id)
    assert (refused.state, refused.reason) == (OnboardingState.ERROR, OnboardingReason.PROVISIONING_FAILED)
    assert refused.problem == "no_capacity"
    assert (await counter.result(organisation_id)).reason is OnboardingReason.PROVISIONING_FAILED
    monkeypatch.undo()
    run = await world.services.users.run_provisioning(
        counter.provider, RunProvisioning(organisation_id=organisation_id)
    )
    assert run.retried_account
    await world.settle()
    assert (await counter.result(organisation_id, 2)).state is OnboardingState.ACTIVE
    assert (await counter.show(organisation_id)).problem is None
    assert (await world.row("select count(*) from screenings"))[0] == 1


async def test_a_platform_that_does_not_answer(counter: Counter, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is asked again when it said, for as long as it takes, and creates one account (PRV-01, PRV-04)."""
    patient = PostgresPlatform.open_account
    asked: list[str] = []

    async def busy(platform: PostgresPlatform, order: AccountOrder) -> str:
        asked.append(order.key)
        if len(asked) < 3:
            raise Unavailable("The platform is busy.", retry_after=timedelta(minutes=5))
        return await patient(platform, order)

    monkeypatch.setattr(PostgresPlatform, "open_account", busy)
    organisation_id = await counter.create()
    assert (await counter.show(organisation_id)).state is OnboardingState.PROVISIONING
    await counter.world.advance(11 * timedelta(minutes=1))
    assert (await counter.show(organisation_id)).state is OnboardingState.ACTIVE
    assert len(asked) == 3
    assert len(set(asked)) == 1


async def test_lost_executions_are_begun_again(counter: Counter) -> None:
    """Onboarding and review that were ended by mistake go on from the facts, with the deadline that they had (EV-03, RPL-08)."""
    world = counter.world
    organisation_id = await counter.create(LISTED)
    case = await counter.case(organisation_id)
    await world.advance(10 * HOUR)
    lost = {names.onboarding_id(organisation_id, 1), names.rpl_review_id(case.case_id)}
    for workflow_id in lost:
        await world.client.get_workflow_handle(workflow_id).terminate("by mistake")
    repair = await world.starting_client.execute_workflow(
        ReconcileContract.run, ReconcileInput(), id=f"reconcile-{world.suffix}", task_queue=names.TASK_QUEUE
    )
    assert lost <= set(repair.restarted)
    await world.settle()
    await world.clock.advance(case.deadline_at - MOMENT, world.hear)
    assert (await counter.case(organisation_id)).state is CaseState.OPEN
    await world.advance(2 * MOMENT)
    assert (await counter.result(organisation_id)).reason is OnboardingReason.RPL_REVIEW_TIMEOUT

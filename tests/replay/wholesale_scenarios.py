"""The paths of wholesale customers, and of those that trials create, that are recorded."""

from tenure import names
from tenure.contracts.review import Decision
from tenure.contracts.screening import ListId
from tests.workflows.counter import HOUR, LISTED, Counter
from tests.workflows.fair import Fair
from tests.workflows.installation import OPERATOR, Installation

type Recorded = dict[str, str | tuple[str, str]]


async def onboardings(world: Installation) -> Recorded:
    """One cannot be screened for a while; then one is clear, one is approved, and one waits in vain."""
    counter = await Counter.open(world, listed=False)
    waiting = await counter.create()
    await world.advance(HOUR)
    await counter.list_parties(LISTED, "Abu Feldspar")
    clear, approved, late = [await counter.create(name) for name in ("Other Works", LISTED, "Abu Feldspar")]
    await world.advance(2 * HOUR)
    await counter.decide(approved, Decision.APPROVE)
    await world.advance(73 * HOUR)
    return {
        "WholesaleOnboarding/without-a-list": names.onboarding_id(waiting, 1),
        "WholesaleOnboarding/clear": names.onboarding_id(clear, 1),
        "WholesaleOnboarding/approved": names.onboarding_id(approved, 1),
        "WholesaleOnboarding/timed-out": names.onboarding_id(late, 1),
        "RplReview/approved": (await counter.review(approved)).id,
        "RplReview/timed-out": (await counter.review(late)).id,
    }


async def updates(world: Installation) -> Recorded:
    """Customers that move, and a list that finds one of them later: nothing waits for that review."""
    counter = await Counter.open(world)
    clear, listed = await counter.create(), await counter.create("Later Works")
    await counter.list_parties("Later Works")
    review = (await counter.review(listed)).id
    await world.advance(80 * HOUR)
    await counter.decide(listed, Decision.UNRESOLVED)
    await counter.move(clear)
    await counter.move(listed)
    await counter.decide(listed, Decision.REJECT)
    return {
        "ListScreening/one-hit": names.list_screening_id(ListId.US_DPL, counter.version + 2),
        "RplReview/of-an-update": review,
        "AddressChange/applied": names.address_change_id(clear, 1),
        "AddressChange/rejected": names.address_change_id(listed, 1),
    }


async def newcomers(world: Installation) -> Recorded:
    """Customers of trials: one cannot be screened for a while, one is rejected."""
    counter = await Counter.open(world, listed=False)
    fair = await Fair.open(world, screened=True)
    trials = world.services.trials
    for name, company in (("clear", "Clear Works"), ("listed", LISTED)):
        await trials.request(OPERATOR, fair.request(name, company_name=company, admin_email=world.address(name)))
    await world.settle()
    await counter.list_parties(LISTED)
    await counter.decide((await fair.show("listed")).organisation_id, Decision.REJECT)
    return {
        "CustomerScreening/clear": names.customer_screening_id(fair.trial("clear")),
        "CustomerScreening/rejected": names.customer_screening_id(fair.trial("listed")),
        "Trial/screened": names.trial_id(fair.trial("clear"), 1),
    }

"""Trials on the real servers, under the simulation's clock."""

import pytest

from tenure.contracts.licence import GraceOutcome
from tenure.contracts.organisation import Access, OrganisationState
from tenure.contracts.trial import ConsentState, TrialState
from tests.workflows.fair import DAY, MOMENT, Fair
from tests.workflows.installation import Installation


@pytest.fixture
async def fair(world: Installation) -> Fair:
    """A partner in an empty installation."""
    return await Fair.open(world)


async def test_a_new_customer_from_the_request_to_its_end(fair: Fair) -> None:
    """Built, welcomed, told 7 days before and on the day, in grace for 30 days, over, marked; numbers held to day 45.

    (PV-03, PV-07, NO-01, NO-02, NO-04, NO-06, GR-01, GR-06, NR-01, NR-02, DM-01)
    """
    world = fair.world
    trial = await fair.new_customer()
    assert trial.access is Access.FULL
    assert trial.ends_at is not None
    assert len(world.mails("eve")) == 1
    await world.advance(23 * DAY - MOMENT)
    assert len(world.mails("eve")) == 1
    await world.advance(2 * MOMENT)
    assert (len(world.mails("eve")), len(world.mails("sal")), len(world.mails("pat"))) == (2, 1, 1)
    await world.advance(7 * DAY)
    assert (await fair.show()).state is TrialState.GRACE
    assert (len(world.mails("eve")), len(world.mails("sal")), len(world.mails("pat"))) == (3, 2, 2)
    assert (await fair.result()).state is TrialState.GRACE
    await world.advance(30 * DAY)
    ended = await fair.show()
    assert ended.state is TrialState.ENDED
    assert {service.state for service in ended.services} == {"gone"}
    assert (await fair.grace(trial)).outcome is GraceOutcome.REMOVED
    view = await world.show(trial.organisation_id)
    assert view.state is OrganisationState.MARKED
    assert [person.roles for person in view.people] == [("contact_of_record",)]
    assert ended.numbers_held_until == trial.ends_at + 45 * DAY
    await world.advance(15 * DAY)
    assert (await world.row("select state from phone_numbers"))["state"] == "released"


async def test_nobody_consents(fair: Fair) -> None:
    """One full admin is mailed; after ten days the request lapses, without a mail, and the organisation is untouched (CO-14, CO-15)."""
    world = fair.world
    organisation_id = await fair.customer()
    trial = await fair.asked(organisation_id)
    assert trial.state is TrialState.PENDING_CONSENT
    assert len(world.mails("ada")) == 1
    await world.advance(10 * DAY - MOMENT)
    assert (await fair.show()).consent is ConsentState.PENDING
    await world.advance(2 * MOMENT)
    lapsed = await fair.show()
    assert (lapsed.state, lapsed.consent, lapsed.access) == (TrialState.CANCELLED, ConsentState.LAPSED, None)
    assert len(world.mails("ada")) == 1
    assert (await world.show(organisation_id)).state is OrganisationState.LIVE


async def test_accepted_and_built(fair: Fair) -> None:
    """Accepted without the box, the partner may provision, gives the details, and the trial runs (CO-09, CO-10, PV-01)."""
    trial = await fair.accepted(await fair.customer())
    assert (trial.state, trial.access) == (TrialState.ACTIVE, Access.PROVISIONING)
    assert trial.ends_at is not None

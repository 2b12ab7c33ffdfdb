"""What a fence does to trials that wait for somebody (XC-07, SF-11)."""

import pytest

from tenure.contracts.consent import AcceptTrial
from tenure.contracts.deletion import Reason
from tenure.contracts.organisation import OrganisationState
from tenure.contracts.trial import ConsentState, TrialState
from tenure.errors import Refusal, RefusalCode
from tests.integration.deletion.town import DAY, SERVICE, Town, admin
from tests.integration.trials.fairground import SITE, Fairground


async def test_a_request_does_not_outlive_the_fence(town: Town) -> None:
    """A second request of a cycle defers nothing: fenced, it is over, also for an organisation that an abort brings back (DP-05, XC-07, SF-11)."""
    ground = await Fairground.open(town)
    organisation_id = await town.ripe()
    request = ground.request("meetings-enterprise", organisation_id=organisation_id, site=SITE)
    trial = await town.trials.request(SERVICE, request)
    assert await ground.site(SITE.url) == "in_use"
    await town.execute("update countdowns set held_by = 'req_first' where organisation_id = $1", organisation_id)
    assert (await town.fence(organisation_id)).state is OrganisationState.ERASING
    await town.abort(organisation_id)
    assert await town.state(organisation_id) is OrganisationState.MARKED
    view = await ground.show(trial.trial_id)
    assert (view.state, view.consent) == (TrialState.CANCELLED, ConsentState.LAPSED)
    assert await ground.site(SITE.url) == "free"
    assert await ground.queued(organisation_id) == set()
    with pytest.raises(Refusal) as refusal:
        await town.consents.accept(SERVICE, AcceptTrial(trial_id=trial.trial_id, person_id=admin(organisation_id)))
    assert refusal.value.code is RefusalCode.CONSENT_EXPIRED


async def test_a_request_whose_days_are_over_has_lapsed(town: Town) -> None:
    """It deferred the deletion until its deadline: the fence, which comes first at that instant, says so too (DP-05, CO-14, XC-04)."""
    ground = await Fairground.open(town)
    organisation_id = await town.ripe()
    trial = await town.trials.request(SERVICE, ground.request("messaging", organisation_id=organisation_id))
    assert (await town.fence(organisation_id)).assessment.reason is Reason.REQUEST_PENDING
    assert trial.consent_deadline_at is not None
    await town.advance_to(trial.consent_deadline_at)
    assert (await town.fence(organisation_id)).state is OrganisationState.ERASING
    audit = await town.audit(organisation_id)
    assert "consent_lapsed" in audit
    assert "trial_cancelled" not in audit


async def test_a_trial_without_details_does_not_outlive_the_fence(town: Town) -> None:
    """Accepted and never set up, a trial keeps nobody: with the fence it is cancelled, and stays so after an abort (PV-08, Q-08, SF-11)."""
    ground = await Fairground.open(town)
    organisation_id = await town.organisation()
    trial = await town.trials.request(SERVICE, ground.request("messaging", organisation_id=organisation_id))
    await town.consents.accept(SERVICE, AcceptTrial(trial_id=trial.trial_id, person_id=admin(organisation_id)))
    await town.advance(1 * DAY)
    await town.fenced(organisation_id)
    await town.abort(organisation_id)
    assert (await ground.show(trial.trial_id)).state is TrialState.CANCELLED

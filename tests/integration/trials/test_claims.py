"""Phone numbers that are claimed for a subscription by name (NR-03)."""

import pytest

from tenure.contracts.conversion import ClaimNumbers
from tenure.contracts.licence import ExpireLicences
from tenure.contracts.trial import TrialView
from tenure.errors import RefusalCode
from tenure.ids import LicenceSetId
from tests.integration.deletion.town import DAY, SERVICE, Town
from tests.integration.trials.fairground import Fairground


@pytest.fixture
async def ground(town: Town) -> Fairground:
    """A fairground with one partner."""
    return await Fairground.open(town)


async def on_hold(ground: Fairground) -> tuple[TrialView, LicenceSetId]:
    """A trial whose calling was removed, and a subscription of its organisation that says nothing of services."""
    trial = await ground.edit(await ground.trial("messaging", "calling"), "messaging")
    bought = await ground.buy(trial.organisation_id)
    assert await ground.numbers(trial.organisation_id) == [("held", trial.licence_set_id)]
    return trial, bought.licence_set_id


async def test_claimed_before_the_hold_ends(ground: Fairground) -> None:
    """Strictly before its end a hold gives its numbers to the subscription that is named, once and for all (NR-03)."""
    trial, licence_set_id = await on_hold(ground)
    await ground.town.advance(14.99 * DAY)
    claim = ClaimNumbers(trial_id=trial.trial_id, licence_set_id=licence_set_id)
    assert (await ground.town.trials.claim_numbers(SERVICE, claim)).numbers_held_until is None
    assert await ground.numbers(trial.organisation_id) == [("assigned", licence_set_id)]
    assert (await ground.look_at_numbers(trial)).held == 0
    assert await ground.refused(ground.town.trials.claim_numbers(SERVICE, claim)) is RefusalCode.WRONG_STATE


async def test_claimed_too_late(ground: Fairground) -> None:
    """From the end of the hold on they are released, whether or not the timer has got there (NR-02, NR-03, XC-03)."""
    trial, licence_set_id = await on_hold(ground)
    await ground.town.advance(15 * DAY)
    claim = ClaimNumbers(trial_id=trial.trial_id, licence_set_id=licence_set_id)
    assert await ground.refused(ground.town.trials.claim_numbers(SERVICE, claim)) is RefusalCode.NUMBERS_RELEASED
    await ground.look_at_numbers(trial)
    assert await ground.refused(ground.town.trials.claim_numbers(SERVICE, claim)) is RefusalCode.NUMBERS_RELEASED


async def test_claimed_for_another_organisation(ground: Fairground) -> None:
    """Numbers never leave their organisation (NR-03, P14)."""
    trial, _ = await on_hold(ground)
    other = await ground.buy(await ground.town.organisation(), "calling")
    claim = ClaimNumbers(trial_id=trial.trial_id, licence_set_id=other.licence_set_id)
    assert await ground.refused(ground.town.trials.claim_numbers(SERVICE, claim)) is RefusalCode.LICENCE_SET_NOT_FOUND


async def test_claimed_for_what_is_no_purchase(ground: Fairground) -> None:
    """Neither for the trial's own licences, nor for a subscription that rests: only for one that is active (NR-03)."""
    trial, resting = await on_hold(ground)
    expire = ExpireLicences(licence_set_id=resting, expired_at=await ground.town.now())
    await ground.town.licences.expire(SERVICE, expire)
    for licence_set_id in (trial.licence_set_id, resting):
        assert licence_set_id is not None
        claim = ClaimNumbers(trial_id=trial.trial_id, licence_set_id=licence_set_id)
        refused = await ground.refused(ground.town.trials.claim_numbers(SERVICE, claim))
        assert refused is RefusalCode.LICENCE_SET_NOT_FOUND

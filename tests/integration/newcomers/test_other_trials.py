"""A customer that is being screened, and what else its partner and others do with it meanwhile and afterwards."""

import asyncio

import asyncpg
import pytest

from tenure.contracts.customer_screening import CustomerScreeningReason, CustomerScreeningState
from tenure.contracts.onboarding import ListScreeningInput, ScreeningDone
from tenure.contracts.organisation import OrganisationState
from tenure.contracts.review import CaseState, Decision, ScreeningTrigger
from tenure.contracts.screening import ListId
from tenure.contracts.trial import AskOffer, ProvideDetails, TrialState
from tenure.errors import Refusal, RefusalCode
from tenure.policy.screening import ScreeningRules
from tests.integration.deletion.town import DAY, SERVICE
from tests.integration.newcomers.checkpoint import Checkpoint
from tests.integration.wholesale.gate import hit
from tests.integration.wholesale.hall import seller
from tests.integration.wholesale.test_list_updates import against

UPDATE = ListScreeningInput(list_id=ListId.US_DPL, version=2)


@pytest.mark.parametrize("found", [False, True])
async def test_its_partner_cancels_meanwhile(checkpoint: Checkpoint, found: bool) -> None:
    """Nothing was ordered, so that nothing is torn down; the customer stays, and so its screening goes on to its end (TC-10, RPL-01)."""
    trial = await (checkpoint.found() if found else checkpoint.newcomer())
    assert (await checkpoint.cancel(trial)).state is TrialState.CANCELLED
    await checkpoint.run(trial.trial_id)
    assert (await checkpoint.services(trial), await checkpoint.ordered()) == ({"messaging": "gone"}, 0)
    assert (await checkpoint.town.processes(trial.organisation_id))[f"trial/{trial.trial_id}/1"] == "closed"
    assert await checkpoint.town.state(trial.organisation_id) is OrganisationState.MARKED
    refused = RefusalCode.RPL_REVIEW_PENDING if found else RefusalCode.ACCOUNT_NOT_READY
    assert await checkpoint.refused(checkpoint.again(trial)) is refused
    if found:
        await checkpoint.decide(trial)
        await checkpoint.check_case(trial)
    else:
        assert await checkpoint.screen(trial) is ScreeningDone.CLEAR
    await checkpoint.check(trial)
    assert (await checkpoint.show(trial.trial_id)).state is TrialState.CANCELLED
    processes = await checkpoint.town.processes(trial.organisation_id)
    assert {name for name, state in processes.items() if state != "closed"} == {f"deletion/{trial.organisation_id}/1"}
    other = await checkpoint.again(trial)
    assert other.screening is None
    await checkpoint.run(other.trial_id)
    assert (await checkpoint.show(other.trial_id)).state is TrialState.ACTIVE


async def test_a_rejection_finds_the_trial_cancelled(checkpoint: Checkpoint) -> None:
    """It is over once: the later decision changes the customer's screening and nothing of the trial (RPL-15, TC-10)."""
    trial = await checkpoint.found()
    await checkpoint.cancel(trial)
    await checkpoint.decide(trial, Decision.REJECT)
    over = await checkpoint.show(trial.trial_id)
    assert over.screening is not None
    assert (over.state, over.screening.reason) == (TrialState.CANCELLED, CustomerScreeningReason.RPL_REJECTED)
    assert (await checkpoint.town.audit(trial.organisation_id)).count("trial_cancelled") == 1


@pytest.mark.parametrize("decision", [Decision.APPROVE, Decision.REJECT])
async def test_a_decision_and_a_cancellation_at_once(checkpoint: Checkpoint, decision: Decision) -> None:
    """Whichever comes first, the trial is cancelled once, and nothing is built (TC-10, RPL-15)."""
    for _ in range(4):
        trial = await checkpoint.found()
        await asyncio.gather(
            checkpoint.decide(trial, decision),
            checkpoint.cancel(trial),
            checkpoint.check(trial),
            return_exceptions=True,
        )
        assert (await checkpoint.show(trial.trial_id)).state is TrialState.CANCELLED
        assert (await checkpoint.town.audit(trial.organisation_id)).count("trial_cancelled") == 1
        assert await checkpoint.services(trial) in ({"messaging": "gone"}, {"messaging": "leaving"})
    assert await checkpoint.ordered() == 0


async def test_customers_that_were_there_are_not_screened(checkpoint: Checkpoint) -> None:
    """Neither one that consents nor one that is managed is created by its trial (RPL-01, TR-12)."""
    asked = await checkpoint.ask(await checkpoint.customer())
    accepted = await checkpoint.accept(asked)
    details = ProvideDetails(trial_id=accepted.trial_id, by=checkpoint.north.seller)
    await checkpoint.town.trials.provide_details(SERVICE, details)
    await checkpoint.run(asked.trial_id)
    assert (await checkpoint.show(asked.trial_id)).state is TrialState.ACTIVE
    assert (await checkpoint.add_on(await checkpoint.town.organisation(), "calling")).state is TrialState.ACTIVE
    assert await checkpoint.town.fetch("select from customer_screenings") == []


async def test_nobody_else_tries_with_a_customer_that_is_not_clear(checkpoint: Checkpoint) -> None:
    """Not its partner, and no other, which is told nothing of what was found; the offer says the same (RPL-06, P14)."""
    trial = await checkpoint.newcomer()
    south = {"side": checkpoint.south, "company_name": "X", "admin_email": None, "industry": "retail", "country": "DE"}
    south["admin_email"] = await checkpoint.town.value(
        str, "select email from people where organisation_id = $1", trial.organisation_id
    )
    expected = {"screening": RefusalCode.ACCOUNT_NOT_READY, "pending_rpl_review": RefusalCode.RPL_REVIEW_PENDING}
    for state in ("screening", "pending_rpl_review", "error"):
        if state in expected:
            assert await checkpoint.refused(checkpoint.again(trial)) is expected[state]
            offer = AskOffer(partner_id=checkpoint.north.partner_id, organisation_id=trial.organisation_id)
            assert await checkpoint.refused(checkpoint.town.trials.offer(SERVICE, offer)) is expected[state]
        assert await checkpoint.refused(checkpoint.again(trial, **south)) is RefusalCode.ACCOUNT_NOT_READY
        if state == "screening":
            await checkpoint.screen(trial, hit())
        elif state == "pending_rpl_review":
            await checkpoint.decide(trial, Decision.REJECT)


async def test_another_try_after_an_error_is_screened_anew(checkpoint: Checkpoint) -> None:
    """Whatever the rules say of newcomers by then: this customer was found (RPL-12, RPL-03)."""
    trial = await checkpoint.found()
    await checkpoint.decide(trial, Decision.UNRESOLVED)
    checkpoint.screen_who(ScreeningRules(customers="wholesale"))
    other = await checkpoint.again(trial)
    assert other.screening is not None
    assert (other.path, other.state, other.screening.state) == ("add_on", "provisioning", "screening")
    assert (await checkpoint.run(other.trial_id)).orders == ()
    assert await checkpoint.town.state(trial.organisation_id) is OrganisationState.MARKED
    assert await checkpoint.screen(other, hit()) is ScreeningDone.MATCH
    await checkpoint.decide(other)
    await checkpoint.run(other.trial_id)
    assert (await checkpoint.show(other.trial_id)).state is TrialState.ACTIVE
    first = (await checkpoint.show(trial.trial_id)).screening
    assert first is not None
    assert first.reason is CustomerScreeningReason.RPL_UNRESOLVED


async def test_who_does_not_manage_it_does_not_try_again(checkpoint: Checkpoint) -> None:
    """Nobody is asked for consent to what has failed: it takes a partner that manages the customer (RPL-12)."""
    gone = await checkpoint.found()
    await checkpoint.decide(gone, Decision.REJECT)
    await checkpoint.town.execute("delete from managements where organisation_id = $1", gone.organisation_id)
    details = {"company_name": "X", "admin_email": f"eve@{gone.trial_id.name}.example", "industry": "retail"}
    refused = checkpoint.again(gone, **details, country="DE")
    assert await checkpoint.refused(refused) is RefusalCode.ONBOARDING_FAILED


async def test_an_update_of_a_list_concerns_customers_of_trials(checkpoint: Checkpoint) -> None:
    """A hit opens a case, once, and blocks nothing; who is in error, or not screened yet, is not concerned (Q-32)."""
    trial, waiting, rejected = await checkpoint.newcomer(), await checkpoint.found(), await checkpoint.found()
    await checkpoint.newcomer()
    await checkpoint.screen(trial)
    await checkpoint.run(trial.trial_id)
    await checkpoint.decide(rejected, Decision.REJECT)
    concerned = await checkpoint.steps.customers_after(UPDATE, 10)
    assert [each for each, _ in concerned] == sorted([trial.organisation_id, waiting.organisation_id])
    subjects = dict(concerned)
    assert subjects[trial.organisation_id].names == (trial.organisation_name,)
    for _ in range(2):
        assert await checkpoint.steps.record_list_screening(
            UPDATE, trial.organisation_id, subjects[trial.organisation_id], against(2, hits=1)
        )
    subject = subjects[waiting.organisation_id]
    gone = rejected.organisation_id
    assert not await checkpoint.steps.record_list_screening(UPDATE, gone, subject, against(2, hits=1))
    [case] = await checkpoint.cases(trial.organisation_id)
    assert (case.trigger, case.state, case.trial_id) == (ScreeningTrigger.LIST_UPDATE, CaseState.OPEN, None)
    await checkpoint.town.advance(4 * DAY)
    assert (await checkpoint.check_case(trial)).state is CaseState.OPEN
    await checkpoint.decide(trial, Decision.REJECT)
    seen = await checkpoint.show(trial.trial_id)
    assert seen.screening is not None
    assert (seen.state, seen.screening.state) == (TrialState.ACTIVE, CustomerScreeningState.CLEAR)
    checkpoint.screen_who(ScreeningRules(customers="wholesale"))
    assert await checkpoint.steps.customers_after(UPDATE, 10) == []


async def test_no_other_partner_sees_its_dates(checkpoint: Checkpoint) -> None:
    """Another one that manages the customer learns neither of the screening nor of the review (P14)."""
    trial = await checkpoint.newcomer()
    await checkpoint.manage(checkpoint.south, trial.organisation_id)
    for kind in ("screening", "rpl_review"):
        for side, sees in ((checkpoint.north, True), (checkpoint.south, False)):
            told = await checkpoint.explain(seller(side), trial)
            assert [str(date.kind) for date in told.next] == ([kind] if sees else [])
        await checkpoint.screen(trial, hit())


async def test_it_is_deleted_while_it_is_reviewed(checkpoint: Checkpoint) -> None:
    """No step goes on from the fence on, and the purge leaves nothing but that it was screened (XC-07, DM-11, RPL-19)."""
    trial = await checkpoint.found(company_name="Zanzibar Spice")
    [eve] = await checkpoint.town.fetch(
        "select person_id from people where organisation_id = $1", trial.organisation_id
    )
    await checkpoint.delete_now(trial, eve["person_id"])
    with pytest.raises(Refusal) as late:
        await checkpoint.decide(trial)
    assert late.value.code is RefusalCode.ORG_DELETED
    assert await checkpoint.steps.subject(checkpoint.task(trial)) is None
    assert (await checkpoint.check(trial)).state is None
    assert (await checkpoint.check_case(trial)).state is None
    assert (await checkpoint.run(trial.trial_id)).state is None
    assert (await checkpoint.town.clear(trial.organisation_id)).cleared
    await checkpoint.town.erase(trial.organisation_id)
    assert await checkpoint.town.fetch("select from customer_screenings") == []
    [case] = await checkpoint.cases(trial.organisation_id)
    assert (case.trial_id, case.subject, case.customer_name) == (None, None, trial.organisation_id)
    processes = await checkpoint.town.processes(trial.organisation_id)
    assert {name for name, state in processes.items() if state != "closed"} <= {f"erasure/{trial.organisation_id}/0"}


async def test_an_erasure_that_is_aborted(checkpoint: Checkpoint) -> None:
    """A customer whose trial was cancelled comes back unscreened, and its screening goes on (SF-11, RPL-01)."""
    trial = await checkpoint.newcomer()
    await checkpoint.cancel(trial)
    await checkpoint.town.fenced(trial.organisation_id)
    assert (await checkpoint.check(trial)).state is None
    process = f"customer-screening/{trial.trial_id}/1"
    assert (await checkpoint.town.processes(trial.organisation_id))[process] == "closed"
    await checkpoint.town.abort(trial.organisation_id)
    assert (await checkpoint.town.processes(trial.organisation_id))[process] == "pending"
    assert await checkpoint.screen(trial) is ScreeningDone.CLEAR


async def test_one_screening_at_a_time(checkpoint: Checkpoint) -> None:
    """Of several requests at once for a customer in error one begins, the others are told to wait; the table allows no two (RPL-12)."""
    trial = await checkpoint.found()
    await checkpoint.decide(trial, Decision.REJECT)
    answers = await asyncio.gather(*(checkpoint.again(trial) for _ in range(4)), return_exceptions=True)
    codes = sorted(each.code if isinstance(each, Refusal) else "began" for each in answers)
    assert codes == ["account_not_ready"] * 3 + ["began"]
    with pytest.raises(asyncpg.UniqueViolationError):
        await checkpoint.town.execute("update customer_screenings set state = 'screening', reason = null")

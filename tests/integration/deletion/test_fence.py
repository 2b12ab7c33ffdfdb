"""The point of no return on a real Postgres: what it checks, what it changes, and what clocks it trusts."""

from datetime import timedelta

import pytest

from tenure.contracts.deletion import Reason, Verdict
from tenure.contracts.erasure import ErasureCause, ErasureState
from tenure.contracts.forecast import NextKind
from tenure.contracts.licence import GrantLicences, LicenceKind
from tenure.contracts.organisation import OrganisationState
from tenure.errors import Refusal, RefusalCode
from tenure.ids import LicenceSetId
from tenure.policy.rules import Rules
from tests.integration.deletion.town import DAY, HOUR, OPERATOR, SERVICE, Town


async def test_a_fence_turns_an_organisation_into_erasing(town: Town) -> None:
    """State, quarantine, evidence, process and dates, in one transaction; the countdown is over (SF-04, SF-11, DM-08)."""
    organisation = await town.ripe()
    step = await town.fence(organisation)
    assert (step.state, step.assessment.verdict) == (OrganisationState.ERASING, Verdict.END)
    erasure = await town.erasure_of(organisation)
    assert (erasure.state, erasure.cause) == (ErasureState.QUARANTINE, ErasureCause.UNUSED)
    assert erasure.quarantine_until == erasure.fenced_at + timedelta(hours=24)
    assert await town.processes(organisation) == {
        f"deletion/{organisation}/1": "closed",
        f"erasure/{organisation}/1": "pending",
    }
    [date] = await town.next_dates(organisation)
    assert (date.kind, date.due_at, date.rule) == (NextKind.PURGE, erasure.quarantine_until, "SF-11")


async def test_repeating_a_fence_changes_nothing(town: Town) -> None:
    """A step that is tried again after its commit finds the countdown over (P10, XC-01)."""
    organisation = await town.ripe()
    at = await town.at(organisation)
    first = await town.countdowns.fence(at)
    again = await town.countdowns.fence(at)
    assert (first.state, again.state) == (OrganisationState.ERASING, OrganisationState.ERASING)
    assert (again.assessment.verdict, again.assessment.reason) == (Verdict.END, Reason.NOT_COUNTING)
    assert len(await town.erasures.all(OPERATOR)) == 1
    assert (await town.audit(organisation)).count("fenced") == 1


async def test_outside_it_is_gone_at_once(town: Town) -> None:
    """From the fence on, activity, purchases and everything else is answered org_deleted (AC-11, DM-09, SF-11)."""
    organisation = await town.fenced()
    result = await town.sign_in(organisation)
    assert (result.accepted, result.deleted, result.deleted_organisations) == (0, 1, (organisation,))
    command = GrantLicences(
        licence_set_id=LicenceSetId("lic_late"), organisation_id=organisation, kind=LicenceKind.SUBSCRIPTION
    )
    with pytest.raises(Refusal) as refused:
        await town.licences.grant(SERVICE, command)
    assert refused.value.code is RefusalCode.ORG_DELETED
    with pytest.raises(Refusal) as refused:
        await town.delete_now(organisation)
    assert refused.value.code is RefusalCode.ORG_DELETED


MISMATCHES = {
    # Reset: marked again, and waiting for another thirty days of silence.
    Reason.SILENCE: "update activity set last_activity_at = business_now() where organisation_id = $1",
    Reason.LICENCES_HELD: """
        insert into licence_sets
               (licence_set_id, organisation_id, kind, state, removal_due_at, expired_at, active_since, created_at)
        select 'lic_one', $1, 'trial', 'suspended', now, now, now, now from business_now() as now
        """,
    Reason.CUSTOMERS_MANAGED: """
        with partner as (insert into partners values ('ptr_one', 'P', $1, business_now()) returning partner_id)
        insert into managements select partner_id, 'org_00001', 'full', business_now() from partner
        """,
    Reason.REQUEST_PENDING: """
        with partner as (insert into partners values ('ptr_one', 'P', null, business_now()) returning partner_id)
        insert into trial_requests
        select 'req_one', $1, partner_id, 'pending', business_now(), business_now() + interval '1 day' from partner
        """,
    Reason.WARNING_NOT_ACCEPTED: """
        update promises set first_accepted_at = null, settled = false where organisation_id = $1
        """,
    Reason.NOTICE_PERIOD: "update promises set not_before = not_before + interval '1 day' where organisation_id = $1",
    Reason.INCOMPLETE: "update promises set void_at = business_now() where organisation_id = $1",
    Reason.FEED_UNKNOWN: "update feeds set watermark = null where $1 <> ''",
    Reason.FEED_BEHIND: "update feeds set watermark = watermark - interval '10 minutes' where $1 <> ''",
    Reason.FEED_SILENT: "update feeds set heard_at = heard_at - interval '16 minutes' where $1 <> ''",
    Reason.RULES_CHANGED: "update countdowns set rules_version = 'other' where organisation_id = $1",
    Reason.BREAKER_OPEN: "update breakers set open_since = business_now() where $1 <> ''",
}


@pytest.mark.parametrize("reason", MISMATCHES)
async def test_any_mismatch_aborts_a_fence_and_says_which(town: Town, reason: Reason) -> None:
    """Each part of the evidence, changed after the last look, is found in the fence's own transaction (SF-04, DM-13)."""
    await town.organisation()
    organisation = await town.ripe()
    await town.execute(MISMATCHES[reason], organisation)
    step = await town.fence(organisation)
    assert step.assessment.reason is reason
    assert step.state is not OrganisationState.ERASING
    assert await town.erasures.all(OPERATOR) == []
    assert (await town.sign_in(organisation, await town.now() + timedelta(seconds=1))).accepted == 1


async def test_changed_rules_are_looked_at_before_they_fence(town: Town) -> None:
    """The look after the mismatch is under the new rules, and the fence after that goes through (SF-04)."""
    organisation = await town.ripe()
    town.rule(town.rules.model_copy(update={"version": "other"}))
    assert (await town.fence(organisation)).assessment.reason is Reason.RULES_CHANGED
    assert (await town.fence(organisation)).state is OrganisationState.ERASING


async def test_no_later_rules_bring_the_promise_forward(town: Town) -> None:
    """A notice period that becomes a day leaves what the customer was told (SF-01)."""
    organisation = await town.warned()
    promise = (await town.evidence(organisation)).promise
    assert promise is not None
    town.rule(town.rules.model_copy(update={"version": "short", "notice_period": DAY}))
    await town.advance(2 * DAY)
    await town.assess(organisation)
    step = await town.fence(organisation)
    assert (step.assessment.verdict, step.assessment.due_at) == (Verdict.WAIT, promise.not_before)


@pytest.mark.parametrize("act", ["warn", "fence"])
async def test_no_act_before_its_instant_has_come(town: Town, act: str) -> None:
    """An `as_of` ahead of business_now() is refused, and nothing is changed (SF-10, P13)."""
    organisation = await town.ripe()
    at = await town.at(organisation)
    ahead = at.model_copy(update={"as_of": at.as_of + timedelta(seconds=3)})
    with pytest.raises(Refusal) as refused:
        await getattr(town.countdowns, act)(ahead)
    assert refused.value.code is RefusalCode.CLOCK_AHEAD
    assert await town.state(organisation) is OrganisationState.WARNED
    [fleet] = await town.breakers.all()
    assert fleet.open_since is None
    # The same step a moment later is in time.
    await town.advance(timedelta(seconds=3))
    assert (await town.countdowns.fence(ahead)).state is OrganisationState.ERASING


@pytest.mark.parametrize("act", ["warn", "fence"])
@pytest.mark.parametrize("ahead", [timedelta(seconds=6), timedelta(days=400)])
async def test_a_clock_that_cannot_be_right_stops_the_fleet(town: Town, act: str, ahead: timedelta) -> None:
    """More than 5 seconds ahead: refused, and nobody is fenced any more until an operator has looked (SF-10, P13)."""
    organisation = await town.ripe()
    at = await town.at(organisation)
    with pytest.raises(Refusal) as refused:
        await getattr(town.countdowns, act)(at.model_copy(update={"as_of": at.as_of + ahead}))
    assert refused.value.code is RefusalCode.CLOCK_AHEAD
    [fleet] = await town.breakers.all()
    assert fleet.open_since is not None
    assert fleet.reason is not None
    assert "ahead" in fleet.reason
    assert (await town.fence(organisation)).assessment.reason is Reason.BREAKER_OPEN
    assert await town.audit("breaker:fleet") == ["opened"]


async def test_a_clock_far_ahead_warns_nobody_early_and_moves_no_queue(town: Town) -> None:
    """What a wrong clock looks at is changed by nothing that comes after it (P13, SF-05)."""
    organisation = await town.organisation()
    await town.mark(organisation)
    at = await town.at(organisation)
    step = await town.countdowns.assess(at.model_copy(update={"as_of": at.as_of + 400 * DAY}))
    assert step.state is OrganisationState.MARKED
    await town.advance(town.rules.silence)
    assert (await town.warn(organisation)).state is OrganisationState.WARNED


async def test_an_own_request_needs_no_countdown_and_no_breaker(town: Town) -> None:
    """At once and final, whatever the breaker says; nothing else of the organisation goes on (DM-11, DM-12, SF-05)."""
    organisation = await town.organisation(admins=2)
    await town.mark(organisation)
    await town.advance(town.rules.silence)
    [notice, _] = (await town.warn(organisation)).notices
    await town.execute("update breakers set open_since = business_now(), reason = 'looked at'")
    erasure = await town.delete_now(organisation)
    assert (erasure.cause, erasure.quarantine_until) == (ErasureCause.OWN_REQUEST, erasure.fenced_at)
    assert await town.notices.next_attempt(notice) is None
    assert (await town.assess(organisation)).assessment.verdict is Verdict.END
    assert (await town.clear(organisation)).cleared


async def test_the_fence_of_a_last_customer_marks_its_partner(town: Town) -> None:
    """The partner's own organisation loses its last customer in the same transaction (DM-01, DM-02, DP-06)."""
    own = await town.organisation()
    partner = await town.partner(own)
    first = await town.organisation(managed_by=partner)
    second = await town.organisation(managed_by=partner)
    for customer, state in ((first, OrganisationState.LIVE), (second, OrganisationState.MARKED)):
        await town.fenced(customer)
        assert await town.state(own) is state
    assert await town.audit(own) == ["marked"]
    assert (await town.erasure_of(second)).generation == 1


async def test_a_fence_stores_what_it_saw(town: Town) -> None:
    """Evidence for the receipt: activity and its source, licences, notices and answers, rules; nobody's data (SF-07)."""
    organisation = await town.organisation(admins=2)
    licences = await town.licence_set(organisation, "removed")
    await town.mark(organisation)
    used_at = await town.advance(HOUR)
    await town.sign_in(organisation, used_at)
    await town.advance(town.rules.silence)
    step = await town.warn(organisation)
    await town.notices.next_attempt(step.notices[0])
    await town.notices.accepted(step.notices[0], "250 <ada-1@00001.example> taken by ada-1@00001.example")
    due_at = (await town.assess(organisation)).assessment.due_at
    assert due_at is not None
    await town.advance_to(due_at)
    await town.fence(organisation)

    [row] = await town.fetch("select evidence, evidence::text as words from erasures")
    seen = row["evidence"]
    assert seen["rules_version"] == Rules().version
    assert seen["last_activity"] == {"at": used_at.isoformat(), "kind": "app_sign_in", "source": "identity"}
    assert seen["base_at"] == used_at.isoformat()
    assert [(one["licence_set_id"], one["state"]) for one in seen["licence_sets"]] == [(licences, "removed")]
    notices = {one["message_id"]: (one["state"], one["server_answer"]) for one in seen["notices"]}
    assert sorted(notices.values(), key=str) == [
        ("accepted", "250 <(address)> taken by (address)"),
        ("queued", None),
    ]
    [warning] = seen["warnings"]
    assert warning["not_before"] == due_at.isoformat()
    assert [feed["source"] for feed in seen["feeds"]] == ["identity"]
    for personal in ("ada", "per_", "Name of", "@00001"):
        assert personal not in row["words"].lower()

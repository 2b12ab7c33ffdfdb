"""Two who ask, answer or take back at the same moment: one outcome, recorded, in whatever order they commit (XC-06, CO-19).

Every other round runs them as they come, on connections of their own; the others let them on statement by statement.
"""

import asyncio
import random
from datetime import timedelta
from functools import partial

import pytest

from tenure.contracts.deletion import Reason
from tenure.contracts.organisation import OrganisationState
from tenure.contracts.trial import ConsentState, TrialState, TrialView
from tenure.errors import Refusal, RefusalCode
from tenure.ids import OrganisationId
from tests.integration.deletion.town import DAY, SERVICE, Town, admin
from tests.integration.trials.courses import Course, race, won
from tests.integration.trials.market import Market, address

ROUNDS = 40


async def actions(town: Town, trial: TrialView) -> list[str]:
    """What is recorded of a trial, in order."""
    rows = await town.fetch(
        "select action from audit where details ->> 'trial_id' = $1 order by position", trial.trial_id
    )
    return [row["action"] for row in rows]


@pytest.mark.parametrize(
    ("managed", "code"), [(True, RefusalCode.ALREADY_ON_TRIAL), (False, RefusalCode.REQUEST_PENDING)]
)
async def test_one_partner_asks_twice(town: Town, market: Market, managed: bool, code: RefusalCode) -> None:
    """One trial or request, and the other is refused (TR-19, TR-23)."""
    for seed in range(ROUNDS):
        acme = await market.customer(admins=1)
        if managed:
            await market.manage(market.north, acme)
        answers = await race(seed, {name: partial(market.ask, acme, "calling") for name in ("first", "second")})
        assert len(won(answers)) == 1, answers
        assert code in answers.values()
        assert len((await town.trials.page(SERVICE, organisation_id=acme)).trials) == 1


async def test_two_partners_ask_for_a_service(town: Town, market: Market) -> None:
    """Of two that manage the customer, one has the service on trial, and the other is told so (TR-16, XC-06)."""
    winners = set()
    for seed in range(ROUNDS):
        acme = await market.customer(admins=1)
        sides = {"north": market.north, "south": market.south}
        for side in sides.values():
            await market.manage(side, acme)
        courses = {name: partial(market.ask, acme, "calling", side=side) for name, side in sides.items()}
        answers = await race(seed, courses)
        [winner] = won(answers)
        winners.add(winner)
        assert RefusalCode.SERVICE_ON_TRIAL_ELSEWHERE in answers.values()
        [trial] = (await town.trials.page(SERVICE, organisation_id=acme)).trials
        assert trial.partner_id == sides[winner].partner_id
    assert winners == {"north", "south"}


async def test_two_requests_for_a_new_customer(town: Town, market: Market) -> None:
    """One address is one organisation with one admin, in whatever case and by whichever partner it is typed (TR-13, TR-23)."""
    for seed in range(ROUNDS):
        email = f"eve@new-{seed}.example"
        commands = {
            "north": market.request("messaging", admin_email=email),
            "south": market.request("calling", admin_email=email.upper(), side=market.south),
            "again": market.request("messaging", admin_email=f"Eve@New-{seed}.Example"),
        }
        courses = {name: partial(town.trials.request, SERVICE, command) for name, command in commands.items()}
        answers = await race(seed, courses)
        [winner] = won(answers)
        assert set(answers.values()) - {answers[winner]} == {RefusalCode.CONFIRMATION_REQUIRED}
        people = await town.fetch("select organisation_id from people where lower(email) = $1", email)
        assert [row["organisation_id"] for row in people] == [answers[winner].organisation_id]


async def test_one_request_comes_twice_at_once(town: Town, market: Market) -> None:
    """Both are answered the same, and it is one trial with one mail (TR-23, P10)."""
    for seed in range(ROUNDS):
        acme = await market.customer(admins=1)
        command = market.request("messaging", organisation_id=acme, admin_email=address(acme))
        courses = {name: partial(town.trials.request, SERVICE, command) for name in ("first", "second", "third")}
        answers = await race(seed, courses)
        assert len({answer.model_dump_json() for answer in answers.values()}) == 1
        assert len(await market.queued(acme)) == 1
        assert await town.audit(acme) == ["trial_requested"]


async def test_acceptance_against_the_deadline(town: Town, market: Market) -> None:
    """Around the very deadline a request is accepted before it or lapses at it, and everybody is told the same (CO-06, CO-14, CO-19)."""
    outcomes = set()
    for seed in range(2 * ROUNDS):
        trial = await market.ask(await market.customer(admins=1))
        assert trial.consent_deadline_at is not None
        chance = random.Random(seed)
        await town.advance_to(trial.consent_deadline_at - timedelta(milliseconds=chance.uniform(0, 25)))

        async def lapse(trial: TrialView = trial) -> ConsentState | None:
            at = (await market.at(trial.trial_id)).model_copy(update={"as_of": trial.consent_deadline_at})
            while True:
                try:
                    return (await town.trial_steps.check_consent(at)).state
                except Refusal as refusal:
                    if refusal.code is not RefusalCode.CLOCK_AHEAD:
                        raise
                    await asyncio.sleep(0.001)

        answers = await race(seed, {"accept": partial(market.accept, trial), "lapse": lapse})
        outcomes.add(answers["lapse"])
        [row] = await town.fetch("select state, decided_at from trial_requests where trial_id = $1", trial.trial_id)
        assert row["state"] == answers["lapse"]
        recorded = await actions(town, trial)
        access = await market.access(market.north, trial.organisation_id)
        state = (await market.show(trial.trial_id)).state
        if answers["lapse"] is ConsentState.LAPSED:
            assert answers["accept"] is RefusalCode.CONSENT_EXPIRED
            assert (recorded, access, state) == (["trial_requested", "consent_lapsed"], None, TrialState.CANCELLED)
            assert row["decided_at"] >= trial.consent_deadline_at
        else:
            assert answers["accept"].consent is ConsentState.ACCEPTED
            assert recorded == ["trial_requested", "consent_accepted"]
            assert (access, state) == ("provisioning", TrialState.AWAITING_DETAILS)
            assert row["decided_at"] < trial.consent_deadline_at
    assert outcomes == {ConsentState.ACCEPTED, ConsentState.LAPSED}


async def test_two_full_admins_accept(town: Town, market: Market) -> None:
    """One with the tick and one without: the first one's access stands, and both are answered with it (CO-04, CO-18)."""
    found = set()
    for seed in range(ROUNDS):
        acme = await market.customer(admins=2)
        trial = await market.ask(acme)
        courses: dict[str, Course] = {
            "provisioning": partial(market.accept, trial, admin(acme)),
            "full": partial(market.accept, trial, admin(acme, 2), tick=True),
        }
        answers = await race(seed, courses)
        [row] = await town.fetch("select decided_by from trial_requests where trial_id = $1", trial.trial_id)
        [access] = {answer.access for answer in answers.values()}
        assert row["decided_by"] == admin(acme, {"provisioning": 1, "full": 2}[access])
        assert await market.access(market.north, acme) == access
        assert (await actions(town, trial)).count("consent_accepted") == 1
        found.add(access)
    assert found == {"provisioning", "full"}


async def test_acceptance_against_a_decline(town: Town, market: Market) -> None:
    """Whoever comes first decides, and the other is told that it is not pending any more (CO-19, CO-20)."""
    found = set()
    for seed in range(ROUNDS):
        acme = await market.customer(admins=2)
        trial = await market.ask(acme)
        courses: dict[str, Course] = {
            "accept": partial(market.accept, trial, admin(acme)),
            "decline": partial(market.decline, trial, admin(acme, 2)),
        }
        answers = await race(seed, courses)
        [winner] = won(answers)
        assert RefusalCode.NOT_PENDING in answers.values()
        assert (await actions(town, trial))[1:] == [f"consent_{'accepted' if winner == 'accept' else 'declined'}"]
        found.add(winner)
    assert found == {"accept", "decline"}


async def test_acceptance_against_cancelling(town: Town, market: Market) -> None:
    """In either order the trial is cancelled and nothing granted is left; a withdrawn request cannot be accepted (CO-11, CO-13, CO-15)."""
    found = set()
    for seed in range(ROUNDS):
        acme = await market.customer(admins=1)
        trial = await market.ask(acme)
        courses: dict[str, Course] = {
            "accept": partial(market.accept, trial, tick=True),
            "cancel": partial(market.cancel, trial),
        }
        answers = await race(seed, courses)
        accepted = "accept" in won(answers)
        assert "cancel" in won(answers)
        assert accepted or answers["accept"] is RefusalCode.NOT_PENDING
        shown = await market.show(trial.trial_id)
        assert shown.state is TrialState.CANCELLED
        assert shown.consent is (ConsentState.ACCEPTED if accepted else ConsentState.WITHDRAWN)
        assert await market.access(market.north, acme) is None
        expected = ["consent_accepted", "trial_cancelled"] if accepted else ["trial_cancelled"]
        assert (await actions(town, trial))[1:] == expected
        found.add(accepted)
    assert found == {False, True}


async def test_two_requests_are_accepted(town: Town, market: Market) -> None:
    """For a service that two partners asked for: one gets it, from the other's it drops out, or that is refused (CO-17, TR-16)."""
    for seed in range(ROUNDS):
        acme = await market.customer(admins=2)
        north = await market.ask(acme, "calling", "messaging")
        south = await market.ask(acme, "calling", side=market.south)
        courses: dict[str, Course] = {
            "north": partial(market.accept, north),
            "south": partial(market.accept, south, admin(acme, 2)),
        }
        answers = await race(seed, courses)
        assert "north" in won(answers)
        rows = await town.fetch(
            "select state, services from trials where organisation_id = $1 order by partner_id", acme
        )
        of_north, of_south = ((row["state"], set(row["services"])) for row in rows)
        if "south" in won(answers):
            assert of_north == ("awaiting_details", {"messaging"})
            assert of_south == ("awaiting_details", {"calling"})
        else:
            assert answers["south"] is RefusalCode.SERVICE_ON_TRIAL_ELSEWHERE
            assert of_north == ("awaiting_details", {"calling", "messaging"})
            assert of_south == ("pending_consent", {"calling"})


async def test_acceptance_against_a_purchase(town: Town, market: Market) -> None:
    """What is bought at the same moment ends on trial in no order: it drops out, is refused, or leaves before the trial starts (CO-17, TR-15)."""
    for seed in range(ROUNDS):
        acme = await market.customer(admins=1)
        trial = await market.ask(acme, "calling")
        courses: dict[str, Course] = {
            "accept": partial(market.accept, trial),
            "buy": partial(market.buy, acme, "calling"),
        }
        answers = await race(seed, courses)
        if "accept" in won(answers):
            await market.detail(trial)
            await market.run(trial.trial_id)
            assert (await market.show(trial.trial_id)).state is TrialState.CONVERTED
        else:
            assert answers["accept"] is RefusalCode.SERVICE_ALREADY_OWNED
        kinds = await town.fetch("select kind from licence_sets where organisation_id = $1", acme)
        assert [row["kind"] for row in kinds] == ["subscription"]


async def test_acceptance_against_the_fence(town: Town, market: Market) -> None:
    """Either the full admin's answer resets the countdown, or the organisation is gone and the answer refused: never both (CO-19, DP-05, XC-06)."""
    found = set()
    for seed in range(ROUNDS):
        acme = await town.warned(await market.customer(admins=1))
        due = (await town.assess(acme)).assessment.due_at
        assert due is not None
        await town.advance_to(due - DAY)
        first = await market.ask(acme)  # it uses up what requests can hold in this cycle
        await town.advance_to(due)
        assert (await town.fence(acme)).assessment.reason is Reason.REQUEST_PENDING
        await market.lapsed(first)
        trial = await market.ask(acme)
        await town.advance(timedelta(seconds=2))
        courses: dict[str, Course] = {"accept": partial(market.accept, trial), "fence": partial(_fence, town, acme)}
        answers = await race(seed, courses)
        state = await town.state(acme)
        accepted = "accept" in won(answers)
        assert accepted or answers["accept"] is RefusalCode.ORG_DELETED
        assert state is (OrganisationState.MARKED if accepted else OrganisationState.ERASING)
        found.add(accepted)
        await town.advance(DAY)
    assert found == {False, True}


async def _fence(town: Town, organisation_id: OrganisationId) -> object:
    """Fence now, once."""
    return await town.countdowns.fence(await town.at(organisation_id))

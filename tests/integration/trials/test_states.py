"""Every action in every state of a trial, as the table of section 18.1 says: carried out, or refused with its code."""

from collections.abc import Awaitable

import pytest

from tenure.contracts.trial import AssignLicences, ConsentState, TrialState, TrialView
from tenure.errors import RefusalCode
from tests.integration.deletion.town import SERVICE, Town, admin
from tests.integration.trials.market import Market

YES = None
WRONG = RefusalCode.WRONG_STATE
LATE = RefusalCode.NOT_PENDING
OVER = RefusalCode.GRACE_OVER
LOST = RefusalCode.IRREVERSIBLE
ASKED = RefusalCode.REQUEST_PENDING
MINE = RefusalCode.ALREADY_ON_TRIAL
OWNED = RefusalCode.SERVICE_ALREADY_OWNED

# fmt: off
ROWS: dict[str, tuple[RefusalCode | None, ...]] = {
    # pending, details, building, active, grace, converted, cancelled, ended
    "resend":  (YES,   LATE,  LATE,  LATE,  LATE,  LATE,  LATE,  LATE),
    "cancel":  (YES,   YES,   YES,   YES,   YES,   WRONG, WRONG, WRONG),
    "detail":  (WRONG, YES,   YES,   WRONG, WRONG, WRONG, WRONG, WRONG),
    "extend":  (WRONG, WRONG, WRONG, YES,   YES,   WRONG, WRONG, OVER),
    "edit":    (WRONG, WRONG, WRONG, YES,   WRONG, WRONG, WRONG, OVER),
    "convert": (WRONG, WRONG, WRONG, YES,   YES,   WRONG, WRONG, OVER),
    "assign":  (WRONG, WRONG, WRONG, YES,   WRONG, WRONG, WRONG, LOST),
    "again":   (ASKED, MINE,  MINE,  MINE,  MINE,  OWNED, YES,   YES),
}
# fmt: on
TABLE = {action: dict(zip(TrialState, row, strict=True)) for action, row in ROWS.items()}
"""What each action answers in each state; YES: it is carried out."""


def attempt(market: Market, action: str, trial: TrialView) -> Awaitable[object]:
    """The partner's full admin tries it."""
    match action:
        case "resend":
            return market.resend(trial)
        case "cancel":
            return market.cancel(trial)
        case "detail":
            return market.detail(trial)
        case "extend":
            return market.extend(trial, 30)
        case "edit":
            return market.edit(trial, "messaging", "calling")
        case "convert":
            return market.convert(trial, "messaging")
        case "assign":
            people = (admin(trial.organisation_id),)
            command = AssignLicences(trial_id=trial.trial_id, by=market.north.head, give=people)
            return market.town.trials.assign_licences(SERVICE, command)
        case _:
            return market.ask(trial.organisation_id, "messaging")


async def in_state(market: Market, state: TrialState) -> TrialView:
    """A trial of an existing customer, which has granted everything, in that state."""
    asked = await market.ask(await market.customer())
    if state is TrialState.PENDING_CONSENT:
        return asked
    await market.accept(asked, tick=True)
    trial = await market.reach(asked, state)
    assert trial.state is state
    return trial


@pytest.mark.parametrize("state", TrialState)
async def test_actions_in_a_state(market: Market, state: TrialState) -> None:
    """Each action is carried out or refused as the table says, and a refusal leaves nothing (18.1, XC-05, TC-05, TC-06, TC-14, Q-11)."""
    for action, answers in TABLE.items():
        trial = await in_state(market, state)
        code = answers[state]
        if code is YES:
            await attempt(market, action, trial)
        else:
            assert await market.refused(attempt(market, action, trial)) is code, action


@pytest.mark.parametrize("state", sorted(set(TrialState) - {TrialState.PENDING_CONSENT}))
async def test_acceptance_in_a_state(market: Market, state: TrialState) -> None:
    """Once accepted, accepting again is no error and changes nothing, wherever the trial stands (18.1, CO-18)."""
    trial = await in_state(market, state)
    before = await market.facts()
    assert (await market.accept(trial, admin(trial.organisation_id, 2))).state is state
    assert await market.facts() == before
    assert await market.refused(market.decline(trial)) is RefusalCode.NOT_PENDING


@pytest.mark.parametrize("end", [ConsentState.LAPSED, ConsentState.WITHDRAWN, ConsentState.DECLINED])
async def test_actions_after_a_request_that_came_to_nothing(market: Market, end: ConsentState) -> None:
    """Such a trial is cancelled, and answers as one (18.1, 18.2)."""
    trial = await market.reach(await market.ask(await market.customer()), end)
    for action, answers in TABLE.items():
        code = answers[TrialState.CANCELLED]
        if code is not YES:
            assert await market.refused(attempt(market, action, trial)) is code, action
    await attempt(market, "again", trial)


async def test_actions_at_the_end_of_grace(town: Town, market: Market) -> None:
    """At its very end the grace is over for every action, though its process has not come yet (XC-03, TC-05, TC-06, TC-14)."""
    trial = await in_state(market, TrialState.GRACE)
    assert trial.grace_ends_at is not None
    await town.advance_to(trial.grace_ends_at)
    for action in ("cancel", "detail", "extend", "edit", "convert", "assign", "resend"):
        code = TABLE[action][TrialState.ENDED]
        assert code is not None
        assert await market.refused(attempt(market, action, trial)) is code, action
    assert await market.refused(attempt(market, "again", trial)) is MINE

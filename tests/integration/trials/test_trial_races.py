"""Two who act on a trial at the same moment, statement by statement: one outcome, and facts that agree (XC-06, P2, CO-19)."""

import os
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from functools import partial
from random import Random
from typing import Any

from tenure.contracts.conversion import Conversion
from tenure.contracts.licence import GraceOutcome, LicenceSet, RenewalGraceInput
from tenure.contracts.notice import NoticeKind
from tenure.contracts.trial import TrialState, TrialView
from tenure.errors import Refusal, RefusalCode
from tests.integration.deletion.interleaving import interleave
from tests.integration.deletion.town import DAY, SERVICE
from tests.integration.trials.agreement import disagreements
from tests.integration.trials.fairground import Fairground

ROUNDS = max(int(os.environ.get("TENURE_INTERLEAVINGS", "1000")) // 20, 20)
_EDGE = timedelta(milliseconds=100)
"""How far an instant lies at most from the beginning of a race that is about it."""


async def trials(ground: Fairground, *services: str) -> list[TrialView]:
    """A trial for each round, all active."""
    return [await ground.trial(*services) for _ in range(ROUNDS)]


async def near(ground: Fairground, seed: int) -> datetime:
    """An instant around the beginning of a race: the past, or a future that comes while it runs."""
    return await ground.town.now() + Random(seed).uniform(-0.3, 1) * _EDGE


async def until_due[Result](act: Callable[[], Awaitable[Result]]) -> Result:
    """What a process does whose timer has fired a little early: it is refused, and tries again."""
    while True:
        try:
            return await act()
        except Refusal as refusal:
            if refusal.code is not RefusalCode.CLOCK_AHEAD:
                raise


async def compete(seed: int, **acts: Callable[[], Awaitable[Any]]) -> dict[str, Any]:
    """Run acts against each other; a refusal is answered as its code, any other exception is the test's end."""
    results = await interleave(seed, acts)
    for name, result in results.items():
        if isinstance(result, Refusal):
            results[name] = result.code
        elif isinstance(result, BaseException):
            raise result
    return results


async def agree(ground: Fairground, trial: TrialView) -> TrialView:
    """Facts, dates, mails and processes of an organisation agree; what became of the trial."""
    found = await disagreements(ground, trial.organisation_id)
    assert found == [], await ground.town.audit(trial.organisation_id)
    return await ground.show(trial.trial_id)


async def grace_that_ends(ground: Fairground, trial: TrialView, end: datetime) -> RenewalGraceInput:
    """The trial's grace, made to end at that instant."""
    await ground.town.execute("update trials set grace_ends_at = $2 where trial_id = $1", trial.trial_id, end)
    await ground.town.execute(
        "update licence_sets set removal_due_at = $2 where licence_set_id = $1", trial.licence_set_id, end
    )
    await ground.town.execute(
        "update next_dates set due_at = $2 where subject = $1 and kind = 'licence_removal'", trial.licence_set_id, end
    )
    return (await ground.grace(trial)).model_copy(update={"removal_due_at": end})


async def end_grace(ground: Fairground, grace: RenewalGraceInput) -> GraceOutcome:
    """The process of a grace at its end."""
    due = grace.removal_due_at
    licences = ground.town.licences
    check = await until_due(lambda: licences.check_grace(grace, due))
    assert check.outcome is not None
    if check.outcome is GraceOutcome.REMOVED:
        await licences.end_trial(grace, due)
        await licences.hold_numbers(grace, due)
    await licences.conclude_grace(grace, due)
    return check.outcome


async def race_the_end_of_grace(
    ground: Fairground, act: Callable[[TrialView], Awaitable[Any]], won: TrialState
) -> Counter[TrialState]:
    """An act against the end of the grace: it is in time and the trial is `won`, or it is over."""
    outcomes: Counter[TrialState] = Counter()
    all_trials = await trials(ground, "messaging", "calling")
    await ground.town.advance(30 * DAY)
    for seed, trial in enumerate(all_trials):
        await ground.expired(trial)
        await ground.post(trial.organisation_id)
        grace = await grace_that_ends(ground, trial, await near(ground, seed))
        results = await compete(seed, act=partial(act, trial), end=partial(end_grace, ground, grace))
        after = await agree(ground, trial)
        in_time = not isinstance(results["act"], RefusalCode)
        assert (results["end"], after.state) == (
            (GraceOutcome.RESTORED, won) if in_time else (GraceOutcome.REMOVED, TrialState.ENDED)
        )
        assert in_time or results["act"] is RefusalCode.GRACE_OVER
        outcomes[after.state] += 1
    return outcomes


async def test_extend_against_the_end_of_grace(ground: Fairground) -> None:
    """Extended and kept, or over and refused (TC-05, TC-06, GR-11)."""
    outcomes = await race_the_end_of_grace(ground, lambda trial: ground.extend(trial, 10), TrialState.ACTIVE)
    assert min(outcomes[TrialState.ACTIVE], outcomes[TrialState.ENDED]) > ROUNDS // 20, outcomes


async def test_convert_against_the_end_of_grace(ground: Fairground) -> None:
    """Converted and kept, or over and refused: a refused order leaves no licences (TC-14, GR-11)."""
    outcomes = await race_the_end_of_grace(
        ground, lambda trial: ground.convert(trial, "messaging", "calling"), TrialState.CONVERTED
    )
    assert min(outcomes[TrialState.CONVERTED], outcomes[TrialState.ENDED]) > ROUNDS // 20, outcomes


async def test_convert_against_extend(ground: Fairground) -> None:
    """The order always goes through; an extension does before it, or is refused (TC-04, TC-20)."""
    outcomes: Counter[object] = Counter()
    for seed, trial in enumerate(await trials(ground)):
        results = await compete(
            seed,
            convert=partial(ground.convert, trial, "messaging"),
            extend=partial(ground.extend, trial, 10),
        )
        assert isinstance(results["convert"], Conversion)
        assert (await agree(ground, trial)).state is TrialState.CONVERTED
        outcomes[results["extend"] is RefusalCode.WRONG_STATE] += 1
        assert results["extend"] is RefusalCode.WRONG_STATE or isinstance(results["extend"], TrialView)
    assert min(outcomes[True], outcomes[False]) > ROUNDS // 20, outcomes


async def test_a_purchase_against_the_expiry(ground: Fairground) -> None:
    """Bought before or just after the end, the trial is converted, and nobody is told that it has ended (GR-05, TL-01)."""
    outcomes: Counter[bool] = Counter()
    for seed, trial in enumerate(await trials(ground)):
        await ground.post(trial.organisation_id)
        end = await near(ground, seed)
        await ground.town.execute("update trials set ends_at = $2 where trial_id = $1", trial.trial_id, end)
        at = (await ground.at(trial.trial_id)).model_copy(update={"as_of": end})
        results = await compete(
            seed,
            buy=partial(ground.buy, trial.organisation_id, "messaging"),
            expire=partial(until_due, partial(ground.town.trial_steps.check_trial, at)),
        )
        assert isinstance(results["buy"], LicenceSet)
        assert (await agree(ground, trial)).state is TrialState.CONVERTED
        assert await ground.post(trial.organisation_id) == []
        outcomes[results["expire"].state is TrialState.GRACE] += 1
    assert min(outcomes[True], outcomes[False]) > ROUNDS // 20, outcomes


async def test_cancel_against_the_expiry(ground: Fairground) -> None:
    """Cancelled while active, or just in grace: licences are gone, numbers on hold, nobody is told of the end (TC-11, TC-09)."""
    outcomes: Counter[int] = Counter()
    for seed, trial in enumerate(await trials(ground, "messaging", "calling")):
        await ground.post(trial.organisation_id)
        end = await near(ground, seed)
        await ground.town.execute("update trials set ends_at = $2 where trial_id = $1", trial.trial_id, end)
        at = (await ground.at(trial.trial_id)).model_copy(update={"as_of": end})
        results = await compete(
            seed,
            cancel=partial(ground.cancel, trial),
            expire=partial(until_due, partial(ground.town.trial_steps.check_trial, at)),
        )
        assert isinstance(results["cancel"], TrialView)
        assert (await agree(ground, trial)).state is TrialState.CANCELLED
        assert await ground.post(trial.organisation_id) == []
        await ground.run(trial.trial_id)
        assert set((await ground.services(trial)).values()) == {"gone"}
        outcomes[(await ground.row(trial.trial_id))["generation"]] += 1
    assert min(outcomes[1], outcomes[2]) > ROUNDS // 20, outcomes


async def test_a_purchase_of_calling_against_the_release(ground: Fairground) -> None:
    """The numbers go to the purchase or are released for good, never both, never neither (NR-02, NR-03)."""
    outcomes: Counter[str] = Counter()
    for seed, trial in enumerate(await trials(ground, "messaging", "calling")):
        await ground.edit(trial, "messaging")
        until = await near(ground, seed)
        await ground.town.execute("update phone_numbers set held_until = $2 where trial_id = $1", trial.trial_id, until)
        await ground.town.execute(
            "update next_dates set due_at = $2 where subject = $1 and kind = 'number_release'", trial.trial_id, until
        )
        at = (await ground.at(trial.trial_id)).model_copy(update={"as_of": until})
        results = await compete(
            seed,
            buy=partial(ground.buy, trial.organisation_id, "calling"),
            release=partial(until_due, partial(ground.town.trial_steps.check_numbers, at)),
        )
        [(state, licence_set_id)] = await ground.numbers(trial.organisation_id)
        released = results["release"].released
        assert (state, licence_set_id, released) in {
            ("assigned", results["buy"].licence_set_id, 0),
            ("released", None, 1),
        }
        await agree(ground, trial)
        outcomes[state] += 1
    assert min(outcomes["assigned"], outcomes["released"]) > ROUNDS // 20, outcomes


async def test_edit_against_edit(ground: Fairground) -> None:
    """Two edits follow each other: the trial has what the later one said, whole, and its licences and services agree (TC-07)."""
    outcomes: Counter[tuple[str, ...]] = Counter()
    chosen = {"one": ("messaging", "meetings"), "two": ("calling", "contact-center")}
    for seed, trial in enumerate(await trials(ground)):
        await compete(seed, **{name: partial(ground.edit, trial, *kinds) for name, kinds in chosen.items()})
        services = tuple((await ground.row(trial.trial_id))["services"])
        assert services in chosen.values()
        await ground.run(trial.trial_id)
        standing = {name for name, state in (await ground.services(trial)).items() if state == "built"}
        assert standing == set(services)
        await agree(ground, trial)
        outcomes[services] += 1
    assert min(outcomes.values()) > ROUNDS // 20, outcomes


async def test_an_order_against_itself(ground: Fairground) -> None:
    """Reported twice at once it is carried out once, and answers the same; two orders for one service: one (P10)."""
    for seed, trial in enumerate((await trials(ground))[: ROUNDS // 2]):
        order, other = ground.order(trial, "messaging"), ground.order(trial, "messaging")
        convert = ground.town.trials.convert
        results = await compete(
            seed,
            first=partial(convert, SERVICE, order),
            again=partial(convert, SERVICE, order),
            other=partial(convert, SERVICE, other),
        )
        assert results["first"] == results["again"]
        assert isinstance(results["first"], Conversion) != isinstance(results["other"], Conversion)
        [count] = await ground.town.fetch(
            "select count(*) as sets from licence_sets where organisation_id = $1 and kind = 'subscription'",
            trial.organisation_id,
        )
        assert count["sets"] == 1
        await agree(ground, trial)


async def test_a_mail_against_an_extension(ground: Fairground) -> None:
    """A reminder that asks just before the extension may go out; one that asks after it does not (TC-04, TL-01)."""
    outcomes: Counter[bool] = Counter()
    all_trials = await trials(ground)
    await ground.town.advance(24 * DAY)
    for seed, trial in enumerate(all_trials):
        await ground.run(trial.trial_id)
        [notice] = await ground.town.fetch(
            "select notice_id::text from notices where subject = $1 and kind = $2",
            trial.trial_id,
            NoticeKind.TRIAL_ENDING,
        )
        results = await compete(
            seed,
            extend=partial(ground.extend, trial, 30),
            mail=partial(ground.town.notices.next_attempt, notice["notice_id"]),
        )
        assert isinstance(results["extend"], TrialView)
        if results["mail"] is not None:
            assert results["mail"].matter.ends_at == trial.ends_at
        assert await ground.town.notices.next_attempt(notice["notice_id"]) is None
        await agree(ground, trial)
        outcomes[results["mail"] is None] += 1
    assert min(outcomes[True], outcomes[False]) > ROUNDS // 20, outcomes

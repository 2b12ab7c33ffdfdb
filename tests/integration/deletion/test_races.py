"""Races on a real Postgres, statement by statement: whatever committed first wins, in every order (P2, XC-06)."""

import asyncio
import os
from collections import Counter
from collections.abc import AsyncIterator
from functools import partial
from typing import Any

import pytest

from adapters.postgres import looks
from adapters.postgres.evidence import read_evidence
from tenure.contracts.activity import IntakeResult
from tenure.contracts.deletion import CountdownAt, CountdownStep, Reason, Verdict
from tenure.contracts.erasure import AbortErasures, AbortResult, Clearance, Erasure, ErasureAt
from tenure.contracts.organisation import Manage, OrganisationState
from tenure.errors import Refusal, RefusalCode
from tenure.ids import OrganisationId, PartnerId
from tenure.policy.rules import BreakerLimit, Rules
from tenure.settings import InstallationKind
from tests.conftest import FreshDatabase
from tests.integration.deletion.interleaving import interleave
from tests.integration.deletion.town import DAY, OPERATOR, SERVICE, Town

INTERLEAVINGS = int(os.environ.get("TENURE_INTERLEAVINGS", "1000"))
"""Of activity against the fence; the other races take a tenth of it."""
FEW = max(INTERLEAVINGS // 10, 20)
PLENTY = BreakerLimit(absolute=100_000, share=0)
RULES = Rules(per_second=100, fleet_hour=PLENTY, fleet_day=PLENTY, partner_hour=PLENTY, partner_day=PLENTY)

_WARNED = """
  with warned as (update organisations set state = 'warned' where state = 'marked' returning organisation_id),
       counted as (update countdowns set cycle = 1, rules_version = $1 where ended_at is null),
       watched as (update activity set watched = true)
insert into promises (organisation_id, generation, cycle, base_at, not_before, first_attempt_at, first_accepted_at, settled)
select organisation_id, 1, 1, counting_from, now, now - interval '31 days', now - interval '31 days', true
  from warned join countdowns using (organisation_id) cross join business_now() as now
"""


@pytest.fixture
async def town(fresh_database: FreshDatabase) -> AsyncIterator[Town]:
    """A town whose rate and breakers let everything through."""
    async with Town.open(await fresh_database(InstallationKind.SIMULATION), RULES) as town:
        yield town


async def all_warned(town: Town) -> None:
    """Every marked organisation was warned a month ago, and may be fenced now."""
    await town.advance(61 * DAY)
    await town.execute(_WARNED, town.rules.version)
    await town.heartbeat()


async def ripe(town: Town, number: int, *, managed_by: PartnerId | None = None) -> list[OrganisationId]:
    """So many organisations that may be fenced now."""
    organisations = await town.organisations_of(number, managed_by=managed_by)
    await town.mark(*organisations)
    await all_warned(town)
    return organisations


async def fence(town: Town, organisation: OrganisationId) -> CountdownStep:
    """What the countdown does when its time has come: until it is not its turn's fault any more."""
    while True:
        at = CountdownAt(organisation_id=organisation, generation=1, as_of=await town.now())
        step = await town.countdowns.fence(at)
        if step.assessment.reason is not Reason.RATE:
            return step


def refused_as_gone(result: object) -> bool:
    return isinstance(result, Refusal) and result.code is RefusalCode.ORG_DELETED


async def race_activity(town: Town, organisation: OrganisationId, seed: int) -> tuple[bool, bool]:
    """Activity against the fence; answers whether the activity was accepted, and whether the fence went through."""
    now = await town.now()
    results = await interleave(
        seed, {"activity": partial(town.sign_in, organisation, now), "fence": partial(fence, town, organisation)}
    )
    intake, step = results["activity"], results["fence"]
    assert isinstance(intake, IntakeResult), intake
    assert isinstance(step, CountdownStep), step
    assert intake.accepted + intake.deleted == 1
    return intake.accepted == 1, step.state is OrganisationState.ERASING


async def test_activity_against_the_fence(town: Town) -> None:
    """In a thousand orders: accepted activity is never erased, and what is fenced answers org_deleted (P2, AC-11, XC-06)."""
    outcomes: Counter[tuple[bool, bool]] = Counter()
    for seed, organisation in enumerate(await ripe(town, INTERLEAVINGS)):
        accepted, fenced = await race_activity(town, organisation, seed)
        assert accepted != fenced, f"seed {seed}: accepted {accepted}, fenced {fenced}"
        assert (await town.state(organisation) is OrganisationState.ERASING) == fenced
        outcomes[accepted, fenced] += 1
    assert min(outcomes[True, False], outcomes[False, True]) > INTERLEAVINGS // 20, outcomes


async def test_without_the_lock_on_activity_the_race_is_lost(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same race finds a fence that reads activity without locking it: it would erase what it has accepted (P2)."""

    async def unlocked(connection: Any, organisation_id: OrganisationId, *, lock_activity: bool) -> Any:
        return await read_evidence(connection, organisation_id, lock_activity=False)

    monkeypatch.setattr(looks, "read_evidence", unlocked)
    outcomes = [
        await race_activity(town, organisation, seed)
        for seed, organisation in enumerate(await ripe(town, max(FEW, 100)))
    ]
    assert (True, True) in outcomes


async def test_a_purchase_against_the_fence(town: Town) -> None:
    """Bought and kept, or fenced and refused (P2, DP-02, DM-13)."""
    outcomes: Counter[bool] = Counter()
    for seed, organisation in enumerate(await ripe(town, FEW)):
        results = await interleave(
            seed,
            {"purchase": partial(town.buy, organisation), "fence": partial(fence, town, organisation)},
        )
        bought = results["purchase"] is None
        assert bought or refused_as_gone(results["purchase"]), results
        expected = OrganisationState.LIVE if bought else OrganisationState.ERASING
        assert await town.state(organisation) is expected
        assert results["fence"].state is expected
        outcomes[bought] += 1
    assert len(outcomes) == 2


async def test_an_own_request_against_the_fence(town: Town) -> None:
    """One erasure, by whichever came first; the other finds it gone (P2, DM-11, DM-12)."""
    outcomes: Counter[str] = Counter()
    for seed, organisation in enumerate(await ripe(town, FEW)):
        results = await interleave(
            seed,
            {"own": partial(town.delete_now, organisation), "fence": partial(fence, town, organisation)},
        )
        erasure = await town.erasure_of(organisation)
        own = isinstance(results["own"], Erasure)
        assert own or refused_as_gone(results["own"]), results
        assert erasure.cause == ("own_request" if own else "unused")
        assert (results["fence"].assessment.reason is Reason.NOT_COUNTING) == own
        outcomes[erasure.cause] += 1
    assert len(outcomes) == 2
    assert len(await town.erasures.all(OPERATOR)) == FEW


async def test_an_abort_against_the_purge(town: Town) -> None:
    """Aborted and marked, or purging and irreversible (P2, SF-11)."""
    organisations = await ripe(town, FEW)
    for organisation in organisations:
        await fence(town, organisation)
    await town.advance(2 * DAY)
    now = await town.now()
    outcomes: Counter[bool] = Counter()
    for seed, organisation in enumerate(organisations):
        command = AbortErasures(organisations=(organisation,), reason="a stale list")
        at = ErasureAt(organisation_id=organisation, generation=1, as_of=now)
        results = await interleave(
            seed,
            {
                "abort": partial(town.erasures.abort, OPERATOR, command),
                "purge": partial(town.erasures.clear, at),
            },
        )
        abort, clearance = results["abort"], results["purge"]
        assert isinstance(abort, AbortResult), abort
        assert isinstance(clearance, Clearance), clearance
        aborted = organisation in abort.aborted
        assert (clearance.cleared, clearance.aborted) == (not aborted, aborted)
        assert await town.state(organisation) is (OrganisationState.MARKED if aborted else OrganisationState.ERASING)
        assert (await town.erasure_of(organisation)).state == ("aborted" if aborted else "purging")
        outcomes[aborted] += 1
    assert len(outcomes) == 2


async def test_a_late_event_and_its_heartbeat_against_the_purge(town: Town) -> None:
    """A feed delivers what happened before the fence, and only then says that it is complete: never purged (SF-11, SF-03)."""
    organisations = await ripe(town, FEW)
    used_at = await town.advance(DAY // 1440)
    await town.advance(DAY // 1440)
    for organisation in organisations:
        await fence(town, organisation)
    await town.advance(2 * DAY, feeds=False)
    now = await town.now()
    for seed, organisation in enumerate(organisations):
        await town.execute("update feeds set watermark = $1", used_at)

        async def feed(one: OrganisationId = organisation) -> None:
            assert (await town.sign_in(one, used_at)).deleted == 1
            await town.heartbeat()

        at = ErasureAt(organisation_id=organisation, generation=1, as_of=now)
        results = await interleave(seed, {"feed": feed, "purge": partial(town.erasures.clear, at)})
        assert results["feed"] is None, results
        assert results["purge"].held_because in {"feed_behind", "late_activity"}
        assert (await town.erasures.clear(at)).held_because == "late_activity"


async def test_activity_against_the_warning(town: Town) -> None:
    """Either the warning sees it, or its process is woken to see it: nobody who came back stays warned (AC-02, TL-01)."""
    organisations = await town.organisations_of(FEW)
    await town.mark(*organisations)
    await town.advance(31 * DAY)
    outcomes: Counter[OrganisationState] = Counter()
    for seed, organisation in enumerate(organisations):
        at = CountdownAt(organisation_id=organisation, generation=1, as_of=await town.now())
        before = await town.wakes(organisation)
        results = await interleave(
            seed,
            {
                "activity": partial(town.sign_in, organisation, at.as_of),
                "warning": partial(town.countdowns.warn, at),
            },
        )
        assert results["activity"].accepted == 1
        step = results["warning"]
        woken = await town.wakes(organisation) > before
        assert step.state is OrganisationState.MARKED or woken
        assert all([await town.notices.next_attempt(notice) is None for notice in step.notices])
        outcomes[step.state] += 1
    assert len(outcomes) == 2


async def test_a_customer_gained_against_the_partners_fence(town: Town) -> None:
    """Gained and live, or fenced and refused: no partner is erased while it manages somebody (DM-02, DM-13)."""
    owns = await ripe(town, FEW)
    outcomes: Counter[bool] = Counter()
    for seed, own in enumerate(owns):
        customer = await town.organisation()
        gain = Manage(partner_id=await town.partner(own), organisation_id=customer)
        results = await interleave(
            seed,
            {
                "gain": partial(town.organisations.manage, SERVICE, gain),
                "fence": partial(fence, town, own),
            },
        )
        gained = results["gain"] is None
        assert gained or refused_as_gone(results["gain"]), results
        assert await town.state(own) is (OrganisationState.LIVE if gained else OrganisationState.ERASING)
        outcomes[gained] += 1
    assert len(outcomes) == 2


async def test_the_last_customers_fence_against_a_new_one(town: Town) -> None:
    """A partner that loses its last customer and gains another at once is marked only while it has none (DM-02, XC-06)."""
    owns = await town.organisations_of(FEW)
    partners = [await town.partner(own) for own in owns]
    lost = [(await town.organisations_of(1, managed_by=partner))[0] for partner in partners]
    gained = await town.organisations_of(FEW)
    await town.mark(*lost)
    await all_warned(town)
    for seed in range(FEW):
        gain = Manage(partner_id=partners[seed], organisation_id=gained[seed])
        results = await interleave(
            seed,
            {
                "gain": partial(town.organisations.manage, SERVICE, gain),
                "fence": partial(fence, town, lost[seed]),
            },
        )
        assert results["gain"] is None, results
        assert results["fence"].state is OrganisationState.ERASING, results
        assert await town.state(owns[seed]) is OrganisationState.LIVE


async def test_two_fences_of_one_organisation(town: Town) -> None:
    """One erasure, however many try (P10, P11)."""
    for seed, organisation in enumerate(await ripe(town, 20)):
        results = await interleave(seed, {name: partial(fence, town, organisation) for name in ("one", "two", "three")})
        assert {step.state for step in results.values()} == {OrganisationState.ERASING}
        assert {step.assessment.verdict for step in results.values()} == {Verdict.END}
        assert (await town.audit(organisation)).count("fenced") == 1
    assert len(await town.erasures.all(OPERATOR)) == 20


async def test_everybody_at_once(town: Town) -> None:
    """Fences, activity, purchases and own requests of a hundred organisations at full speed: no deadlock, one winner."""
    organisations = await ripe(town, 100)
    now = await town.now()
    results = await asyncio.gather(
        *(fence(town, one) for one in organisations),
        *(town.sign_in(one, now) for one in organisations[:50]),
        *(town.buy(one) for one in organisations[25:75]),
        *(town.delete_now(one) for one in organisations[60:]),
        return_exceptions=True,
    )
    failures = [one for one in results if isinstance(one, BaseException) and not refused_as_gone(one)]
    assert failures == []
    gone = {erasure.organisation_id for erasure in await town.erasures.all(OPERATOR)}
    for organisation, intake in zip(organisations, results[100:150], strict=False):
        assert isinstance(intake, IntakeResult)
        erased_unused = organisation in gone and (await town.erasure_of(organisation)).cause == "unused"
        assert not (intake.accepted and erased_unused)

"""What the restricted-party team does: it decides on hits, with a token of its own."""

from tenure.contracts.base import Instant
from tenure.contracts.review import DecideCase, Decision, RplCase
from workers.demo.acts import Act
from workers.demo.world import World


def decide(reference: str, decision: Decision, reason: str) -> Act:
    """Rita looks at the newest case of a customer, at every entry that it may be, and decides."""

    async def act(world: World, _now: Instant) -> None:
        subject, newest = world.clientele.name(reference), await _newest(world, reference)
        case = await world.reviewer.reviews.get_rpl_case(newest.case_id)
        entries = "; ".join(f"{hit.primary_name} ({hit.list_id})" for hit in case.found)
        await world.told(subject, "review", f"{case.trigger}, {case.state}{', slow' if case.slow else ''}: {entries}")
        command = DecideCase(case_id=case.case_id, decision=decision, reason=reason)
        await world.attempt(
            await world.simulation.now(), subject, str(decision), world.reviewer.reviews.decide_rpl_case(command)
        )

    return act


def decide_as_provider(reference: str, decision: Decision) -> Act:
    """The service provider would rather decide itself (RPL-14)."""

    async def act(world: World, _now: Instant) -> None:
        case = await _newest(world, reference)
        provider = await world.provider(case.partner_id)
        command = DecideCase(case_id=case.case_id, decision=decision, reason="They pay well")
        call = provider.reviews.decide_rpl_case(command)
        await world.attempt(
            await world.simulation.now(), world.clientele.name(reference), f"{decision} by {case.partner_id}", call
        )

    return act


def screened(reference: str) -> Act:
    """Rita looks at the newest screening of a customer (RPL-19)."""

    async def act(world: World, _now: Instant) -> None:
        organisation_id = world.clientele.organisation(reference)
        screenings = [each async for each in world.reviewer.reviews.list_screenings(organisation_id)]
        newest = screenings[0]
        told = f"{newest.trigger}: {newest.result}, {len(newest.hits)} to look at, {len(newest.known)} cleared before"
        await world.told(world.clientele.name(reference), "screening", told)

    return act


async def _newest(world: World, reference: str) -> RplCase:
    organisation_id = world.clientele.organisation(reference)
    cases = [case async for case in world.reviewer.reviews.list_rpl_cases() if case.organisation_id == organisation_id]
    return max(cases, key=lambda case: case.opened_at)

"""What services report, what customers ask for by themselves, and what the operator does."""

from datetime import timedelta

from tenure.contracts.activity import ActivityEvent, ActivityKind
from tenure.contracts.base import Instant
from tenure.contracts.breaker import ReleaseBreaker
from tenure.contracts.erasure import AbortErasures
from tenure.contracts.licence import (
    ExpireLicences,
    GrantLicences,
    LicenceKind,
    RestoredBy,
    RestoreLicences,
    ServiceKey,
)
from tenure.contracts.organisation import DeleteNow, Manage
from tenure.ids import LicenceSetId, OrganisationId, PartnerId, PersonId
from workers.demo.acts import Act
from workers.demo.world import World


def expiry(licence_set: str) -> Act:
    """The order service reports that licences have expired."""

    async def act(world: World, now: Instant) -> None:
        await world.service.licences.expire(
            ExpireLicences(licence_set_id=LicenceSetId(f"lic_{licence_set}"), expired_at=now)
        )

    return act


def purchase(
    name: str,
    *,
    kind: LicenceKind = LicenceKind.SUBSCRIPTION,
    services: tuple[ServiceKey, ...] = (),
    days: int = 365,
) -> Act:
    """The order service reports new licences."""

    async def act(world: World, now: Instant) -> None:
        await world.service.licences.grant(
            GrantLicences(
                licence_set_id=LicenceSetId(f"lic_{name}-new"),
                organisation_id=OrganisationId(f"org_{name}"),
                kind=kind,
                services=services,
                expires_at=now + timedelta(days=days),
            )
        )

    return act


def renewal(licence_set: str) -> Act:
    """The order service reports that suspended licences were paid for."""

    async def act(world: World, now: Instant) -> None:
        await world.service.licences.restore(
            RestoreLicences(
                licence_set_id=LicenceSetId(f"lic_{licence_set}"),
                by=RestoredBy.PAID_SUBSCRIPTION,
                expires_at=now + timedelta(days=365),
            )
        )

    return act


def activity(name: str, kind: ActivityKind, source: str, *, hours_ago: float = 0) -> Act:
    """A feed sends a signed batch with one event; what the intake answers is written down."""

    async def act(world: World, now: Instant) -> None:
        organisation_id = OrganisationId(f"org_{name}")
        at = now - timedelta(hours=hours_ago)
        result = await world.service.record_activity(
            [ActivityEvent(organisation_id=organisation_id, kind=kind, at=at, source=source)]
        )
        answer = next(word for word in ("accepted", "older", "unknown", "deleted") if getattr(result, word))
        world.note(now, organisation_id, "activity", f"{kind}: {answer}")

    return act


def management(partner: str, name: str, *, starts: bool) -> Act:
    """The partner portal reports who manages a customer from now on."""

    async def act(world: World, _now: Instant) -> None:
        command = Manage(partner_id=PartnerId(f"ptr_{partner}"), organisation_id=OrganisationId(f"org_{name}"))
        await (world.service.managements.start if starts else world.service.managements.end)(command)

    return act


def own_request(name: str, person: str, confirmation: str) -> Act:
    """Somebody asks in the admin console to delete the organisation at once."""

    async def act(world: World, now: Instant) -> None:
        command = DeleteNow(
            organisation_id=OrganisationId(f"org_{name}"),
            person_id=PersonId(f"per_{person}"),
            confirmation=confirmation,
        )
        call = world.service.organisations.delete_now(command)
        await world.attempt(now, command.organisation_id, "delete_now", call)

    return act


def recording(name: str, count: int) -> Act:
    """Meetings are recorded on the platform."""

    async def act(world: World, _now: Instant) -> None:
        await world.outside.record_meetings(OrganisationId(f"org_{name}"), count)

    return act


def recordings_left(name: str) -> Act:
    """Somebody looks how many recordings there are."""

    async def act(world: World, now: Instant) -> None:
        organisation_id = OrganisationId(f"org_{name}")
        count = await world.outside.recordings(organisation_id)
        world.note(now, organisation_id, "recordings", f"{count} on the platform")

    return act


def silence(source: str, *, ends: bool = False) -> Act:
    """A feed says nothing any more, or is back."""

    async def act(world: World, now: Instant) -> None:
        (world.silent.discard if ends else world.silent.add)(source)
        world.note(now, f"feed:{source}", "back" if ends else "silent")

    return act


def release(partner: str, count: int, reason: str) -> Act:
    """The operator lets a number of deletions through an open breaker."""

    async def act(world: World, _now: Instant) -> None:
        command = ReleaseBreaker(scope=PartnerId(f"ptr_{partner}"), count=count, reason=reason)
        await world.operator.breakers.release(command)

    return act


def abort(name: str, reason: str) -> Act:
    """The operator stops an erasure."""

    async def act(world: World, _now: Instant) -> None:
        command = AbortErasures(organisations=(OrganisationId(f"org_{name}"),), reason=reason)
        await world.operator.erasures.abort(command)

    return act

"""The world outside: services, people and feeds, each with credentials of its own, and what they saw."""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from adapters.postgres.outside import PostgresOutside
from tenure.client import Tenure
from tenure.contracts.activity import Feed, Heartbeat
from tenure.contracts.base import Instant
from tenure.contracts.erasure import ErasureState
from tenure.contracts.forecast import NextKind
from tenure.contracts.notice import NoticeState
from tenure.ids import OrganisationId
from workers.demo.timeline import Entry

IDENTITY: Final = "identity"
"""The feed of sign-ins and token refreshes."""
MESSAGING: Final = "messaging"
"""The feed of messages."""
_RHYTHM: Final = timedelta(hours=2)
_PASSING: Final = frozenset({"silence", "notice_period", "rate", "grace", "expiry", "quarantine"})
"""Reasons of next dates that hold nothing: it is simply not time yet."""


@dataclass
class World:
    """Everybody who deals with Tenure, over HTTP, and a notebook."""

    service: Tenure
    """Orders, identity and messaging: facts and activity."""
    operator: Tenure
    """Ada, who runs the installation."""
    outside: PostgresOutside
    silent: set[str] = field(default_factory=set)
    """Feeds that say nothing at the moment."""
    entries: list[Entry] = field(default_factory=list)
    """What was seen that the audit does not tell: answers, holds, refused mail."""
    _held: dict[tuple[OrganisationId, NextKind], str] = field(default_factory=dict)
    _told: set[str] = field(default_factory=set)
    _stopped_at: Instant | None = None

    def note(self, at: Instant, subject: str, what: str, why: str) -> None:
        """Write something down."""
        self.entries.append(Entry(at=at, subject=subject, what=what, why=why))

    async def register_feeds(self) -> None:
        """Tell Tenure which sources of activity there are."""
        for source in (IDENTITY, MESSAGING):
            await self.operator.feeds.register(Feed(source=source, rhythm=_RHYTHM))

    async def before_hop(self, stop: Instant) -> None:
        """At every stop of the clock the feeds that are not silent say that they are complete up to now.

        What the stop before has brought about is written down first.
        """
        if self._stopped_at is not None:
            await self.look()
        self._stopped_at = stop
        for source in (IDENTITY, MESSAGING):
            if source not in self.silent:
                await self.service.feeds.heartbeat(Heartbeat(source=source, watermark=stop))

    async def look(self) -> None:
        """Write down which organisations have come to be held since the last look, and mail that was refused."""
        assert self._stopped_at is not None
        held = {
            (entry.organisation_id, entry.kind): str(entry.reason)
            for entry in await self.operator.calendar.list()
            if entry.reason not in _PASSING
        }
        for erasure in await self.operator.erasures.list(ErasureState.QUARANTINE):
            if erasure.held_because not in {None, *_PASSING}:
                held[erasure.organisation_id, NextKind.PURGE] = str(erasure.held_because)
        for (organisation_id, kind), reason in held.items():
            if self._held.get((organisation_id, kind)) != reason:
                self.note(self._stopped_at, organisation_id, "held", f"{kind}: {reason}")
        self._held = held
        async for organisation in self.operator.organisations.list(to_be_deleted=True):
            if organisation.deletion_at is not None:
                await self._look_at_notices(organisation.organisation_id)

    async def _look_at_notices(self, organisation_id: OrganisationId) -> None:
        for notice in await self.operator.notices.of(organisation_id):
            if notice.state is NoticeState.REFUSED and notice.notice_id not in self._told:
                self._told.add(notice.notice_id)
                assert notice.first_attempt_at is not None
                answer = notice.server_answer or ""
                self.note(notice.first_attempt_at, organisation_id, "mail refused", f"{notice.recipient}: {answer}")

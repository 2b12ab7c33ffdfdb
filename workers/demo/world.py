"""The world outside: services, people and feeds, each with credentials of its own, and what they saw."""

import asyncio
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from adapters.postgres.outside import PostgresOutside
from tenure.client import Tenure
from tenure.contracts.activity import Feed, Heartbeat
from tenure.contracts.base import Instant
from tenure.contracts.deletion import Reason
from tenure.contracts.erasure import ErasureState
from tenure.contracts.forecast import NextKind
from tenure.contracts.notice import NoticeState
from tenure.ids import OrganisationId
from workers.demo.timeline import Entry

IDENTITY: Final = "identity"
"""The feed of sign-ins and token refreshes."""
MESSAGING: Final = "messaging"
"""The feed of messages."""
_FEEDS: Final = (IDENTITY, MESSAGING)
_RHYTHM: Final = timedelta(hours=2)
_DATES: Final = frozenset({NextKind.DELETION_WARNING, NextKind.DELETION})
_TIME: Final = frozenset({Reason.SILENCE, Reason.NOTICE_PERIOD, Reason.RATE, Reason.WARNING_NOT_ACCEPTED, "quarantine"})
"""Reasons that hold nothing: it is simply not time yet, or a mail is on its way."""


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
    _looked_at: set[tuple[OrganisationId, Instant, str]] = field(default_factory=set)
    _stopped_at: Instant | None = None

    def note(self, at: Instant, subject: str, what: str, why: str = "") -> None:
        """Write something down."""
        self.entries.append(Entry(at=at, subject=subject, what=what, why=why))

    async def register_feeds(self) -> None:
        """Tell Tenure which sources of activity there are."""
        for source in _FEEDS:
            await self.operator.feeds.register(Feed(source=source, rhythm=_RHYTHM))

    async def before_hop(self, stop: Instant) -> None:
        """At every stop of the clock the feeds that are not silent say that they are complete up to now.

        What the stop before has brought about is written down first.
        """
        if self._stopped_at is not None:
            await self.look()
        self._stopped_at = stop
        beating = [Heartbeat(source=source, watermark=stop) for source in _FEEDS if source not in self.silent]
        await asyncio.gather(*map(self.service.feeds.heartbeat, beating))

    async def look(self) -> None:
        """Write down which organisations have come to be held since the last look, and mail that was refused."""
        assert self._stopped_at is not None
        calendar, quarantined = await asyncio.gather(
            self.operator.calendar.list(), self.operator.erasures.list(ErasureState.QUARANTINE)
        )
        held = {
            (entry.organisation_id, entry.kind): str(entry.reason)
            for entry in calendar
            if entry.kind in _DATES and entry.reason not in _TIME
        }
        for erasure in quarantined:
            if erasure.held_because not in {None, *_TIME}:
                held[erasure.organisation_id, NextKind.PURGE] = str(erasure.held_because)
        for (organisation_id, kind), reason in held.items():
            if self._held.get((organisation_id, kind)) != reason:
                self.note(self._stopped_at, organisation_id, "held", f"{kind}: {reason}")
        self._held = held
        warned = {
            (entry.organisation_id, entry.due_at, str(entry.reason))
            for entry in calendar
            if entry.kind is NextKind.DELETION
        }
        for organisation_id in sorted({organisation_id for organisation_id, _, _ in warned - self._looked_at}):
            await self._look_at_notices(organisation_id)
        self._looked_at |= warned

    async def _look_at_notices(self, organisation_id: OrganisationId) -> None:
        for notice in await self.operator.notices.of(organisation_id):
            if notice.state is NoticeState.REFUSED and notice.notice_id not in self._told:
                self._told.add(notice.notice_id)
                assert notice.first_attempt_at is not None
                answer = notice.server_answer or ""
                self.note(notice.first_attempt_at, organisation_id, "mail refused", f"{notice.recipient}: {answer}")

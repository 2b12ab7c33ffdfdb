"""The world outside: services, people and feeds, each with credentials of its own, and what they saw."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final, NamedTuple

from adapters.postgres.outside import PostgresOutside
from adapters.postgres.simulation import PostgresSimulation
from tenure.client import Tenure
from tenure.contracts.activity import Feed, Heartbeat
from tenure.contracts.base import Instant
from tenure.contracts.credential import Credential, CredentialRole
from tenure.contracts.deletion import Reason
from tenure.contracts.erasure import ErasureState
from tenure.contracts.forecast import NextKind
from tenure.contracts.notice import Notice, NoticeState
from tenure.contracts.portfolio import OrganisationRecord
from tenure.errors import Refusal
from tenure.ids import OrganisationId, PartnerId, PersonId
from workers.demo.clientele import Clientele
from workers.demo.timeline import Entry
from workers.stack.mailbox import StoredMail

IDENTITY: Final = "identity"
"""The feed of sign-ins and token refreshes."""
MESSAGING: Final = "messaging"
"""The feed of messages."""
_FEEDS: Final = (IDENTITY, MESSAGING)
_RHYTHM: Final = timedelta(hours=2)
_DATES: Final = frozenset({NextKind.DELETION_WARNING, NextKind.DELETION})
_TIME: Final = frozenset({Reason.SILENCE, Reason.NOTICE_PERIOD, Reason.RATE, Reason.WARNING_NOT_ACCEPTED, "quarantine"})
"""Reasons that hold nothing: it is simply not time yet, or a mail is on its way."""


class Admin(NamedTuple):
    """Somebody who works for a partner."""

    person: str
    partner: str

    @property
    def person_id(self) -> PersonId:
        """Whose token it is."""
        return PersonId(f"per_{self.person}")

    @property
    def partner_id(self) -> PartnerId:
        """For whom."""
        return PartnerId(f"ptr_{self.partner}")

    @property
    def credential(self) -> Credential:
        """What the token says."""
        return Credential(
            name=self.person, role=CredentialRole.PARTNER, partner_id=self.partner_id, person_id=self.person_id
        )


@dataclass
class World:
    """Everybody who deals with Tenure, over HTTP, and a notebook."""

    service: Tenure
    """Orders, identity, messaging, and the customers' admin console: facts, activity and answers."""
    operator: Tenure
    """Ada, who runs the installation."""
    reviewer: Tenure
    """Rita, who decides on hits of the restricted-party lists."""
    sign_in: Callable[[Credential], Awaitable[Tenure]]
    """Gives somebody of a partner, or its provisioning system, a token, and a client with it."""
    mailbox: Callable[[], Sequence[StoredMail]]
    """All mails that have arrived anywhere."""
    outside: PostgresOutside
    simulation: PostgresSimulation
    silent: set[str] = field(default_factory=set)
    """Feeds that say nothing at the moment."""
    entries: list[Entry] = field(default_factory=list)
    """What was seen that the audit does not tell: answers, pages, holds, refused mail."""
    newcomers: dict[str, OrganisationRecord] = field(default_factory=dict)
    """Customers that came by their first trial."""
    clientele: Clientele = field(default_factory=Clientele)
    """Wholesale customers."""
    notices: dict[str, Notice] = field(default_factory=dict)
    """What the ledger has said of each mail, by its Message-ID: also of organisations that are erased by now."""
    _clients: dict[Credential, Tenure] = field(default_factory=dict)
    _held: dict[tuple[OrganisationId, NextKind], str] = field(default_factory=dict)
    _stopped_at: Instant | None = None

    def note(self, at: Instant, subject: str, what: str, why: str = "") -> None:
        """Write something down."""
        self.entries.append(Entry(at=at, subject=subject, what=what, why=why))

    async def told(self, subject: str, what: str, why: str = "") -> None:
        """Write something down that was just answered: after what the audit has of it."""
        self.note(await self.simulation.now(), subject, what, why)

    async def attempt[T](self, now: Instant, subject: str, what: str, call: Awaitable[T]) -> T | None:
        """Have a command carried out; a refusal is written down, with the services that it names, and answers None."""
        try:
            return await call
        except Refusal as refusal:
            services = refusal.details.get("services") or refusal.details.get("remaining") or ()
            named = f" ({' '.join(services)})" if isinstance(services, list | dict) else ""
            self.note(now, subject, "refused", f"{what}: {refusal.code}{named}")
            return None

    async def console(self, admin: Admin) -> Tenure:
        """The partner console of an admin, who signs in once."""
        return await self._client(admin.credential)

    async def provider(self, partner_id: PartnerId) -> Tenure:
        """The provisioning system of a partner, which onboards its wholesale customers."""
        name = f"{partner_id.name}-provisioning"
        return await self._client(Credential(name=name, role=CredentialRole.SERVICE_PROVIDER, partner_id=partner_id))

    async def _client(self, credential: Credential) -> Tenure:
        if credential not in self._clients:
            self._clients[credential] = await self.sign_in(credential)
        return self._clients[credential]

    def mails_to(self, address: str) -> list[StoredMail]:
        """The mails that have arrived at an address, oldest first."""
        return [mail for mail in self.mailbox() if address in mail.recipients]

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
        """Write down which organisations have come to be held since the last look, and what became of mails."""
        assert self._stopped_at is not None
        calendar = [entry async for entry in self.operator.calendar.list()]
        quarantined, notices = await asyncio.gather(
            self.operator.erasures.list(ErasureState.QUARANTINE),
            self.simulation.notices(),
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
        for notice in notices:
            known = self.notices.get(notice.message_id)
            if notice.state is NoticeState.REFUSED and (known is None or known.state is not NoticeState.REFUSED):
                assert notice.first_attempt_at is not None
                why = f"{notice.recipient}: {notice.server_answer or ''}"
                self.note(notice.first_attempt_at, notice.organisation_id, "mail refused", why)
            self.notices[notice.message_id] = notice

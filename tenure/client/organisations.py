"""Organisations: the customer list, one of them, what happens next to it, and its own request to be deleted."""

from collections.abc import AsyncIterator
from uuid import uuid4

from pydantic import TypeAdapter

from tenure.client.connection import Connection, parsed
from tenure.contracts.audit import AuditEntry
from tenure.contracts.base import Instant
from tenure.contracts.bounce import MAX_REPORT_BYTES, BounceResult
from tenure.contracts.erasure import Erasure
from tenure.contracts.forecast import CalendarEntry, CalendarPage, Explanation
from tenure.contracts.notice import Mail, Notice, NoticeKind
from tenure.contracts.organisation import DeleteNow, OrganisationPage, OrganisationSummary, OrganisationView
from tenure.errors import Refusal, RefusalCode
from tenure.ids import OrganisationId, PartnerId

_PAGE: TypeAdapter[OrganisationPage] = TypeAdapter(OrganisationPage)
_VIEW: TypeAdapter[OrganisationView] = TypeAdapter(OrganisationView)
_EXPLANATION: TypeAdapter[Explanation] = TypeAdapter(Explanation)
_AUDIT: TypeAdapter[tuple[AuditEntry, ...]] = TypeAdapter(tuple[AuditEntry, ...])
_ERASURE: TypeAdapter[Erasure] = TypeAdapter(Erasure)
_NOTICES: TypeAdapter[tuple[Notice, ...]] = TypeAdapter(tuple[Notice, ...])
_BOUNCE: TypeAdapter[BounceResult] = TypeAdapter(BounceResult)
_MAIL: TypeAdapter[Mail] = TypeAdapter(Mail)
_DATES: TypeAdapter[CalendarPage] = TypeAdapter(CalendarPage)

PAGE_SIZE = 1000
"""Organisations, or dates, in one request of a list."""


class Organisations:
    """Organisations that the token may see: a partner's sees its customers, and answers as if there were no others."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def list(
        self, *, to_be_deleted: bool | None = None, named: str | None = None
    ) -> AsyncIterator[OrganisationSummary]:
        """The customer list in order of id, page by page as it is read (PS-01).

        Args:
            to_be_deleted: Only those with the label, or only those without; None for all.
            named: Only those whose name contains this, whatever its case and accents.
        """
        parameters = {"to_be_deleted": to_be_deleted, "named": named, "limit": PAGE_SIZE}
        async for page in self._connection.pages("/v1/organisations", _PAGE, parameters):
            for organisation in page.organisations:
                yield organisation

    async def show(self, organisation_id: OrganisationId) -> OrganisationView:
        """One organisation with its licences, people and next dates."""
        return await self._connection.get(f"/v1/organisations/{organisation_id}", _VIEW)

    async def explain(self, organisation_id: OrganisationId) -> Explanation:
        """What happens next, when, by which rule, on which evidence, and what would stop it (WH-01)."""
        return await self._connection.get(f"/v1/organisations/{organisation_id}/explanation", _EXPLANATION)

    async def audit(self, organisation_id: OrganisationId) -> tuple[AuditEntry, ...]:
        """Every state change, oldest first (XC-04)."""
        return await self._connection.get(f"/v1/organisations/{organisation_id}/audit", _AUDIT)

    async def delete_now(self, command: DeleteNow, *, key: str | None = None) -> Erasure:
        """The customer's own request: at once and final (DM-11).

        Raises:
            Refusal: `role_not_allowed` or `confirmation_required` (DM-12).
        """
        return await self._connection.command("/v1/organisations/delete-now", command, _ERASURE, key)


class Notices:
    """The mails about an organisation."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def of(self, organisation_id: OrganisationId) -> tuple[Notice, ...]:
        """Every notice, oldest first, with what the mail servers answered."""
        return await self._connection.get(f"/v1/organisations/{organisation_id}/notices", _NOTICES)

    async def bounced(self, report: bytes, *, key: str | None = None) -> BounceResult:
        """Hand in a mail server's report of a mail that it could not deliver, as the server sent it (RFC 3464, TL-04).

        Raises:
            Refusal: `report_unreadable`, `too_large`; `notice_not_found` or `recipient_mismatch` where it is about no
                notice of ours, or about nobody to whom that was sent.
        """
        if len(report) > MAX_REPORT_BYTES:
            raise Refusal(RefusalCode.TOO_LARGE, f"A report has {MAX_REPORT_BYTES // 2**20} MiB at most.")
        headers = {"Content-Type": "message/rfc822", "Idempotency-Key": key or str(uuid4())}
        response = await self._connection.send(
            lambda: self._connection.request("POST", "/v1/notices/bounced", headers=headers, content=report)
        )
        return parsed(response, _BOUNCE)

    async def preview(
        self,
        organisation_id: OrganisationId,
        kind: NoticeKind = NoticeKind.DELETION_WARNING,
        as_of: Instant | None = None,
    ) -> Mail:
        """The mail as it would be written at that instant, now where none is given; nothing is sent (WH-03)."""
        parameters = {"kind": kind, "as_of": as_of.isoformat() if as_of else None}
        return await self._connection.get(f"/v1/organisations/{organisation_id}/notices/preview", _MAIL, parameters)


class Calendar:
    """The next dates of many organisations (WH-02)."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def list(
        self, partner_id: PartnerId | None = None, *, within_days: int | None = None
    ) -> AsyncIterator[CalendarEntry]:
        """Expiry, warning and deletion dates, earliest first, page by page as they are read.

        Args:
            partner_id: Only those of this partner's customers; of all that one may see, where nothing is said.
            within_days: Only what falls due so soon, or is past due.
        """
        parameters = {"partner_id": partner_id, "within_days": within_days, "limit": PAGE_SIZE}
        async for page in self._connection.pages("/v1/calendar", _DATES, parameters):
            for date in page.dates:
                yield date

    async def icalendar(self, partner_id: PartnerId | None = None, *, within_days: int | None = None) -> str:
        """The same as an iCalendar file (RFC 5545), whose events keep their UIDs when dates move.

        It has the dates of the next 366 days, or of as many as are asked for, and at most the earliest 5,000 of them.
        """
        return await self._connection.text("/v1/calendar.ics", {"partner_id": partner_id, "within_days": within_days})

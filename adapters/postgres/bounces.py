"""Mails that come back: a report is held against the ledger, and what it says of a notice is written there (TL-04)."""

from adapters.postgres import audit, ledger
from adapters.postgres.commands import once
from adapters.postgres.database import Connection, Database
from adapters.postgres.entry import Entry, lock_entry
from adapters.postgres.warnings import Warnings
from tenure.contracts.bounce import (
    Action,
    Bounce,
    BounceOutcome,
    BounceResult,
    DeliveryReport,
    ReportedRecipient,
)
from tenure.contracts.notice import NoticeKind
from tenure.errors import Refusal, RefusalCode
from tenure.policy.rules import Rules
from tenure.ports import Caller


class PostgresBounces:
    """The port `Bounces`."""

    def __init__(self, database: Database, rules: Rules, *, message_domain: str) -> None:
        """Take what warnings need."""
        self._database = database
        self._warnings = Warnings(rules, message_domain)

    async def record(self, caller: Caller, report: DeliveryReport) -> BounceResult:
        """Write down what a report says of a notice, once; see the port."""
        return await once(
            self._database, caller, report, BounceResult, lambda connection: self._record(connection, caller, report)
        )

    async def _record(self, connection: Connection, caller: Caller, report: DeliveryReport) -> BounceResult:
        notice_id = await connection.fetchval(
            "select notice_id::text from notices where message_id = $1", report.message_id
        )
        entry = None if notice_id is None else await lock_entry(connection, notice_id)
        if entry is None:
            raise Refusal(RefusalCode.NOTICE_NOT_FOUND)
        recipient = _its_own(entry, report)
        if recipient.action is not Action.FAILED:
            return _result(entry, recipient, BounceOutcome.IGNORED)
        if entry.row["bounced_at"] is not None:
            return _result(entry, recipient, BounceOutcome.KNOWN)
        await ledger.set_bounce(
            connection, entry.notice_id, Bounce(at=entry.now, status=recipient.status, text=recipient.text)
        )
        await audit.append(
            connection,
            subject=entry.organisation_id,
            at=entry.now,
            actor=caller.actor,
            action="notice_bounced",
            reason=entry.kind,
            details={"notice_id": str(entry.notice_id), "status": recipient.status},
        )
        if entry.kind is NoticeKind.DELETION_WARNING:
            await self._warnings.bounced(connection, entry)
        return _result(entry, recipient, BounceOutcome.RECORDED)


def _its_own(entry: Entry, report: DeliveryReport) -> ReportedRecipient:
    """What the report says of the address that the notice was sent to; that it failed counts first.

    Raises:
        Refusal: `recipient_mismatch`.
    """
    its_own = [
        recipient
        for recipient in report.recipients
        if any(
            ledger.address_digest(entry.row["notice_id"], address) == entry.row["address_digest"]
            for address in recipient.addresses
        )
    ]
    if not its_own:
        raise Refusal(RefusalCode.RECIPIENT_MISMATCH)
    return next((one for one in its_own if one.action is Action.FAILED), its_own[0])


def _result(entry: Entry, recipient: ReportedRecipient, outcome: BounceOutcome) -> BounceResult:
    return BounceResult(
        outcome=outcome,
        notice_id=str(entry.notice_id),
        organisation_id=entry.organisation_id,
        status=recipient.status,
    )

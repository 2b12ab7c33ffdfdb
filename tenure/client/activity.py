"""Activity in batches: signed, sent again until answered, and added up."""

from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable
from datetime import UTC, datetime
from uuid import uuid4

import httpx
from pydantic import TypeAdapter

from tenure.client.connection import Connection, parsed
from tenure.contracts.activity import MAX_BATCH_BYTES, MAX_EVENTS, ActivityEvent, IntakeResult
from tenure.signature import Signer

_RESULT: TypeAdapter[IntakeResult] = TypeAdapter(IntakeResult)

type Events = Iterable[ActivityEvent] | AsyncIterable[ActivityEvent]
type Lines = Iterable[bytes] | AsyncIterable[bytes]
type Report = Callable[[IntakeResult], None]


class ActivitySender:
    """Sends batches to `POST /v1/activity`. A batch that is sent twice changes nothing the second time (AC-10)."""

    def __init__(self, connection: Connection, signer: Signer) -> None:
        self._connection = connection
        self._signer = signer

    async def events(self, events: Events, report: Report | None) -> IntakeResult:
        """Send events; see `Tenure.record_activity`."""
        return await self.lines((event.model_dump_json().encode() async for event in _each(events)), report)

    async def lines(self, lines: Lines, report: Report | None) -> IntakeResult:
        """Send lines of JSON; see `Tenure.record_lines`."""
        total = IntakeResult()
        sent = 0
        async for batch in _batches(lines):
            result = await self._batch(batch)
            total = _sum(total, result, sent)
            sent += len(batch)
            if report is not None:
                report(total)
        return total

    async def _batch(self, lines: list[bytes]) -> IntakeResult:
        body = b"\n".join(lines)
        message_id = f"msg_{uuid4().hex}"

        def request() -> httpx.Request:
            # The timestamp is new for each attempt: an old one would be refused.
            headers = self._signer.headers(message_id, datetime.now(UTC), body)
            headers["Content-Type"] = "application/x-ndjson"
            return self._connection.request("POST", "/v1/activity", headers=headers, content=body)

        return parsed(await self._connection.send(request), _RESULT)


async def _each[Item](items: Iterable[Item] | AsyncIterable[Item]) -> AsyncIterator[Item]:
    if isinstance(items, AsyncIterable):
        async for item in items:
            yield item
    else:
        for item in items:
            yield item


async def _batches(lines: Lines) -> AsyncIterator[list[bytes]]:
    """Lines in batches as large as the intake takes."""
    batch: list[bytes] = []
    size = 0
    async for line in _each(lines):
        if batch and (len(batch) == MAX_EVENTS or size + len(line) + 1 > MAX_BATCH_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(line)
        size += len(line) + 1
    if batch:
        yield batch


def _sum(total: IntakeResult, batch: IntakeResult, sent: int) -> IntakeResult:
    """Add a batch, whose line numbers begin anew, to what came before it."""
    return IntakeResult(
        accepted=total.accepted + batch.accepted,
        older=total.older + batch.older,
        unknown=total.unknown + batch.unknown,
        deleted=total.deleted + batch.deleted,
        rejected=(
            *total.rejected,
            *(line.model_copy(update={"line": line.line + sent}) for line in batch.rejected),
        ),
        deleted_organisations=tuple(sorted({*total.deleted_organisations, *batch.deleted_organisations})),
        unknown_organisations=tuple(sorted({*total.unknown_organisations, *batch.unknown_organisations})),
    )

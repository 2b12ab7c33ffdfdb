"""Import of an existing base, with its progress (WH-07)."""

import asyncio
from collections.abc import AsyncIterator, Callable
from enum import StrEnum
from pathlib import Path

import httpx
from pydantic import TypeAdapter

from tenure.client.connection import Connection, parsed
from tenure.contracts.base import Contract
from tenure.contracts.portfolio import MAX_IMPORT_BYTES, ImportReport
from tenure.errors import Refusal, RefusalCode
from tenure.portfolio import CSV, JSON_LINES

_REPORT: TypeAdapter[ImportReport] = TypeAdapter(ImportReport)
_CHUNK = 256 * 1024
_LONG = httpx.Timeout(60, connect=5, read=900)
"""Storing 300,000 organisations takes minutes, in which the server says nothing."""
_POLL_SECONDS = 0.5
MEDIA_TYPES = {".csv": CSV, ".jsonl": JSON_LINES, ".ndjson": JSON_LINES}


class ImportStage(StrEnum):
    """What an import is doing."""

    UPLOADING = "uploading"
    """Counted in bytes."""
    STORING = "storing"
    """Validating every row, then storing all in one transaction; not counted."""
    STARTING = "starting"
    """The processes that the new facts need, counted as they start."""


class ImportProgress(Contract):
    """How far a stage is."""

    stage: ImportStage
    done: int = 0
    total: int = 0


class Imports:
    """Files of partners, organisations, people, managements and licence sets."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def run(
        self, path: Path, *, wait: bool = True, progress: Callable[[ImportProgress], None] | None = None
    ) -> ImportReport:
        """Store a file as a whole, and wait until the processes it needs run.

        The same file again does nothing and reports where it stands, so that an import that broke off is simply run
        again.

        Args:
            path: A file that ends in `.csv`, `.jsonl` or `.ndjson`.
            wait: Whether to wait for the processes; they start anyhow.
            progress: Told of each step.

        Raises:
            Refusal: `import_invalid` where rows are wrong: nothing was stored, and `details` is the ImportReport with
                each row's line and reason. `too_large`. `invalid_input` for a file of another kind.
            OSError: the file cannot be read.
        """
        tell = progress or _nobody
        report = await self._upload(path, tell)
        while wait and report.processes_started < report.processes:
            tell(ImportProgress(stage=ImportStage.STARTING, done=report.processes_started, total=report.processes))
            await asyncio.sleep(_POLL_SECONDS)
            report = await self.show(report.import_id)
        if wait and report.processes:
            tell(ImportProgress(stage=ImportStage.STARTING, done=report.processes, total=report.processes))
        return report

    async def show(self, import_id: str) -> ImportReport:
        """What an import did, and how many of its processes run."""
        return await self._connection.get(f"/v1/imports/{import_id}", _REPORT)

    async def _upload(self, path: Path, tell: Callable[[ImportProgress], None]) -> ImportReport:
        media_type = MEDIA_TYPES.get(path.suffix.lower())
        if media_type is None:
            raise Refusal(RefusalCode.INVALID_INPUT, f"{path.name} is none of {', '.join(MEDIA_TYPES)}.")
        content = await asyncio.to_thread(path.read_bytes)
        if len(content) > MAX_IMPORT_BYTES:
            raise Refusal(RefusalCode.TOO_LARGE, f"{path.name} is larger than {MAX_IMPORT_BYTES // 2**20} MiB.")

        async def chunks() -> AsyncIterator[bytes]:
            for begin in range(0, len(content), _CHUNK):
                yield content[begin : begin + _CHUNK]
                done = min(begin + _CHUNK, len(content))
                tell(ImportProgress(stage=ImportStage.UPLOADING, done=done, total=len(content)))
            tell(ImportProgress(stage=ImportStage.STORING))

        def request() -> httpx.Request:
            headers = {"Content-Type": media_type, "Content-Length": str(len(content))}
            return self._connection.request("POST", "/v1/imports", headers=headers, content=chunks(), timeout=_LONG)

        return parsed(await self._connection.send(request), _REPORT)


def _nobody(_progress: ImportProgress) -> None:
    """Told where nobody asked."""

"""Restricted-party lists, and screening against them (RPL)."""

import asyncio
from pathlib import Path

import httpx
from pydantic import TypeAdapter

from tenure.client.connection import Connection, parsed
from tenure.contracts.screening import MAX_LIST_BYTES, ListUpdate, PreviewScreening, Screening, ScreeningList
from tenure.errors import Refusal, RefusalCode

_LISTS: TypeAdapter[tuple[ScreeningList, ...]] = TypeAdapter(tuple[ScreeningList, ...])
_UPDATE: TypeAdapter[ListUpdate] = TypeAdapter(ListUpdate)
_SCREENING: TypeAdapter[Screening] = TypeAdapter(Screening)
_LONG = httpx.Timeout(60, connect=5, read=600)
"""A large list is read and stored in a minute or two, in which the server says nothing."""


class ScreeningLists:
    """The published lists that customers are screened against."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def list(self) -> tuple[ScreeningList, ...]:
        """Every list, in the version that is in use."""
        return await self._connection.get("/v1/lists", _LISTS)

    async def update(self, *files: Path) -> ListUpdate:
        """Take a list into use as a whole; which one it is, the files tell. The same files again only confirm it.

        Raises:
            Refusal: `import_invalid` for files that are no list, or damaged: `details` is a ListFault, and the list before
                it stays in use. `wrong_state` for one that was published before the one in use. `too_large`.
            OSError: a file cannot be read.
        """
        if sum(file.stat().st_size for file in files) > MAX_LIST_BYTES:
            raise Refusal(RefusalCode.TOO_LARGE, f"The files are larger than {MAX_LIST_BYTES // 2**20} MiB together.")
        contents = await asyncio.to_thread(lambda: [(file.name, file.read_bytes()) for file in files])

        def request() -> httpx.Request:
            parts = [("files", (name, content)) for name, content in contents]
            return self._connection.request("POST", "/v1/lists/update", files=parts, timeout=_LONG)

        return parsed(await self._connection.send(request), _UPDATE)

    async def preview(self, command: PreviewScreening) -> Screening:
        """What a screening of these names would find now; nothing is kept.

        Raises:
            Unavailable: a list is missing, empty or stale.
        """
        return await self._connection.command("/v1/screenings/preview", command, _SCREENING, None)

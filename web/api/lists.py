"""Restricted-party lists, and a look at what a screening would find (RPL)."""

from collections.abc import Sequence
from pathlib import PurePath
from typing import Annotated

from fastapi import APIRouter, File, UploadFile

from tenure.contracts.screening import MAX_LIST_FILES, ListUpdate, PreviewScreening, Screening, ScreeningList
from tenure.ports import ListFile
from web.security import OperatorCommander, OperatorReader, Ports

router = APIRouter(prefix="/v1", tags=["screening"])


@router.get("/lists")
async def list_screening_lists(ports: Ports, _caller: OperatorReader) -> Sequence[ScreeningList]:
    """Every list in the version that is in use, and whether it is stale (RPL-16)."""
    return await ports.screening_lists.all()


@router.post("/lists")
async def update_screening_list(
    ports: Ports,
    caller: OperatorCommander,
    files: Annotated[list[UploadFile], File(min_length=1, max_length=MAX_LIST_FILES)],
) -> ListUpdate:
    """Take a published list into use as a whole; which one it is, its files tell.

    A damaged file is refused as `import_invalid`: `details` has file, line and reason, and the list before it stays.
    """
    return await ports.screening_lists.update(
        caller, [ListFile(PurePath(file.filename or "").name[:100], file.file) for file in files]
    )


@router.post("/screenings/preview")
async def preview_screening(ports: Ports, _caller: OperatorReader, command: PreviewScreening) -> Screening:
    """What a screening would find now, with the reasons; nothing is kept."""
    return await ports.screener.screen(command)

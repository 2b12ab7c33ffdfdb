"""Restricted-party lists, and a look at what a screening would find (RPL)."""

from collections.abc import Sequence
from pathlib import PurePath

from fastapi import APIRouter, Request
from starlette.datastructures import UploadFile

from tenure.contracts.screening import MAX_LIST_FILES, ListUpdate, PreviewScreening, Screening, ScreeningList
from tenure.errors import Refusal, RefusalCode
from tenure.ports import ListFile
from web.security import ListKeeper, ListReader, OperatorReader, Ports

router = APIRouter(prefix="/v1", tags=["screening"])


@router.get("/lists")
async def list_screening_lists(ports: Ports, _caller: ListReader) -> Sequence[ScreeningList]:
    """Every list in the version that is in use, and whether it is stale (RPL-16)."""
    return await ports.screening_lists.all()


@router.post(
    "/lists/update",
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                "multipart/form-data": {
                    "schema": {
                        "type": "object",
                        "required": ["files"],
                        "properties": {
                            "files": {
                                "type": "array",
                                "minItems": 1,
                                "maxItems": MAX_LIST_FILES,
                                "items": {"type": "string", "contentMediaType": "application/octet-stream"},
                            }
                        },
                    }
                }
            },
        }
    },
)
async def update_screening_list(request: Request, ports: Ports, caller: ListKeeper) -> ListUpdate:
    """Take a published list into use as a whole; which one it is, its files tell.

    A damaged file is refused as `import_invalid`: `details` has file, line and reason, and the list before it stays.
    """
    # Read here, once it is known who calls: what a function declares is read before that.
    async with request.form(max_files=MAX_LIST_FILES, max_fields=0) as form:
        files = [file for file in form.getlist("files") if isinstance(file, UploadFile)]
        if not files:
            raise Refusal(RefusalCode.INVALID_INPUT, "Send the list's files as multipart/form-data, each as `files`.")
        return await ports.screening_lists.update(
            caller, [ListFile(PurePath(file.filename or "").name[:100], file.file) for file in files]
        )


@router.post("/screenings/preview")
async def preview_screening(ports: Ports, _caller: OperatorReader, command: PreviewScreening) -> Screening:
    """What a screening would find now, with the reasons; nothing is kept."""
    return await ports.screener.screen(command)

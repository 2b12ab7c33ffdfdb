"""Import of an existing base: one file, stored as a whole or not at all (WH-07)."""

from fastapi import APIRouter, Request
from starlette.exceptions import HTTPException

from tenure.contracts.portfolio import ImportReport
from tenure.errors import Refusal, RefusalCode
from tenure.portfolio import CSV, JSON_LINES
from web.security import OperatorCommander, OperatorReader, Ports

router = APIRouter(prefix="/v1/imports", tags=["imports"])

MEDIA_TYPES = (CSV, JSON_LINES)


@router.post(
    "",
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {media_type: {"schema": {"type": "string"}} for media_type in MEDIA_TYPES},
        }
    },
)
async def import_portfolio(request: Request, ports: Ports, caller: OperatorCommander) -> ImportReport:
    """Validate the whole file, then store it in one transaction.

    A file with bad rows is refused as `import_invalid`: `details` is the report, with each row's line and reason.
    """
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type not in MEDIA_TYPES:
        raise HTTPException(415, f"Send {' or '.join(MEDIA_TYPES)}.")
    report = await ports.imports.store(caller, await request.body(), media_type)
    if report.errors:
        raise Refusal(RefusalCode.IMPORT_INVALID, details=report.model_dump(mode="json"))
    return report


@router.get("/{import_id}")
async def show_import(ports: Ports, _caller: OperatorReader, import_id: str) -> ImportReport:
    """What an import did, and how many of its processes run."""
    report = await ports.imports.report(import_id)
    if report is None:
        raise Refusal(RefusalCode.IMPORT_NOT_FOUND)
    return report

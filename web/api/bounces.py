"""Reports of mail servers on mails that came back (TL-04)."""

import asyncio

from fastapi import APIRouter, Request
from starlette.exceptions import HTTPException

from tenure.contracts.bounce import BounceResult
from tenure.errors import RefusalCode
from web.problems import refusals
from web.security import Ports, StaffCommander

router = APIRouter(prefix="/v1/notices", tags=["notices"])

MEDIA_TYPE = "message/rfc822"


@router.post(
    "/bounced",
    responses=refusals(
        RefusalCode.NOTICE_NOT_FOUND,
        RefusalCode.RECIPIENT_MISMATCH,
        RefusalCode.REPORT_UNREADABLE,
        RefusalCode.TOO_LARGE,
    ),
    openapi_extra={"requestBody": {"required": True, "content": {MEDIA_TYPE: {"schema": {"type": "string"}}}}},
)
async def report_bounce(request: Request, ports: Ports, caller: StaffCommander) -> BounceResult:
    """Hand in a mail by which a mail server says that it could not deliver one of ours (RFC 3464).

    It is held against the notice with the Message-ID of the mail that was returned, and against the address that this
    one went to. The same report again changes nothing, and one of a delay or a delivery is ignored.
    """
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != MEDIA_TYPE:
        raise HTTPException(415, f"Send {MEDIA_TYPE}.")
    report = await asyncio.to_thread(ports.report_reader.read, await request.body())
    return await ports.bounces.record(caller, report)

"""Notices: the ledger of one organisation, and previews."""

from collections.abc import Sequence

from fastapi import APIRouter

from tenure.contracts.base import Start
from tenure.contracts.notice import Mail, Notice, NoticeKind
from tenure.ids import OrganisationId
from web.security import AnyReader, Ports

router = APIRouter(prefix="/v1/organisations/{organisation_id:org}/notices", tags=["notices"])


@router.get("")
async def list_notices(ports: Ports, caller: AnyReader, organisation_id: OrganisationId) -> Sequence[Notice]:
    """Every notice about the organisation, oldest first, with what the mail servers answered."""
    return await ports.notices.of(caller, organisation_id)


@router.get("/preview")
async def preview_notice(
    ports: Ports,
    caller: AnyReader,
    organisation_id: OrganisationId,
    kind: NoticeKind = NoticeKind.DELETION_WARNING,
    as_of: Start | None = None,
) -> Mail:
    """The mail as it would be written at that instant, now where none is given; nothing is sent (WH-03)."""
    when = as_of or await ports.installation.now()
    return ports.writer.write(await ports.notices.preview(caller, kind, organisation_id, when))

"""Facts that services report: licences granted, expired and restored, and who manages whom."""

from fastapi import APIRouter, status

from tenure.contracts.licence import ExpireLicences, GrantLicences, LicenceSet, RestoreLicences
from tenure.contracts.organisation import GrantFullAccess, Manage
from web.security import Ports, StaffCommander

router = APIRouter(prefix="/v1")


@router.post("/licence-sets/grant", tags=["licences"])
async def grant_licences(ports: Ports, caller: StaffCommander, command: GrantLicences) -> LicenceSet:
    """A subscription was bought, or a trial became active: the organisation is unmarked (DP-01, DP-02)."""
    return await ports.licences.grant(caller, command)


@router.post("/licence-sets/expire", tags=["licences"])
async def expire_licences(ports: Ports, caller: StaffCommander, command: ExpireLicences) -> LicenceSet:
    """A trial or subscription ended: its licences are suspended, and their grace begins (RP-01)."""
    return await ports.licences.expire(caller, command)


@router.post("/licence-sets/restore", tags=["licences"])
async def restore_licences(ports: Ports, caller: StaffCommander, command: RestoreLicences) -> LicenceSet:
    """Suspended licences were paid for, or their trial is extended, before the end of grace (RP-03)."""
    return await ports.licences.restore(caller, command)


@router.post("/managements/start", status_code=status.HTTP_204_NO_CONTENT, tags=["managements"])
async def start_management(ports: Ports, caller: StaffCommander, command: Manage) -> None:
    """A partner gains a customer: a mark on the partner's own organisation is cleared (DM-02)."""
    await ports.organisations.manage(caller, command)


@router.post("/managements/end", status_code=status.HTTP_204_NO_CONTENT, tags=["managements"])
async def end_management(ports: Ports, caller: StaffCommander, command: Manage) -> None:
    """A partner loses a customer: with the last one its own organisation may be marked (DM-02)."""
    await ports.organisations.unmanage(caller, command)


@router.post("/managements/grant-full-access", status_code=status.HTTP_204_NO_CONTENT, tags=["managements"])
async def grant_full_access(ports: Ports, caller: StaffCommander, command: GrantFullAccess) -> None:
    """A full admin of the customer lets a managing partner administer everything (RO-02)."""
    await ports.organisations.grant_full_access(caller, command)

"""Whether this process lives, and whether it can serve."""

from fastapi import APIRouter

from tenure.contracts.base import Contract, Instant
from tenure.settings import InstallationKind
from web.security import Ports

router = APIRouter(tags=["health"])


class Health(Contract):
    """The process answers."""

    status: str = "ok"


class Readiness(Health):
    """The database answers too."""

    installation: InstallationKind
    business_now: Instant


@router.get("/healthz")
async def healthz() -> Health:
    """The process answers."""
    return Health()


@router.get("/readyz")
async def readyz(ports: Ports) -> Readiness:
    """The database answers; 503 while it does not."""
    return Readiness(installation=ports.installation.kind, business_now=await ports.installation.now())

"""The first launch of an organisation: terms, and a wizard that remembers where it was (WIZ)."""

from fastapi import APIRouter

from tenure.contracts.wizard import AcceptTerms, Wizard, WizardCommand
from tenure.errors import RefusalCode
from web.problems import refusals
from web.security import AnyCommander, Ports

router = APIRouter(prefix="/v1/wizard", tags=["wizard"])

_WHO = (
    RefusalCode.ORGANISATION_NOT_FOUND,
    RefusalCode.PERSON_NOT_FOUND,
    RefusalCode.ROLE_NOT_ALLOWED,
    RefusalCode.ACCESS_LEVEL_INSUFFICIENT,
    RefusalCode.RPL_REVIEW_PENDING,
    RefusalCode.ONBOARDING_FAILED,
    RefusalCode.ACCOUNT_NOT_READY,
    RefusalCode.CUSTOMER_CANCELLED,
)


@router.post("/launch", responses=refusals(*_WHO))
async def launch_org(ports: Ports, caller: AnyCommander, command: WizardCommand) -> Wizard:
    """Open an organisation: at its first launches the wizard, where it was left; later `complete` (WIZ-02, WIZ-06)."""
    return await ports.wizards.launch(caller, command)


@router.post("/accept-terms", responses=refusals(*_WHO, RefusalCode.TERMS_OUTDATED))
async def accept_terms(ports: Ports, caller: AnyCommander, command: AcceptTerms) -> Wizard:
    """Accept the terms that are in force; again, nothing changes (WIZ-04)."""
    return await ports.wizards.accept_terms(caller, command)


@router.post("/get-started", responses=refusals(*_WHO, RefusalCode.TERMS_NOT_ACCEPTED))
async def get_started(ports: Ports, caller: AnyCommander, command: WizardCommand) -> Wizard:
    """Begin the prompts, once the terms are accepted (WIZ-04)."""
    return await ports.wizards.get_started(caller, command)


@router.post("/complete", responses=refusals(*_WHO, RefusalCode.TERMS_NOT_ACCEPTED, RefusalCode.WRONG_STATE))
async def complete_setup(ports: Ports, caller: AnyCommander, command: WizardCommand) -> Wizard:
    """The prompts were followed: the organisation is set up, recorded once (WIZ-05, WIZ-06)."""
    return await ports.wizards.complete(caller, command)

"""The customer's side of a trial, for its admin console: what waits for consent, and the decision (CO)."""

from collections.abc import Sequence

from fastapi import APIRouter, status

from tenure.contracts.consent import AcceptTrial, ConsentRequest, DeclineTrial
from tenure.contracts.trial import TrialView
from tenure.errors import RefusalCode
from tenure.ids import OrganisationId, PersonId
from tenure.policy.trial import INELIGIBLE
from web.problems import refusals
from web.security import Ports, StaffCommander, StaffReader

router = APIRouter(prefix="/v1", tags=["consents"])

_DECISION = (
    RefusalCode.TRIAL_NOT_FOUND,
    RefusalCode.ORG_DELETED,
    RefusalCode.CONSENT_NEEDS_FULL_ADMIN,
    RefusalCode.CONSENT_EXPIRED,
    RefusalCode.NOT_PENDING,
)


@router.get(
    "/organisations/{organisation_id:org}/consent-requests",
    responses=refusals(
        RefusalCode.ORGANISATION_NOT_FOUND, RefusalCode.ORG_DELETED, RefusalCode.CONSENT_NEEDS_FULL_ADMIN
    ),
)
async def list_consent_requests(
    ports: Ports, caller: StaffReader, organisation_id: OrganisationId, person_id: PersonId
) -> Sequence[ConsentRequest]:
    """What a full admin is shown at the sign-in to the admin console, mailed or not (CO-07, CS-01)."""
    return await ports.consents.pending(caller, organisation_id, person_id)


@router.post("/trials/accept", responses=refusals(*_DECISION, *INELIGIBLE))
async def accept_trial(ports: Ports, caller: StaffCommander, command: AcceptTrial) -> TrialView:
    """A full admin accepts, and says whether the partner may administer everything (CO-04, CO-08, CO-09)."""
    return await ports.consents.accept(caller, command)


@router.post("/trials/decline", status_code=status.HTTP_204_NO_CONTENT, responses=refusals(*_DECISION))
async def decline_trial(ports: Ports, caller: StaffCommander, command: DeclineTrial) -> None:
    """A full admin declines: at once what a lapse would be later (CO-20)."""
    await ports.consents.decline(caller, command)

"""Trials: asked for, looked at, and everything that a partner does to its own (TR, PV, TC)."""

from typing import Annotated

from fastapi import APIRouter, Body, Query

from tenure.contracts.base import Line
from tenure.contracts.catalogue import TrialCatalogue
from tenure.contracts.trial import (
    AskOffer,
    AssignLicences,
    CancelTrial,
    EditTrial,
    ExtendTrial,
    ProvideDetails,
    RequestTrial,
    ResendConsent,
    TrialOffer,
    TrialState,
    TrialView,
)
from tenure.contracts.trial_page import TrialCursor, TrialPage
from tenure.errors import RefusalCode
from tenure.ids import OrganisationId, PartnerId, TrialId
from tenure.policy.catalogue import of_trials
from tenure.policy.trial import INELIGIBLE
from web.problems import refusals
from web.security import AnyCommander, AnyReader, Ports

router = APIRouter(prefix="/v1/trials", tags=["trials"])

_OF_THE_PARTNER = (
    RefusalCode.PARTNER_NOT_FOUND,
    RefusalCode.PARTNER_NOT_CERTIFIED,
    RefusalCode.ROLE_NOT_ALLOWED,
)
_OF_THE_CUSTOMER = (
    RefusalCode.ORGANISATION_NOT_FOUND,
    RefusalCode.ORG_DELETED,
    RefusalCode.OWN_ORG_NEEDS_ORDER,
    RefusalCode.CUSTOMER_NOT_MATCHED,
    RefusalCode.COUNTRY_UNSUPPORTED,
    RefusalCode.ACCOUNT_NOT_READY,
    RefusalCode.RPL_REVIEW_PENDING,
    RefusalCode.ONBOARDING_FAILED,
)
_OF_THE_SELECTION = (
    RefusalCode.NO_SERVICE_SELECTED,
    RefusalCode.SERVICE_UNKNOWN,
    RefusalCode.SITE_DETAILS_REQUIRED,
    RefusalCode.SITE_URL_TAKEN,
    *INELIGIBLE,
)
_OF_ITS_OWNER = (
    RefusalCode.TRIAL_NOT_FOUND,
    RefusalCode.ORG_DELETED,
    RefusalCode.ROLE_NOT_ALLOWED,
    RefusalCode.NOT_TRIAL_OWNER,
    RefusalCode.PARTNER_NOT_CERTIFIED,
)
"""What refuses every change by somebody who is not the one for it, or to what is not there (TC-21)."""
_REQUESTS = {
    "For a new customer": {
        "value": {
            "trial_id": "trl_lumiere-calling",
            "partner_id": "ptr_north",
            "requested_by": "per_sal",
            "services": ["calling"],
            "company_name": "Atelier Lumière",
            "admin_email": "camille@lumiere.example",
            "industry": "media",
            "country": "FR",
        }
    },
    "For a customer that the partner manages": {
        "value": {
            "trial_id": "trl_alder-meetings",
            "partner_id": "ptr_north",
            "requested_by": "per_sal",
            "organisation_id": "org_alder",
            "services": ["meetings-enterprise"],
            "site": {"url": "alder.meet.example", "time_zone": "Europe/London"},
        }
    },
}


@router.get("/catalogue")
async def show_trial_catalogue(ports: Ports, _caller: AnyReader) -> TrialCatalogue:
    """What a request is made of: services, lengths, industries, and countries with their region (TR-04, TR-05, TR-09)."""
    return of_trials(ports.catalogue, ports.rules)


@router.get("")
async def list_trials(
    ports: Ports,
    caller: AnyReader,
    partner_id: PartnerId | None = None,
    organisation_id: OrganisationId | None = None,
    state: TrialState | None = None,
    ending_within_days: Annotated[
        int | None, Query(ge=0, le=3650, description="Only active ones that end so soon, and those in grace.")
    ] = None,
    named: Annotated[
        Line | None, Query(max_length=200, description="Only those of customers whose name contains this.")
    ] = None,
    soonest_first: Annotated[
        bool,
        Query(
            description="What ends first comes first, and what is over last, the newest end first;"
            " a trial that moves meanwhile may be missed."
        ),
    ] = False,
    after: Annotated[TrialCursor | None, Query(description="`next_after` of the page before.")] = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> TrialPage:
    """Trials in order of id, or as they end (PS-02, PS-03, PS-04); a partner sees its own."""
    return await ports.trials.page(
        caller,
        partner_id=partner_id,
        organisation_id=organisation_id,
        state=state,
        ending_within_days=ending_within_days,
        named=named,
        soonest_first=soonest_first,
        after=after,
        limit=limit,
    )


@router.post("/offer", responses=refusals(*_OF_THE_PARTNER, *_OF_THE_CUSTOMER))
async def offer_trial(ports: Ports, caller: AnyReader, question: AskOffer) -> TrialOffer:
    """What could be tried with a customer, and how it would begin: a question, nothing changes (TR-05, TR-14, TR-20)."""
    return await ports.trials.offer(caller, question)


@router.post(
    "/request",
    responses=refusals(
        *_OF_THE_PARTNER,
        *_OF_THE_CUSTOMER,
        *_OF_THE_SELECTION,
        RefusalCode.CONFIRMATION_REQUIRED,
        RefusalCode.CUSTOMER_DETAILS_REQUIRED,
        RefusalCode.INDUSTRY_UNKNOWN,
        RefusalCode.LENGTH_NOT_OFFERED,
        RefusalCode.REQUEST_PENDING,
        RefusalCode.TRIAL_EXISTS,
    ),
)
async def request_trial(
    ports: Ports, caller: AnyCommander, command: Annotated[RequestTrial, Body(openapi_examples=_REQUESTS)]
) -> TrialView:
    """Begin a trial, or the request for consent to one; the same request again answers the same (TR-12, TR-23)."""
    return await ports.trials.request(caller, command)


@router.post(
    "/resend-consent", responses=refusals(*_OF_ITS_OWNER, RefusalCode.NOT_PENDING, RefusalCode.MAILED_OFTEN_ENOUGH)
)
async def resend_consent(ports: Ports, caller: AnyCommander, command: ResendConsent) -> TrialView:
    """Mail the request for consent again; its deadline stays (CO-12)."""
    return await ports.trials.resend_consent(caller, command)


@router.post("/cancel", responses=refusals(*_OF_ITS_OWNER, RefusalCode.CONFIRMATION_REQUIRED, RefusalCode.WRONG_STATE))
async def cancel_trial(ports: Ports, caller: AnyCommander, command: CancelTrial) -> TrialView:
    """End a request or a trial, confirmed; before it is active, the customer leaves the list too (CO-13, TC-10)."""
    return await ports.trials.cancel(caller, command)


@router.post(
    "/provide-details",
    responses=refusals(*_OF_ITS_OWNER, RefusalCode.ACCESS_LEVEL_INSUFFICIENT, RefusalCode.WRONG_STATE),
)
async def provide_details(ports: Ports, caller: AnyCommander, command: ProvideDetails) -> TrialView:
    """Say what provisioning needs; again, it is tried again (PV-01, PV-02)."""
    return await ports.trials.provide_details(caller, command)


@router.post(
    "/extend",
    responses=refusals(
        *_OF_ITS_OWNER,
        RefusalCode.CONFIRMATION_REQUIRED,
        RefusalCode.ACCESS_LEVEL_INSUFFICIENT,
        RefusalCode.EXTENSION_TOO_LONG,
        RefusalCode.EXTENSION_TOO_SHORT,
        RefusalCode.GRACE_OVER,
        RefusalCode.WRONG_STATE,
    ),
)
async def extend_trial(ports: Ports, caller: AnyCommander, command: ExtendTrial) -> TrialView:
    """Replace the end by so many days from now; an earlier end is confirmed (TC-01 to TC-06)."""
    return await ports.trials.extend(caller, command)


@router.post(
    "/edit",
    responses=refusals(
        *_OF_ITS_OWNER,
        *_OF_THE_SELECTION,
        RefusalCode.ACCESS_LEVEL_INSUFFICIENT,
        RefusalCode.SITE_FIXED,
        RefusalCode.GRACE_OVER,
        RefusalCode.WRONG_STATE,
    ),
)
async def edit_trial(ports: Ports, caller: AnyCommander, command: EditTrial) -> TrialView:
    """Replace the services (TC-07 to TC-09)."""
    return await ports.trials.edit(caller, command)


@router.post(
    "/assign-licences",
    responses=refusals(
        *_OF_ITS_OWNER,
        RefusalCode.ACCESS_LEVEL_INSUFFICIENT,
        RefusalCode.PERSON_NOT_FOUND,
        RefusalCode.IRREVERSIBLE,
        RefusalCode.WRONG_STATE,
    ),
)
async def assign_licences(ports: Ports, caller: AnyCommander, command: AssignLicences) -> TrialView:
    """Give people licences of the trial, and take them from others; whom it does not name stays (PV-05, PV-06)."""
    return await ports.trials.assign_licences(caller, command)


@router.get("/{trial_id:trl}", responses=refusals(RefusalCode.TRIAL_NOT_FOUND, RefusalCode.ORG_DELETED))
async def show_trial(ports: Ports, caller: AnyReader, trial_id: TrialId) -> TrialView:
    """One trial; a partner sees its own."""
    return await ports.trials.show(caller, trial_id)

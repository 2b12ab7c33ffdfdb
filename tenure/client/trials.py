"""Trials: asked for, looked at, changed, converted, and consented to (TR, CO, PV, TC)."""

from collections.abc import AsyncIterator

from pydantic import TypeAdapter

from tenure.client.connection import Connection
from tenure.contracts.catalogue import TrialCatalogue
from tenure.contracts.consent import AcceptTrial, ConsentRequest, DeclineTrial
from tenure.contracts.conversion import ClaimNumbers, Conversion, ConvertTrial
from tenure.contracts.device import DeviceReturnView, RegisterReturn, RequestReturnLabel, ReturnGuide
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
from tenure.contracts.trial_page import TrialPage
from tenure.ids import OrganisationId, PartnerId, PersonId, TrialId

_CATALOGUE: TypeAdapter[TrialCatalogue] = TypeAdapter(TrialCatalogue)
_OFFER: TypeAdapter[TrialOffer] = TypeAdapter(TrialOffer)
_VIEW: TypeAdapter[TrialView] = TypeAdapter(TrialView)
_PAGE: TypeAdapter[TrialPage] = TypeAdapter(TrialPage)
_REQUESTS: TypeAdapter[tuple[ConsentRequest, ...]] = TypeAdapter(tuple[ConsentRequest, ...])
_CONVERSION: TypeAdapter[Conversion] = TypeAdapter(Conversion)
_GUIDE: TypeAdapter[ReturnGuide] = TypeAdapter(ReturnGuide)
_RETURN: TypeAdapter[DeviceReturnView] = TypeAdapter(DeviceReturnView)

PAGE_SIZE = 1000
"""Trials in one request of a list."""


class Trials:
    """Trials that the token may see: a partner's sees its own.

    Whoever is none of the partner's admins for that is refused by all that changes a trial: `role_not_allowed`,
    `not_trial_owner` or `partner_not_certified`; `trial_not_found` and `org_deleted` say that it is not there, or no
    more. What else each refuses stands with it, and `tenure.errors.RefusalCode` has all codes with their texts. What
    is refused has stored nothing (XC-05).

    `key` is the idempotency key; one is made for each call where none is given.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def catalogue(self) -> TrialCatalogue:
        """What a request is made of: services, lengths, industries, and countries with their region (TR-04, TR-05)."""
        return await self._connection.get("/v1/trials/catalogue", _CATALOGUE)

    async def offer(self, question: AskOffer) -> TrialOffer:
        """What could be tried with a customer, and how it would begin; changes nothing (TR-05, TR-14, TR-20).

        Each service has the code that a request for it would be refused with now.

        Raises:
            Refusal: what would be refused whatever the service: all that `request` raises of partner and customer.
        """
        return await self._connection.command("/v1/trials/offer", question, _OFFER, None)

    async def request(self, command: RequestTrial, *, key: str | None = None) -> TrialView:
        """Begin a trial, or the request for consent to one: answered at once (TR-12).

        The trial's id makes it idempotent for good: the same request again answers the same (TR-23).

        Raises:
            Refusal: of the partner: `partner_not_found`, `partner_not_certified`, `role_not_allowed`;
                of the request: `no_service_selected`, `service_unknown`, `site_details_required`, `site_url_taken`,
                `length_not_offered`, `industry_unknown`, `country_unsupported`, `customer_details_required`;
                of the customer: `own_org_needs_order`, `confirmation_required` where the address is known and
                `organisation_id` is not given, `customer_not_matched` where it is another one's,
                `organisation_not_found`, `org_deleted`, `account_not_ready`, `rpl_review_pending`,
                `onboarding_failed`;
                of what is there: `service_already_owned`, `service_on_trial_elsewhere`, `already_on_trial`, whose
                `details` name each service, and `request_pending`;
                `trial_exists` where the id was used for something else.
        """
        return await self._connection.command("/v1/trials/request", command, _VIEW, key)

    async def show(self, trial_id: TrialId) -> TrialView:
        """One trial."""
        return await self._connection.get(f"/v1/trials/{trial_id}", _VIEW)

    async def list(
        self,
        *,
        partner_id: PartnerId | None = None,
        organisation_id: OrganisationId | None = None,
        state: TrialState | None = None,
        ending_within_days: int | None = None,
        named: str | None = None,
        soonest_first: bool = False,
    ) -> AsyncIterator[TrialView]:
        """Trials, page by page as they are read, in order of id where nothing is said (PS-02, PS-03, PS-04).

        Args:
            partner_id: Only those of this partner.
            organisation_id: Only those of this customer.
            state: Only those in this state.
            ending_within_days: Only active ones that end so soon, and those in grace.
            named: Only those of customers whose name contains this, whatever its case and accents.
            soonest_first: What ends first comes first, and what is over last, the newest end first. A trial whose date moves while the list is
                read may be missed, or come twice; every other comes once.
        """
        parameters = {
            "partner_id": partner_id,
            "organisation_id": organisation_id,
            "state": state,
            "ending_within_days": ending_within_days,
            "named": named,
            "soonest_first": soonest_first or None,
            "limit": PAGE_SIZE,
        }
        async for page in self._connection.pages("/v1/trials", _PAGE, parameters):
            for trial in page.trials:
                yield trial

    async def resend_consent(self, command: ResendConsent, *, key: str | None = None) -> TrialView:
        """Mail the request for consent again; its deadline stays (CO-12).

        Raises:
            Refusal: `not_pending` once it is answered or over; `mailed_often_enough`.
        """
        return await self._connection.command("/v1/trials/resend-consent", command, _VIEW, key)

    async def cancel(self, command: CancelTrial, *, key: str | None = None) -> TrialView:
        """End a request or a trial, confirmed; before it is active, the customer leaves the list too (CO-13, TC-10).

        Raises:
            Refusal: `confirmation_required`; `wrong_state` once it is over.
        """
        return await self._connection.command("/v1/trials/cancel", command, _VIEW, key)

    async def provide_details(self, command: ProvideDetails, *, key: str | None = None) -> TrialView:
        """Say what provisioning needs; again, it is tried again (PV-01, PV-02).

        Raises:
            Refusal: `wrong_state` before the consent, and once it is active; `access_level_insufficient`.
        """
        return await self._connection.command("/v1/trials/provide-details", command, _VIEW, key)

    async def extend(self, command: ExtendTrial, *, key: str | None = None) -> TrialView:
        """Replace the end by so many days from now (TC-01).

        Raises:
            Refusal: `confirmation_required` where the new end is earlier and that was not confirmed (TC-03);
                `extension_too_long`, `extension_too_short`, `grace_over` or `wrong_state`; `access_level_insufficient`
                where the partner does not manage the customer any more.
        """
        return await self._connection.command("/v1/trials/extend", command, _VIEW, key)

    async def edit(self, command: EditTrial, *, key: str | None = None) -> TrialView:
        """Replace the services (TC-07 to TC-09).

        Raises:
            Refusal: `wrong_state` but for an active trial, `grace_over`; of the selection what `request` refuses;
                `site_fixed` where a service stays whose site is built already, and `access_level_insufficient` where the
                partner does not manage the customer any more.
        """
        return await self._connection.command("/v1/trials/edit", command, _VIEW, key)

    async def assign_licences(self, command: AssignLicences, *, key: str | None = None) -> TrialView:
        """Give people of the customer licences of the trial, and take them from others (PV-05, PV-06).

        Whom it does not name stays as they are, whatever else is changed at the same time.

        Raises:
            Refusal: `access_level_insufficient` without full administration; `person_not_found`, `wrong_state`, or
                `irreversible` once it is over.
        """
        return await self._connection.command("/v1/trials/assign-licences", command, _VIEW, key)

    async def plan_conversion(self, command: ConvertTrial) -> Conversion:
        """What `convert` would answer now, and what is missing from the order; changes nothing (TC-19)."""
        return await self._connection.command("/v1/trials/convert", command, _CONVERSION, None, {"dry_run": True})

    async def convert(self, command: ConvertTrial, *, key: str | None = None) -> Conversion:
        """A paid order was processed (TC-12).

        Raises:
            Refusal: `confirmation_required` where services are missing from the order and that was not confirmed
                (TC-19); `grace_over`, `tier2_use_distributor`, `not_trial_owner` or `contact_not_admin`.
        """
        return await self._connection.command("/v1/trials/convert", command, _CONVERSION, key)

    async def claim_numbers(self, command: ClaimNumbers, *, key: str | None = None) -> TrialView:
        """Phone numbers on hold go to a subscription of the same organisation (NR-03).

        Raises:
            Refusal: `numbers_released` from the end of the hold on, `licence_set_not_found`, or `wrong_state`.
        """
        return await self._connection.command("/v1/trials/claim-numbers", command, _VIEW, key)

    async def request_return_label(self, command: RequestReturnLabel, *, key: str | None = None) -> ReturnGuide:
        """A lost label is sent again, in the USA only: elsewhere `label_us_only` (DV-05)."""
        return await self._connection.command("/v1/devices/request-return-label", command, _GUIDE, key)

    async def register_return(self, command: RegisterReturn, *, key: str | None = None) -> DeviceReturnView:
        """Devices came back; one that was not shipped for the trial is `serial_mismatch` (DV-07)."""
        return await self._connection.command("/v1/devices/register-return", command, _RETURN, key)

    # The customer's side, for its admin console.

    async def pending(self, organisation_id: OrganisationId, person_id: PersonId) -> tuple[ConsentRequest, ...]:
        """What a full admin is shown at the sign-in, mailed or not (CO-07)."""
        path = f"/v1/organisations/{organisation_id}/consent-requests"
        return await self._connection.get(path, _REQUESTS, {"person_id": person_id})

    async def accept(self, command: AcceptTrial, *, key: str | None = None) -> TrialView:
        """A full admin accepts; a second acceptance changes nothing (CO-04, CO-18).

        Raises:
            Refusal: `consent_needs_full_admin`, `consent_expired` or `not_pending`; or why no service is left (CO-17).
        """
        return await self._connection.command("/v1/trials/accept", command, _VIEW, key)

    async def decline(self, command: DeclineTrial, *, key: str | None = None) -> None:
        """A full admin declines: at once what a lapse would be later (CO-20)."""
        await self._connection.order("/v1/trials/decline", command, key)

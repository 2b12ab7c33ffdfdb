"""The customer's consent to a trial: what a full admin is shown, and what they decide (CO)."""

from tenure.contracts.base import Command, Contract, Instant
from tenure.contracts.organisation import Access
from tenure.contracts.trial import ConsentState, ServiceOffer, TrialState
from tenure.ids import OrganisationId, PartnerId, PersonId, TrialId


class DecideConsent(Command):
    """A full admin of the customer decides, in its own console."""

    trial_id: TrialId
    person_id: PersonId


class AcceptTrial(DecideConsent):
    """Accept, and say whether the partner may administer everything (CO-08, CO-09)."""

    full_administration: bool = False


class DeclineTrial(DecideConsent):
    """Decline: at once what a lapse would be later (CO-20)."""


class ConsentRequest(Contract):
    """What the pending-trial screen shows (CO-07, CS-01)."""

    trial_id: TrialId
    organisation_id: OrganisationId
    organisation_name: str
    partner_id: PartnerId
    partner_name: str
    services: tuple[ServiceOffer, ...]
    state: ConsentState
    trial_state: TrialState
    """An accepted trial may be over by now."""
    requested_at: Instant
    deadline_at: Instant
    """An answer counts strictly before it (CO-06)."""
    language: str = "en"
    """The reader's, where that is known; else the organisation's."""
    time_zone: str = "UTC"
    access: Access | None = None
    """What the partner may do there, once accepted (CO-08, CO-09)."""

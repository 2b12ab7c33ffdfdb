"""What partners do about trials, each admin with a token of their own."""

from collections.abc import Awaitable, Callable
from typing import Any

from tenure.client.trials import Trials
from tenure.contracts.base import Instant
from tenure.contracts.licence import ServiceKey
from tenure.contracts.portfolio import OrganisationRecord
from tenure.contracts.trial import (
    AssignLicences,
    CancelTrial,
    EditTrial,
    ExtendTrial,
    ProvideDetails,
    RequestTrial,
    ResendConsent,
    Site,
)
from tenure.ids import OrganisationId, PersonId, TrialId
from workers.demo.acts import Act
from workers.demo.world import Admin, World

type _Call = Callable[[Trials], Awaitable[object]]


def customer(trial: str) -> OrganisationId:
    """Whose trial it is: `zakopane-meetings` is one of `org_zakopane`."""
    return OrganisationId(f"org_{trial.partition('-')[0]}")


def request(
    admin: Admin, trial: str, *services: ServiceKey, of: str | None = None, confirmed: bool = True, **fields: Any
) -> Act:
    """A partner asks for a trial at an organisation that exists: the trial's customer, or another.

    Unconfirmed, it asks by an address alone, as for a new customer (TR-13, TR-14).
    """
    organisation_id = customer(of or trial)
    command = _request(admin, trial, services, organisation_id=organisation_id if confirmed else None, **fields)
    return _by(admin, organisation_id, f"request {command.trial_id}", lambda trials: trials.request(command))


def new_customer(admin: Admin, trial: str, *services: ServiceKey, name: str, country: str, **fields: Any) -> Act:
    """A partner asks for a trial for a company that is nobody's customer yet."""
    command = _request(admin, trial, services, company_name=name, country=country, **fields)
    ask = by_admin(admin, trial, f"request {command.trial_id}", lambda trials: trials.request(command))
    newcomer = OrganisationRecord(organisation_id=customer(trial), name=name, country=country)

    async def act(world: World, now: Instant) -> None:
        await ask(world, now)
        world.newcomers[newcomer.organisation_id] = newcomer

    return act


def resend(admin: Admin, trial: str) -> Act:
    """The request for consent is mailed again."""
    command = ResendConsent(trial_id=_id(trial), by=admin.person_id)
    return by_admin(admin, trial, f"resend {command.trial_id}", lambda trials: trials.resend_consent(command))


def cancel(admin: Admin, trial: str, *, confirmed: bool = True) -> Act:
    """The bin, and the question that follows it."""
    command = CancelTrial(trial_id=_id(trial), by=admin.person_id, confirmed=confirmed)
    return by_admin(admin, trial, f"cancel {command.trial_id}", lambda trials: trials.cancel(command))


def details(admin: Admin, trial: str, seats: int) -> Act:
    """What provisioning needs."""
    command = ProvideDetails(trial_id=_id(trial), by=admin.person_id, seats=seats)
    return by_admin(admin, trial, f"details {command.trial_id}", lambda trials: trials.provide_details(command))


def extend(admin: Admin, trial: str, days: int, *, confirmed: bool = False) -> Act:
    """A new end, so many days from now."""
    command = ExtendTrial(trial_id=_id(trial), by=admin.person_id, days=days, confirmed=confirmed)
    return by_admin(admin, trial, f"extend {command.trial_id} by {days} days", lambda trials: trials.extend(command))


def edit(admin: Admin, trial: str, *services: ServiceKey, site: Site | None = None) -> Act:
    """The services are ticked and unticked."""
    command = EditTrial(trial_id=_id(trial), by=admin.person_id, services=services, site=site)
    return by_admin(admin, trial, f"edit {command.trial_id}", lambda trials: trials.edit(command))


def assign(admin: Admin, trial: str, *people: str) -> Act:
    """The customer is set up on its behalf: these people hold a licence."""
    holders = tuple(PersonId(f"per_{person}") for person in people)
    command = AssignLicences(trial_id=_id(trial), by=admin.person_id, give=holders)
    return by_admin(
        admin, trial, f"assign licences of {command.trial_id}", lambda trials: trials.assign_licences(command)
    )


def _request(admin: Admin, trial: str, services: tuple[ServiceKey, ...], **fields: Any) -> RequestTrial:
    return RequestTrial(
        trial_id=_id(trial),
        partner_id=admin.partner_id,
        requested_by=admin.person_id,
        services=services,
        **fields,
    )


def _id(trial: str) -> TrialId:
    return TrialId(f"trl_{trial}")


def by_admin(admin: Admin, trial: str, what: str, call: _Call) -> Act:
    """Something that an admin of a partner sends about a trial."""
    return _by(admin, customer(trial), what, call)


def _by(admin: Admin, organisation_id: OrganisationId, what: str, call: _Call) -> Act:
    async def act(world: World, now: Instant) -> None:
        console = await world.console(admin)
        await world.attempt(now, organisation_id, what, call(console.trials))

    return act

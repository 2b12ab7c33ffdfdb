"""What an organisation holds, read under its lock, and what of it can be tried (TR-15 to TR-19)."""

from collections.abc import Iterable
from typing import Final

import asyncpg

from adapters.postgres.database import Connection
from adapters.postgres.graces import licence_sets
from adapters.postgres.trials import screenings
from adapters.postgres.wholesale import rows as onboardings
from tenure.contracts.base import Instant
from tenure.contracts.catalogue import Catalogue
from tenure.contracts.customer import OnboardingState
from tenure.contracts.customer_screening import CustomerScreeningState
from tenure.contracts.licence import ServiceKey
from tenure.contracts.trial import TrialPath
from tenure.errors import Refusal, RefusalCode
from tenure.ids import OrganisationId, PartnerId, TrialId
from tenure.policy import trial as rule
from tenure.policy.trial import Holdings, OtherTrial

_TRIALS: Final = """
select t.trial_id, t.partner_id, t.services, t.state, r.deadline_at as consent_deadline_at
  from trials t left join trial_requests r using (trial_id)
 where t.organisation_id = $1 and t.trial_id is distinct from $2 order by t.trial_id
"""


async def holdings(connection: Connection, organisation_id: OrganisationId, *, but: TrialId | None = None) -> Holdings:
    """The licence sets and trials of an organisation; `but` leaves out the trial that asks."""
    rows = await connection.fetch(_TRIALS, organisation_id, but)
    return Holdings(
        licence_sets=await licence_sets(connection, organisation_id),
        trials=tuple(OtherTrial.model_validate(dict(row)) for row in rows),
    )


async def require_ready(
    connection: Connection,
    organisation: asyncpg.Record,
    partner_id: PartnerId,
    path: TrialPath,
    catalogue: Catalogue,
) -> bool:
    """Refuse a customer with which nothing can be tried, by nobody or not yet; its own country counts (TR-06, TR-07).

    Answers whether it is to be screened anew: a partner that manages it tries again, after a screening in error (RPL-12).

    Raises:
        Refusal: `country_unsupported`, or as `_require_onboarded` and `_require_screened` do.
    """
    if organisation["country"] not in catalogue.countries:
        raise Refusal(RefusalCode.COUNTRY_UNSUPPORTED)
    organisation_id = OrganisationId(organisation["organisation_id"])
    await _require_onboarded(connection, organisation_id, partner_id)
    return await _require_screened(connection, organisation_id, partner_id, path)


async def _require_onboarded(connection: Connection, organisation_id: OrganisationId, partner_id: PartnerId) -> None:
    """Refuse a wholesale customer that is not brought in yet: nothing is provisioned before its screening (RPL-06).

    Raises:
        Refusal: `rpl_review_pending`, `onboarding_failed` or `account_not_ready`; to another partner than its service
            provider always the last, whatever has been found (P14).
    """
    customer = await onboardings.find(connection, organisation_id)
    if customer is None or customer.state in {OnboardingState.ACTIVE, OnboardingState.CANCELLED}:
        return
    if customer.partner_id != partner_id:
        raise Refusal(RefusalCode.ACCOUNT_NOT_READY)
    onboardings.require_ready(customer)


async def _require_screened(
    connection: Connection, organisation_id: OrganisationId, partner_id: PartnerId, path: TrialPath
) -> bool:
    """Refuse a customer that another trial has created, and that is not clear: nothing is provisioned before (RPL-06).

    Raises:
        Refusal: `rpl_review_pending`, `onboarding_failed` or `account_not_ready`; to another partner than the one that
            has created it always the last, whatever has been found (P14).
    """
    found = await screenings.newest(connection, organisation_id)
    if found is None or found.state is CustomerScreeningState.CLEAR:
        return False
    failed = found.state is CustomerScreeningState.ERROR
    if failed and path is TrialPath.ADD_ON:
        return True
    if found.partner_id != partner_id or found.state is CustomerScreeningState.SCREENING:
        raise Refusal(RefusalCode.ACCOUNT_NOT_READY)
    raise Refusal(RefusalCode.ONBOARDING_FAILED if failed else RefusalCode.RPL_REVIEW_PENDING)


def require_eligible(
    services: Iterable[ServiceKey], partner_id: PartnerId, held: Holdings, catalogue: Catalogue
) -> None:
    """Refuse a selection that names a service which cannot be tried, and say which and why: none is left out silently.

    Raises:
        Refusal: with the code of the first of them (TR-17).
    """
    reasons = rule.ineligible(services, partner_id, held, catalogue)
    if reasons:
        raise Refusal(next(iter(reasons.values())), details={"services": dict(reasons)})


def require_none_pending(partner_id: PartnerId, held: Holdings, as_of: Instant) -> None:
    """Refuse a second request while the first waits for consent (TR-19).

    Raises:
        Refusal: `request_pending`.
    """
    trial_id = rule.pending(partner_id, held, as_of)
    if trial_id is not None:
        raise Refusal(RefusalCode.REQUEST_PENDING, details={"trial_id": trial_id})

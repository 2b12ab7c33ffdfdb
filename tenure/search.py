"""The search attributes that Tenure's executions carry: the one registry for workers, the stack and deployment."""

from typing import Any

from temporalio.common import SearchAttributeKey, SearchAttributePair, TypedSearchAttributes

from tenure.contracts.base import Instant
from tenure.ids import OrganisationId, PartnerId

ORGANISATION = SearchAttributeKey.for_keyword("TenureOrganisation")
PARTNER = SearchAttributeKey.for_keyword("TenurePartner")
PHASE = SearchAttributeKey.for_keyword("TenurePhase")
"""What the execution is doing, such as `silence` or `notice_period`."""
DUE_AT = SearchAttributeKey.for_datetime("TenureDueAt")
"""Until when it waits."""

REGISTRY = (ORGANISATION, PARTNER, PHASE, DUE_AT)


def at_start(
    organisation_id: OrganisationId | None, partner_id: PartnerId | None, due_at: Instant | None
) -> TypedSearchAttributes:
    """The attributes an execution starts with. Ids only: no personal data is ever searchable."""
    pairs: list[SearchAttributePair[Any]] = []
    if organisation_id is not None:
        pairs.append(SearchAttributePair(ORGANISATION, str(organisation_id)))
    if partner_id is not None:
        pairs.append(SearchAttributePair(PARTNER, str(partner_id)))
    if due_at is not None:
        pairs.append(SearchAttributePair(DUE_AT, due_at))
    return TypedSearchAttributes(pairs)

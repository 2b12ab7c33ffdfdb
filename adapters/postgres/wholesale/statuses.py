"""The facts that the statuses of wholesale customers follow from, for one of them or a whole page (B annex 3)."""

from collections.abc import Collection
from typing import Final

from adapters.postgres.database import Connection
from tenure.contracts.customer import CustomerStatus, OnboardingState
from tenure.contracts.organisation import OrganisationState
from tenure.ids import OrganisationId
from tenure.policy.status import CustomerFacts, statuses

_FACTS: Final = """
select n.organisation_id, o.state as organisation, n.state as onboarding,
       exists (select from wizards w where w.organisation_id = n.organisation_id and w.step = 'complete') as set_up,
       coalesce(held.paid, false) as paid, coalesce(held.unpaid, false) as unpaid, held.sets > 0 as had_licences,
       coalesce(held.on_trial, false) as on_trial
  from onboardings n join organisations o using (organisation_id)
 cross join lateral
       (select count(*) as sets,
               bool_or(l.kind = 'subscription' and l.state = 'active' and l.payment_state = 'paid') as paid,
               bool_or(l.kind = 'subscription' and l.state = 'active' and l.payment_state = 'unpaid') as unpaid,
               bool_or(l.kind = 'trial' and l.state = 'active') as on_trial
          from licence_sets l where l.organisation_id = n.organisation_id) as held
 where n.organisation_id = any($1::text[])
"""


async def statuses_of(
    connection: Connection, organisation_ids: Collection[OrganisationId]
) -> dict[OrganisationId, tuple[CustomerStatus, ...]]:
    """Every status of each of these customers, most urgent first."""
    rows = await connection.fetch(_FACTS, list(organisation_ids))
    return {
        OrganisationId(row["organisation_id"]): statuses(
            CustomerFacts(
                organisation=OrganisationState(row["organisation"]),
                onboarding=OnboardingState(row["onboarding"]),
                **{name: row[name] for name in ("set_up", "paid", "unpaid", "had_licences", "on_trial")},
            )
        )
        for row in rows
    }

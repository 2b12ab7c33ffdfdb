"""A partner's trials that are about to end or over: the list in its mails (NO-04, Q-28)."""

from collections.abc import Callable, Iterable
from typing import Final

from adapters.postgres.database import Connection
from adapters.postgres.trials.views import CONTACT, contact
from tenure.contracts.base import Instant
from tenure.contracts.catalogue import Service
from tenure.contracts.licence import LicenceKind
from tenure.contracts.notice import EndingTrial
from tenure.ids import PartnerId
from tenure.policy.grace import removal_due_at
from tenure.policy.rules import Rules
from tenure.policy.trial import ABOUT_TO_END

LONGEST: Final = 100
"""Trials in one mail: a longer page is cut off by programs that read mail."""

ENDS_BEFORE: Final = "(t.state = 'grace' or (t.state = 'active' and t.ends_at < {}))"
"""What ends before an instant, and what has ended and rests in its grace (PS-02, Q-28)."""
_ENDING: Final = f"""
select o.name as organisation_name, t.services, t.ends_at, t.grace_ends_at,
       c.name as contact_name, c.email as contact_email, count(*) over () as all_of_them
  from trials t join organisations o using (organisation_id)
  left join managements m on m.partner_id = t.partner_id and m.organisation_id = t.organisation_id
  {CONTACT}
 where t.partner_id = $1 and {ENDS_BEFORE.format("$2")}
   and o.state not in ('erasing', 'deleted')
 order by t.ends_at, o.name, t.trial_id limit $3
"""  # noqa: S608 - no part of it is anybody's input


async def ending_trials(
    connection: Connection,
    partner_id: PartnerId,
    as_of: Instant,
    *,
    rules: Rules,
    named: Callable[[Iterable[str]], tuple[Service, ...]],
) -> tuple[tuple[EndingTrial, ...], int]:
    """Those that end within 30 days or are in grace, the soonest first; and how many more there are."""
    rows = await connection.fetch(_ENDING, partner_id, as_of + ABOUT_TO_END, LONGEST)
    trials = tuple(
        EndingTrial(
            organisation_name=row["organisation_name"],
            services=named(row["services"]),
            ends_at=row["ends_at"],
            grace_ends_at=row["grace_ends_at"] or removal_due_at(LicenceKind.TRIAL, row["ends_at"], rules),
            contact=contact(row),
        )
        for row in rows
    )
    return trials, rows[0]["all_of_them"] - len(rows) if rows else 0

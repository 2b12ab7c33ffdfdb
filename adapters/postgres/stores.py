"""The stores of this database that an erasure purges, and how each is read back (XC-07)."""

from dataclasses import dataclass
from typing import Final

from adapters.postgres.database import Connection
from tenure.contracts.erasure import Store
from tenure.ids import OrganisationId


@dataclass(frozen=True, slots=True)
class Purge:
    """How a store is counted and purged; `$1` is the organisation."""

    count: str
    statements: tuple[str, ...]


def _rows(table: str, condition: str = "true") -> Purge:
    where = f"from {table} where organisation_id = $1 and {condition}"
    return Purge(f"select count(*) {where}", (f"delete {where}",))


# Those who were moved out stay where they are now; only the trace of where they came from goes.
_PEOPLE = Purge(
    "select count(*) from people where organisation_id = $1",
    (
        "update people set origin_organisation_id = null where origin_organisation_id = $1",
        "delete from people where organisation_id = $1",
    ),
)

# The row itself stays, closed, so that later events are answered `org_deleted` (AC-11).
_ACTIVITY = Purge(
    """
    select count(*) from activity
     where organisation_id = $1 and num_nonnulls(last_activity_at, last_kind, last_source, late_at) > 0
    """,
    (
        """
        update activity set last_activity_at = null, last_kind = null, last_source = null, late_at = null
         where organisation_id = $1
        """,
    ),
)

# Of a wholesale customer. That it was screened, when, against what and with what result stays for whoever has to prove it
# (RPL-19); who was screened, what was found and why a reviewer decided as they did goes. What add-ons it had stays for
# the bill: ids name nobody (ADD-05).
_WHOLESALE_COUNT: Final = """
           (select count(*) from onboardings where organisation_id = $1)
         + (select count(*) from screenings where organisation_id = $1 and (subject is not null or hits <> '[]' or known <> '[]'))
         + (select count(*) from rpl_cases where organisation_id = $1 and reason is not null)
         + (select count(*) from cleared_hits where organisation_id = $1)
         + (select count(*) from unit_quantities where organisation_id = $1)
         + (select count(*) from wizards where organisation_id = $1)
"""
_WHOLESALE: Final = (
    "delete from onboardings where organisation_id = $1",  # its changes of address with it
    "update screenings set subject = null, hits = '[]', known = '[]' where organisation_id = $1",
    "update rpl_cases set reason = null where organisation_id = $1",
    "delete from cleared_hits where organisation_id = $1",
    "delete from unit_quantities where organisation_id = $1",
    "delete from wizards where organisation_id = $1",
)

# What a tombstone may not keep; a partner whose own organisation this was loses its name and its tokens with it. The date
# of the purge stays until its end, so that one that is stuck is past due (P15).
_PROFILE = Purge(
    f"""
    select {_WHOLESALE_COUNT}
         + (select count(*) from organisations where organisation_id = $1 and name <> organisation_id)
         + (select count(*) from partners where organisation_id = $1 and name <> partner_id)
         + (select count(*) from promises where organisation_id = $1)
         + (select count(*) from next_dates where organisation_id = $1 and kind <> 'purge')
         + (select count(*) from managements where organisation_id = $1)
    """,  # noqa: S608 - a constant
    (
        *_WHOLESALE,
        """
        update organisations set name = organisation_id, country = 'ZZ', language = 'en', time_zone = 'UTC',
                                 industry = null, region = null
         where organisation_id = $1
        """,
        "update partners set name = partner_id where organisation_id = $1",
        """
        update api_tokens set revoked_at = coalesce(revoked_at, business_now())
         where partner_id in (select partner_id from partners where organisation_id = $1)
        """,
        "delete from promises where organisation_id = $1",
        "delete from next_dates where organisation_id = $1 and kind <> 'purge'",
        "delete from managements where organisation_id = $1",
    ),
)

# What becomes of shipped devices outlives the organisation: nothing of it is personal.
_TRIALS = Purge(
    """
    select (select count(*) from trial_requests where organisation_id = $1)
         + (select count(*) from trials where organisation_id = $1)
         + (select count(*) from customer_screenings where organisation_id = $1)
         + (select count(*) from platform_resources where organisation_id = $1)
         + (select count(*) from meeting_sites where organisation_id = $1)
    """,
    (
        "delete from trial_requests where organisation_id = $1",
        "delete from orders where organisation_id = $1",
        "delete from trials where organisation_id = $1",  # the screenings of their customer with them
        "delete from platform_resources where organisation_id = $1",
        "delete from meeting_sites where organisation_id = $1",
    ),
)
_NUMBERS = Purge(
    """
    select (select count(*) from content where organisation_id = $1 and store = 'numbers')
         + (select count(*) from phone_numbers where organisation_id = $1)
    """,
    (
        "delete from content where organisation_id = $1 and store = 'numbers'",
        "delete from phone_numbers where organisation_id = $1",
    ),
)

PURGES: Final = {
    Store.MAIL_QUEUE: _rows("notices"),
    Store.TRIAL_REQUESTS: _TRIALS,
    Store.MESSAGES: _rows("content", "store = 'messages'"),
    Store.FILES: _rows("content", "store = 'files'"),
    Store.RECORDINGS: _rows("content", "store = 'recordings'"),
    Store.NUMBERS: _NUMBERS,
    Store.MAPPINGS: _rows("content", "store = 'mappings'"),
    Store.PEOPLE: _PEOPLE,
    Store.LICENCES: _rows("licence_sets"),
    Store.ACTIVITY: _ACTIVITY,
    Store.PROFILE: _PROFILE,
}
"""Every store but the histories, which Temporal keeps."""


async def purge(connection: Connection, store: Store, organisation_id: OrganisationId) -> tuple[int, int]:
    """Purge one store; answers how many items went, and how many are left when it is read back."""
    how = PURGES[store]
    before: int = await connection.fetchval(how.count, organisation_id)
    for statement in how.statements:
        await connection.execute(statement, organisation_id)
    remaining: int = await connection.fetchval(how.count, organisation_id)
    return before - remaining, remaining

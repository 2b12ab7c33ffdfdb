"""Which customer a trial is for: found by the product, created where there is none (TR-12 to TR-14)."""

import asyncpg

from adapters.postgres import audit, marking
from adapters.postgres.database import Connection
from tenure.contracts.base import Instant
from tenure.contracts.catalogue import Catalogue
from tenure.contracts.organisation import CONSUMER, GONE, Access, Role
from tenure.contracts.trial import AskOffer, Match, RequestTrial
from tenure.errors import Refusal, RefusalCode
from tenure.ids import OrganisationId, PartnerId, PersonId

_MATCHES = """
select organisation_id, name from organisations
 where organisation_id in (
        select organisation_id from people where lower(email) = lower($1)
        union all
        select organisation_id from onboardings
         where state in ('received', 'screening', 'pending_rpl_review', 'provisioning') and lower(admin_email) = lower($1))
   and state not in ('erasing', 'deleted') and organisation_id <> $2
 order by organisation_id
"""


async def matches(connection: Connection, email: str | None) -> list[Match]:
    """The organisations that know an address, also as the admin's of an account to come (TR-13).

    Whoever was moved out to the consumers belongs to none.
    """
    if email is None:
        return []
    rows = await connection.fetch(_MATCHES, email, CONSUMER)
    return [Match(organisation_id=OrganisationId(row["organisation_id"]), name=row["name"]) for row in rows]


async def lock_request(connection: Connection, command: RequestTrial) -> None:
    """Let nobody else use this trial's id, or create an organisation for its address, meanwhile (TR-13, TR-23)."""
    for key in (command.trial_id, command.admin_email):
        if key is not None:
            await connection.execute(
                "select pg_advisory_xact_lock(hashtextextended('tenure.trial:' || lower($1), 0))", key
            )


async def resolve(
    connection: Connection, asked: RequestTrial | AskOffer, own: OrganisationId | None
) -> OrganisationId | None:
    """The existing organisation that a request or a question is for; None: a new one.

    A question is answered for the first organisation that an address belongs to: one of them is to be confirmed (TR-14).

    Raises:
        Refusal: `own_org_needs_order`; `confirmation_required` where an address is known and the organisation was not
            confirmed (TR-14); `customer_not_matched` where the address belongs to another one; `organisation_not_found`
            for the consumers, who are nobody's customer.
    """
    known = await matches(connection, asked.admin_email)
    if asked.organisation_id is not None:
        if asked.organisation_id == own:
            raise Refusal(RefusalCode.OWN_ORG_NEEDS_ORDER)
        if asked.organisation_id == CONSUMER:
            raise Refusal(RefusalCode.ORGANISATION_NOT_FOUND)
        if known and asked.organisation_id not in {match.organisation_id for match in known}:
            raise Refusal(
                RefusalCode.CUSTOMER_NOT_MATCHED,
                "This address belongs to another organisation: give the id of that, or another address.",
            )
        return asked.organisation_id
    if own in {match.organisation_id for match in known}:
        raise Refusal(RefusalCode.OWN_ORG_NEEDS_ORDER)
    if known and isinstance(asked, AskOffer):
        return known[0].organisation_id
    if known:
        raise Refusal(
            RefusalCode.CONFIRMATION_REQUIRED,
            f"This address belongs to {', '.join(f'{match.name} ({match.organisation_id})' for match in known)}:"
            " confirm that it is the right one by giving its id.",
            details={"organisations": {match.organisation_id: match.name for match in known}},
        )
    return None


async def access(connection: Connection, partner_id: PartnerId, organisation_id: OrganisationId) -> Access | None:
    """What a partner may do at a customer; None where it does not manage it."""
    found = await connection.fetchval(
        "select access from managements where partner_id = $1 and organisation_id = $2", partner_id, organisation_id
    )
    return None if found is None else Access(found)


async def create(
    connection: Connection, command: RequestTrial, catalogue: Catalogue, *, at: Instant, actor: str
) -> OrganisationId:
    """A new customer with its admin; its region is fixed from now on (TR-05). The caller holds the address's lock.

    Its ids follow from the trial's, so that a retry finds them.

    Raises:
        Refusal: `trial_exists` where such ids are taken.
    """
    assert command.country is not None
    organisation_id = OrganisationId(f"org_{command.trial_id.name}")
    person_id = PersonId(f"per_{command.trial_id.name}")
    created = await connection.fetchval(
        "insert into organisations"
        " (organisation_id, name, country, region, industry, language, time_zone, created_at)"
        " values ($1, $2, $3, $4, $5, $6, $7, $8) on conflict do nothing returning true",
        organisation_id,
        command.company_name,
        command.country,
        catalogue.countries[command.country].region,
        command.industry,
        command.language,
        command.time_zone,
        at,
    )
    admitted = await connection.fetchval(
        "insert into people (person_id, organisation_id, name, email, created_at) values ($1, $2, $3, $4, $5)"
        " on conflict do nothing returning true",
        person_id,
        organisation_id,
        command.admin_name or command.admin_email,
        command.admin_email,
        at,
    )
    if not (created and admitted):
        raise Refusal(RefusalCode.TRIAL_EXISTS)
    await connection.execute("insert into activity (organisation_id) values ($1)", organisation_id)
    await connection.execute(
        "insert into person_roles (person_id, role) values ($1, $2)", person_id, Role.CUSTOMER_FULL_ADMIN
    )
    await audit.append(
        connection, subject=organisation_id, at=at, actor=actor, action="created", to_state="live", reason="trial"
    )
    return organisation_id


async def begin_managing(
    connection: Connection,
    partner_id: PartnerId,
    organisation_id: OrganisationId,
    level: Access,
    own: asyncpg.Record | None,
    *,
    at: Instant,
    actor: str,
    reason: str = "trial",
) -> None:
    """The partner gains a customer: a mark on its own organisation, whose lock is held, is cleared (DM-02).

    What the customer has granted already is not taken away by it (RO-02).

    Raises:
        Refusal: `org_deleted` where the partner itself is gone.
    """
    if own is not None and own["state"] in GONE:
        raise Refusal(RefusalCode.ORG_DELETED)
    granted = await connection.fetchval(
        "insert into managements as known (partner_id, organisation_id, access, since) values ($1, $2, $3, $4)"
        " on conflict (partner_id, organisation_id) do update"
        " set access = case known.access when 'full' then 'full' else excluded.access end returning access",
        partner_id,
        organisation_id,
        level,
        at,
    )
    await audit.append(
        connection,
        subject=organisation_id,
        at=at,
        actor=actor,
        action="managed",
        reason=reason,
        details={"partner_id": partner_id, "access": granted},
    )
    if own is not None and own["organisation_id"] != organisation_id:
        await marking.unmark(connection, own, at=at, actor=actor, reason="customer_gained")

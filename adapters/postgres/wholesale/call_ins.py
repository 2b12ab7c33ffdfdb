"""Meetings sites of wholesale customers, with their default call-in numbers (CIN)."""

from collections.abc import Sequence
from typing import Final

import asyncpg

from adapters.postgres import audit
from adapters.postgres.database import Connection
from adapters.postgres.trials import sites
from adapters.postgres.wholesale.rows import Onboarding
from tenure.contracts.base import Instant
from tenure.contracts.call_in import CallIn, Telephony
from tenure.contracts.customer import NewSite, ProvisioningWarning, Pstn, SiteView
from tenure.contracts.trial import Site
from tenure.ids import OrganisationId
from tenure.policy import call_in

_SITES: Final = """
select site_url as url, time_zone, pstn, telephony_domain, call_in_number, call_in_prefix, call_in_rule
  from meeting_sites where organisation_id = $1 and state = 'in_use' and pstn is not null order by site_url
"""
_PUT: Final = """
update meeting_sites set time_zone = $3, pstn = $4, telephony_domain = $5,
                         call_in_number = $6, call_in_prefix = $7, call_in_rule = $8
 where site_url = $2 and organisation_id = $1
"""
_FREE: Final = """
update meeting_sites set state = 'free' where organisation_id = $1 and state = 'in_use' and site_url = any($2::text[])
   and pstn is null and not exists (select from trials t where t.organisation_id = $1 and t.site_url = meeting_sites.site_url)
"""


async def reserve_sites(
    connection: Connection, organisation_id: OrganisationId, wanted: Sequence[NewSite], at: Instant
) -> None:
    """Keep the addresses of a customer's sites from the request on: its account finds none taken (TR-10).

    Raises:
        Refusal: `site_url_taken`.
    """
    for site in sorted(wanted, key=lambda site: site.url):
        await sites.take(connection, Site(url=site.url, time_zone=site.time_zone), organisation_id, at)


async def give_sites_back(connection: Connection, onboarding: Onboarding) -> None:
    """The onboarding is over without an account: its sites' addresses can be anybody's."""
    await connection.execute(_FREE, onboarding.organisation_id, [site.url for site in onboarding.sites])


async def create_sites(
    connection: Connection, onboarding: Onboarding, country: str, telephony: Telephony, at: Instant, actor: str
) -> tuple[ProvisioningWarning, ...]:
    """Create the sites that came with an onboarding, each with its default call-in number (CIN-01, CIN-11).

    Answers what is missing (CIN-07).

    Raises:
        Refusal: `site_url_taken`, where an address was not reserved and somebody else has it.
    """
    await reserve_sites(connection, onboarding.organisation_id, onboarding.sites, at)
    lacking = await _put(connection, onboarding.organisation_id, onboarding.sites, country, telephony)
    if onboarding.sites:
        details = {"sites": len(onboarding.sites), "without_call_in": lacking}
        await _record(connection, onboarding.organisation_id, "sites_created", details, at, actor)
    return _warnings(lacking)


async def resync(
    connection: Connection, organisation_id: OrganisationId, country: str, telephony: Telephony, at: Instant, actor: str
) -> None:
    """Let the organisation's country and the call-in numbers of its sites follow a new address, together (Q-35).

    What is missing now replaces what was missing before.
    """
    await connection.execute(
        "update organisations set country = $2 where organisation_id = $1", organisation_id, country
    )
    rows = await connection.fetch(_SITES, organisation_id)
    known = [NewSite.model_validate(dict(row)) for row in rows]
    lacking = await _put(connection, organisation_id, known, country, telephony)
    await connection.execute(
        "update onboardings set warnings = $2 where organisation_id = $1", organisation_id, list(_warnings(lacking))
    )
    details = {"sites": len(known), "without_call_in": lacking}
    await _record(connection, organisation_id, "country_resynced", details, at, actor)


async def views(connection: Connection, organisation_id: OrganisationId) -> tuple[SiteView, ...]:
    """A customer's sites, each with the number that was chosen and by which rule (CIN-09)."""
    return tuple(_view(row) for row in await connection.fetch(_SITES, organisation_id))


async def _put(
    connection: Connection,
    organisation_id: OrganisationId,
    known: Sequence[NewSite],
    country: str,
    telephony: Telephony,
) -> int:
    """Write down what these sites are, each with its number; answers how many lack one that they should have."""
    lacking = 0
    for site in known:
        found = _choose(site, country, telephony)
        lacking += site.pstn is Pstn.CISCO and found is None
        await connection.execute(
            _PUT,
            organisation_id,
            site.url,
            site.time_zone,
            site.pstn,
            site.telephony_domain,
            found and found.phone_number,
            found and found.prefix,
            found and found.rule,
        )
    return lacking


async def _record(
    connection: Connection,
    organisation_id: OrganisationId,
    action: str,
    details: dict[str, int],
    at: Instant,
    actor: str,
) -> None:
    """How many, and not where: the country stays out of the audit with the rest of the address."""
    await audit.append(connection, subject=organisation_id, at=at, actor=actor, action=action, details=details)


def _warnings(lacking: int) -> tuple[ProvisioningWarning, ...]:
    return (ProvisioningWarning.NO_DEFAULT_CALL_IN,) if lacking else ()


def _choose(site: NewSite, country: str, telephony: Telephony) -> CallIn | None:
    """Only where phone calls are Cisco's (CIN-02); a domain that is configured no more has no number (CIN-07)."""
    if site.pstn is not Pstn.CISCO or site.telephony_domain is None:
        return None
    domain = telephony.domain(site.telephony_domain)
    return None if domain is None else call_in.choose(telephony, domain, country)


def _view(row: asyncpg.Record) -> SiteView:
    number = row["call_in_number"]
    return SiteView(
        url=row["url"],
        pstn=Pstn(row["pstn"]),
        telephony_domain=row["telephony_domain"],
        call_in=None
        if number is None
        else CallIn(phone_number=number, prefix=row["call_in_prefix"], rule=row["call_in_rule"]),
    )

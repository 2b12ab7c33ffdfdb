"""Meetings sites: one organisation's each, and never again its own once purged (TR-10, GR-08)."""

from adapters.postgres.database import Connection
from adapters.postgres.trials.rows import Trial
from tenure.contracts.base import Instant
from tenure.contracts.trial import Site
from tenure.errors import Refusal, RefusalCode
from tenure.ids import OrganisationId


async def take(connection: Connection, site: Site | None, organisation_id: OrganisationId, at: Instant) -> None:
    """Reserve a site's address for an organisation, which may have it already.

    Raises:
        Refusal: `site_url_taken` where another has it, or where it was purged from this very organisation.
    """
    if site is None:
        return
    taken = await connection.fetchval(
        "insert into meeting_sites as known (site_url, organisation_id, since) values ($1, $2, $3)"
        " on conflict (site_url) do update set organisation_id = $2, since = $3, state = 'in_use'"
        " where $2 <> all (known.retired_from) and (known.state <> 'in_use' or known.organisation_id = $2)"
        " returning true",
        site.url,
        organisation_id,
        at,
    )
    if not taken:
        raise Refusal(RefusalCode.SITE_URL_TAKEN)


async def give_back(connection: Connection, trial: Trial) -> None:
    """A site that was reserved for this trial, and never used by it, another or a subscription, can be anybody's."""
    await connection.execute(
        "update meeting_sites set state = 'free' where site_url = $1 and state = 'in_use' and pstn is null and not exists"
        " (select from trials where site_url = $1 and organisation_id = $2 and trial_id <> $3"
        "                       and (state <> 'cancelled' or activated_at is not null))"
        " and not exists (select from onboardings b where b.organisation_id = $2 and b.state <> 'cancelled'"
        "                    and b.sites @> jsonb_build_array(jsonb_build_object('url', $1::text)))",
        trial.site_url,
        trial.organisation_id,
        trial.trial_id,
    )


async def retire(connection: Connection, organisation_id: OrganisationId) -> None:
    """Purge an organisation's sites with its recordings; what is reserved for a trial or an account to come is none of them."""
    await connection.execute(
        "update meeting_sites s set state = 'retired', retired_from = retired_from || organisation_id,"
        " time_zone = null, pstn = null, telephony_domain = null,"
        " call_in_number = null, call_in_prefix = null, call_in_rule = null"
        " where organisation_id = $1 and state = 'in_use' and not exists"
        " (select from trials t where t.organisation_id = $1 and t.site_url = s.site_url"
        "                         and t.state in ('pending_consent', 'awaiting_details', 'provisioning'))"
        " and not exists (select from onboardings b where b.organisation_id = $1 and b.state <> 'cancelled'"
        "                    and b.sites @> jsonb_build_array(jsonb_build_object('url', s.site_url)))",
        organisation_id,
    )

"""What a partner could try with a customer, and how it would begin (TR-05, TR-14, TR-20)."""

from collections.abc import Mapping

from adapters.postgres.database import Connection, business_now
from adapters.postgres.trials import customers
from adapters.postgres.trials.eligibility import holdings, require_ready
from adapters.postgres.trials.people import require_partner, require_seller
from adapters.postgres.trials.rows import own_organisation
from tenure.contracts.base import Instant
from tenure.contracts.catalogue import Catalogue
from tenure.contracts.licence import ServiceKey
from tenure.contracts.organisation import GONE
from tenure.contracts.trial import AskOffer, ServiceOffer, TrialOffer, TrialPath
from tenure.errors import Refusal, RefusalCode
from tenure.ids import OrganisationId, PartnerId
from tenure.policy import trial as rule
from tenure.policy.rules import Rules
from tenure.policy.trial import Holdings
from tenure.ports import Caller


async def offer(
    connection: Connection, caller: Caller, question: AskOffer, rules: Rules, catalogue: Catalogue
) -> TrialOffer:
    """Answer the question; what a customer has bought and who manages it, only to a partner that manages it.

    Raises:
        Refusal: what speaks against the partner or who would ask, `own_org_needs_order`, `country_unsupported`,
            `organisation_not_found`, `org_deleted`, or as `customers.resolve` and `require_ready` do.
    """
    await require_partner(connection, caller, question.partner_id)
    if question.by is not None:
        await require_seller(connection, caller, question.partner_id, question.by)
    own = await own_organisation(connection, question.partner_id)
    if question.country is not None and question.country not in catalogue.countries:
        raise Refusal(RefusalCode.COUNTRY_UNSUPPORTED)
    organisation_id = await customers.resolve(connection, question, own)
    if own is not None and await _state(connection, own) in GONE:
        raise Refusal(RefusalCode.ORG_DELETED)
    if organisation_id is None:
        return _new(question, rules, catalogue)
    found = await _existing(connection, question.partner_id, organisation_id, rules, catalogue)
    known = await customers.matches(connection, question.admin_email)
    return found.model_copy(update={"matches": tuple(known)})


def _new(question: AskOffer, rules: Rules, catalogue: Catalogue) -> TrialOffer:
    return TrialOffer(
        path=rule.path(exists=False, managed=False),
        region=None if question.country is None else catalogue.countries[question.country].region,
        services=_services(catalogue, {}),
        lengths_days=rules.trial_lengths_days,
    )


async def _existing(
    connection: Connection, partner_id: PartnerId, organisation_id: OrganisationId, rules: Rules, catalogue: Catalogue
) -> TrialOffer:
    organisation = await connection.fetchrow(
        "select organisation_id, name, country, region, state from organisations where organisation_id = $1",
        organisation_id,
    )
    if organisation is None:
        raise Refusal(RefusalCode.ORGANISATION_NOT_FOUND)
    if organisation["state"] in GONE:
        raise Refusal(RefusalCode.ORG_DELETED)
    path = rule.path(exists=True, managed=await customers.access(connection, partner_id, organisation_id) is not None)
    managed = path is TrialPath.ADD_ON
    await require_ready(connection, organisation, partner_id, path, catalogue)
    held = await holdings(connection, organisation_id)
    partners = await connection.fetch(
        "select partner_id from managements where organisation_id = $1 order by partner_id", organisation_id
    )
    return TrialOffer(
        path=path,
        organisation_id=organisation_id,
        organisation_name=organisation["name"],
        region=organisation["region"],
        services=_services(catalogue, _refused(partner_id, held, catalogue, await business_now(connection))),
        bought=tuple(sorted(rule.owned(held.licence_sets, catalogue))) if managed else (),
        partners=tuple(PartnerId(row["partner_id"]) for row in partners) if managed else (),
        lengths_days=rules.trial_lengths_days,
    )


def _refused(
    partner_id: PartnerId, held: Holdings, catalogue: Catalogue, now: Instant
) -> dict[ServiceKey, RefusalCode]:
    """The services that a request would be refused for now, each with the code."""
    keys = [service.key for service in catalogue.services]
    if rule.pending(partner_id, held, now) is not None:
        return dict.fromkeys(keys, RefusalCode.REQUEST_PENDING)
    return rule.ineligible(keys, partner_id, held, catalogue)


def _services(catalogue: Catalogue, refused: Mapping[ServiceKey, RefusalCode]) -> tuple[ServiceOffer, ...]:
    return tuple(
        ServiceOffer(service=service.key, name=service.name, refusal=refused.get(service.key))
        for service in catalogue.services
    )


async def _state(connection: Connection, organisation_id: OrganisationId) -> str | None:
    found: str | None = await connection.fetchval(
        "select state from organisations where organisation_id = $1", organisation_id
    )
    return found

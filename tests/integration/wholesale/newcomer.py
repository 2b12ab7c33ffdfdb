"""A wholesale customer on its way to an account: it has no licences yet, and nobody has accepted anything."""

from itertools import count
from typing import Final

from tenure.ids import LicenceSetId, OrganisationId
from tests.integration.wholesale.hall import Hall

_NUMBERS: Final = count(1)


async def newcomer(
    hall: Hall, state: str, *, reason: str | None = None, own: bool = False, name: str | None = None
) -> OrganisationId:
    """A customer of the north whose onboarding stands there; with `own` the partner's own organisation."""
    name = name or f"n{next(_NUMBERS)}"
    organisation_id = hall.north.organisation_id if own else OrganisationId(f"org_{name}")
    if not own:
        await hall.town.execute(
            "insert into organisations (organisation_id, name, country, created_at)"
            " values ($1, $2, 'DE', business_now())",
            organisation_id,
            f"Works of {name}",
        )
        await hall.town.execute("insert into activity (organisation_id) values ($1)", organisation_id)
        await hall.manage(hall.north, organisation_id)
    await hall.town.execute(
        "insert into onboardings (organisation_id, partner_id, external_id, request_hash, state, reason, state_since,"
        " requested_at, activated_at, own_organisation, name, billing_address, package, licence_set_id, admin_email)"
        " values ($1, $2, $3, repeat('0', 64), $4::text, $5, business_now(), business_now(),"
        "         case when $4 in ('active', 'cancelled') then business_now() end, $6, $7, $8, 'suite', $9, $10)",
        organisation_id,
        hall.north.partner_id,
        f"external-{name}",
        state,
        reason or ("rpl_rejected" if state == "error" else None),
        own,
        f"Works of {name}",
        {"lines": ["Hauptstr. 1"], "city": "Berlin", "postal_code": "10115", "country": "DE"},
        licences_of(organisation_id),
        f"eve@{name}.example",
    )
    return organisation_id


def licences_of(organisation_id: OrganisationId) -> LicenceSetId:
    """The licence set that a customer of these tests has, or will have."""
    return LicenceSetId(f"lic_{organisation_id.name}")

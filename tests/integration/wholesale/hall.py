"""A trading hall in a town: service providers, the people who review, and the customers that are brought in."""

from typing import Any, Self

from tenure.contracts.credential import CredentialRole
from tenure.contracts.organisation import Role
from tenure.ids import LicenceSetId, OrganisationId, PersonId
from tenure.ports import Caller
from tests.integration.deletion.town import Town
from tests.integration.trials.grounds import Grounds, Side

REVIEWER = Caller(actor="reviewer:rita", role=CredentialRole.REVIEWER)
SERVICE = Caller(actor="service:orders", role=CredentialRole.SERVICE)
OPERATOR = Caller(actor="operator:ada", role=CredentialRole.OPERATOR)


class Hall(Grounds):
    """Two service providers, and what they and the processes do to wholesale customers."""

    north: Side
    south: Side

    @classmethod
    async def open(cls, town: Town) -> Self:
        """A hall with the partners `north` and `south`."""
        hall = cls(town)
        hall.north = await hall.partner("north")
        hall.south = await hall.partner("south")
        return hall

    async def customer(
        self,
        *,
        side: Side | None = None,
        package: str = "suite",
        packages: dict[str, int] | None = None,
        add_ons: dict[str, int] | None = None,
        **changes: Any,
    ) -> OrganisationId:
        """A wholesale customer whose account is ready, with its first full admin, `per_{name}-1`."""
        name = f"c{next(self._numbers)}"
        side = side or self.north
        organisation_id, person_id = OrganisationId(f"org_{name}"), PersonId(f"per_{name}-1")
        quantities = [
            ("package", code, units, int(code == package)) for code, units in (packages or {package: 10}).items()
        ]
        quantities += [("add_on", code, units, 0) for code, units in (add_ons or {}).items()]
        async with self.town.database.write() as connection:
            await connection.execute(
                "insert into organisations (organisation_id, name, country, created_at)"
                " values ($1, $2, $3, business_now())",
                organisation_id,
                f"Works of {name}",
                changes.get("country", "DE"),
            )
            await connection.execute("insert into activity (organisation_id) values ($1)", organisation_id)
            await connection.execute(
                "insert into managements values ($1, $2, 'full', business_now())", side.partner_id, organisation_id
            )
            await connection.execute(
                "insert into licence_sets (licence_set_id, organisation_id, kind, state, services, active_since,"
                " created_at, wholesale) values ($1, $2, 'subscription', 'active', '{messaging,meetings,calling}',"
                " business_now(), business_now(), true)",
                LicenceSetId(f"lic_{name}"),
                organisation_id,
            )
            await connection.execute(
                "insert into onboardings (organisation_id, partner_id, external_id, request_hash, state, state_since,"
                " requested_at, activated_at, name, billing_address, package, licence_set_id, admin_email)"
                " values ($1, $2, $8, repeat('0', 64), 'active', business_now(), business_now(), business_now(), $3,"
                "         $4, $5, $6, $7)",
                organisation_id,
                side.partner_id,
                f"Works of {name}",
                {
                    "lines": ["Hauptstr. 1"],
                    "city": "Berlin",
                    "postal_code": "10115",
                    "country": changes.get("country", "DE"),
                },
                package,
                LicenceSetId(f"lic_{name}"),
                f"eve@{name}.example",
                name,
            )
            await connection.executemany(
                "insert into unit_quantities (organisation_id, kind, code, quantity, assigned) values ($1, $2, $3, $4, $5)",
                [(organisation_id, *each) for each in quantities],
            )
            await connection.execute(
                "insert into people (person_id, organisation_id, name, email, created_at)"
                " values ($1, $2, 'Eve', $3, business_now())",
                person_id,
                organisation_id,
                f"eve@{name}.example",
            )
            await connection.execute("insert into person_roles values ($1, $2)", person_id, Role.CUSTOMER_FULL_ADMIN)
            await connection.execute(
                "insert into user_packages values ($1, $2, $3, business_now())", person_id, organisation_id, package
            )
        return organisation_id

    async def admin(self, organisation_id: OrganisationId) -> PersonId:
        """The first full admin of a customer."""
        found = await self.town.value(
            str,
            "select min(p.person_id::text) from people p join person_roles r using (person_id)"
            " where p.organisation_id = $1 and r.role = 'customer_full_admin'",
            organisation_id,
        )
        return PersonId(found)


def provider(side: Side) -> Caller:
    """The provisioning system of a partner."""
    name = side.partner_id.name
    return Caller(actor=f"service_provider:{name}", partner_id=side.partner_id, role=CredentialRole.SERVICE_PROVIDER)


def seller(side: Side) -> Caller:
    """A person of a partner who sells, at a console."""
    return _person(side, side.seller)


def helper(side: Side) -> Caller:
    """A person of a partner who does not sell."""
    return _person(side, side.helper)


def reader(side: Side) -> Caller:
    """A partner's token that only reads."""
    return Caller(actor=f"partner:{side.partner_id.name}", partner_id=side.partner_id, role=CredentialRole.PARTNER)


def _person(side: Side, person_id: PersonId) -> Caller:
    return Caller(
        actor=f"partner:{person_id.name}",
        partner_id=side.partner_id,
        person_id=person_id,
        role=CredentialRole.PARTNER,
    )

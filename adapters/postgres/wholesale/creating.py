"""A service provider brings in a customer: taken in once, screened from then on (ONB-03 to ONB-09, PO-06, PO-07)."""

from typing import Any, Final
from uuid import uuid4

from adapters.postgres import audit
from adapters.postgres.database import Connection, business_now
from adapters.postgres.trials.customers import begin_managing
from adapters.postgres.trials.rows import lock_with_partner, own_organisation
from adapters.postgres.wholesale import call_ins, rows, transitions, units
from adapters.postgres.wholesale.authority import require_provider
from adapters.postgres.wholesale.rows import Onboarding
from tenure.contracts.address import BillingAddress
from tenure.contracts.base import Instant, request_hash
from tenure.contracts.call_in import Telephony
from tenure.contracts.customer import CreateCustomer, OnboardingState
from tenure.contracts.organisation import GONE, Access
from tenure.errors import Refusal, RefusalCode
from tenure.ids import LicenceSetId, OrganisationId
from tenure.policy import onboarding as rule
from tenure.policy.package import Packages
from tenure.ports import Caller

_COLUMNS: Final = (
    "organisation_id", "partner_id", "external_id", "request_hash", "generation", "state", "reason", "state_since",
    "requested_at", "activated_at", "own_organisation", "name", "billing_address", "package", "licence_set_id",
    "admin_email", "admin_name", "invoice_reference", "sites", "users", "numbers", "provision_after_review", "reviewed",
    "attempts", "looks_at", "problem", "warnings", "account",
)  # fmt: skip
_PUT: Final = f"""
insert into onboardings ({", ".join(_COLUMNS)}) values ({", ".join(f"${place}" for place, _ in enumerate(_COLUMNS, 1))})
on conflict (organisation_id) do update set {", ".join(f"{name} = excluded.{name}" for name in _COLUMNS[1:])}
returning *
"""  # noqa: S608 - names of columns, all ours
_ORGANISATION: Final = """
insert into organisations (organisation_id, name, country, region, language, time_zone, created_at)
values ($1, $2, $3, $4, $5, $6, $7)
"""


class Creation:
    """Takes in customers, inside the transaction of the command."""

    def __init__(self, packages: Packages, telephony: Telephony) -> None:
        self._packages = packages
        self._telephony = telephony

    async def create(self, connection: Connection, caller: Caller, command: CreateCustomer) -> OrganisationId:
        """Take in a customer; the same request again answers the same customer, as long as it is not over (ONB-07).

        Raises:
            Refusal: `partner_not_found`; as `require_provider` does; `external_id_required`; `conflict`; whatever
                `policy.onboarding.require_creation` does; `organisation_not_found` where the partner has no organisation
                of its own, `org_deleted`, `site_url_taken`.
        """
        await require_provider(connection, caller, command.partner_id)
        if not await connection.fetchval("select true from partners where partner_id = $1", command.partner_id):
            raise Refusal(RefusalCode.PARTNER_NOT_FOUND)
        if command.external_id is None:
            raise Refusal(RefusalCode.EXTERNAL_ID_REQUIRED)
        await _lock_external_id(connection, command)
        known = await rows.find_current(connection, command.partner_id, command.external_id)
        if known is not None:
            if known.request_hash != request_hash(command):
                raise Refusal(RefusalCode.CONFLICT)
            return known.organisation_id
        rule.require_creation(command, self._packages, self._telephony)
        if command.own_organisation:
            return await self._own(connection, caller, command)
        return await self._new(connection, caller, command)

    async def _new(self, connection: Connection, caller: Caller, command: CreateCustomer) -> OrganisationId:
        """A customer with an organisation of its own: in the books from now on, and nowhere else until it is screened."""
        _, own = await lock_with_partner(connection, None, command.partner_id)
        at = await business_now(connection)
        organisation_id = OrganisationId(f"org_{uuid4().hex}")
        country = rule.billing_country(command.billing_address, self._packages.catalogue)
        offered = self._packages.catalogue.countries.get(country)
        region = None if offered is None else offered.region
        await connection.execute(
            _ORGANISATION, organisation_id, command.name, country, region, command.language, command.time_zone, at
        )
        await connection.execute("insert into activity (organisation_id) values ($1)", organisation_id)
        await audit.append(
            connection,
            subject=organisation_id,
            at=at,
            actor=caller.actor,
            action="created",
            to_state="live",
            reason="wholesale",
        )
        await begin_managing(
            connection,
            command.partner_id,
            organisation_id,
            Access.FULL,
            own,
            at=at,
            actor=caller.actor,
            reason="wholesale",
        )
        return await self._begin(connection, caller, command, organisation_id, None, at)

    async def _own(self, connection: Connection, caller: Caller, command: CreateCustomer) -> OrganisationId:
        """The partner's own organisation: screened like any other, and no customer of itself (PO-07, RPL-03)."""
        own_id = await own_organisation(connection, command.partner_id)
        organisation, _ = await lock_with_partner(connection, own_id, command.partner_id)
        if own_id is None or organisation is None:
            raise Refusal(RefusalCode.ORGANISATION_NOT_FOUND, "The partner has no organisation of its own.")
        if organisation["state"] in GONE:
            raise Refusal(RefusalCode.ORG_DELETED)
        before = await rows.find(connection, own_id)
        if before is not None and not rule.is_over(before.state, before.reason):
            raise Refusal(RefusalCode.CONFLICT, "This organisation is a customer already, under another external id.")
        return await self._begin(connection, caller, command, own_id, before, await business_now(connection))

    async def _begin(
        self,
        connection: Connection,
        caller: Caller,
        command: CreateCustomer,
        organisation_id: OrganisationId,
        before: Onboarding | None,
        at: Instant,
    ) -> OrganisationId:
        await call_ins.reserve_sites(connection, organisation_id, command.sites, at)
        row = await connection.fetchrow(_PUT, *self._values(command, organisation_id, before, at))
        assert row is not None
        # What an onboarding that is over had stated holds no more, and nothing of it is assigned.
        await connection.execute("update unit_quantities set quantity = 0 where organisation_id = $1", organisation_id)
        await units.put(connection, organisation_id, command.packages, command.add_ons)
        onboarding = Onboarding.model_validate(dict(row))
        await audit.append(
            connection,
            subject=organisation_id,
            at=at,
            actor=caller.actor,
            action="onboarding_received",
            from_state=None if before is None else before.state,
            to_state=onboarding.state,
            reason="own_organisation" if onboarding.own_organisation else None,
            details={
                "partner_id": command.partner_id,
                "generation": onboarding.generation,
                "package": command.package,
                "packages": command.packages,
                "add_ons": command.add_ons,
            },
        )
        await transitions.begin(connection, onboarding, at)
        return organisation_id

    def _values(
        self, command: CreateCustomer, organisation_id: OrganisationId, before: Onboarding | None, at: Instant
    ) -> list[Any]:
        """One value a column; those that are not named begin with what the table says, or with nothing."""
        country = rule.billing_country(command.billing_address, self._packages.catalogue)
        address: BillingAddress = command.billing_address.model_copy(update={"country": country})
        values: dict[str, Any] = {
            **command.model_dump(include={"partner_id", "external_id", "own_organisation", "name", "package"}),
            **command.model_dump(include={"admin_email", "admin_name", "invoice_reference", "provision_after_review"}),
            **command.model_dump(mode="json", include={"sites", "users", "numbers"}),
            "organisation_id": organisation_id,
            "request_hash": request_hash(command),
            "generation": 1 if before is None else before.generation + 1,
            "state": OnboardingState.RECEIVED,
            "state_since": at,
            "requested_at": at,
            "billing_address": address.model_dump(mode="json"),
            "licence_set_id": LicenceSetId(f"lic_{uuid4().hex}"),
            "reviewed": False,
            "attempts": 0,
            "warnings": [],
        }
        return [values.get(name) for name in _COLUMNS]


async def _lock_external_id(connection: Connection, command: CreateCustomer) -> None:
    """Let nobody else create a customer of this reference meanwhile: before all other locks."""
    await connection.execute(
        "select pg_advisory_xact_lock(hashtextextended('tenure.wholesale:' || $1 || '/' || $2, 0))",
        command.partner_id,
        command.external_id,
    )

"""A paid order takes services out of their trial (TC-12 to TC-15, TC-19, TC-20)."""

from typing import Final

from adapters.postgres.database import Connection
from adapters.postgres.graces import is_taken, licence_set, put_expiries, record_licence_set
from adapters.postgres.trials import purchases, rows, terms
from adapters.postgres.trials.mailing import Mailing
from adapters.postgres.trials.rows import Locked, Trial
from tenure import names
from tenure.contracts.base import request_hash
from tenure.contracts.catalogue import Catalogue
from tenure.contracts.conversion import Conversion, ConvertTrial
from tenure.contracts.licence import LicenceSet
from tenure.contracts.trial import TrialState
from tenure.errors import Refusal, RefusalCode
from tenure.ids import PersonId
from tenure.policy import trial as rule
from tenure.policy.catalogue import has_meetings
from tenure.policy.trial import Action
from tenure.ports import Caller

_CONFIRMATION: Final = ("confirmed",)
"""What makes no other order of it."""
_CONTACT: Final = """
select exists (select from customer_admins where person_id = $1 and organisation_id = $2)
    or exists (select from partner_admins where person_id = $1 and partner_id in ($3, $4))
"""
_DEFAULT_CONTACT: Final = """
select person_id from partner_admins where partner_id = $1 order by sells desc, person_id limit 1
"""
_DEFAULT_CUSTOMER: Final = """
select person_id from full_admins where organisation_id = $1 order by person_id limit 1
"""


class Conversions:
    """Carries out conversions, inside the transaction of the command."""

    def __init__(self, catalogue: Catalogue, message_domain: str) -> None:
        self._catalogue = catalogue
        self._domain = message_domain

    async def convert(self, caller: Caller, command: ConvertTrial, connection: Connection) -> Conversion:
        """The ordered services are the customer's from now on; the contact is mailed where to set them up.

        What the order has beyond this trial leaves the organisation's other trials like anything that is bought.

        Raises:
            Refusal: what `_plan` refuses; `confirmation_required` where services are missing from the order (TC-19);
                `order_exists` or `licence_set_exists` where an id is known with other contents.
        """
        known = await _known(connection, command)
        if known is not None:
            return known
        locked, plan = await self._plan(connection, command)
        if plan.remaining and not command.confirmed:
            raise Refusal(
                RefusalCode.CONFIRMATION_REQUIRED,
                "Services of the trial are missing from the order and stay on trial: confirm it.",
                details={"remaining": list(plan.remaining)},
            )
        bought = await self._buy(connection, caller, command, locked)
        await purchases.take_over(connection, bought, self._catalogue, at=locked.now, actor=caller.actor)
        await _store(connection, command, plan, locked)
        if plan.contact is not None:
            workflow_id = await _process(connection, locked.trial)
            await Mailing(self._domain, locked.trial, workflow_id, locked.now).contact(
                connection, command.order_id, plan.contact
            )
        return plan

    async def plan(self, command: ConvertTrial, connection: Connection) -> Conversion:
        """What `convert` would answer now."""
        return await _known(connection, command) or (await self._plan(connection, command))[1]

    async def _plan(self, connection: Connection, command: ConvertTrial) -> tuple[Locked, Conversion]:
        locked = await rows.lock_trial(connection, command.trial_id)
        trial = locked.trial
        refusal = rule.refuse(Action.CONVERT, trial.state, trial.until, locked.now)
        if refusal is not None:
            raise Refusal(refusal)
        await _require_orderer(connection, trial, command)
        converted = tuple(service for service in trial.services if service in command.services)
        if not converted:
            raise Refusal(RefusalCode.NO_SERVICE_SELECTED, "The order has no service of this trial.")
        plan = Conversion(
            trial_id=trial.trial_id,
            order_id=command.order_id,
            converted=converted,
            remaining=tuple(service for service in trial.services if service not in converted),
            contact=await _contact(connection, trial, command),
        )
        return locked, plan

    async def _buy(self, connection: Connection, caller: Caller, command: ConvertTrial, locked: Locked) -> LicenceSet:
        """The new subscription."""
        trial = locked.trial
        services = tuple(dict.fromkeys(command.services))
        row = await connection.fetchrow(
            "insert into licence_sets (licence_set_id, organisation_id, kind, state, meetings, services, expires_at,"
            "                          active_since, created_at)"
            " values ($1, $2, 'subscription', 'active', $3, $4, $5, $6, $6) on conflict do nothing returning *",
            command.licence_set_id,
            trial.organisation_id,
            has_meetings(services, self._catalogue),
            list(services),
            command.expires_at,
            locked.now,
        )
        if row is None or await is_taken(connection, command.licence_set_id):
            raise Refusal(RefusalCode.LICENCE_SET_EXISTS)
        bought = licence_set(row)
        await put_expiries(connection, [bought])
        await record_licence_set(connection, None, bought, at=locked.now, actor=caller.actor, reason="converted")
        return bought


async def _known(connection: Connection, command: ConvertTrial) -> Conversion | None:
    """What an order did that was processed before (P10)."""
    await connection.execute(
        "select pg_advisory_xact_lock(hashtextextended('tenure.order:' || $1, 0))", command.order_id
    )
    row = await connection.fetchrow("select * from orders where order_id = $1", command.order_id)
    if row is None:
        return None
    if row["request_hash"] != request_hash(command, but=_CONFIRMATION):
        raise Refusal(RefusalCode.ORDER_EXISTS)
    remaining = await connection.fetchval("select services from trials where trial_id = $1", row["trial_id"])
    return Conversion(
        trial_id=row["trial_id"],
        order_id=row["order_id"],
        converted=tuple(row["services"]),
        remaining=tuple(remaining),
        contact=row["contact"],
    )


async def _require_orderer(connection: Connection, trial: Trial, command: ConvertTrial) -> None:
    """A partner's order is of the trial's own partner, or of its distributor where that is of tier 2 (TC-13).

    Raises:
        Refusal: `tier2_use_distributor`, `not_trial_owner`.
    """
    if command.ordered_by is None:
        return
    owner = await connection.fetchrow(
        "select tier, distributor_id from partners where partner_id = $1", trial.partner_id
    )
    assert owner is not None
    if command.ordered_by == trial.partner_id:
        if owner["tier"] == 2:
            raise Refusal(RefusalCode.TIER2_USE_DISTRIBUTOR)
    elif owner["tier"] != 2 or owner["distributor_id"] != command.ordered_by:
        raise Refusal(RefusalCode.NOT_TRIAL_OWNER)


async def _contact(connection: Connection, trial: Trial, command: ConvertTrial) -> PersonId | None:
    """Who is mailed: an admin of the partner or of the customer, by default of who ordered (TC-15)."""
    if command.contact is not None:
        if not await connection.fetchval(
            _CONTACT, command.contact, trial.organisation_id, trial.partner_id, command.ordered_by
        ):
            raise Refusal(RefusalCode.CONTACT_NOT_ADMIN)
        return command.contact
    if command.ordered_by is not None:
        found = await connection.fetchval(_DEFAULT_CONTACT, command.ordered_by)
    else:
        found = await connection.fetchval(_DEFAULT_CUSTOMER, trial.organisation_id)
    return None if found is None else PersonId(found)


async def _process(connection: Connection, before: Trial) -> str:
    """The process that runs for a trial at this moment, and so delivers what is mailed now."""
    if before.state is TrialState.ACTIVE:
        return names.trial_id(before.trial_id, before.generation)
    licences = await terms.licences_of(connection, before)
    return names.renewal_grace_id(before.licence_set_id, licences.generation)


async def _store(connection: Connection, command: ConvertTrial, plan: Conversion, locked: Locked) -> None:
    await connection.execute(
        "insert into orders (order_id, trial_id, organisation_id, licence_set_id, services, ordered_by, contact,"
        "                    request_hash, converted_at) values ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        command.order_id,
        command.trial_id,
        locked.trial.organisation_id,
        command.licence_set_id,
        list(plan.converted),
        command.ordered_by,
        plan.contact,
        request_hash(command, but=_CONFIRMATION),
        locked.now,
    )

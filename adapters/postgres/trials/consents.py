"""The port `Consents` on Postgres: the customer's side of trials and orders."""

from collections.abc import Sequence
from functools import partial
from typing import Final

import asyncpg

from adapters.postgres.commands import once, once_shown
from adapters.postgres.database import Connection, Database, business_now
from adapters.postgres.trials import setting_up, views
from adapters.postgres.trials.consenting import Consenting
from adapters.postgres.trials.eligibility import holdings
from adapters.postgres.trials.people import is_full_admin
from tenure.contracts.catalogue import Catalogue
from tenure.contracts.consent import AcceptTrial, ConsentRequest, DeclineTrial
from tenure.contracts.conversion import OrderSetUp, TieOrder
from tenure.contracts.organisation import GONE
from tenure.contracts.trial import ConsentState, ServiceOffer, TrialView
from tenure.errors import Refusal, RefusalCode
from tenure.ids import OrderId, OrganisationId, PersonId, TrialId
from tenure.policy import trial as rule
from tenure.ports import Caller

_REQUEST: Final = """
select t.trial_id, t.organisation_id, t.services, o.name as organisation_name, o.state as organisation_state,
       o.time_zone, t.partner_id, p.name as partner_name, t.state as trial_state, r.state, r.requested_at,
       r.deadline_at, m.access,
       coalesce((select h.language from people h where h.person_id = $2 and h.organisation_id = t.organisation_id),
                o.language) as language
  from trial_requests r join trials t using (trial_id) join organisations o on o.organisation_id = t.organisation_id
  join partners p on p.partner_id = t.partner_id
  left join managements m on m.partner_id = t.partner_id and m.organisation_id = t.organisation_id
"""
_ONE: Final = _REQUEST + " where t.trial_id = $1"
_PENDING: Final = _REQUEST + " where t.organisation_id = $1 and r.state = 'pending' order by r.deadline_at, t.trial_id"


class PostgresConsents:
    """The port `Consents`."""

    def __init__(self, database: Database, catalogue: Catalogue) -> None:
        self._database = database
        self._catalogue = catalogue
        self._consenting = Consenting(catalogue)

    async def pending(
        self, caller: Caller, organisation_id: OrganisationId, person_id: PersonId
    ) -> Sequence[ConsentRequest]:
        """What a full admin is shown at sign-in, mailed or not, promoted since or not (CO-07).

        Raises:
            Refusal: `forbidden` to a partner; `organisation_not_found`, `org_deleted`, or
                `consent_needs_full_admin` for anybody else.
        """
        if caller.partner_id is not None:
            raise Refusal(RefusalCode.FORBIDDEN)
        async with self._database.read() as connection:
            state = await connection.fetchval(
                "select state from organisations where organisation_id = $1", organisation_id
            )
            if state is None:
                raise Refusal(RefusalCode.ORGANISATION_NOT_FOUND)
            if state in GONE:
                raise Refusal(RefusalCode.ORG_DELETED)
            if not await is_full_admin(connection, organisation_id, person_id):
                raise Refusal(RefusalCode.CONSENT_NEEDS_FULL_ADMIN)
            rows, now = await connection.fetch(_PENDING, organisation_id, person_id), await business_now(connection)
            return [await self._request(connection, row) for row in rows if rule.answer_counts(row["deadline_at"], now)]

    async def request(self, trial_id: TrialId, reader: PersonId | None = None) -> ConsentRequest:
        """What the consent page shows; `reader` chooses its language. Changes nothing (SF-09).

        Raises:
            Refusal: `trial_not_found`, or `org_deleted`.
        """
        async with self._database.read() as connection:
            row = await connection.fetchrow(_ONE, trial_id, reader)
            if row is None:
                raise Refusal(RefusalCode.TRIAL_NOT_FOUND)
            if row["organisation_state"] in GONE:
                raise Refusal(RefusalCode.ORG_DELETED)
            return await self._request(connection, row)

    async def may_decide(self, trial_id: TrialId, person_id: PersonId, address: int | None = None) -> bool:
        """Whether this person is a full admin of the trial's organisation at this moment (CO-05)."""
        async with self._database.read() as connection:
            of = await connection.fetchval("select organisation_id from trials where trial_id = $1", trial_id)
            return of is not None and await is_full_admin(connection, of, person_id, address)

    async def accept(self, caller: Caller, command: AcceptTrial, address: int | None = None) -> TrialView:
        """One full admin is enough; a second acceptance changes nothing (CO-04, CO-17, CO-18)."""
        act = partial(self._consenting.accept, caller, command, address=address)
        show = partial(views.show, caller=caller, trial_id=command.trial_id)
        return await once_shown(self._database, caller, command, act, show)

    async def decline(self, caller: Caller, command: DeclineTrial, address: int | None = None) -> None:
        """The same as a lapse, at once (CO-20)."""

        async def carry_out(connection: Connection) -> None:
            await self._consenting.decline(caller, command, connection, address)

        await once(self._database, caller, command, type(None), carry_out)

    async def may_set_up(self, order_id: OrderId, person_id: PersonId, address: int) -> bool:
        """Whether this person is the order's contact, at this address (TC-15)."""
        async with self._database.read() as connection:
            return await setting_up.is_contact(connection, order_id, person_id, address)

    async def set_up(self, order_id: OrderId) -> OrderSetUp:
        """What the set-up page shows. Changes nothing."""
        async with self._database.read() as connection:
            return await setting_up.find_set_up(connection, order_id)

    async def plan_tie(self, command: TieOrder) -> OrderSetUp:
        """What `tie` would answer now, with the customer data to check; changes nothing (TC-17)."""
        async with self._database.read() as connection:
            return await setting_up.plan_tie(connection, command)

    async def tie(self, caller: Caller, command: TieOrder) -> OrderSetUp:
        """Tie an order to the organisation of its trial, and to no other (TC-17, TC-18)."""
        act = partial(setting_up.tie, caller=caller, command=command)
        show = partial(setting_up.find_set_up, order_id=command.order_id)
        return await once_shown(self._database, caller, command, act, show)

    async def _request(self, connection: Connection, row: asyncpg.Record) -> ConsentRequest:
        """A request as it stands: with what of it would drop out if it were accepted now (CO-17)."""
        names = {service.key: service.name for service in self._catalogue.services}
        reasons: dict[str, RefusalCode] = {}
        if ConsentState(row["state"]) is ConsentState.PENDING:
            held = await holdings(connection, row["organisation_id"], but=row["trial_id"])
            reasons = rule.ineligible(row["services"], row["partner_id"], held, self._catalogue)
        services = tuple(
            ServiceOffer(service=key, name=names.get(key, key), refusal=reasons.get(key)) for key in row["services"]
        )
        accepted = ConsentState(row["state"]) is ConsentState.ACCEPTED
        return ConsentRequest.model_validate(
            {**row, "services": services, "access": row["access"] if accepted else None}
        )

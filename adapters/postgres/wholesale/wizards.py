"""The first launch of an organisation: a wizard that remembers where it was left (WIZ)."""

from collections.abc import Callable
from functools import partial
from typing import Any, Final

from adapters.postgres import audit
from adapters.postgres.commands import once_shown
from adapters.postgres.database import Connection, Database, business_now, lock_one
from adapters.postgres.wholesale import units
from adapters.postgres.wholesale.launching import require_acquainted, require_opener
from adapters.postgres.wholesale.rows import find
from tenure.contracts.catalogue import Catalogue
from tenure.contracts.wizard import AcceptTerms, Wizard, WizardCommand, WizardStep
from tenure.errors import Refusal, RefusalCode
from tenure.ids import OrganisationId
from tenure.ports import Caller

_FIND: Final = """
select o.organisation_id, o.name as organisation_name, coalesce(w.step, 'accept_terms') as step, w.terms_version,
       w.accepted_by, w.accepted_at, w.completed_at,
       array(select distinct service from licence_sets l cross join unnest(l.services) as service
              where l.organisation_id = o.organisation_id and l.state <> 'removed' order by service) as services
  from organisations o left join wizards w using (organisation_id)
 where o.organisation_id = $1
"""
_BEGIN: Final = "insert into wizards (organisation_id) values ($1) on conflict do nothing returning true"
_GO_ON: Final = """
update wizards set step = $2, terms_version = coalesce(terms_version, $3), accepted_by = coalesce(accepted_by, $4),
                   accepted_at = coalesce(accepted_at, $5), completed_at = case when $2 = 'complete' then $5 end
 where organisation_id = $1
"""

type _Decide = Callable[[Wizard], WizardStep | None]
"""From the wizard as it stands, under lock, to its next step; None where nothing changes."""


class PostgresWizards:
    """The port `Wizards` on Postgres. Each refuses as `require_acquainted` and `require_opener` do, and `org_deleted`."""

    def __init__(self, database: Database, catalogue: Catalogue) -> None:
        """Take the catalogue, for the terms that are in force."""
        self._database = database
        self._catalogue = catalogue

    async def launch(self, caller: Caller, command: WizardCommand) -> Wizard:
        """Open an organisation where its wizard was left; once that is complete, past it (WIZ-02, WIZ-06)."""
        return await self._once(caller, command, lambda _: None)

    async def show(self, caller: Caller, command: WizardCommand) -> Wizard:
        """Where the wizard stands; to look begins nothing (P14)."""
        async with self._database.read() as connection:
            await require_acquainted(connection, caller, command.organisation_id)
            await require_opener(connection, caller, command)
            return await self._read(connection, command.organisation_id)

    async def accept_terms(self, caller: Caller, command: AcceptTerms) -> Wizard:
        """Accept the terms; who did so first, and when, stays (WIZ-04).

        Raises:
            Refusal: `terms_outdated` for another version than that in force, or that was accepted.
        """

        def accept(wizard: Wizard) -> WizardStep | None:
            if command.terms_version != wizard.terms_version:
                raise Refusal(RefusalCode.TERMS_OUTDATED, details={"terms_version": wizard.terms_version})
            return WizardStep.GET_STARTED if wizard.step is WizardStep.ACCEPT_TERMS else None

        return await self._once(caller, command, accept)

    async def get_started(self, caller: Caller, command: WizardCommand) -> Wizard:
        """Begin the prompts; begun already, nothing changes.

        Raises:
            Refusal: `terms_not_accepted` (WIZ-04).
        """

        def start(wizard: Wizard) -> WizardStep | None:
            _require_terms(wizard)
            return WizardStep.FOLLOW_PROMPTS if wizard.step is WizardStep.GET_STARTED else None

        return await self._once(caller, command, start)

    async def complete(self, caller: Caller, command: WizardCommand) -> Wizard:
        """The prompts were followed: the organisation is set up, and that is recorded once (WIZ-05, WIZ-06).

        Raises:
            Refusal: `terms_not_accepted`, or `wrong_state` before the prompts have begun.
        """

        def end(wizard: Wizard) -> WizardStep | None:
            _require_terms(wizard)
            if wizard.step is WizardStep.GET_STARTED:
                raise Refusal(RefusalCode.WRONG_STATE)
            return WizardStep.COMPLETE if wizard.step is WizardStep.FOLLOW_PROMPTS else None

        return await self._once(caller, command, end)

    async def _once(self, caller: Caller, command: WizardCommand, decide: _Decide) -> Wizard:
        act = partial(self._step, caller, command, decide)
        show = partial(self._read, organisation_id=command.organisation_id)
        return await once_shown(self._database, caller, command, act, show, by_partners=True)

    async def _step(self, caller: Caller, command: WizardCommand, decide: _Decide, connection: Connection) -> None:
        """Go one step further, under the organisation's lock, with its audit row."""
        await require_acquainted(connection, caller, command.organisation_id)
        await lock_one(connection, command.organisation_id)
        person_id = await require_opener(connection, caller, command)
        before = await self._read(connection, command.organisation_id)
        step, now = decide(before), await business_now(connection)
        began = await connection.fetchval(_BEGIN, command.organisation_id)
        if step is not None:
            await connection.execute(_GO_ON, command.organisation_id, step, before.terms_version, person_id, now)
        if began or step is not None:
            await audit.append(
                connection,
                subject=command.organisation_id,
                at=now,
                actor=caller.actor,
                action="launched" if step is None else _ACTIONS[step],
                from_state=None if began else before.step,
                to_state=step or before.step,
                details={"terms_version": before.terms_version} if step is WizardStep.GET_STARTED else {},
            )

    async def _read(self, connection: Connection, organisation_id: OrganisationId) -> Wizard:
        """The wizard as it stands, with the summary of the plan (WIZ-02)."""
        row = await connection.fetchrow(_FIND, organisation_id)
        if row is None:
            raise Refusal(RefusalCode.ORGANISATION_NOT_FOUND)
        customer = await find(connection, organisation_id)
        fields: dict[str, Any] = dict(row) | {"terms_version": row["terms_version"] or self._catalogue.terms.version}
        return Wizard(
            **fields,
            package=None if customer is None else customer.package,
            quantities=await units.read(connection, organisation_id),
            terms_url=self._catalogue.terms.url,
        )


_ACTIONS: Final = {
    WizardStep.GET_STARTED: "terms_accepted",
    WizardStep.FOLLOW_PROMPTS: "set_up_started",
    WizardStep.COMPLETE: "set_up_complete",
}
"""What the audit calls the step to each of these. Who accepted stays out of it: that goes with the organisation."""


def _require_terms(wizard: Wizard) -> None:
    if wizard.step is WizardStep.ACCEPT_TERMS:
        raise Refusal(RefusalCode.TERMS_NOT_ACCEPTED)

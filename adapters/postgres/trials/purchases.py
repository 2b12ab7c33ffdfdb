"""Services that are bought leave their trial, whoever reports the purchase (TC-12, TC-19, TC-20, GR-05)."""

from collections.abc import Iterable
from typing import Any, Final

from adapters.postgres.database import Connection
from adapters.postgres.pending import wake_processes
from adapters.postgres.trials import numbers, rows, terms
from adapters.postgres.trials.rows import Trial
from tenure.contracts.base import Instant
from tenure.contracts.catalogue import Catalogue
from tenure.contracts.licence import LicenceKind, LicenceSet, ServiceKey
from tenure.contracts.trial import TrialState
from tenure.ids import LicenceSetId
from tenure.policy import trial as rule
from tenure.policy.catalogue import has_calling, has_meetings
from tenure.policy.trial import Action

_OPEN: Final = """
select * from trials where organisation_id = $1 and state in ('active', 'grace') order by trial_id
"""
_COPY: Final = """
insert into licence_assignments (licence_set_id, person_id, since)
select $2, person_id, $3 from licence_assignments where licence_set_id = $1 on conflict do nothing
"""


async def take_over(
    connection: Connection, bought: LicenceSet, catalogue: Catalogue, *, at: Instant, actor: str
) -> None:
    """A subscription was bought: whatever it covers leaves the organisation's trials, and its numbers go to it.

    The caller holds the organisation's lock.
    """
    if bought.kind is not LicenceKind.SUBSCRIPTION:
        return
    services = rule.owned([bought], catalogue)
    for row in await connection.fetch(_OPEN, bought.organisation_id):
        trial = rows.Trial.model_validate(dict(row))
        covered = [service for service in trial.services if service in services]
        if covered and rule.refuse(Action.CONVERT, trial.state, trial.until, at) is None:
            await _leave(connection, trial, covered, bought.licence_set_id, catalogue, at=at, actor=actor)
    if has_calling(bought.services, catalogue):
        await numbers.hand_over(connection, bought.organisation_id, bought.licence_set_id, at=at, actor=actor)


async def _leave(
    connection: Connection,
    before: Trial,
    bought: Iterable[ServiceKey],
    licence_set_id: LicenceSetId,
    catalogue: Catalogue,
    *,
    at: Instant,
    actor: str,
) -> None:
    """Services leave a trial that is active or in grace, with everything that was done on trial (TC-12).

    The rest keeps its end, notices and grace (TC-19); with nothing left the trial is converted, and nobody is mailed
    about its end any more (TC-20).
    """
    leaving = tuple(bought)
    remaining = [service for service in before.services if service not in leaving]
    await rows.leave_to_buyer(connection, before.trial_id, leaving)
    await connection.execute(_COPY, before.licence_set_id, licence_set_id, at)
    if has_calling(leaving, catalogue):
        await numbers.hand_over(
            connection, before.organisation_id, licence_set_id, at=at, actor=actor, trial_id=before.trial_id
        )
    columns: dict[str, Any] = {"services": remaining}
    if not remaining:
        columns |= {"state": TrialState.CONVERTED, "grace_ends_at": None, "reminder_at": None}
    trial = await rows.change(
        connection,
        before,
        at=at,
        actor=actor,
        action="services_bought" if remaining else "trial_converted",
        details={"services": list(leaving), "licence_set_id": licence_set_id},
        **columns,
    )
    if remaining:
        # Meetings that were bought are the subscription's, recordings and site with them (RP-06).
        await connection.execute(
            "update licence_sets set services = $2, meetings = case when $3 then $4 else meetings end"
            " where licence_set_id = $1",
            trial.licence_set_id,
            remaining,
            has_meetings(leaving, catalogue),
            has_meetings(remaining, catalogue),
        )
    else:
        await terms.close(connection, trial)
        await terms.remove_licences(connection, trial, at=at, actor=actor, reason="converted")
    await wake_processes(connection, trial.organisation_id)

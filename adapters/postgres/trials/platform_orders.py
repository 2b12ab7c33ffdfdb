"""What the platform is to do for a trial, as rows of `trial_services` (PV-03, PV-04)."""

from collections.abc import Collection

from adapters.postgres.database import Connection
from adapters.postgres.trials.rows import Trial
from tenure.contracts.catalogue import Catalogue
from tenure.contracts.platform import Built, Deed, PlatformOrder
from tenure.contracts.trial import ServiceState
from tenure.ids import OrganisationId

_DEEDS = {"ordered": Deed.BUILD, "leaving": Deed.TEAR_DOWN}


async def due(
    connection: Connection, trial: Trial, catalogue: Catalogue, deeds: Collection[Deed]
) -> tuple[PlatformOrder, ...]:
    """The orders that are open, in order of service; what is torn down goes before what is built."""
    rows = await connection.fetch(
        "select s.service, s.state, s.turn, s.resource, o.region"
        "  from trial_services s join trials t using (trial_id) join organisations o using (organisation_id)"
        " where s.trial_id = $1 and s.state in ('ordered', 'leaving') order by s.state = 'ordered', s.service",
        trial.trial_id,
    )
    return tuple(
        PlatformOrder(
            key=f"{trial.trial_id}/{row['service']}/{row['turn']}/{deed}",
            deed=deed,
            trial_id=trial.trial_id,
            organisation_id=trial.organisation_id,
            service=row["service"],
            region=row["region"],
            seats=trial.seats,
            site=trial.site if (known := catalogue.service(row["service"])) is not None and known.meetings else None,
            phone_numbers=1 if known is not None and known.calling and deed is Deed.BUILD else 0,
            resource=row["resource"],
        )
        for row in rows
        if (deed := _DEEDS[row["state"]]) in deeds
    )


async def to_erase(connection: Connection, organisation_id: OrganisationId) -> tuple[PlatformOrder, ...]:
    """Tear-downs of everything that stands, or may stand, of an organisation's trials."""
    rows = await connection.fetch(
        "select t.trial_id, s.service, s.turn, s.resource from trial_services s join trials t using (trial_id)"
        " where t.organisation_id = $1 and s.state <> 'gone' order by t.trial_id, s.service",
        organisation_id,
    )
    return tuple(
        PlatformOrder(
            key=f"{row['trial_id']}/{row['service']}/{row['turn']}/{Deed.TEAR_DOWN}",
            deed=Deed.TEAR_DOWN,
            trial_id=row["trial_id"],
            organisation_id=organisation_id,
            service=row["service"],
            resource=row["resource"],
        )
        for row in rows
    )


async def done(connection: Connection, order: PlatformOrder, built: Built) -> ServiceState | None:
    """Write down what was built or torn down; None where that had been written before, or its turn is over.

    What was built though it was cancelled meanwhile stays to be torn down, by the name that the platform gave it, and
    what was built though it was bought meanwhile is the buyer's.
    """
    turn = _turn(order)
    if order.deed is Deed.TEAR_DOWN:
        state = await connection.fetchval(
            "update trial_services set state = 'gone', problem = null"
            " where trial_id = $1 and service = $2 and turn = $3 and state = 'leaving' returning state",
            order.trial_id,
            order.service,
            turn,
        )
    else:
        state = await connection.fetchval(
            "update trial_services set state = case state when 'ordered' then 'built' else state end, resource = $4,"
            " problem = null"
            " where trial_id = $1 and service = $2 and turn = $3 and state in ('ordered', 'leaving', 'bought')"
            "   and resource is null"
            " returning state",
            order.trial_id,
            order.service,
            turn,
            built.resource,
        )
    return None if state in {None, ServiceState.LEAVING} else ServiceState(state)


async def problems(connection: Connection, orders: Collection[PlatformOrder]) -> dict[str, str]:
    """What stands against orders, by their keys."""
    rows = await connection.fetch(
        "select trial_id || '/' || service || '/' || turn as place, problem from trial_services"
        " where trial_id = any($1::text[]) and problem is not null",
        list({order.trial_id for order in orders}),
    )
    known = {row["place"]: row["problem"] for row in rows}
    return {order.key: known[order.place] for order in orders if order.place in known}


async def refused(connection: Connection, order: PlatformOrder, code: str) -> bool:
    """Keep why an order is not carried out, for whoever looks at the trial; False where that stood there before."""
    found = await connection.fetchval(
        "update trial_services set problem = $4"
        " where trial_id = $1 and service = $2 and turn = $3 and state in ('ordered', 'leaving')"
        " and problem is distinct from $4 returning true",
        order.trial_id,
        order.service,
        _turn(order),
        code[:100],
    )
    return bool(found)


async def all_built(connection: Connection, trial: Trial) -> bool:
    """Whether every service of the trial stands (PV-03)."""
    found: bool = await connection.fetchval(
        "select not exists (select from trial_services where trial_id = $1 and state = 'ordered')", trial.trial_id
    )
    return found


def _turn(order: PlatformOrder) -> int:
    """Which turn of a service an order is about."""
    return int(order.place.rpartition("/")[2])

"""The countdown's guarded transactions: look, warn, fence. Each reads everything again under lock (XC-06)."""

import asyncpg

from adapters.postgres import audit, breakers, fencing, ledger, receipts
from adapters.postgres.clock import in_time
from adapters.postgres.database import Connection, Database, lock
from adapters.postgres.looks import Look, close, conclude, look, look_again
from adapters.postgres.pending import clear_next_dates
from tenure.contracts.activity import ActivityEvent, IntakeResult
from tenure.contracts.deletion import ActivityReport, CountdownAt, CountdownStep, Promise, Verdict
from tenure.contracts.erasure import ErasureCause
from tenure.contracts.forecast import NextKind
from tenure.contracts.organisation import OrganisationState
from tenure.policy.promise import promised, settled
from tenure.policy.rules import Rules
from tenure.ports import TIMER, Activity


class PostgresCountdowns:
    """The port `Countdowns`."""

    def __init__(self, database: Database, rules: Rules, *, activity: Activity, message_domain: str) -> None:
        """Take the intake that writes down what came by signal, and the domain that ends the Message-IDs."""
        self._database = database
        self._rules = rules
        self._activity = activity
        self._message_domain = message_domain

    async def assess(self, at: CountdownAt) -> CountdownStep:
        """Look, carry out a reset or an unmarking, and store the next date.

        Raises:
            Refusal: `organisation_not_found`.
        """
        async with self._database.write() as connection:
            locked = await lock(connection, at.organisation_id)
            found = await self._look(connection, at, locked.get(at.organisation_id), lock_activity=False)
            return await conclude(connection, found, self._rules)

    async def warn(self, at: CountdownAt) -> CountdownStep:
        """Begin a warning: state, promise, and one queued notice for each full admin. Repeating it changes nothing.

        Raises:
            Refusal: `clock_ahead`, `organisation_not_found`.
        """
        async with in_time(self._database, at.as_of, self._rules) as connection:
            locked = await lock(connection, at.organisation_id)
            # With its row locked: activity after this look finds the row watched, and wakes the countdown.
            found = await self._look(connection, at, locked.get(at.organisation_id), lock_activity=True)
            if found.assessment.verdict is not Verdict.WARN:
                return await conclude(connection, found, self._rules)
            await self._begin_warning(connection, found)
            return await look_again(connection, found, self._rules)

    async def fence(self, at: CountdownAt) -> CountdownStep:
        """Check everything once more and turn the organisation into `erasing`, or say which condition fails (SF-04).

        Raises:
            Refusal: `clock_ahead`, `organisation_not_found`.
        """
        async with in_time(self._database, at.as_of, self._rules) as connection:
            locked = await fencing.lock_with_managers(connection, at.organisation_id)
            found = await self._look(connection, at, locked.get(at.organisation_id), lock_activity=True)
            if found.assessment.verdict is not Verdict.FENCE:
                return await conclude(connection, found, self._rules)
            held_because = await breakers.pass_one(connection, at.organisation_id, found.now, self._rules)
            if held_because is not None:
                return await conclude(connection, found.with_breaker_open(held_because, self._rules), self._rules)
            await fencing.fence(
                connection,
                found.organisation,
                cause=ErasureCause.UNUSED,
                at=found.now,
                actor=TIMER.actor,
                quarantine_until=found.now + self._rules.quarantine,
                evidence=await receipts.evidence(connection, found.evidence, self._rules),
                rules=self._rules,
            )
            await close(connection, found)
            over = found.assessment.model_copy(update={"verdict": Verdict.END})
            return CountdownStep(
                assessment=over, state=OrganisationState.ERASING, cycle=found.evidence.cycle, looked_at=found.now
            )

    async def record(self, report: ActivityReport) -> IntakeResult:
        """Write down what arrived by signal."""
        signal = report.activity
        return await self._activity.record(
            [
                ActivityEvent(
                    organisation_id=report.organisation_id, kind=signal.kind, at=signal.at, source=signal.source
                )
            ]
        )

    async def _look(
        self, connection: Connection, at: CountdownAt, organisation: asyncpg.Record | None, *, lock_activity: bool
    ) -> Look:
        return await look(
            connection,
            at,
            organisation,
            self._rules,
            message_domain=self._message_domain,
            lock_activity=lock_activity,
        )

    async def _begin_warning(self, connection: Connection, found: Look) -> None:
        """Store the promise before anybody can be mailed; where there is nobody, this is the attempt (DM-17, SF-01)."""
        organisation_id, generation, as_of = found.at.organisation_id, found.at.generation, found.at.as_of
        cycle, base_at = found.evidence.cycle + 1, found.assessment.base_at
        assert base_at is not None
        await connection.execute(
            "update organisations set state = 'warned' where organisation_id = $1", organisation_id
        )
        await connection.execute(
            "update countdowns set cycle = $3, turn_at = null, held_by = null"
            " where organisation_id = $1 and generation = $2",
            organisation_id,
            generation,
            cycle,
        )
        await connection.execute("update activity set watched = true where organisation_id = $1", organisation_id)
        await ledger.queue_warnings(
            connection, organisation_id, generation, cycle, at=as_of, domain=self._message_domain
        )
        recipients = await ledger.queued(connection, organisation_id, generation, cycle)
        not_before = promised(as_of, found.organisation["time_zone"], self._rules)
        promise = Promise(cycle=cycle, base_at=base_at, not_before=not_before)
        await ledger.store_promise(
            connection, organisation_id, generation, promise if recipients else settled(promise, as_of)
        )
        await clear_next_dates(connection, organisation_id, NextKind.DELETION_WARNING)
        await audit.append(
            connection,
            subject=organisation_id,
            at=as_of,
            actor=TIMER.actor,
            action="warned",
            from_state=OrganisationState.MARKED,
            to_state=OrganisationState.WARNED,
            reason=found.assessment.reason,
            details={
                "generation": generation,
                "cycle": cycle,
                "recipients": len(recipients),
                "not_before": not_before.isoformat(),
            },
        )

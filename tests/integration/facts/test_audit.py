"""The audit: every change on record, appended only, chained by hash for each subject (XC-04, P14)."""

from datetime import UTC, datetime, timedelta, timezone

import asyncpg
import pytest

from adapters.postgres import audit
from adapters.postgres.database import Database
from tests.integration.deletion.town import OPERATOR, Town
from tests.integration.facts.desk import Desk

AT = datetime(2027, 1, 1, 12, 0, 0, 123456, tzinfo=UTC)


def change(subject: str, action: str, at: datetime = AT) -> audit.Change:
    """A change with every kind of content."""
    details = {
        "count": 3,
        "share": 0.25,
        "name": "Zażółć",
        "nothing": None,
        "list": ["b", "a"],
        "map": {"z": 1, "a": 2},
    }
    return audit.Change(subject=subject, at=at, actor="timer", action=action, to_state="marked", details=details)


async def tamper(town: Town, statement: str) -> None:
    """Change the audit as only the owner of the schema can, who takes its guard away first."""
    connection = await asyncpg.connect(town.url)
    try:
        await connection.execute(
            f"alter table audit disable trigger all; {statement}; alter table audit enable trigger all"
        )
    finally:
        await connection.close()


async def holds(database: Database, subject: str) -> bool:
    """Whether the chain of a subject holds."""
    async with database.read() as connection:
        return await audit.verify(connection, subject)


async def append(town: Town, *changes: audit.Change) -> None:
    """Write changes in one transaction."""
    async with town.database.write() as connection:
        await audit.append_all(connection, changes)


async def test_chains_of_several_subjects(town: Town) -> None:
    """Rows written together join the chains of their own subjects, in order, and go on from those before (XC-04)."""
    await append(town, change("a", "first"), change("b", "first"), change("a", "second"))
    east = AT.astimezone(timezone(timedelta(hours=9)))
    await append(town, change("a", "third", east), change("b", "second", east))
    assert (await town.audit("a"), await town.audit("b")) == (["first", "second", "third"], ["first", "second"])
    assert [await holds(town.database, subject) for subject in ("a", "b", "unknown")] == [True, True, True]
    rows = await town.fetch("select previous_hash, hash from audit where subject = 'a' order by position")
    assert [row["previous_hash"] for row in rows] == [audit.GENESIS, rows[0]["hash"], rows[1]["hash"]]


@pytest.mark.parametrize(
    "statement",
    [
        "update audit set actor = 'somebody' where subject = 'a' and position = 1",
        "update audit set at = at + interval '1 microsecond' where subject = 'a' and position = 2",
        "update audit set details = details || '{\"count\": 4}' where subject = 'a' and position = 2",
        "update audit set to_state = null where subject = 'a' and position = 3",
        "delete from audit where subject = 'a' and position = 1",
        "delete from audit where subject = 'a' and position = 2",
        "update audit set subject = 'a', position = 4 where subject = 'b'",
    ],
)
async def test_what_was_changed_is_found(town: Town, statement: str) -> None:
    """A row that is changed, taken out or put in breaks the chain of its subject (XC-04, P14)."""
    await append(town, *(change("a", f"step-{i}") for i in range(3)), change("b", "step"))
    assert await holds(town.database, "a")
    await tamper(town, statement)
    assert not await holds(town.database, "a")


async def test_audit_is_only_appended(town: Town) -> None:
    """No role of the application changes or deletes a row, and not even the owner does by mistake (XC-04)."""
    await append(town, change("a", "first"))
    owner = await asyncpg.connect(town.url)
    try:
        for statement in ("update audit set actor = 'x'", "delete from audit", "truncate audit"):
            with pytest.raises(asyncpg.RaiseError, match="append-only"):
                await owner.execute(statement)
    finally:
        await owner.close()
    for database in (town.database, town.erasure):
        for statement in ("update audit set actor = 'x'", "delete from audit"):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await _execute(database, statement)
    assert await holds(town.database, "a")


async def _execute(database: Database, statement: str) -> None:
    async with database.write() as connection:
        await connection.execute(statement)


async def test_every_fact_leaves_a_row(town: Town, desk: Desk) -> None:
    """Who, what, from, to, why and when of each step is on record, without a name or an address (XC-04)."""
    organisation_id = await town.organisation()
    licences = await desk.suspended(organisation_id)
    await desk.restore(licences)
    await desk.end(await desk.expire(licences))
    rows = await town.fetch("select * from audit where subject = $1 order by position", organisation_id)
    assert [(row["actor"], row["action"], row["from_state"], row["to_state"], row["reason"]) for row in rows] == [
        ("service:orders", "licences_active", None, "active", "granted"),
        ("service:orders", "licences_suspended", "active", "suspended", "expired"),
        ("service:orders", "licences_active", "suspended", "active", "paid_subscription"),
        ("service:orders", "licences_suspended", "active", "suspended", "expired"),
        ("timer", "licences_removed", "suspended", "removed", "grace_over"),
        ("timer", "marked", "live", "marked", "licences_removed"),
    ]
    [person] = (await town.organisations.show(OPERATOR, organisation_id)).people
    content = "".join(str(dict(row)) for row in rows)
    assert person.name not in content
    assert person.email not in content
    assert await holds(town.database, organisation_id)

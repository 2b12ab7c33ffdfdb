"""The roofline: the same SQL over prepared arrays, with none of our code between them and Postgres.

`python -m benchmarks.roofline` reads a job as JSON and writes how long it took.
"""

import asyncio
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC

import asyncpg
import msgspec
import numpy as np
import uvloop

from adapters.postgres.activity import ADVANCE
from benchmarks.traffic import KIND, SOURCE, Traffic, name

ORDERED = dict.fromkeys(("enable_hashjoin", "enable_seqscan", "enable_bitmapscan"), "off")
"""As the intake has it: the writers would wait for each other in a circle otherwise."""


@dataclass(frozen=True, slots=True)
class Job:
    """What to write where."""

    url: str
    traffic: Traffic
    group: int
    """Events folded into one statement: as many as the intake has under way at once."""
    writers: int


@dataclass(frozen=True, slots=True)
class Written:
    """What came of it."""

    seconds: float


async def write(job: Job) -> Written:
    """Prepare all arrays, and write them."""
    groups = list(_groups(job))
    numbers = iter(range(len(groups)))
    connections = [await asyncpg.connect(job.url, server_settings=ORDERED) for _ in range(job.writers)]
    statements = [await connection.prepare(ADVANCE) for connection in connections]
    start = time.perf_counter()

    async def writer(statement: "asyncpg.prepared_stmt.PreparedStatement[asyncpg.Record]") -> None:
        for number in numbers:
            await statement.fetch(*groups[number])

    await asyncio.gather(*(writer(statement) for statement in statements))
    seconds = time.perf_counter() - start
    for connection in connections:
        await connection.close()
    return Written(seconds)


def _groups(job: Job) -> Iterator[tuple[object, ...]]:
    organisations, instants = job.traffic.draw()
    for begin in range(0, len(organisations), job.group):
        some = instants[begin : begin + job.group]
        members, positions = np.unique(organisations[begin : begin + job.group], return_inverse=True)
        newest = np.full(len(members), np.datetime64(0, "us"))
        np.maximum.at(newest, positions, some)
        times = ",".join(f'"{text}Z"' for text in np.datetime_as_string(newest, unit="us").tolist())
        names, kinds, sources = map(name, members.tolist()), [KIND] * len(members), [SOURCE] * len(members)
        oldest = some.min().item().replace(tzinfo=UTC)
        yield ",".join(names), f"{{{times}}}", ",".join(kinds), ",".join(sources), oldest


def main() -> None:
    """Carry out the job on standard input."""
    job = msgspec.json.decode(sys.stdin.buffer.read(), type=Job)
    sys.stdout.buffer.write(msgspec.json.encode(uvloop.run(write(job))))


if __name__ == "__main__":
    main()

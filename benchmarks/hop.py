"""The HTTP hop: one and the same for all, with each contestant's `Activity` behind it.

`python -m benchmarks.hop CONTESTANT` serves `POST /v1/activity`, exactly as Tenure does, until it is told to stop.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

import typer
import uvloop
from fastapi import FastAPI

from adapters.postgres.activity import PostgresActivity
from adapters.postgres.database import Database
from benchmarks.peers import signals
from benchmarks.peers.upserts import UpsertActivity
from benchmarks.temporal_server import NAMESPACE
from benchmarks.traffic import SECRET
from tenure.contracts.activity import MAX_BATCH_BYTES
from tenure.ports import Activity
from tenure.signature import Verifier
from web import intake, problems
from web.limits import BodyLimit
from web.metrics import Metrics
from web.server import serve


@asynccontextmanager
async def open_activity(contestant: str, store: str, width: int) -> AsyncIterator[Activity]:
    """A contestant's intake.

    Args:
        contestant: `tenure`, `upserts` or `signals`.
        store: The URL of its database, or the address of its Temporal server.
        width: Its writers, connections, or signals in flight.
    """
    match contestant:
        case "tenure":
            async with Database.open(store) as database:
                yield PostgresActivity(database, writers=width)
        case "upserts":
            async with UpsertActivity.open(store, connections=width) as activity:
                yield activity
        case "signals":
            yield signals.SignalActivity(await signals.connect(store, NAMESPACE), in_flight=width)
        case "signal-worker":
            async with signals.worker(await signals.connect(store, NAMESPACE)):
                await asyncio.Event().wait()
        case _:
            raise typer.BadParameter(contestant)


def main(contestant: str, store: str, port: int, width: Annotated[int, typer.Option()] = 1) -> None:
    """Serve a contestant."""

    async def serve_it() -> None:
        async with open_activity(contestant, store, width) as activity:
            app = FastAPI()
            problems.register(app)
            app.include_router(intake.create_router(activity, Verifier(SECRET), Metrics()))
            app.add_middleware(BodyLimit, paths={"/v1/activity": MAX_BATCH_BYTES})
            await serve(app, "127.0.0.1", port)

    uvloop.run(serve_it())


if __name__ == "__main__":
    typer.run(main)

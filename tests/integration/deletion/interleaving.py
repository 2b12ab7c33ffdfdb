"""Transactions that run statement by statement, in an order that a seed decides.

Each actor stops before every statement that it sends to Postgres, and one actor at a time is let on. Who waits for a lock
of the other is left waiting, and goes on when Postgres lets it.
"""

import asyncio
import functools
import random
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from typing import Any

import asyncpg
import pytest

_BLOCKED_SECONDS = 0.005
"""A statement that takes longer probably waits for a lock. If it only is slow, the order is another one, that is all."""

_actor: ContextVar["_Actor | None"] = ContextVar("actor", default=None)


class _Actor:
    """One course of statements."""

    def __init__(self) -> None:
        self.idle = asyncio.Event()
        self.turn: asyncio.Future[None] | None = None

    async def step(self) -> None:
        """Wait to be let on."""
        self.turn = asyncio.get_running_loop().create_future()
        self.idle.set()
        await self.turn

    async def run[Result](self, course: Callable[[], Awaitable[Result]]) -> Result:
        _actor.set(self)
        try:
            return await course()
        finally:
            self.idle.set()


@contextmanager
def _steps() -> Iterator[None]:
    """Make every statement of an actor a step."""

    def stepped(method: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        @functools.wraps(method)
        async def call(*args: Any, **kwargs: Any) -> Any:
            actor = _actor.get()
            if actor is not None:
                await actor.step()
            return await method(*args, **kwargs)

        return call

    with pytest.MonkeyPatch.context() as patch:
        for name in ("execute", "fetch", "fetchrow", "fetchval"):
            patch.setattr(asyncpg.Connection, name, stepped(getattr(asyncpg.Connection, name)))
        yield


async def interleave(seed: int, courses: Mapping[str, Callable[[], Awaitable[Any]]]) -> dict[str, Any]:
    """Run courses against each other; answers what each returned, or the exception that it raised.

    The seed decides how hasty each is, and then who goes next.
    """
    chance = random.Random(seed)
    actors = {name: _Actor() for name in courses}
    haste = {name: chance.random() ** 3 for name in sorted(courses)}
    with _steps():
        tasks = {name: asyncio.create_task(actors[name].run(course)) for name, course in courses.items()}
        while not all(task.done() for task in tasks.values()):
            waiting = sorted(name for name, actor in actors.items() if actor.turn is not None)
            if not waiting:
                await asyncio.sleep(0)
                continue
            [name] = chance.choices(waiting, [haste[name] for name in waiting])
            actor, turn = actors[name], actors[name].turn
            assert turn is not None
            actor.turn = None
            actor.idle.clear()
            turn.set_result(None)
            with suppress(TimeoutError):
                async with asyncio.timeout(_BLOCKED_SECONDS):
                    await actor.idle.wait()
    return {name: task.exception() or task.result() for name, task in tasks.items()}

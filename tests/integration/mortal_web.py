"""The web application, three times: as one that `kill -9` meets before a commit, as one that it meets after one, and whole.

    python tests/integration/mortal_web.py

Each begins with a line on standard input, and its end is a line on standard output. What is imported once serves all.
"""

import os
import signal
import sys
from collections.abc import Awaitable, Callable
from typing import Any

from adapters.postgres.trials import views
from adapters.postgres.trials.trials import PostgresTrials
from workers.__main__ import app

_DEATHS = ((views, "show"), (PostgresTrials, "request"), None)
"""A request shows its trial when all is written and nothing is committed; it returns when all is committed."""


def _dies(function: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
    async def call(*arguments: Any, **options: Any) -> None:
        await function(*arguments, **options)
        os.kill(os.getpid(), signal.SIGKILL)

    return call


for death in _DEATHS:
    sys.stdin.readline()
    child = os.fork()
    if child == 0:
        if death is not None:
            owner, name = death
            setattr(owner, name, _dies(getattr(owner, name)))
        app(["web"])
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)  # noqa: T201

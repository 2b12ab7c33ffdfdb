"""How a program of Tenure ends: after everything was closed, and without the interpreter's own farewell.

The Temporal SDK's runtime can crash the interpreter, or hang it, while it shuts down (temporalio/sdk-python issue 300):
a program that did its work would end with a segmentation fault and code 139, or not at all. So every entry point closes
what it opened, flushes what it wrote, and leaves by `os._exit`.
"""

import asyncio
import logging
import os
import signal
import sys
import traceback
from collections.abc import Awaitable, Callable
from typing import NoReturn

INTERRUPTED = 128 + 2
"""The exit code after Ctrl-C, as shells have it: 128 plus the number of the signal."""


def run(
    main: Callable[[], Awaitable[int]], loop_factory: Callable[[], asyncio.AbstractEventLoop] | None = None
) -> NoReturn:
    """Run the coroutine function `main` and end the program with the code it returns.

    Ctrl-C, SIGTERM and SIGHUP cancel it, so that its context managers close in order; the exit code is then 128 plus the
    signal's number. A second signal does not wait. An exception is printed and gives 1; `SystemExit` gives its code.

    Args:
        main: What the program does.
        loop_factory: Makes its event loop; None for asyncio's own.
    """
    stopped_by: list[int] = []

    async def supervised() -> int:
        task = asyncio.current_task()
        assert task is not None
        loop = asyncio.get_running_loop()

        def stop(number: int) -> None:
            stopped_by.append(number)
            loop.remove_signal_handler(number)
            task.cancel()

        for number in _stopping_signals():
            loop.add_signal_handler(number, stop, number)
        return await main()

    def in_event_loop() -> int:
        try:
            return asyncio.run(supervised(), loop_factory=loop_factory)
        except asyncio.CancelledError:
            if stopped_by:
                return 128 + stopped_by[0]
            raise

    call(in_event_loop)


def call(main: Callable[[], object]) -> NoReturn:
    """Run the function `main` and end the program with the code it returns, 0 where that is no number.

    Ctrl-C gives 130, an exception is printed and gives 1, `SystemExit` gives its code.
    """
    code: object = 1
    try:
        code = main()
    except KeyboardInterrupt:
        code = INTERRUPTED
    except SystemExit as request:
        code = request.code
        if isinstance(code, str):
            print(code, file=sys.stderr)  # noqa: T201
            code = 1
    except BaseException:  # noqa: BLE001
        traceback.print_exc()
    leave(code if isinstance(code, int) else 0)


def leave(code: int) -> NoReturn:
    """Flush logs and output, and end the program at once; output that cannot be written turns 0 into 1."""
    logging.shutdown()
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):
            code = code or 1
    os._exit(code)


def _stopping_signals() -> list[int]:
    """Return the signals that ask a program to end, but for those its parent had it ignore, as `nohup` does."""
    if sys.platform == "win32":
        return []
    return [number for number in (signal.SIGTERM, signal.SIGHUP) if signal.getsignal(number) != signal.SIG_IGN]

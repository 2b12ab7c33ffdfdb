"""The clock of a test's database, set otherwise than by moving it."""

from typing import Final

import asyncpg

RUNNING: Final = "clock_timestamp() + clock_offset from installation"
STOPPED: Final = "timestamptz '2027-01-01 00:00:00+00' + clock_offset from installation"
"""It stands still unless it is moved, so that a command can come at the very instant of an end."""


async def set_clock(url: str, expression: str) -> None:
    """Let `business_now()` answer what is selected so."""
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(
            "create or replace function business_now() returns timestamptz language sql volatile parallel safe as"
            f" $clock$ select {expression} $clock$"
        )
    finally:
        await connection.close()

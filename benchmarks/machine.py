"""What the figures were measured on."""

import os
import platform
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import asyncpg
import psutil

from workers.stack.temporal_programs import SERVER_VERSION


@dataclass(frozen=True, kw_only=True, slots=True)
class Machine:
    """A machine and its software; nothing of it names a place."""

    processor: str
    cores: int
    memory_gib: float
    system: str
    python: str
    postgres: str
    temporal_server: str
    temporal_store: str
    """What the peer's Temporal server keeps its state in."""
    packages: dict[str, str]
    load_before: float
    """Processes that wanted to run just before, on average over a minute; near 0 on a quiet machine."""


async def describe(database_url: str, temporal_store: str, load_before: float) -> Machine:
    """Look at the machine."""
    connection = await asyncpg.connect(database_url)
    postgres: str = await connection.fetchval("show server_version")
    await connection.close()
    return Machine(
        processor=_processor(),
        cores=os.cpu_count() or 0,
        memory_gib=round(psutil.virtual_memory().total / 2**30, 1),
        system=f"{platform.system()} {platform.release()}",
        python=platform.python_version(),
        postgres=postgres,
        temporal_server=".".join(map(str, SERVER_VERSION)),
        temporal_store=temporal_store,
        packages={
            name: version(name) for name in ("temporalio", "asyncpg", "msgspec", "uvicorn", "uvloop", "pydantic")
        },
        load_before=round(load_before, 2),
    )


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []:
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()

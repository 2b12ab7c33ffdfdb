"""What the operator's nightly job does, by the call of `tenure lists update`: it keeps the restricted-party lists."""

import asyncio
import tempfile
from pathlib import Path
from typing import Final

from tenure.contracts.base import Instant
from workers.demo.acts import Act
from workers.demo.world import World

_FOLDER: Final = Path(__file__).parents[3] / "examples" / "lists"
DENIED: Final = "dpl.txt"
_SETS: Final = ((DENIED,), ("sdn.csv", "alt.csv", "add.csv", "sdn_comments.csv"), ("UN_consolidated.xml",))
"""The files of each list that is required."""


def update() -> Act:
    """Every list is fetched: one that is new is loaded, and one that is the same is fresh again."""

    async def act(world: World, _now: Instant) -> None:
        for names in _SETS:
            await world.operator.lists.update(*(_FOLDER / name for name in names))

    return act


def publish(*denied: str) -> Act:
    """The Denied Persons List comes out with these names more than the one among the examples has."""

    async def act(world: World, _now: Instant) -> None:
        with tempfile.TemporaryDirectory(prefix="tenure-list-") as folder:
            file = Path(folder) / DENIED
            await asyncio.to_thread(_write, file, denied)
            await world.operator.lists.update(file)

    return act


def _write(file: Path, denied: tuple[str, ...]) -> None:
    orders = [
        "\t".join(
            f'"{cell}"' for cell in (name, "", "", "", "", "", "01/29/2035", "01/29/2045", "Y", "2035-01-29", "", "")
        )
        for name in denied
    ]
    published = (_FOLDER / DENIED).read_text(encoding="utf-8")
    file.write_text("".join([published.rstrip("\r\n") + "\n", *(f"{order}\n" for order in orders)]), encoding="utf-8")

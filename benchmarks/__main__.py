"""`python -m benchmarks`: measures Tenure against its peers, side by side in one run, on the loopback interface alone."""

import os
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Final

import msgspec
import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from benchmarks import latency, lifecycles, machine, page, plot, report, throughput
from benchmarks.arena import arena
from benchmarks.results import Results
from benchmarks.scale import FULL, QUICK, Scale, Shape
from benchmarks.temporal_server import peer_temporal
from tenure import exit as tenure_exit

_FOLDER: Final = Path(__file__).parent
_PICTURE: Final = _FOLDER.parent / "docs" / "images" / "benchmarks.svg"
_BUSY: Final = 0.5
_REPLAY_SECONDS: Final = 2.0


async def measure(scale: Scale, *, quick: bool, say: Callable[[str], None]) -> Results:
    """Start everything, let the contestants take turns, count lifecycles, and stop everything."""
    began_at, start, load = datetime.now(UTC), time.perf_counter(), os.getloadavg()[0]
    async with arena(scale, say) as ground:
        say("F7: Tenure's lifecycles.")
        ours = await lifecycles.tenure_lifecycles(ground.folder, scale.lifecycle_events, say)
        async with peer_temporal(ground.folder, ground.database_url, say) as (address, store):
            field = await throughput.assemble(ground, address, say)
            rates = await throughput.measure(ground, field, say)
            latencies = await latency.measure(ground, field, say)
            say("F7: the peer's lifecycles.")
            theirs = await lifecycles.signal_lifecycles(field.signals.client, scale.lifecycle_events, say)
        counted = []
        for name, found, replayer in (
            (throughput.SIGNALS, theirs, lifecycles.signal_replayer()),
            (throughput.TENURE, ours, lifecycles.tenure_replayer()),
        ):
            say(f"F6: replays of {name}.")
            counted.append(await lifecycles.count(name, found, replayer, rounds=scale.rounds, seconds=_REPLAY_SECONDS))
        return Results(
            began_at=began_at.isoformat(timespec="seconds"),
            minutes=round((time.perf_counter() - start) / 60, 1),
            quick=quick,
            machine=await machine.describe(ground.database_url, store, load),
            scale=scale,
            tried=field.tried,
            throughput=list(rates),
            latency=latencies,
            lifecycles=counted,
        )


def keep(results: Results) -> Path:
    """Keep the raw figures; a full run also writes the page and its picture."""
    folder = _FOLDER / "results" / ("tmp" if results.quick else "")
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{results.began_at[:16].replace(':', '')}.json"
    path.write_bytes(msgspec.json.format(msgspec.json.encode(results)) + b"\n")
    if not results.quick:
        publish(results)
    return path


def publish(results: Results) -> None:
    """Write the page and its picture."""
    _PICTURE.parent.mkdir(parents=True, exist_ok=True)
    plot.draw(results, _PICTURE)
    page.write(results)


def main(
    *,
    quick: Annotated[bool, typer.Option(help="Some minutes instead of a quarter of an hour.")] = False,
    show: Annotated[Path | None, typer.Option(help="Measure nothing: show kept figures, and write their page.")] = None,
) -> None:
    """Measure F1, F2, F6 and F7; print the tables, keep the raw figures and, for a full run, write the page."""
    scale, console = QUICK if quick else FULL, Console()
    if show is not None:
        kept = msgspec.json.decode(show.read_bytes(), type=Results)
        report.show(kept, console)
        publish(kept)
        return
    if os.getloadavg()[0] > _BUSY * (os.cpu_count() or 1):
        console.print("[yellow]Something else keeps this machine busy: the figures will be low.[/]")

    async def run() -> int:
        columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
        with Progress(*columns, console=console) as progress:
            task = progress.add_task("Starting.", total=scale.rounds * (4 * len(Shape) + 2))

            def say(text: str) -> None:
                progress.update(task, description=text, advance=" round " in text)

            results = await measure(scale, quick=quick, say=say)
            progress.update(task, description="Measured.")
        report.show(results, console)
        console.print(f"Raw figures: {keep(results).relative_to(_FOLDER.parent)}")
        void = [*(each.void for each in results.throughput), *(each.void for each in results.latency)]
        return 1 if any(void) else 0

    tenure_exit.run(run)


if __name__ == "__main__":
    typer.run(main)

"""F1: durable activity events a second, acknowledged after the commit; for signals, processed by their workflows."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import count
from statistics import median
from typing import Final, Protocol

from benchmarks.arena import Arena, Round, Rows, Signals, VoidRoundError, checkpoint, connect_signals, run_process
from benchmarks.roofline import Job as RooflineJob
from benchmarks.roofline import Written
from benchmarks.scale import Shape
from benchmarks.traffic import Traffic

TENURE: Final = "Tenure"
UPSERTS: Final = "P2 upserts"
SIGNALS: Final = "P1 signals"
ROOFLINE: Final = "roofline"

round_numbers = count(1)
"""Every round has times of its own, so that each of its events is news."""


class Contestant(Protocol):
    """Whoever takes part in rounds."""

    events: int

    async def round(self, traffic: Traffic, *, per_request: int) -> Round:
        """Send a round's traffic and check the outcome."""
        ...


@dataclass
class Measured:
    """The rounds of one contestant under one shape of traffic."""

    contestant: str
    shape: str
    rates: list[float] = field(default_factory=list)
    void: list[str] = field(default_factory=list)

    @property
    def median(self) -> float:
        """Events a second."""
        return median(self.rates) if self.rates else 0.0


@dataclass
class Field:
    """The contestants at their best width, and the widths that were tried: events a second of each."""

    signals: Signals
    upserts: Rows
    tenure: Rows
    roofline: "Roofline"
    tried: dict[str, dict[int, float]]


class Roofline:
    """The same SQL over prepared arrays."""

    def __init__(self, arena: Arena, writers: int) -> None:
        self._arena = arena
        self._writers = writers
        self.events = arena.scale.tenure_events

    async def round(self, traffic: Traffic, *, per_request: int) -> Round:
        """Write a round's traffic."""
        await checkpoint(self._arena.database_url)
        group = per_request * self._arena.scale.connections // self._writers
        job = RooflineJob(self._arena.database_url, traffic, group, self._writers)
        written = await run_process("benchmarks.roofline", job, Written)
        return Round(traffic.events, written.seconds, [])


async def assemble(arena: Arena, temporal: str, report: Callable[[str], None]) -> Field:
    """Start every contestant at every width, and keep each at its best."""
    tried: dict[str, dict[int, float]] = {}

    async def best[C: Contestant](name: str, candidates: dict[int, C]) -> tuple[int, C]:
        if len(candidates) > 1:
            report(f"Tuning {name}.")
            tried[name] = {
                width: (await one_round(arena, candidate, Shape.UNIFORM)).rate
                for width, candidate in candidates.items()
            }
            width = max(tried[name], key=lambda width: tried[name][width])
        else:
            (width,) = candidates
        return width, candidates[width]

    scale, upserts_url = arena.scale, arena.url("upserts")

    async def rows(name: str, url: str, table: str, width: int, events: int) -> Rows:
        return Rows(arena, await arena.enter(name, url, width=width), url, table, events)

    writers, tenure = await best(
        TENURE,
        {
            width: await rows("tenure", arena.database_url, "activity", width, scale.tenure_events)
            for width in scale.tenure_widths
        },
    )
    _, upserts = await best(
        UPSERTS,
        {
            width: await rows("upserts", upserts_url, "last_activity", width, scale.upsert_events)
            for width in scale.upsert_widths
        },
    )
    first, *others = scale.signal_widths
    signals = await connect_signals(arena, temporal, width=first)
    _, chosen = await best(SIGNALS, {first: signals} | {width: await signals.at(width) for width in others})
    return Field(chosen, upserts, tenure, Roofline(arena, writers), tried)


async def one_round(arena: Arena, contestant: Contestant, shape: Shape) -> Round:
    """A round at full speed."""
    organisations = arena.scale.signal_organisations if isinstance(contestant, Signals) else arena.scale.organisations
    traffic = Traffic(shape, organisations, contestant.events, next(round_numbers))
    return await contestant.round(traffic, per_request=arena.scale.per_request)


async def measure(arena: Arena, field_: Field, report: Callable[[str], None]) -> Sequence[Measured]:
    """All rounds: the contestants take turns under each shape of traffic."""
    found: list[Measured] = []
    for shape in Shape:
        contestants: dict[str, Contestant] = {
            SIGNALS: field_.signals,
            UPSERTS: field_.upserts,
            TENURE: field_.tenure,
            ROOFLINE: field_.roofline,
        }
        turn = {name: Measured(name, shape) for name in contestants}
        for number in range(1, arena.scale.rounds + 1):
            for name, contestant in contestants.items():
                report(f"F1, {shape}, round {number} of {arena.scale.rounds}: {name}.")
                try:
                    turn[name].rates.append((await one_round(arena, contestant, shape)).rate)
                except VoidRoundError as error:
                    turn[name].void.append(str(error))
        found += turn.values()
    return found

"""F2: how long an acknowledgement takes at a rate that is as much as the upserts can bear, and for them at 90 % of it.

Requests are sent when they are due, whatever the answers: who is late is measured from when it was due.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from statistics import median, quantiles
from typing import Final

from benchmarks.arena import Arena, Rows, VoidRoundError
from benchmarks.scale import Shape
from benchmarks.throughput import TENURE, UPSERTS, Field, round_numbers
from benchmarks.traffic import Traffic

_SHARE_FOR_UPSERTS: Final = 0.9
_TRIES: Final = 3


@dataclass
class Latency:
    """The rounds of one contestant at one rate; milliseconds."""

    contestant: str
    events_per_second: float
    per_request: int
    p50: list[float] = field(default_factory=list)
    p99: list[float] = field(default_factory=list)
    void: list[str] = field(default_factory=list)


async def measure(arena: Arena, field_: Field, report: Callable[[str], None]) -> list[Latency]:
    """Find what saturates the upserts, then let both take turns."""
    scale = arena.scale
    rows = {UPSERTS: field_.upserts, TENURE: field_.tenure}

    async def one_round(contestant: Rows, events: int, rate: float | None) -> tuple[float, list[float]]:
        traffic = Traffic(Shape.UNIFORM, scale.organisations, events, next(round_numbers))
        found = await contestant.round(traffic, per_request=scale.latency_per_request, rate=rate)
        return found.rate, [latency * 1000 for latency in found.latencies]

    report(f"F2: what saturates {UPSERTS}.")
    saturation = median([(await one_round(field_.upserts, scale.upsert_events, None))[0] for _ in range(_TRIES)])
    contestants = {
        UPSERTS: Latency(UPSERTS, saturation * _SHARE_FOR_UPSERTS, scale.latency_per_request),
        TENURE: Latency(TENURE, saturation, scale.latency_per_request),
    }
    for number in range(1, scale.rounds + 1):
        for name, latency in contestants.items():
            report(f"F2, round {number} of {scale.rounds}: {name} at {latency.events_per_second:,.0f} events a second.")
            requests = int(latency.events_per_second * scale.latency_seconds / scale.latency_per_request)
            try:
                _, latencies = await one_round(
                    rows[name],
                    requests * scale.latency_per_request,
                    latency.events_per_second,
                )
            except VoidRoundError as error:
                latency.void.append(str(error))
                continue
            latency.p50.append(median(latencies))
            latency.p99.append(quantiles(latencies, n=100)[98])
    return list(contestants.values())

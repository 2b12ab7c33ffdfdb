"""What a run has measured, as it is kept."""

from dataclasses import dataclass
from typing import Final

from benchmarks.latency import Latency
from benchmarks.lifecycles import Counted
from benchmarks.machine import Machine
from benchmarks.scale import Scale, Shape
from benchmarks.throughput import ROOFLINE, SIGNALS, TENURE, UPSERTS, Measured

AIMS: Final = {
    Shape.UNIFORM: {SIGNALS: 500.0, UPSERTS: 10.0, ROOFLINE: 0.75},
    Shape.ZIPF: {SIGNALS: 1000.0, UPSERTS: 20.0, ROOFLINE: 0.75},
}
"""F1: how many times the other's rate Tenure's is to be."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Results:
    """One run."""

    began_at: str
    minutes: float
    quick: bool
    machine: Machine
    scale: Scale
    tried: dict[str, dict[int, float]]
    """Events a second of each contestant at each width that was tried."""
    throughput: list[Measured]
    latency: list[Latency]
    lifecycles: list[Counted]

    def measured(self, contestant: str, shape: str) -> Measured:
        """The rounds of one contestant under one shape of traffic."""
        (found,) = [each for each in self.throughput if (each.contestant, each.shape) == (contestant, shape)]
        return found

    def ratio(self, other: str, shape: str) -> float:
        """How many times the other's rate Tenure's is, at the medians."""
        rate = self.measured(other, shape).median
        return self.measured(TENURE, shape).median / rate if rate else 0.0

"""How much is measured: everything within a quarter of an hour, or a quick look within two minutes."""

from dataclasses import dataclass
from enum import StrEnum


class Shape(StrEnum):
    """How events are spread over organisations."""

    UNIFORM = "uniform"
    ZIPF = "Zipf 1.1"
    HOT = "one hot organisation"


@dataclass(frozen=True, kw_only=True, slots=True)
class Scale:
    """Sizes of the rounds. Each contestant sends as many events as it needs some seconds for."""

    rounds: int
    organisations: int
    """Of Tenure, of the upserts and of the roofline."""
    tenure_events: int
    upsert_events: int
    signal_events: int
    signal_organisations: int
    """Fewer: the signals' workflows have to be started first, and fewer of them are the easier task."""
    per_request: int = 500
    connections: int = 16
    """How many requests are under way at once."""
    latency_per_request: int = 10
    latency_seconds: float
    lifecycle_events: tuple[int, ...]
    """F7: activity events in a lifecycle."""
    tenure_widths: tuple[int, ...]
    """Writers; each width is tried, and the best taken."""
    upsert_widths: tuple[int, ...]
    """Connections."""
    signal_widths: tuple[int, ...]
    """Signals in flight."""


FULL = Scale(
    rounds=5,
    organisations=100_000,
    tenure_events=400_000,
    upsert_events=20_000,
    signal_events=600,
    signal_organisations=300,
    latency_seconds=8,
    lifecycle_events=(0, 100, 10_000),
    tenure_widths=(1, 2, 3),
    upsert_widths=(8, 16, 32),
    signal_widths=(32, 64, 128, 256),
)
QUICK = Scale(
    rounds=2,
    organisations=20_000,
    tenure_events=100_000,
    upsert_events=5_000,
    signal_events=200,
    signal_organisations=50,
    latency_seconds=2,
    lifecycle_events=(0, 100),
    tenure_widths=(2,),
    upsert_widths=(16,),
    signal_widths=(128,),
)

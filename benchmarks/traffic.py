"""Traffic from a seed: the sender makes bytes of it, and the oracle what the rows have to say afterwards."""

import base64
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import batched
from typing import Final

import numpy as np
from numpy.typing import NDArray

from benchmarks.scale import Shape

SECRET: Final = "whsec_" + base64.b64encode(bytes(32)).decode()
SOURCE: Final = "identity"
KIND: Final = "app_sign_in"
_STEP_MICROSECONDS: Final = 1000
_DISORDER_MICROSECONDS: Final = 200_000
"""Events arrive up to so much out of order, as they do from many devices."""


@dataclass(frozen=True, slots=True)
class Traffic:
    """One round's events. Rounds have times of their own, each later than the one before."""

    shape: Shape
    organisations: int
    events: int
    round: int

    def draw(self) -> tuple[NDArray[np.int64], NDArray[np.datetime64]]:
        """The organisation and the instant (UTC, microseconds) of each event."""
        generator = np.random.default_rng([self.round, self.events, self.organisations, *self.shape.encode()])
        match self.shape:
            case Shape.UNIFORM:
                organisations = generator.integers(self.organisations, size=self.events)
            case Shape.ZIPF:
                weights = np.arange(1, self.organisations + 1) ** -1.1
                ranks = generator.choice(self.organisations, size=self.events, p=weights / weights.sum())
                organisations = generator.permutation(self.organisations)[ranks]
            case Shape.HOT:
                organisations = np.full(self.events, self.round % self.organisations)
        offsets = np.arange(self.events) * _STEP_MICROSECONDS
        offsets += generator.integers(_DISORDER_MICROSECONDS, size=self.events)
        return organisations, _start(self.round) + offsets.astype("timedelta64[us]")

    def bodies(self, per_request: int) -> Iterator[bytes]:
        """The events as newline-delimited JSON."""
        organisations, instants = self.draw()
        texts = np.datetime_as_string(instants, unit="us")
        lines = (
            f'{{"organisation_id":"{name(organisation)}","kind":"{KIND}","at":"{text}Z","source":"{SOURCE}"}}\n'
            for organisation, text in zip(organisations.tolist(), texts.tolist(), strict=True)
        )
        for batch in batched(lines, per_request):
            yield "".join(batch).encode()

    def newest(self) -> dict[str, datetime]:
        """What is right afterwards: the newest instant of each organisation that was sent."""
        organisations, instants = self.draw()
        newest = np.full(self.organisations, np.datetime64(0, "us"))
        np.maximum.at(newest, organisations, instants)
        touched = np.unique(organisations)
        return {
            name(organisation): instant.replace(tzinfo=UTC)
            for organisation, instant in zip(touched.tolist(), newest[touched].tolist(), strict=True)
        }

    def counts(self) -> dict[str, int]:
        """How many events of each organisation are sent."""
        touched, counts = np.unique(self.draw()[0], return_counts=True)
        return dict(zip(map(name, touched.tolist()), counts.tolist(), strict=True))


def name(organisation: int) -> str:
    """The id of the n-th organisation."""
    return f"org_{organisation:06d}"


def _start(round_: int) -> np.datetime64:
    midnight = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=None)
    return np.datetime64(midnight - timedelta(days=10) + timedelta(minutes=30) * round_, "us")

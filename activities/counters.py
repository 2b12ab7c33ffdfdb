"""What activities count: each counter in one place, with every combination of labels that it can have.

Those combinations stand at zero from the start of a worker: a rate sees the first event, and not only the second.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Final

from temporalio import activity
from temporalio.common import MetricMeter

from tenure.contracts.notice import NoticeKind, NoticeState
from tenure.contracts.onboarding import ScreeningDone
from tenure.contracts.platform import Deed
from tenure.contracts.review import ScreeningTrigger

type Labels = Mapping[str, str]


@dataclass(frozen=True, kw_only=True, slots=True)
class Counter:
    """A counter of events in activities. No label holds an id, or anything of a person."""

    name: str
    """As it is exported, but for the ending `_total`."""
    description: str
    labels: Mapping[str, Sequence[Labels]]
    """What it can be told, by the type of the activity."""

    def add(self, **labels: str) -> None:
        """Count one event of the activity that runs."""
        activity.metric_meter().create_counter(self.name, self.description).add(1, labels)

    def begin(self, meter: MetricMeter, *, namespace: str, task_queue: str) -> None:
        """Set every combination to zero, with the labels that Temporal adds to what an activity counts."""
        for activity_type, combinations in self.labels.items():
            place = {"namespace": namespace, "task_queue": task_queue, "activity_type": activity_type}
            counter = meter.with_additional_attributes(place).create_counter(self.name, self.description)
            for labels in combinations:
                counter.add(0, labels)


def _every(**values: Sequence[str]) -> Sequence[Labels]:
    return [dict(zip(values, each, strict=True)) for each in product(*values.values())]


NOTICES: Final = Counter(
    name="tenure_notices",
    description="Notices, by kind and result",
    labels={"deliver_notice": _every(kind=list(NoticeKind), result=[NoticeState.ACCEPTED, NoticeState.REFUSED])},
)
PLATFORM_ORDERS: Final = Counter(
    name="tenure_platform_orders",
    description="Orders to the platform, by deed and result",
    labels={
        "build_service": _every(deed=[Deed.BUILD], result=["done", "refused", "unanswered"]),
        "tear_down_service": _every(deed=[Deed.TEAR_DOWN], result=["done", "refused", "unanswered"]),
        "open_account": _every(deed=["open_account"], result=["done", "refused", "unanswered"]),
    },
)
SCREENINGS: Final = Counter(
    name="tenure_screenings",
    description="Screenings, by trigger and result",
    labels={
        "screen_customer": _every(
            trigger=[ScreeningTrigger.CREATE, ScreeningTrigger.ADDRESS_UPDATE],
            result=[ScreeningDone.CLEAR, ScreeningDone.MATCH, ScreeningDone.UNAVAILABLE, ScreeningDone.VOID],
        )
    },
)
ALL: Final = (NOTICES, PLATFORM_ORDERS, SCREENINGS)

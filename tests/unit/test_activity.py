"""The rule of activity: what is kept of a stream of events, whatever its order."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from tenure.contracts.activity import ActivityEvent, ActivityKind
from tenure.policy.activity import fold, late, newer, newest

START = datetime(2026, 3, 1, tzinfo=UTC)

EVENTS = st.builds(
    ActivityEvent,
    organisation_id=st.sampled_from(["org_a", "org_b", "org_c"]),
    kind=st.sampled_from(ActivityKind),
    at=st.integers(0, 5).map(lambda hours: START + timedelta(hours=hours)),
    source=st.sampled_from(["identity", "messaging"]),
)


def kept(events: list[ActivityEvent]) -> dict[str, tuple[datetime, str, str]]:
    return {key: (one.at, one.kind, one.source) for key, one in ((k, newest(v)) for k, v in fold(events).items())}


@given(events=st.lists(EVENTS), data=st.data())
def test_the_order_of_events_does_not_matter(events: list[ActivityEvent], data: st.DataObject) -> None:
    """A permuted stream, and one with repetitions, keeps the same event of each organisation (P7, AC-10)."""
    repeated = [*events, *(data.draw(st.lists(st.sampled_from(events))) if events else [])]
    assert kept(data.draw(st.permutations(repeated))) == kept(events)


@given(first=st.lists(EVENTS), second=st.lists(EVENTS))
def test_a_stream_may_be_split(first: list[ActivityEvent], second: list[ActivityEvent]) -> None:
    """Keeping the newest of what two parts keep is keeping the newest of the whole (P7)."""
    parts = [newest(events) for part in (first, second) for events in fold(part).values()]
    assert kept(parts) == kept([*first, *second])


@given(events=st.lists(EVENTS, min_size=1), known=st.none() | st.integers(-1, 6))
def test_what_is_newer_is_counted_by_event_time(events: list[ActivityEvent], known: int | None) -> None:
    """Only an event later than what was known counts as newer; an equal one is a duplicate (AC-10)."""
    instant = None if known is None else START + timedelta(hours=known)
    assert newer(events, instant) == sum(1 for event in events if instant is None or event.at > instant)


def test_an_event_that_a_fence_should_have_known_is_found_behind_later_ones() -> None:
    """An event dated before the fence is late evidence even where the same batch holds one dated after it (SF-11)."""
    events = [
        ActivityEvent(
            organisation_id="org_a",
            kind=ActivityKind.TOKEN_REFRESH,
            at=START + timedelta(hours=hour),
            source="identity",
        )
        for hour in (1, 4, 5, 9)
    ]
    fenced_at = START + timedelta(hours=6)
    assert late(events, START, fenced_at) == START + timedelta(hours=5)
    assert late(events, None, fenced_at) == START + timedelta(hours=5)
    assert late(events, START + timedelta(hours=5), fenced_at) is None
    assert late(events, START, None) is None

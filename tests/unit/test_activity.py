"""The rule of activity: what is kept of a stream of events, whatever its order."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenure.contracts.activity import ActivityEvent, ActivityKind
from tenure.ids import OrganisationId
from tenure.policy.activity import fold, is_late

START = datetime(2026, 3, 1, tzinfo=UTC)

EVENTS = st.builds(
    ActivityEvent,
    organisation_id=st.sampled_from(["org_a", "org_b", "org_c"]),
    kind=st.sampled_from(ActivityKind),
    at=st.integers(0, 5).map(lambda hours: START + timedelta(hours=hours)),
    source=st.sampled_from(["identity", "messaging"]),
)


def kept(events: list[ActivityEvent]) -> dict[str, tuple[datetime, str, str]]:
    return {key: (event.at, event.kind, event.source) for key, event in fold(events).items()}


@given(events=st.lists(EVENTS))
def test_the_newest_event_of_each_organisation_is_kept(events: list[ActivityEvent]) -> None:
    """What is kept is each organisation's last event by its own time (AC-10)."""
    folded = fold(events)
    assert folded.keys() == {event.organisation_id for event in events}
    assert all(event.at <= folded[event.organisation_id].at for event in events)


@given(events=st.lists(EVENTS), data=st.data())
def test_the_order_of_events_does_not_matter(events: list[ActivityEvent], data: st.DataObject) -> None:
    """A permuted stream, and one with repetitions, keeps the same event of each organisation (P7, AC-10)."""
    repeated = [*events, *(data.draw(st.lists(st.sampled_from(events))) if events else [])]
    assert kept(data.draw(st.permutations(repeated))) == kept(events)


@given(first=st.lists(EVENTS), second=st.lists(EVENTS))
def test_a_stream_may_be_split(first: list[ActivityEvent], second: list[ActivityEvent]) -> None:
    """Keeping the newest of what two parts keep is keeping the newest of the whole (P7)."""
    assert kept([*fold(first).values(), *fold(second).values()]) == kept([*first, *second])


@pytest.mark.parametrize(
    ("hour", "known", "fenced", "late"),
    [
        (5, 4, 6, True),
        (5, None, 6, True),
        (5, 5, 6, False),
        (6, 4, 6, False),
        (9, 4, 6, False),
        (5, 4, None, False),
    ],
)
def test_what_a_fence_should_have_known_is_late(hour: int, known: int | None, fenced: int | None, late: bool) -> None:
    """An event is late where it is older than the fence and newer than what the fence knew (SF-11)."""

    def at(hours: int | None) -> datetime | None:
        return None if hours is None else START + timedelta(hours=hours)

    event = ActivityEvent(
        organisation_id=OrganisationId("org_a"),
        kind=ActivityKind.TOKEN_REFRESH,
        at=START + timedelta(hours=hour),
        source="identity",
    )
    assert is_late(event, at(known), at(fenced)) is late

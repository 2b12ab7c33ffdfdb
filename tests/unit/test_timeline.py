"""The picture of an explanation: geometry alone."""

from datetime import UTC, datetime, timedelta
from itertools import groupby

from hypothesis import given
from hypothesis import strategies as st

from tenure.contracts.deletion import Evidence, Promise
from tenure.contracts.forecast import Explanation, NextDate, NextKind
from tenure.contracts.organisation import OrganisationState
from tenure.ids import OrganisationId
from web.console.timeline import WIDTH, picture

NOW = datetime(2027, 3, 1, tzinfo=UTC)
ORGANISATION = OrganisationId("org_alder")
DAYS = st.integers(-400, 400).map(lambda days: NOW + timedelta(days=days))
LETTER = 7


def explanation(
    dates: list[tuple[NextKind, datetime]],
    *,
    marked: datetime | None = None,
    active: datetime | None = None,
    warned: datetime | None = None,
) -> Explanation:
    promise = Promise(cycle=1, base_at=warned, not_before=warned, first_attempt_at=warned) if warned else None
    return Explanation(
        organisation_id=ORGANISATION,
        name="Alder",
        state=OrganisationState.MARKED,
        as_of=NOW,
        simulation=False,
        next=tuple(
            NextDate(organisation_id=ORGANISATION, kind=kind, subject=str(number), due_at=at, rule="DM-05", reason="x")
            for number, (kind, at) in enumerate(sorted(dates, key=lambda date: date[1]))
        ),
        sentences=(),
        would_stop_it=(),
        evidence=Evidence(
            organisation_id=ORGANISATION,
            state=OrganisationState.MARKED,
            generation=1,
            counting_from=marked,
            last_activity_at=active,
            promise=promise,
            rules_version="1",
        ),
    )


@given(
    st.lists(st.tuples(st.sampled_from(NextKind), DAYS), max_size=8),
    st.none() | DAYS,
    st.none() | DAYS,
    st.none() | DAYS,
)
def test_everything_is_inside_and_no_label_covers_another(
    dates: list[tuple[NextKind, datetime]],
    marked: datetime | None,
    active: datetime | None,
    warned: datetime | None,
) -> None:
    """Whatever the dates, points and spans lie on the line in order of time, and labels do not touch (WH-01)."""
    drawn = picture(explanation(dates, marked=marked, active=active, warned=warned))
    if drawn is None:
        return
    assert [point.x for point in drawn.points] == sorted(point.x for point in drawn.points)
    assert all(0 <= point.x <= WIDTH for point in drawn.points)
    assert all(0 <= span.x <= span.x + span.width <= WIDTH for span in drawn.spans)
    labelled = sorted((point.label_y, point.label_x, len(point.label)) for point in drawn.points if point.label_y)
    for _, level in groupby(labelled, key=lambda label: label[0]):
        right = 0.0
        for _, middle, letters in level:
            half = max(letters, 11) * LETTER / 2
            assert right <= middle - half
            right = middle + half
        assert right <= WIDTH
    assert all(drawn.top < height < drawn.top + drawn.height for height, _, _ in labelled)


def test_where_nothing_is_to_come_nothing_is_drawn() -> None:
    """An organisation with nothing pending has no picture."""
    assert picture(explanation([], marked=NOW - timedelta(days=3))) is None


def test_the_way_of_a_warned_organisation() -> None:
    """Silence up to the warning, notice up to the deletion, and now between them (DM-05, DM-06)."""
    drawn = picture(
        explanation(
            [(NextKind.DELETION, NOW + timedelta(days=20))],
            marked=NOW - timedelta(days=40),
            active=NOW - timedelta(days=400),
            warned=NOW - timedelta(days=10),
        )
    )
    assert drawn is not None
    assert [point.kind for point in drawn.points] == ["marked", "warned", "now", "deletion"]
    assert [span.phase for span in drawn.spans] == ["silence", "notice"]
    assert drawn.spans[1].width == drawn.spans[0].width  # 30 days each
    assert drawn.points[1].x < drawn.now_x < drawn.points[3].x

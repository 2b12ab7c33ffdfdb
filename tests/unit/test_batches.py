"""Batches as bytes: what is taken, and what is said of what is not."""

import json
from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenure.contracts.activity import MAX_EVENTS, ActivityEvent, ActivityKind, IntakeResult, RejectedLine
from tenure.errors import Refusal, RefusalCode
from web.batches import CLOUDEVENTS, NDJSON, Batch, read

AT = datetime(2026, 3, 1, 8, 30, tzinfo=UTC)
GOOD = {"organisation_id": "org_a", "kind": "message_received", "at": "2026-03-01T08:30:00Z", "source": "messaging"}
GOOD_CLOUD = {
    "specversion": "1.0",
    "id": "1",
    "source": "messaging",
    "type": "com.tenure.activity.message_received",
    "subject": "org_a",
    "time": "2026-03-01T08:30:00Z",
}
BAD_VALUES = [
    ("organisation_id", "lic_a"),  # an id of another kind
    ("organisation_id", "org_A"),
    ("organisation_id", "org_a\n"),
    ("organisation_id", ""),
    ("organisation_id", None),
    ("organisation_id", 7),
    ("kind", "partner_console_sign_in"),
    ("kind", "customer_console_opened_by_partner"),
    ("kind", None),
    ("at", "2026-03-01T08:30:00"),  # no offset
    ("at", "1970-01-01T00:00:00Z"),
    ("at", "0001-01-01T00:00:00+14:00"),
    ("at", "yesterday"),
    ("source", "Messaging"),
    ("source", "messaging\n"),
    ("source", ""),
    ("event_id", ""),
    ("event_id", "x" * 129),
]
INSTANTS = st.datetimes(
    AT.replace(year=2001, tzinfo=None),
    AT.replace(year=9998, tzinfo=None),
    timezones=st.sampled_from([UTC, timezone(timedelta(hours=-9.5))]),
)


def lines(*events: object) -> bytes:
    return b"".join(json.dumps(event).encode() + b"\n" for event in events)


def seen(batch: Batch) -> list[tuple[str, str, datetime, str]]:
    return [(event.organisation_id, event.kind, event.at, event.source) for event in batch.events]


@pytest.mark.parametrize("kind", ActivityKind)
def test_every_kind_of_activity_counts(kind: ActivityKind) -> None:
    """Each kind is taken in both forms, passive ones and any customer admin's console too (AC-01, AC-07, AC-09)."""
    assert seen(read(NDJSON, lines(GOOD | {"kind": kind}))) == [("org_a", kind, AT, "messaging")]
    cloud = GOOD_CLOUD | {"type": f"com.tenure.activity.{kind}"}
    assert seen(read(CLOUDEVENTS, json.dumps([cloud]).encode())) == [("org_a", kind, AT, "messaging")]


@pytest.mark.parametrize(("name", "value"), BAD_VALUES)
def test_one_bad_line_rejects_that_line(name: str, value: object) -> None:
    """A line with a wrong value is rejected by its number, with the field and a reason; the others are taken (P4).

    What a partner does has no kind, so that it never counts (AC-08).
    """
    batch = read(NDJSON, lines(GOOD, GOOD | {name: value}, GOOD))
    assert len(batch.events) == 2
    assert list(batch.lines) == [1, 3]
    (rejected,) = batch.rejected
    assert (rejected.line, rejected.code) == (2, "invalid_input")
    assert rejected.reason.startswith(f"{name}: ")


@pytest.mark.parametrize(
    "line",
    [b"{", b"[]", b"null", b"7", b"\xff", b'{"organisation_id":"\xff"}', b"{}", b"[" * 100_000, b"\x00", b"{}{}"],
)
def test_a_line_that_is_no_event_rejects_that_line(line: bytes) -> None:
    """What is no JSON object, no UTF-8, or nested without end costs its own line only."""
    batch = read(NDJSON, lines(GOOD) + line + b"\n" + lines(GOOD))
    assert list(batch.lines) == [1, 3]
    assert [(rejected.line, bool(rejected.reason)) for rejected in batch.rejected] == [(2, True)]


def test_lines_are_told_apart_by_line_breaks_alone() -> None:
    """Two objects in a line are one bad line, an object over two lines is two.

    Blank lines keep the count, and the last line may do without its break.
    """
    one = json.dumps(GOOD).encode()
    assert [rejected.line for rejected in read(NDJSON, one + one).rejected] == [1]
    assert [rejected.line for rejected in read(NDJSON, one.replace(b", ", b",\n", 1)).rejected] == [1, 2]
    assert list(read(NDJSON, one + b"\r\n\n  \n" + one).lines) == [1, 4]
    assert read(NDJSON, b"").events == read(NDJSON, b"\n").events == []


def test_what_was_sent_is_not_repeated() -> None:
    """A reason names the field and the rule, not the value: it may be personal."""
    batch = read(NDJSON, lines(GOOD | {"organisation_id": "ada@example.com"}))
    assert "ada" not in batch.rejected[0].reason


def test_a_batch_has_ten_thousand_events_at_most() -> None:
    """10,000 events are taken, one more is too large, in either form and with bad lines or without."""
    assert len(read(NDJSON, lines(GOOD) * MAX_EVENTS).events) == MAX_EVENTS
    for body in (lines(GOOD) * (MAX_EVENTS + 1), (lines(GOOD) * (MAX_EVENTS + 1))[:-1], b"{}\n" * MAX_EVENTS + b"{"):
        with pytest.raises(Refusal) as refusal:
            read(NDJSON, body)
        assert refusal.value.code is RefusalCode.TOO_LARGE
    for element in (GOOD_CLOUD, {}):
        with pytest.raises(Refusal) as refusal:
            read(CLOUDEVENTS, json.dumps([element] * (MAX_EVENTS + 1)).encode())
        assert refusal.value.code is RefusalCode.TOO_LARGE


@pytest.mark.parametrize(
    ("name", "value", "place"),
    [
        ("specversion", "0.3", "specversion"),
        ("type", "com.tenure.activity.partner_console_sign_in", "type"),
        ("type", "com.example.login", "type"),
        ("subject", "ptr_a", "subject"),
        ("subject", None, "subject"),
        ("source", "https://example.com/identity", "source"),
        ("time", None, "time"),
        ("id", "", "id"),
    ],
)
def test_one_bad_cloudevent_rejects_that_one(name: str, value: object, place: str) -> None:
    """A CloudEvent is rejected by its place in the array, with the attribute and a reason; the others are taken."""
    batch = read(CLOUDEVENTS, json.dumps([GOOD_CLOUD, GOOD_CLOUD | {name: value}, 7, GOOD_CLOUD]).encode())
    assert list(batch.lines) == [1, 4]
    assert [rejected.line for rejected in batch.rejected] == [2, 3]
    assert batch.rejected[0].reason.startswith(f"{place}: ")


@pytest.mark.parametrize("body", [b"", b"{}", b"[", b"\xff", b"[" * 100_000, json.dumps(GOOD_CLOUD).encode()])
def test_cloudevents_come_as_an_array(body: bytes) -> None:
    """A body that is no JSON array is refused as a whole: it has no lines."""
    with pytest.raises(Refusal) as refusal:
        read(CLOUDEVENTS, body)
    assert refusal.value.code is RefusalCode.INVALID_INPUT


def test_attributes_that_mean_nothing_here_are_ignored() -> None:
    """Data and extensions of a CloudEvent, and fields that a newer sender adds to a line, do no harm."""
    cloud = GOOD_CLOUD | {"data": {"deep": [1]}, "datacontenttype": "application/json", "traceparent": "00-1-2-3"}
    assert len(read(CLOUDEVENTS, json.dumps([cloud]).encode()).events) == 1
    assert len(read(NDJSON, lines(GOOD | {"device": {"name": "x"}})).events) == 1


def test_rejections_of_lines_and_of_events_are_answered_by_line() -> None:
    """What the database rejects by its place among the events is answered by its line, in order with the bad lines."""
    batch = read(NDJSON, lines({}, GOOD, {}, GOOD))
    future = RejectedLine(line=2, code="future_event", reason="later")
    answer = batch.answer(IntakeResult(accepted=1, rejected=(future,)))
    assert [(line.line, line.code) for line in answer.rejected] == [
        (1, "invalid_input"),
        (3, "invalid_input"),
        (4, "future_event"),
    ]


@given(
    st.lists(
        st.builds(
            ActivityEvent,
            organisation_id=st.from_regex(r"org_[a-z0-9]([a-z0-9-]{0,46}[a-z0-9])?", fullmatch=True),
            kind=st.sampled_from(ActivityKind),
            at=INSTANTS,
            source=st.from_regex(r"[a-z0-9][a-z0-9_.-]{0,62}", fullmatch=True),
            event_id=st.none() | st.text(min_size=1, max_size=128),
        )
    )
)
def test_what_the_contract_writes_is_read_back(events: list[ActivityEvent]) -> None:
    """Every `ActivityEvent` that a client can make arrives as it was."""
    batch = read(NDJSON, b"".join(event.model_dump_json().encode() + b"\n" for event in events))
    assert batch.rejected == ()
    assert seen(batch) == [(event.organisation_id, event.kind, event.at, event.source) for event in events]


@given(
    st.binary() | st.lists(st.sampled_from([b"\n", b"{", b"}", b'"', b"[", b",", *lines(GOOD).split()])).map(b"".join)
)
def test_no_bytes_break_the_reader(body: bytes) -> None:
    """Any bytes are events, rejected lines, or one refusal; each line that is not blank is one of them, never two."""
    batch = read(NDJSON, body)
    numbers = sorted([*batch.lines, *(rejected.line for rejected in batch.rejected)])
    assert numbers == [number for number, line in enumerate(body.split(b"\n"), 1) if line.strip()]
    with suppress(Refusal):
        read(CLOUDEVENTS, body)


@given(data=st.data())
def test_the_fast_reading_takes_nothing_that_the_contract_refuses(data: st.DataObject) -> None:
    """Lines with one odd value are taken exactly where `ActivityEvent` takes them, alone and among others."""
    odd = st.text() | st.integers() | st.floats() | st.booleans() | st.none() | st.lists(st.integers())
    event = GOOD | {data.draw(st.sampled_from([*GOOD, "event_id"])): data.draw(odd)}
    line = json.dumps(event).encode()
    try:
        ActivityEvent.model_validate_json(line)
        valid = True
    except ValueError:
        valid = False
    assert bool(read(NDJSON, line).events) is valid
    assert len(read(NDJSON, line + b"\n" + lines(GOOD)).events) == 1 + valid

"""Batches of activity as they travel, read into events.

A batch is decoded at once, without an object of validation for each event. Only a batch with something wrong in it is
read again line by line, so that each bad line gets its reason and the others are taken. `ActivityEvent` decides what is
valid: the fast reading takes nothing that it refuses, and what the fast reading cannot take is shown to it.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter
from typing import Annotated, Final, Literal

import msgspec
from pydantic import Field, ValidationError

from tenure.contracts.activity import (
    FEED_NAME,
    MAX_EVENTS,
    ActivityEvent,
    ActivityKind,
    Event,
    FeedName,
    IntakeResult,
    RejectedLine,
)
from tenure.contracts.base import EARLIEST, Contract, Instant
from tenure.errors import Refusal, RefusalCode
from tenure.ids import OrganisationId

NDJSON: Final = "application/x-ndjson"
CLOUDEVENTS: Final = "application/cloudevents-batch+json"
CLOUDEVENT_TYPE: Final = "com.tenure.activity."
"""What the `type` of a CloudEvent is, with the kind of activity after it."""

_UNREADABLE = (msgspec.MsgspecError, RecursionError, UnicodeDecodeError)
_KINDS = {f"{CLOUDEVENT_TYPE}{kind}": kind for kind in ActivityKind}
_is_organisation = OrganisationId.pattern.match
_is_feed = re.compile(FEED_NAME).fullmatch


class _Row(msgspec.Struct, frozen=True, gc=False):
    """An event whose JSON types are right; whether its values are is checked for many at once."""

    organisation_id: str
    kind: ActivityKind
    at: Annotated[datetime, msgspec.Meta(tz=True)]
    source: str
    event_id: Annotated[str, msgspec.Meta(min_length=1, max_length=128)] | None = None


class _CloudRow(msgspec.Struct, frozen=True, gc=False):
    """The attributes of a CloudEvent that mean something here."""

    specversion: Literal["1.0"]
    id: Annotated[str, msgspec.Meta(min_length=1, max_length=128)]
    source: str
    type: str
    subject: str
    time: Annotated[datetime, msgspec.Meta(tz=True)]

    def row(self) -> _Row:
        return _Row(self.subject, _KINDS[self.type], self.time, self.source, self.id)


_row = msgspec.json.Decoder(_Row)
_cloud_row = msgspec.json.Decoder(_CloudRow)
_cloud_rows = msgspec.json.Decoder(list[_CloudRow])
_elements = msgspec.json.Decoder(list[msgspec.Raw])


class _CloudEvent(Contract):
    """The same, where its refusal has to say why."""

    specversion: Literal["1.0"]
    id: Annotated[str, Field(min_length=1, max_length=128)]
    source: FeedName
    type: Annotated[str, Field(pattern=rf"^{re.escape(CLOUDEVENT_TYPE)}({'|'.join(ActivityKind)})$")]
    subject: OrganisationId
    time: Instant

    def event(self) -> ActivityEvent:
        return ActivityEvent(
            organisation_id=self.subject, kind=_KINDS[self.type], at=self.time, source=self.source, event_id=self.id
        )


@dataclass(frozen=True, slots=True)
class Batch:
    """The events of a batch, and the lines that hold none."""

    events: Sequence[Event]
    lines: Sequence[int]
    """The line of each event, counted from 1; of a CloudEvent its place in the array."""
    rejected: tuple[RejectedLine, ...] = ()

    def answer(self, result: IntakeResult) -> IntakeResult:
        """Say what became of the lines, where `result` says what became of the events."""
        if not (self.rejected or result.rejected):
            return result
        later = (line.model_copy(update={"line": self.lines[line.line - 1]}) for line in result.rejected)
        rejected = sorted([*self.rejected, *later], key=attrgetter("line"))
        return result.model_copy(update={"rejected": tuple(rejected)})


def read(media_type: str, body: bytes) -> Batch:
    """Read a batch.

    Raises:
        KeyError: the media type is none of those in `FORMATS`.
        Refusal: `too_large` for more than 10,000 events; `invalid_input` where CloudEvents are no JSON array.
    """
    return FORMATS[media_type](body)


def _read_lines(body: bytes) -> Batch:
    breaks = body.count(b"\n")
    if breaks > MAX_EVENTS:
        raise Refusal(RefusalCode.TOO_LARGE)
    try:
        rows = _row.decode_lines(body)
    except _UNREADABLE:
        rows = None
    # The decoder does not care where lines end; whoever is told of line 7 does.
    if rows is not None and len(rows) == breaks + (not body.endswith(b"\n")) and _are_sound(rows):
        return _batch(rows)
    lines = [(number, line) for number, line in enumerate(body.split(b"\n"), 1) if line.strip()]
    return _sift(lines, _row.decode, ActivityEvent.model_validate_json)


def _read_cloudevents(body: bytes) -> Batch:
    try:
        rows = [cloud.row() for cloud in _cloud_rows.decode(body)]
        if _are_sound(rows):
            return _batch(rows)
    except (*_UNREADABLE, KeyError):
        pass
    try:
        elements = [(number, bytes(element)) for number, element in enumerate(_elements.decode(body), 1)]
    except _UNREADABLE:
        raise Refusal(RefusalCode.INVALID_INPUT, "A batch of CloudEvents is a JSON array.") from None
    return _sift(
        elements,
        lambda element: _cloud_row.decode(element).row(),
        lambda element: _CloudEvent.model_validate_json(element).event(),
    )


FORMATS: Final[dict[str, Callable[[bytes], Batch]]] = {NDJSON: _read_lines, CLOUDEVENTS: _read_cloudevents}


def _batch(rows: Sequence[_Row]) -> Batch:
    if len(rows) > MAX_EVENTS:
        raise Refusal(RefusalCode.TOO_LARGE)
    return Batch(rows, range(1, len(rows) + 1))


def _are_sound(rows: Sequence[_Row]) -> bool:
    """Whether all values are valid. Organisations and sources recur, so that each is looked at once."""
    return (
        all(map(_is_organisation, set(map(attrgetter("organisation_id"), rows))))
        and all(map(_is_feed, set(map(attrgetter("source"), rows))))
        and min(map(attrgetter("at"), rows), default=EARLIEST) >= EARLIEST
    )


def _sift(
    lines: Sequence[tuple[int, bytes]], fast: Callable[[bytes], _Row], thorough: Callable[[bytes], ActivityEvent]
) -> Batch:
    """Take each line by itself."""
    if len(lines) > MAX_EVENTS:
        raise Refusal(RefusalCode.TOO_LARGE)
    events: list[Event] = []
    numbers: list[int] = []
    rejected: list[RejectedLine] = []
    for number, line in lines:
        try:
            events.append(_sound(fast, line) or thorough(line))
        except ValidationError as error:
            rejected.append(RejectedLine(line=number, code=RefusalCode.INVALID_INPUT, reason=_reason(error)))
        else:
            numbers.append(number)
    return Batch(events, numbers, tuple(rejected))


def _sound(fast: Callable[[bytes], _Row], line: bytes) -> _Row | None:
    try:
        row = fast(line)
    except (*_UNREADABLE, KeyError):
        return None
    return row if _are_sound([row]) else None


def _reason(error: ValidationError) -> str:
    """What is wrong first, without what was sent: it may be personal."""
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    place = ".".join(str(part) for part in first["loc"])
    return f"{place}: {first['msg']}" if place else first["msg"]

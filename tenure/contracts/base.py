"""What all contracts have in common."""

import hashlib
import json
from collections.abc import Collection
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Annotated
from unicodedata import normalize

import idna
from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    PlainSerializer,
    StringConstraints,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WithJsonSchema,
    WrapValidator,
)
from pydantic_core import PydanticCustomError

EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)

Instant = Annotated[AwareDatetime, Field(ge=EARLIEST)]
"""A point in time with its offset; stored and compared as UTC. One before 2000 is a zero that passed for a time (P4)."""

Start = Annotated[Instant, Field(lt=datetime(9000, 1, 1, tzinfo=UTC))]
"""An instant that others are counted from, so that these too are in the calendar: "never" is often its last day."""

Duration = Annotated[
    timedelta,
    WithJsonSchema(
        {
            "type": "string",
            "pattern": r"^-?P(?=[\dT])(\d+Y)?(\d+D)?(T(?=\d)(\d+H)?(\d+M)?(\d+(\.\d+)?S)?)?$",
            "examples": ["PT1H30M"],
        }
    ),
]
"""A span of time as ISO 8601 writes it; seconds have fractions, which JSON Schema's own format of durations has not."""


def told(sentence: str) -> WrapValidator:
    """What does not match a pattern is told in words: a pattern is for machines, which find it in the schema."""

    def check(value: object, inner: ValidatorFunctionWrapHandler) -> object:
        try:
            return inner(value)
        except ValidationError as error:
            if error.errors()[0]["type"] != "string_pattern_mismatch":
                raise
            raise PydanticCustomError("string_pattern_mismatch", "{sentence}", {"sentence": sentence}) from None

    return WrapValidator(check)


_LOCAL_PART = r'[^\s@<>()\[\]\\,;:"\x00-\x1f\x7f-\x9f]+'
_LABEL = r"(?:[^\s\x00-/:-@\[-`{-\x9f]|-)+"


def _as_read(address: str) -> str:
    """An address as people read it: mail to all spellings of a domain goes to one mailbox, which has one spelling here.

    Spellings are in ASCII (`xn--`), in wide letters, with accents of their own, or with what nobody sees. A domain that
    DNS could not hold stays as it is.
    """
    if address.isascii() and "xn--" not in address.lower():
        return address
    local_part, _, domain = address.rpartition("@")
    with suppress(idna.IDNAError):
        domain = idna.decode(idna.encode(domain, uts46=True))
    return f"{normalize('NFC', local_part)}@{domain}"


EmailAddress = Annotated[
    str,
    StringConstraints(strip_whitespace=True, max_length=254, pattern=rf"^{_LOCAL_PART}@{_LABEL}(?:\.{_LABEL})*$"),
    AfterValidator(_as_read),
    told("this is no e-mail address such as ada@alder.example"),
]
"""An address as RFC 5321 limits it, in any script, without quoted local parts and address literals.

It can stand in a header or a command as it is, and who is known by it is found by it in whatever spelling (TR-13).
Whether mail reaches it is found by sending.
"""

Line = Annotated[str, StringConstraints(pattern=r"^[^\x00-\x1f\x7f-\x9f\u2028\u2029]*$")]
"""Text without line ends and control characters, such as a header takes."""

Text = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$")
]
"""A short text of a person, on one line: a name or a reason."""

SiteUrl = Annotated[
    str,
    StringConstraints(
        to_lower=True, max_length=253, pattern=r"^(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z]{2,63}$"
    ),
    told("this is no host name such as acme.meet.example"),
]
"""The host name of a meetings site, such as `acme.meet.example` (TR-10)."""

Hash = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$"), PlainSerializer(str)]
"""A SHA-256 digest in hexadecimal."""


Serial = Annotated[int, Field(ge=0, le=2**63 - 1)]
"""The number of a row, as Postgres counts them."""


class Contract(BaseModel):
    """A message: frozen, and tolerant of fields that a newer release added.

    What is wrong with one is told without what was sent: errors end in logs and histories (XC-07).
    """

    model_config = ConfigDict(frozen=True, extra="ignore", use_attribute_docstrings=True, hide_input_in_errors=True)


class Command(Contract):
    """What somebody sends over HTTP to change something: a misspelt field is refused, and is never left out (P4, SF-08)."""

    model_config = ConfigDict(extra="forbid")


def request_hash(command: Contract, *, but: Collection[str] = ()) -> str:
    """What two commands have in common that say the same, in whatever order, apart from some fields (P10).

    What is at its default counts for nothing: a command that comes again after an upgrade is known as the same, also
    where the newer release has another field to give.
    """
    content = command.model_dump(mode="json", exclude_defaults=True, exclude=set(but))
    return hashlib.sha256(f"{type(command).__name__}\n{json.dumps(content, sort_keys=True)}".encode()).hexdigest()

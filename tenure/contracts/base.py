"""What all contracts have in common."""

from datetime import UTC, datetime
from typing import Annotated

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, PlainSerializer, StringConstraints

Instant = Annotated[AwareDatetime, Field(ge=datetime(2000, 1, 1, tzinfo=UTC))]
"""A point in time with its offset; stored and compared as UTC. One before 2000 is a zero that passed for a time (P4)."""

EmailAddress = Annotated[
    str,
    StringConstraints(
        strip_whitespace=True, max_length=254, pattern=r"^[^@\s<>\x00-\x1f\x7f]+@[^@\s<>\x00-\x1f\x7f]+$"
    ),
]
"""An address as RFC 5321 limits it; whether mail reaches it is found by sending."""

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
"""A short text of a person: a name or a reason."""

Hash = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$"), PlainSerializer(str)]
"""A SHA-256 digest in hexadecimal."""


class Contract(BaseModel):
    """A message: frozen, and tolerant of fields that a newer release added."""

    model_config = ConfigDict(frozen=True, extra="ignore", use_attribute_docstrings=True)

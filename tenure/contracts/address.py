"""Billing addresses."""

from typing import Annotated

from pydantic import Field, StringConstraints

from tenure.contracts.base import Contract, Line

_Part = Annotated[Line, StringConstraints(strip_whitespace=True, max_length=100)]


class BillingAddress(Contract):
    """Where a customer's bills go. Its country becomes the organisation's (ONB-05)."""

    lines: Annotated[tuple[Annotated[_Part, StringConstraints(min_length=1)], ...], Field(max_length=4)] = ()
    """Street and house, as they are written there."""
    city: _Part = ""
    region: _Part = ""
    postal_code: _Part = ""
    country: Annotated[str, Field(max_length=60)] | None = None
    """An ISO 3166-1 code of two letters; required, and refused by a code of its own where it is missing (ONB-04)."""

    @property
    def line(self) -> str:
        """The address without its country, on one line; empty where it has only that."""
        return ", ".join(part for part in (*self.lines, self.city, self.region, self.postal_code) if part)

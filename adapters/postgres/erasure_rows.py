"""Rows of the erasures as the contract has them."""

from typing import Final

import asyncpg

from tenure.contracts.erasure import Erasure

COLUMNS: Final = "organisation_id, generation, cause, state, fenced_at, quarantine_until, held_because"
"""What a query selects from `erasures` for `erasure_of`."""


def erasure_of(row: asyncpg.Record) -> Erasure:
    """The erasure of a row."""
    return Erasure.model_validate(dict(row))

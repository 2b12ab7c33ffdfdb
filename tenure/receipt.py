"""Receipts verified offline: by their own bytes alone, without Tenure's database or clock (SF-07).

A receipt is a canonical JSON document. Its hash is the SHA-256 of the document's bytes, and the document names the hash
of the receipt before it: whoever keeps one hash can prove everything up to it. `sha256sum` computes the same.
"""

import hashlib
import json
from typing import Any, Final

from tenure.contracts.erasure import Receipt

GENESIS: Final = "0" * 64
"""What the first receipt names as the hash before it."""


def canonical(document: dict[str, Any]) -> str:
    """The one way to write a document: keys sorted, no spaces, no escapes that JSON does not need."""
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def digest(document: str) -> str:
    """The hash of a document, as hexadecimal digits."""
    return hashlib.sha256(document.encode()).hexdigest()


def faults(receipt: Receipt) -> list[str]:
    """What is wrong with one receipt; empty where it says what it was issued with."""
    found = []
    if digest(receipt.document) != receipt.hash:
        found.append("the hash is not the document's")
    try:
        document = json.loads(receipt.document)
        if canonical(document) != receipt.document:
            found.append("the document is not canonical JSON")
        named = ("sequence", "organisation_id", "previous_hash")
        found += [f"{name} is not the document's" for name in named if document[name] != getattr(receipt, name)]
    except (ValueError, TypeError, KeyError) as error:
        found.append(f"the document cannot be read: {error!r}")
    return found


class Chain:
    """Follows receipts in order and finds where they stop being one chain."""

    def __init__(self) -> None:
        self.sequence = 0
        """Of the last receipt that was followed."""
        self.hash = GENESIS
        """The hash to keep: it vouches for all receipts up to it."""

    def follow(self, receipt: Receipt) -> list[str]:
        """Take the next receipt; answers what is wrong with it."""
        found = faults(receipt)
        if receipt.sequence != self.sequence + 1:
            found.append(f"number {self.sequence + 1} should follow")
        if receipt.previous_hash != self.hash:
            found.append("it does not name the hash of the receipt before it")
        self.sequence, self.hash = receipt.sequence, receipt.hash
        return [f"receipt {receipt.sequence}: {fault}" for fault in found]

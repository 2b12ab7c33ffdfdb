"""Receipts verified offline: whatever is changed in one, or in the order of several, is found."""

import hashlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenure.contracts.erasure import Receipt
from tenure.ids import OrganisationId
from tenure.receipt import GENESIS, Chain, canonical, digest, faults


def issue(sequence: int, previous_hash: str, **content: object) -> Receipt:
    organisation_id = OrganisationId(f"org_{sequence}")
    document = canonical(
        {"sequence": sequence, "previous_hash": previous_hash, "organisation_id": organisation_id, **content}
    )
    return Receipt(
        sequence=sequence,
        organisation_id=organisation_id,
        document=document,
        previous_hash=previous_hash,
        hash=digest(document),
    )


def chain(length: int) -> list[Receipt]:
    receipts: list[Receipt] = []
    for sequence in range(1, length + 1):
        receipts.append(issue(sequence, receipts[-1].hash if receipts else GENESIS, stores=["é", sequence]))
    return receipts


def follow(receipts: list[Receipt]) -> list[str]:
    followed = Chain()
    return [fault for receipt in receipts for fault in followed.follow(receipt)]


def test_a_receipt_as_issued_has_no_faults() -> None:
    """Single ones and a whole chain (SF-07); the hash is what sha256sum says of the document."""
    receipts = chain(4)
    assert [faults(receipt) for receipt in receipts] == [[], [], [], []]
    assert follow(receipts) == []
    assert receipts[0].hash == hashlib.sha256(receipts[0].document.encode()).hexdigest()


@given(st.integers(0, 200), st.characters(exclude_categories=["Cs"]))
def test_every_changed_character_is_found(position: int, character: str) -> None:
    """Not one character of a document can be another (SF-07)."""
    receipt = chain(1)[0]
    position %= len(receipt.document)
    if receipt.document[position] != character:
        document = receipt.document[:position] + character + receipt.document[position + 1 :]
        assert faults(receipt.model_copy(update={"document": document}))


@pytest.mark.parametrize(
    "change",
    [
        {"sequence": 2},
        {"organisation_id": OrganisationId("org_other")},
        {"previous_hash": "1" * 64},
        {"hash": "1" * 64},
        {"document": "not json"},
        {"document": "[]"},
        {"document": "{}"},
    ],
)
def test_what_stands_beside_the_document_is_the_documents(change: dict[str, object]) -> None:
    """The columns beside a document cannot say something else than the document (SF-07)."""
    assert faults(chain(1)[0].model_copy(update=change))


def test_a_document_written_another_way_is_found() -> None:
    """The same content with spaces, and a hash that fits it, is not what was issued (SF-07)."""
    receipt = chain(1)[0]
    loose = json.dumps(json.loads(receipt.document))
    assert faults(receipt.model_copy(update={"document": loose, "hash": digest(loose)})) == [
        "the document is not canonical JSON"
    ]


@pytest.mark.parametrize("missing", range(4))
def test_a_missing_receipt_is_found(missing: int) -> None:
    """At the beginning or within; the last one is missed by whoever kept its hash (SF-07)."""
    receipts = chain(5)
    assert follow(receipts[:missing] + receipts[missing + 1 :])


def test_a_changed_order_is_found() -> None:
    """Receipts follow one another (SF-07)."""
    receipts = chain(3)
    assert follow([receipts[0], receipts[2], receipts[1]])


def test_a_replaced_receipt_breaks_all_that_follow() -> None:
    """A forged receipt with a fitting hash of its own is found at the next one (SF-07)."""
    receipts = chain(3)
    forged = issue(2, receipts[0].hash, stores=["nothing was deleted"])
    assert follow([receipts[0], forged]) == []
    assert follow([receipts[0], forged, receipts[2]]) == [
        "receipt 3: it does not name the hash of the receipt before it"
    ]

"""Signatures, each side checked against the reference library of Standard Webhooks."""

import base64
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook

from tenure.errors import Misconfigured, Refusal, RefusalCode
from tenure.signature import ID_HEADER, SIGNATURE_HEADER, TIMESTAMP_HEADER, Signer, Verifier

SECRET = "whsec_" + base64.b64encode(bytes(range(32))).decode()
OTHER = "whsec_" + base64.b64encode(bytes(range(32, 64))).decode()
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
BODY = b'{"organisation_id":"org_a"}\n'

IDS = st.text(st.characters(codec="ascii", categories=("L", "N", "P")), min_size=1)


def refused(headers: dict[str, str], body: bytes = BODY, now: datetime = NOW, secrets: str = SECRET) -> bool:
    try:
        Verifier(secrets).verify(headers, body, now)
    except Refusal as refusal:
        return refusal.code is RefusalCode.UNAUTHENTICATED
    return False


@given(message_id=IDS, body=st.text().map(str.encode))
def test_the_reference_library_accepts_our_signatures(message_id: str, body: bytes) -> None:
    """What `Signer` signs, the standard's own library verifies."""
    headers = Signer(SECRET).headers(message_id, datetime.now(UTC), body)
    Webhook(SECRET).verify(body, headers, json_parse=False)


@given(message_id=IDS, body=st.text().map(str.encode))
def test_we_accept_signatures_of_the_reference_library(message_id: str, body: bytes) -> None:
    """What the standard's own library signs, `Verifier` accepts."""
    signature = Webhook(SECRET).sign(message_id, NOW, body.decode())
    headers = {ID_HEADER: message_id, TIMESTAMP_HEADER: str(int(NOW.timestamp())), SIGNATURE_HEADER: signature}
    assert not refused(headers, body)


@given(body=st.binary(min_size=1), position=st.integers(0), flip=st.integers(1, 255))
def test_any_changed_byte_breaks_the_signature(body: bytes, position: int, flip: int) -> None:
    """A body of any bytes is signed as it travels, and no other body passes with its signature."""
    headers = Signer(SECRET).headers("msg_1", NOW, body)
    assert not refused(headers, body)
    changed = bytearray(body)
    changed[position % len(body)] ^= flip
    assert refused(headers, bytes(changed))


def test_a_signature_lasts_five_minutes_either_way() -> None:
    """A replay is refused 5 minutes after it was signed, and so is a signature from the future."""
    headers = Signer(SECRET).headers("msg_1", NOW, BODY)
    for seconds, outcome in ((-301, True), (-300, False), (0, False), (300, False), (301, True)):
        assert refused(headers, BODY, NOW + timedelta(seconds=seconds)) is outcome


def test_secrets_are_replaced_without_a_gap() -> None:
    """Sender and receiver may each know several secrets while one is replaced; without any, nothing is authentic."""
    old, new = (Signer(secret).headers("msg_1", NOW, BODY) for secret in (OTHER, SECRET))
    assert refused(old)
    assert not refused(old, secrets=f"{SECRET} {OTHER}")
    assert Signer(f"{OTHER} {SECRET}").headers("msg_1", NOW, BODY) == old
    both = old | {SIGNATURE_HEADER: f"{old[SIGNATURE_HEADER]} {new[SIGNATURE_HEADER]}"}
    assert not refused(both)
    assert refused(new, secrets="")


@pytest.mark.parametrize("name", [ID_HEADER, TIMESTAMP_HEADER, SIGNATURE_HEADER])
@given(value=st.none() | st.text())
def test_any_other_header_is_refused(name: str, value: str | None) -> None:
    """A missing or altered header is a refusal, never an error."""
    headers = Signer(SECRET).headers("msg_1", NOW, BODY)
    if value != headers[name]:
        without = {key: text for key, text in headers.items() if key != name}
        assert refused(without if value is None else without | {name: value})


@pytest.mark.parametrize("secret", ["", "whsec_", "whsec_c2hvcnQ=", "whsec_!!!", SECRET.removeprefix("whsec_")])
def test_a_secret_has_the_form_of_the_standard(secret: str) -> None:
    """A blank, short or garbled secret stops the program instead of weakening it."""
    with pytest.raises(Misconfigured, match="24 bytes"):
        Signer(secret)
    if secret:
        with pytest.raises(Misconfigured, match="24 bytes"):
            Verifier(f"{SECRET} {secret}")

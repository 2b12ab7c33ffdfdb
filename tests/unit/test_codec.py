"""Payload encryption: keys rotate without a break, and nothing readable is left (design, "History keeps personal data")."""

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr
from temporalio.api.common.v1 import Payload
from temporalio.api.failure.v1 import Failure
from temporalio.exceptions import ApplicationError

from tenure.codec import ENCODING, AesGcmCodec
from tenure.contracts.deletion import CountdownInput
from tenure.errors import Misconfigured, TenureError
from tenure.ids import OrganisationId
from tenure.plugin import data_converter

OLD = "2026:" + base64.b64encode(b"o" * 32).decode()
NEW = "2027:" + base64.b64encode(b"n" * 16).decode()


@given(st.lists(st.binary(max_size=200)))
async def test_what_was_encrypted_is_read_back(contents: list[bytes]) -> None:
    """Payloads and their metadata survive a round trip, whatever they hold."""
    codec = AesGcmCodec.parse(OLD)
    payloads = [Payload(metadata={"encoding": b"binary/plain", "x": data[:9]}, data=data) for data in contents]
    assert await codec.decode(await codec.encode(payloads)) == payloads


async def test_the_first_key_encrypts_and_all_decrypt() -> None:
    """After a rotation old histories are read, new ones are written with the new key, and both name theirs."""
    payload = Payload(metadata={"encoding": b"json/plain"}, data=b'"secret"')
    before = await AesGcmCodec.parse(OLD).encode([payload])
    rotated = AesGcmCodec.parse(f"{NEW},{OLD}")
    after = await rotated.encode([payload])
    assert [each.metadata["tenure-key-id"] for each in before + after] == [b"2026", b"2027"]
    assert await rotated.decode(before + after) == [payload, payload]
    with pytest.raises(TenureError, match="2027"):
        await AesGcmCodec.parse(OLD).decode(after)


async def test_the_same_payload_never_looks_the_same() -> None:
    """Each encryption takes a nonce of its own."""
    codec = AesGcmCodec.parse(OLD)
    payload = Payload(data=b"the same")
    first, second = await codec.encode([payload, payload])
    assert first.data != second.data
    assert first.metadata["encoding"] == ENCODING


@pytest.mark.parametrize("place", ["nonce", "text", "key"])
async def test_a_changed_payload_is_refused(place: str) -> None:
    """Whoever changes a byte, or the id of the key, gets no workflow to run on it."""
    codec = AesGcmCodec.parse(f"{OLD},{NEW}")
    (payload,) = await codec.encode([Payload(data=b"30 days")])
    if place == "key":
        payload.metadata["tenure-key-id"] = b"2027"
    else:
        at = 0 if place == "nonce" else len(payload.data) - 1
        payload.data = payload.data[:at] + bytes([payload.data[at] ^ 1]) + payload.data[at + 1 :]
    with pytest.raises(TenureError, match="changed"):
        await codec.decode([payload])


async def test_what_was_written_before_there_were_keys_is_still_read() -> None:
    """Encryption can be switched on while executions sleep (EV-01)."""
    payload = Payload(metadata={"encoding": b"json/plain"}, data=b"1")
    assert await AesGcmCodec.parse(OLD).decode([payload]) == [payload]


@pytest.mark.parametrize("keys", ["", "a", "a:", ":b25l", "a:!!!", "a:b25l", f"{OLD},{OLD}", f"{OLD},"])
def test_unusable_keys_are_refused_without_being_repeated(keys: str) -> None:
    """A key of the wrong size, without an id, or twice under one id is an error that does not print it."""
    with pytest.raises(Misconfigured) as refusal:
        AesGcmCodec.parse(keys)
    assert base64.b64encode(b"o" * 32).decode() not in str(refusal.value)


async def test_the_converter_hides_contracts_and_the_texts_of_failures() -> None:
    """With keys nothing of an input or of an error can be read in a history; without, both are plain JSON."""
    countdown = CountdownInput(organisation_id=OrganisationId("org_acme"), generation=1)
    hidden, plain = data_converter(SecretStr(OLD)), data_converter()
    (payload,) = await hidden.encode([countdown])
    assert b"acme" not in payload.SerializeToString()
    assert await hidden.decode([payload], [CountdownInput]) == [countdown]
    failure = Failure()
    await hidden.encode_failure(ApplicationError("ada@example.com is unknown"), failure)
    assert b"ada@" not in failure.SerializeToString()
    assert str(await hidden.decode_failure(failure)) == "ada@example.com is unknown"
    (readable,) = await plain.encode([countdown])
    assert json.loads(readable.data) == {"organisation_id": "org_acme", "generation": 1}

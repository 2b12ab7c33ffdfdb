"""Payload encryption: what Temporal stores of us, in histories, failures and visibility, is unreadable without a key."""

import base64
import binascii
import os
from collections.abc import Mapping, Sequence
from typing import Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from temporalio.api.common.v1 import Payload
from temporalio.converter import PayloadCodec

from tenure.errors import Misconfigured, TenureError

ENCODING = b"binary/encrypted"
"""The encoding that Temporal's UI and codec servers know encrypted payloads by."""
_ENCODING_KEY = "encoding"
_KEY_ID = "tenure-key-id"
_NONCE_BYTES = 12  # NIST SP 800-38D: 96 random bits, good for 2^32 payloads under one key
_KEY_BYTES = frozenset({16, 24, 32})


class AesGcmCodec(PayloadCodec):
    """AES-GCM with several keys: the first encrypts, all decrypt, so that keys rotate without a break.

    The id of the key travels with the payload and is authenticated with it.
    """

    def __init__(self, keys: Mapping[str, bytes]) -> None:
        """Take keys of 16, 24 or 32 bytes by their ids, the present one first."""
        self._ciphers = {key_id: AESGCM(key) for key_id, key in keys.items()}
        self._present = next(iter(keys))

    @classmethod
    def parse(cls, keys: str) -> Self:
        """Read `id:base64,id:base64`, as the setting `TENURE_PAYLOAD_KEYS` has it.

        Raises:
            Misconfigured: it is not of that form, or a key is not of that size; the message holds no key.
        """
        parsed: dict[str, bytes] = {}
        for entry in keys.split(","):
            key_id, _, encoded = entry.strip().partition(":")
            try:
                key = base64.b64decode(encoded, validate=True)
            except binascii.Error:
                key = b""
            if not key_id or key_id in parsed or len(key) not in _KEY_BYTES:
                raise Misconfigured(
                    "TENURE_PAYLOAD_KEYS is no list of id:base64 with a key of 16, 24 or 32 bytes under each id."
                )
            parsed[key_id] = key
        return cls(parsed)

    async def encode(self, payloads: Sequence[Payload]) -> list[Payload]:
        """Encrypt whole payloads, metadata included, with the present key."""
        return [self._encrypt(payload) for payload in payloads]

    async def decode(self, payloads: Sequence[Payload]) -> list[Payload]:
        """Decrypt what is encrypted, and pass on what was written before there were keys.

        Raises:
            TenureError: the key is unknown here, or the payload was changed.
        """
        return [self._decrypt(payload) for payload in payloads]

    def _encrypt(self, payload: Payload) -> Payload:
        nonce = os.urandom(_NONCE_BYTES)
        key_id = self._present.encode()
        sealed = self._ciphers[self._present].encrypt(nonce, payload.SerializeToString(), key_id)
        return Payload(metadata={_ENCODING_KEY: ENCODING, _KEY_ID: key_id}, data=nonce + sealed)

    def _decrypt(self, payload: Payload) -> Payload:
        if payload.metadata.get(_ENCODING_KEY) != ENCODING:
            return payload
        key_id = payload.metadata.get(_KEY_ID, b"")
        cipher = self._ciphers.get(key_id.decode(errors="replace"))
        if cipher is None:
            raise TenureError(
                f"A payload was encrypted with the key {key_id.decode(errors='replace')!r}, unknown here."
            )
        try:
            plain = cipher.decrypt(payload.data[:_NONCE_BYTES], payload.data[_NONCE_BYTES:], key_id)
        except InvalidTag:
            raise TenureError("A payload does not belong to its key, or was changed.") from None
        return Payload.FromString(plain)

"""Signatures of activity batches as Standard Webhooks has them (https://www.standardwebhooks.com), symmetric, `v1`.

HMAC-SHA256 over `{id}.{timestamp}.{body}`, body as the bytes that travel: a batch with one line that is not UTF-8 is
still a signed batch, and loses that line only. (The reference library signs text; tests check each against the other.)
"""

import base64
import binascii
import hmac
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from tenure.errors import Misconfigured, Refusal, RefusalCode

ID_HEADER: Final = "webhook-id"
TIMESTAMP_HEADER: Final = "webhook-timestamp"
SIGNATURE_HEADER: Final = "webhook-signature"
TOLERANCE: Final = timedelta(minutes=5)
"""How old, or ahead, a signature may be; the standard's own libraries take the same."""

_PREFIX: Final = "whsec_"
_MIN_KEY_BYTES: Final = 24  # the standard asks for 24 to 64
_MAX_TIMESTAMP_DIGITS: Final = 12


class Signer:
    """Signs with one secret."""

    def __init__(self, secrets: str) -> None:
        """Take secrets of the form `whsec_…`, separated by spaces; the first signs.

        Raises:
            Misconfigured: there is none, or one of them is no secret.
        """
        self._key = _keys(secrets if secrets.strip() else _PREFIX)[0]

    def headers(self, message_id: str, at: datetime, body: bytes) -> dict[str, str]:
        """The three headers of a request.

        Args:
            message_id: Unique for each message, the same when it is sent again.
            at: When it is sent, by the wall's clock.
            body: The bytes of the body as they will travel.
        """
        timestamp = str(int(at.timestamp()))
        signature = _sign(self._key, message_id.encode(), timestamp.encode(), body)
        return {ID_HEADER: message_id, TIMESTAMP_HEADER: timestamp, SIGNATURE_HEADER: f"v1,{signature.decode()}"}


class Verifier:
    """Verifies against any of several secrets, so that one can be replaced while senders still use it."""

    def __init__(self, secrets: str) -> None:
        """Take the secrets that are valid now, separated by spaces; without one, nothing is authentic.

        Raises:
            Misconfigured: one of them is no secret.
        """
        self._keys = _keys(secrets)

    def verify(self, headers: Mapping[str, str], body: bytes, now: datetime) -> None:
        """Check the headers of a request against its body, in a time that does not tell how close a guess was.

        Args:
            headers: Names in lower case.
            body: The bytes of the body as they travelled.
            now: By the wall's clock, also in a simulation.

        Raises:
            Refusal: `unauthenticated`.
        """
        message_id, timestamp = headers.get(ID_HEADER), headers.get(TIMESTAMP_HEADER, "")
        if not message_id or not _is_recent(timestamp, now):
            raise Refusal(RefusalCode.UNAUTHENTICATED)
        given = [
            signature.encode()
            for version, _, signature in (part.partition(",") for part in headers.get(SIGNATURE_HEADER, "").split())
            if version == "v1"
        ]
        # Header values are bytes that the server has read as Latin-1.
        signed = (message_id.encode("latin-1", "replace"), timestamp.encode())
        expected = [_sign(key, *signed, body) for key in self._keys]
        if not any([hmac.compare_digest(one, other) for one in expected for other in given]):  # noqa: C419 - all, always
            raise Refusal(RefusalCode.UNAUTHENTICATED)


def _sign(key: bytes, message_id: bytes, timestamp: bytes, body: bytes) -> bytes:
    digest = hmac.new(key, b"%b.%b." % (message_id, timestamp), "sha256")
    digest.update(body)
    return base64.b64encode(digest.digest())


def _is_recent(timestamp: str, now: datetime) -> bool:
    if not (timestamp.isascii() and timestamp.isdigit()) or len(timestamp) > _MAX_TIMESTAMP_DIGITS:
        return False
    return abs(int(timestamp) - now.timestamp()) <= TOLERANCE.total_seconds()


def _keys(secrets: str) -> list[bytes]:
    keys = []
    for secret in secrets.split():
        try:
            key = base64.b64decode(secret.removeprefix(_PREFIX), validate=True)
        except binascii.Error:
            key = b""
        if not secret.startswith(_PREFIX) or len(key) < _MIN_KEY_BYTES:
            raise Misconfigured(f"A webhook secret is {_PREFIX} and at least {_MIN_KEY_BYTES} bytes in base64.")
        keys.append(key)
    return keys

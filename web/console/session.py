"""Sessions of the console: a cookie that holds the sealed token, and nothing on the server.

The token is looked up again for each page, so that revoking it ends its sessions at once. The cookie is `SameSite=Strict`,
and a POST is taken only from a page of ours (`web.origin`).
"""

import base64
import secrets
from typing import Final

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from pydantic import SecretStr
from starlette.requests import Request
from starlette.responses import Response

from tenure.errors import Misconfigured

LIFETIME_SECONDS: Final = 12 * 60 * 60
MIN_SECRET: Final = 32
PATH: Final = "/"
"""Of the cookie: the whole site, as its `__Host-` name asks for, by which no other site of the domain can set it."""


class Sessions:
    """Seals tokens into cookies, and opens them."""

    def __init__(self, secret: SecretStr | None, *, secure: bool) -> None:
        """Take the secret of the installation, or make one for the life of this process.

        Raises:
            Misconfigured: the secret is too short.
        """
        if secret is not None and len(secret.get_secret_value()) < MIN_SECRET:
            raise Misconfigured(f"TENURE_SESSION_SECRET is shorter than {MIN_SECRET} characters: choose a longer one.")
        material = secret.get_secret_value().encode() if secret is not None else secrets.token_bytes(32)
        key = HKDF(SHA256(), length=32, salt=None, info=b"tenure console session").derive(material)
        self._fernet = Fernet(base64.urlsafe_b64encode(key))
        self._secure = secure
        self._name = "__Host-tenure" if secure else "tenure"

    def begin(self, response: Response, token: str) -> None:
        """Hand out a session for a token that was just checked."""
        response.set_cookie(
            self._name,
            self._fernet.encrypt(token.encode()).decode(),
            max_age=LIFETIME_SECONDS,
            path=PATH,
            secure=self._secure,
            httponly=True,
            samesite="strict",
        )

    def end(self, response: Response) -> None:
        """Take the session back."""
        response.delete_cookie(self._name, path=PATH, secure=self._secure, httponly=True, samesite="strict")

    def token(self, request: Request) -> str | None:
        """The token of a request's session; None where it has none that is whole and young enough."""
        sealed = request.cookies.get(self._name)
        if sealed is None:
            return None
        try:
            return self._fernet.decrypt(sealed.encode(), ttl=LIFETIME_SECONDS).decode()
        except InvalidToken:
            return None

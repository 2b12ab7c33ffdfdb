"""Links in mails that lead to a page of ours: signed, bound to what they are for and to whom they were sent (SF-09).

A link says who was asked, never what was answered: a page is shown first, and only its POST acts. That a request is no
longer open is known by the facts, so a link needs no expiry of its own.
"""

import hashlib
from typing import Final, NamedTuple

from itsdangerous import BadSignature, URLSafeSerializer
from pydantic import SecretStr

from tenure.errors import Misconfigured, Refusal, RefusalCode
from tenure.ids import OrderId, PersonId, TrialId

MIN_SECRET: Final = 32
_PARTS: Final = 3
"""What every link says: what it is for, to whom it was sent, and to which of their addresses."""
_SIGNED: Final = {"digest_method": hashlib.sha256, "key_derivation": "hmac"}

type Recipient = PersonId | TrialId
"""A person; or the address that was typed in a trial's request, which is nobody's that is known."""


class ConsentLink(NamedTuple):
    """What a link to the consent page says."""

    trial_id: TrialId
    recipient: Recipient
    address: int
    """Which of the recipient's addresses it was sent to: a corrected one makes the links in older mails worthless."""


class SetUpLink(NamedTuple):
    """What a link to the set-up page says."""

    order_id: OrderId
    contact: PersonId
    address: int
    """Which of the contact's addresses it was sent to, as above."""


class Links:
    """Makes links, and reads them when somebody comes back by one."""

    def __init__(self, secrets: SecretStr, *, public_url: str, admin_console_url: str) -> None:
        """Take the secrets of the installation, and where its pages and the customer's console are.

        Secrets are separated by spaces: the first signs, each verifies, so that one can be replaced while links that it
        has signed are still in mailboxes.

        Raises:
            Misconfigured: there is none, or one is too short.
        """
        keys = secrets.get_secret_value().split()
        if not keys or min(map(len, keys)) < MIN_SECRET:
            raise Misconfigured(
                f"Each secret of TENURE_LINK_SECRET has {MIN_SECRET} characters or more, without spaces:"
                " choose a longer one."
            )
        newest_last = list(reversed(keys))  # as the library wants them
        self._consent = URLSafeSerializer(newest_last, salt="tenure consent", signer_kwargs=_SIGNED)
        self._set_up = URLSafeSerializer(newest_last, salt="tenure set-up", signer_kwargs=_SIGNED)
        self._public_url = public_url.rstrip("/")
        self.sign_in = f"{admin_console_url.rstrip('/')}/"
        """Where a customer's admin signs in (PV-03)."""
        self.buy = f"{admin_console_url.rstrip('/')}/subscriptions#buy"
        """The buy button of the subscriptions page (NO-03, CS-04)."""

    def consent(self, trial_id: TrialId, recipient: Recipient, address: int = 1) -> str:
        """The consent page, for one recipient of the request at one of their addresses."""
        return f"{self._public_url}/consent/{_text(self._consent.dumps([trial_id, recipient, address]))}"

    def read_consent(self, token: str) -> ConsentLink:
        """Whose answer to which request a link asks for; the signature is compared in constant time.

        Raises:
            Refusal: `link_invalid`.
        """
        trial_id, recipient, address = self._read(self._consent, token)
        try:
            whose = TrialId(recipient) if recipient == trial_id else PersonId(recipient)
            return ConsentLink(TrialId(trial_id), whose, int(address))
        except ValueError as error:
            raise Refusal(RefusalCode.LINK_INVALID) from error

    def set_up(self, order_id: OrderId, contact: PersonId, address: int = 1) -> str:
        """The page on which an order's contact sets the services up, for one of their addresses (TC-16)."""
        return f"{self._public_url}/set-up/{_text(self._set_up.dumps([order_id, contact, address]))}"

    def read_set_up(self, token: str) -> SetUpLink:
        """Which order whom a link asks to set up.

        Raises:
            Refusal: `link_invalid`.
        """
        order_id, contact, address = self._read(self._set_up, token)
        try:
            return SetUpLink(OrderId(order_id), PersonId(contact), int(address))
        except ValueError as error:
            raise Refusal(RefusalCode.LINK_INVALID) from error

    def without_token(self, link: str) -> str:
        """A link as others than its recipient may see it: it leads to no page."""
        pages = (f"{self._public_url}/{page}/" for page in ("consent", "set-up"))
        return next((f"{page}preview" for page in pages if link.startswith(page)), link)

    @staticmethod
    def _read(serializer: URLSafeSerializer, token: str) -> list[str]:
        try:
            said = serializer.loads(token)
        except BadSignature as error:
            raise Refusal(RefusalCode.LINK_INVALID) from error
        if not isinstance(said, list) or len(said) != _PARTS:
            raise Refusal(RefusalCode.LINK_INVALID)
        return [str(part) for part in said]


def _text(token: str | bytes) -> str:
    return token if isinstance(token, str) else token.decode()

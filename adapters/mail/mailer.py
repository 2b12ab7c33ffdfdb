"""Hands mails to a mail server by SMTP, one recipient and one connection each."""

import asyncio
import re
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from email.headerregistry import Address
from email.utils import getaddresses
from typing import Literal, Self
from urllib.parse import unquote, urlsplit

from aiosmtplib import SMTP, SMTPException, SMTPHeloError, SMTPResponseException
from pydantic import TypeAdapter

from adapters.mail.answers import refuses_recipient, words
from adapters.mail.message import address, compose
from adapters.outward import is_this_machine
from tenure.contracts.base import EmailAddress
from tenure.contracts.notice import Mail
from tenure.errors import MailRefused, Misconfigured, Unavailable
from tenure.ports import Mailer

CONNECT = timedelta(seconds=20)
STEP = timedelta(seconds=60)
WHOLE = timedelta(seconds=90)
"""Longest waits for the connection, for one answer, and for a whole mail; an attempt of the workflow lasts longer, so
that the outcome is written down. A server that filters content may think long after the message: giving up then costs
a second copy of the mail."""
_GOODBYE = timedelta(seconds=5)
_XTEXT = re.compile(r"[^!-*,-<>-~]")
"""What RFC 3461 writes in another way."""

type Encryption = Literal["none", "starttls", "tls"]
_SCHEMES: dict[str, tuple[Encryption, int]] = {
    "smtp": ("none", 25),
    "smtp+starttls": ("starttls", 587),
    "smtps": ("tls", 465),
}


@dataclass(frozen=True)
class MailServer:
    """Where mail is handed in, and how."""

    host: str
    port: int
    encryption: Encryption = "none"
    username: str | None = None
    password: str | None = field(default=None, repr=False)

    @classmethod
    def from_url(cls, url: str) -> Self:
        """Read `smtp://host:port`, `smtp+starttls://user:password@host` or `smtps://user:password@host`.

        Encryption is what the scheme says, never what happens to be on offer. Certificates are checked against the
        system's authorities; `SSL_CERT_FILE` names others.

        Raises:
            Misconfigured: The URL has another form, or would send a password unencrypted over a network.
        """
        expected = "smtp://host:port, smtp+starttls://user:password@host:port or smtps://user:password@host:port"
        try:
            parts = urlsplit(url)
            encryption, default_port = _SCHEMES[parts.scheme]
            host, port = parts.hostname, parts.port or default_port
        except (KeyError, ValueError):
            raise Misconfigured(f"The SMTP URL is not understood: expected {expected}.") from None
        if not host or parts.path.strip("/") or parts.query:
            raise Misconfigured(f"The SMTP URL is not understood: expected {expected}.")
        if parts.password is not None and encryption == "none" and not is_this_machine(host):
            raise Misconfigured("smtp:// would send the password unencrypted: use smtp+starttls:// or smtps://.")
        return cls(host, port, encryption, *(part and unquote(part) for part in (parts.username, parts.password)))


class SmtpMailer(Mailer):
    """Stateless: a connection lives for one mail, so that no failure reaches into the next."""

    def __init__(
        self,
        server: MailServer,
        mail_from: str,
        *,
        bounce_address: str | None = None,
        connect: timedelta = CONNECT,
        step: timedelta = STEP,
        whole: timedelta = WHOLE,
    ) -> None:
        """Prepare to send from an address such as `Tenure <no-reply@tenure.example>`.

        What cannot be delivered comes back to `bounce_address`, which is the envelope's sender (TL-04); None: to the same.

        Raises:
            Misconfigured: The sender is no single address, or not in ASCII before its `@`.
        """
        self._server = server
        self._sender = _sender(mail_from)
        self._envelope = self._sender if bounce_address is None else _sender(bounce_address)
        self._connect = connect.total_seconds()
        self._step = step.total_seconds()
        self._whole = whole.total_seconds()
        self._goodbye = min(step, _GOODBYE).total_seconds()

    async def send(self, mail: Mail) -> str:
        """Hand the mail to the server; answers with the server's words after its 250.

        Raises:
            MailRefused: The server refuses the recipient for good.
            Unavailable: Everything else. After a connection lost past the message nobody knows whether it was taken:
                the next attempt sends a second copy with the same Message-ID (XC-02).
        """
        recipient = address(mail.to_address, mail.to_name)
        message = compose(mail, self._sender, recipient)
        client = self._client()
        try:
            async with asyncio.timeout(self._whole):
                code, text = await self._hand_over(client, recipient, message)
        except SMTPResponseException as error:
            await _say_goodbye(client, self._goodbye)
            answer = words(error.code, error.message)
            raise MailRefused(answer) if refuses_recipient(error) else Unavailable(answer) from None
        except TimeoutError:
            raise Unavailable(f"The mail server {self._server.host} took too long to answer.") from None
        except (SMTPException, OSError) as error:
            raise Unavailable(f"The mail server {self._server.host} failed: {error}") from error
        else:
            await _say_goodbye(client, self._goodbye)
            return words(code, text)
        finally:
            client.close()

    def _client(self) -> SMTP:
        return SMTP(
            hostname=self._server.host,
            port=self._server.port,
            username=self._server.username,
            password=self._server.password,
            local_hostname=self._sender.domain,
            timeout=self._step,
            use_tls=self._server.encryption == "tls",
            start_tls=self._server.encryption == "starttls",
        )

    async def _hand_over(self, client: SMTP, recipient: Address, message: bytes) -> tuple[int, str]:
        await client.connect(timeout=self._connect)
        await _greet(client)
        of_mail, of_recipient = _reports(client, recipient)
        if not recipient.addr_spec.isascii():
            if not client.supports_extension("smtputf8"):
                raise SMTPException("it does not take addresses in this script (SMTPUTF8)")
            of_mail += ["SMTPUTF8", "BODY=8BITMIME"]
        await client.mail(self._envelope.addr_spec, options=of_mail)
        await client.rcpt(recipient.addr_spec, options=of_recipient, encoding="utf-8")
        return await client.data(message)


async def _greet(client: SMTP) -> None:
    """Introduce us, unless that was done on the way to encryption or a login."""
    if not client.is_ehlo_or_helo_needed:
        return
    try:
        await client.ehlo()
    except SMTPHeloError:
        if not client.is_connected:
            raise
        await client.helo()


def _reports(client: SMTP, recipient: Address) -> tuple[list[str], list[str]]:
    """What a server that knows of it (DSN, RFC 3461) is asked for: a report of failure alone, by the name that we know.

    It returns headers and not the mail, whose links would let whoever reads the reports act as its recipient.
    """
    if not client.supports_extension("dsn"):
        return [], []
    known_as = [f"ORCPT=rfc822;{_XTEXT.sub(_encoded, recipient.addr_spec)}"] if recipient.addr_spec.isascii() else []
    return ["RET=HDRS"], ["NOTIFY=FAILURE", *known_as]


def _encoded(found: re.Match[str]) -> str:
    return f"+{ord(found[0]):02X}"


async def _say_goodbye(client: SMTP, limit: float) -> None:
    """Leave politely; what was said before it stands, whatever comes of this."""
    with suppress(SMTPException, OSError):
        await client.quit(timeout=limit)


def _sender(mail_from: str) -> Address:
    try:
        ((name, addr_spec),) = getaddresses([mail_from])
        TypeAdapter(EmailAddress).validate_python(addr_spec)
        sender = address(addr_spec, name)
    except ValueError:
        raise Misconfigured(f"{mail_from!r} is no sender: expected Name <address@domain>.") from None
    if not sender.addr_spec.isascii():
        raise Misconfigured(f"The sender {addr_spec!r} is not in ASCII before its @.")
    return sender

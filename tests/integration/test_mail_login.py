"""How the mailer gets into a mail server: the URL, encryption, certificates, login."""

import asyncio
import ipaddress
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from adapters.mail.mailer import MailServer, SmtpMailer
from tenure.errors import Misconfigured, Unavailable
from tests.deliveries import mail
from tests.integration.scripted_smtp import scripted

SENDER = "Tenure <no-reply@tenure.example>"
PASSWORD = "hunter2@/:%"
IN_URL = "hunter2%40%2F%3A%25"


class Mailbox:
    """A handler that notes of each mail whether its session had logged in."""

    def __init__(self) -> None:
        self.mails: list[bool | None] = []

    async def handle_DATA(self, _server: SMTP, session: Session, _envelope: Envelope) -> str:  # noqa: N802
        self.mails.append(session.authenticated)
        return "250 2.0.0 OK"


def login(_server: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, data: Any) -> AuthResult:
    assert isinstance(data, LoginPassword)
    return AuthResult(success=data == LoginPassword(b"tenure", PASSWORD.encode()), handled=False)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for 127.0.0.1 with its key, signed by itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    signed = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = tmp_path_factory.mktemp("tls") / "server.pem"
    file.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + signed.public_bytes(serialization.Encoding.PEM)
    )
    return file


@pytest.fixture
def server_tls(certificate: Path) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    return context


@pytest.fixture
def trusted(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the certificate one that this machine vouches for."""
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))


@asynccontextmanager
async def listening(protocol: Callable[[], SMTP], tls: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    """A mail server on a free port."""
    server = await asyncio.get_running_loop().create_server(protocol, "127.0.0.1", 0, ssl=tls)
    async with server:
        yield server.sockets[0].getsockname()[1]


async def test_login_over_starttls(server_tls: ssl.SSLContext, trusted: None) -> None:
    """`smtp+starttls` encrypts, then logs in with the password of the URL, then sends."""
    box = Mailbox()

    def protocol() -> SMTP:
        return SMTP(box, tls_context=server_tls, require_starttls=True, authenticator=login, hostname="localhost")

    async with listening(protocol) as port:
        server = MailServer.from_url(f"smtp+starttls://tenure:{IN_URL}@127.0.0.1:{port}")
        assert await SmtpMailer(server, SENDER).send(mail()) == "250 2.0.0 OK"
    assert box.mails == [True]


async def test_login_over_tls(server_tls: ssl.SSLContext, trusted: None) -> None:
    """`smtps` is encrypted from the first byte."""
    box = Mailbox()

    def protocol() -> SMTP:
        return SMTP(box, authenticator=login, auth_require_tls=False, hostname="localhost")

    async with listening(protocol, server_tls) as port:
        server = MailServer.from_url(f"smtps://tenure:{IN_URL}@127.0.0.1:{port}")
        await SmtpMailer(server, SENDER).send(mail())
    assert box.mails == [True]


async def test_a_refused_login_is_our_own_fault(server_tls: ssl.SSLContext, trusted: None) -> None:
    """A wrong password is a retry until somebody repairs it, no refusal of the recipient, and is not told on (SF-02)."""
    box = Mailbox()

    def protocol() -> SMTP:
        return SMTP(box, tls_context=server_tls, authenticator=login, auth_required=True, hostname="localhost")

    async with listening(protocol) as port:
        server = MailServer.from_url(f"smtp+starttls://tenure:correct-horse@127.0.0.1:{port}")
        with pytest.raises(Unavailable, match="535") as caught:
            await SmtpMailer(server, SENDER).send(mail())
    assert "correct-horse" not in str(caught.value)
    assert box.mails == []


@pytest.mark.parametrize("scheme", ["smtp+starttls", "smtps"])
async def test_a_certificate_that_nobody_vouches_for(scheme: str, server_tls: ssl.SSLContext) -> None:
    """A server that cannot prove its name gets no mail and no password (SF-02)."""
    box = Mailbox()

    def protocol() -> SMTP:
        return SMTP(box, tls_context=None if scheme == "smtps" else server_tls, hostname="localhost")

    async with listening(protocol, server_tls if scheme == "smtps" else None) as port:
        server = MailServer.from_url(f"{scheme}://tenure:{IN_URL}@127.0.0.1:{port}")
        with pytest.raises(Unavailable, match="failed"):
            await SmtpMailer(server, SENDER).send(mail())
    assert box.mails == []


async def test_encryption_that_was_asked_for_is_never_left_out() -> None:
    """A server without STARTTLS hears neither password nor mail: stripping the offer gains nothing (SF-02)."""
    async with scripted({"EHLO": b"250-scripted.example\r\n250 AUTH PLAIN", "AUTH": b"235 2.7.0 OK"}) as server:
        url = server.url.replace("smtp://", f"smtp+starttls://tenure:{IN_URL}@")
        with pytest.raises(Unavailable, match="STARTTLS"):
            await SmtpMailer(MailServer.from_url(url), SENDER).send(mail())
    assert [command.split()[0] for command in server.commands] == ["EHLO"]


async def test_a_login_challenge_without_sense() -> None:
    """A challenge that cannot be decoded is a passing fault like any other nonsense (SF-02)."""
    answers = {"EHLO": b"250-scripted.example\r\n250 AUTH CRAM-MD5", "AUTH": b"334 abc"}
    async with scripted(answers) as server:
        url = server.url.replace("smtp://", "smtp://tenure:secret@")
        with pytest.raises(Unavailable):
            await SmtpMailer(MailServer.from_url(url), SENDER).send(mail())


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("smtp://mail.example", MailServer("mail.example", 25)),
        ("smtp://127.0.0.1:1025", MailServer("127.0.0.1", 1025)),
        ("smtp://user:pw@localhost", MailServer("localhost", 25, "none", "user", "pw")),
        ("smtp://user:pw@[::1]:2525", MailServer("::1", 2525, "none", "user", "pw")),
        ("smtp+starttls://mail.example", MailServer("mail.example", 587, "starttls")),
        ("smtps://u%40x:p%3Aw@mail.example/", MailServer("mail.example", 465, "tls", "u@x", "p:w")),
    ],
)
def test_a_url_says_everything(url: str, expected: MailServer) -> None:
    """Server, port, encryption and login are read from one setting; encryption has the scheme's usual port."""
    assert MailServer.from_url(url) == expected


@pytest.mark.parametrize(
    "url",
    ["", "mail.example", "http://mail.example", "smtp://", "smtp://host:99999", "smtp://h/path", "smtp://h?tls=no"],
)
def test_a_url_that_is_not_understood(url: str) -> None:
    """Another form is named at start-up, with the forms that are expected."""
    with pytest.raises(Misconfigured, match="smtps://"):
        MailServer.from_url(url)


def test_a_password_does_not_travel_in_the_clear() -> None:
    """A password over an unencrypted network is refused at start-up, and is not in the message."""
    with pytest.raises(Misconfigured, match="unencrypted") as caught:
        MailServer.from_url("smtp://user:secret@mail.example")
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("sender", ["", "Tenure", "Tenure <no-reply>", "a@b, c@d", "żółw@tenure.example"])
def test_a_sender_has_to_be_one_address(sender: str) -> None:
    """A sender that mail servers would refuse is named at start-up."""
    with pytest.raises(Misconfigured):
        SmtpMailer(MailServer("localhost", 25), sender)

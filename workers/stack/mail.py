"""The embedded mail server: accepts every mail, stores it as a file, and shows it in the browser.

Two kinds of address let tests and demonstrations see what a real mail server does:

- a local part that begins with `bounce` is refused for good (550);
- one that begins with `greylisted` is refused for now (451) at the first attempt, and accepted from the second.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from weakref import WeakSet

from aiosmtpd.smtp import SMTP, Envelope, Session

from web.server import serving
from workers.stack import mailbox
from workers.stack.mail_web import mail_application
from workers.stack.ports import LOOPBACK, claim_port
from workers.stack.server import Report

_OK: Final = "250 2.0.0 OK"
_BOUNCED: Final = "550 5.1.1 There is no such mailbox"
_GREYLISTED: Final = "451 4.7.1 Greylisted, try again later"


@dataclass(frozen=True, slots=True)
class MailSink:
    """Where the mail server answers, and where its mails are."""

    url: str
    """The server as a URL, `smtp://host:port`."""
    web_url: str
    """The mails in the browser; `messages.json` below it for programs."""
    folder: Path

    def messages(self) -> list[mailbox.StoredMail]:
        """Return the mails in the order of their arrival."""
        return mailbox.messages(self.folder)


@asynccontextmanager
async def mail_sink(
    data: Path, report: Report, *, smtp_port: int = 1025, web_port: int = 8025
) -> AsyncIterator[MailSink]:
    """Run the mail server and its web page on the loopback interface.

    Args:
        data: The stack's data folder; mails are stored in `mail` below it.
        report: Told what happens.
        smtp_port: The mail server's port; 0 for any free one.
        web_port: The web page's port; 0 for any free one.

    Raises:
        StackError: A port is taken.
    """
    folder = (data / "mail").resolve()
    folder.mkdir(parents=True, exist_ok=True)
    smtp_port = claim_port(smtp_port, "The mail server", "TENURE_MAIL_PORT")
    web_port = claim_port(web_port, "The mail server's web page", "TENURE_MAIL_WEB_PORT")
    loop = asyncio.get_running_loop()
    handler = _Handler(folder)
    sessions: WeakSet[SMTP] = WeakSet()

    def protocol() -> SMTP:
        session = SMTP(handler, hostname="localhost", ident="Tenure mail sink", enable_SMTPUTF8=True, loop=loop)
        sessions.add(session)
        return session

    async with (
        await loop.create_server(protocol, LOOPBACK, smtp_port),
        serving(mail_application(folder), LOOPBACK, web_port),
    ):
        sink = MailSink(f"smtp://{LOOPBACK}:{smtp_port}", f"http://{LOOPBACK}:{web_port}", folder)
        report(f"Mail goes to {LOOPBACK}:{smtp_port} and is shown at {sink.web_url}.")
        try:
            yield sink
        finally:
            for session in list(sessions):
                if session.transport is not None:
                    session.transport.close()


class _Handler:
    """What aiosmtpd calls for each command of a session."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._greylisted: set[str] = set()

    async def handle_RCPT(  # noqa: N802
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        if address.startswith("bounce"):
            return _BOUNCED
        if address.startswith("greylisted") and address not in self._greylisted:
            self._greylisted.add(address)
            return _GREYLISTED
        envelope.rcpt_tos.append(address)
        return _OK

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        assert isinstance(envelope.content, bytes)
        await asyncio.to_thread(
            mailbox.store, self._folder, envelope.mail_from or "", envelope.rcpt_tos, envelope.content
        )
        return _OK

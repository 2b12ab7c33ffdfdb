"""A mail as RFC 5322 wants it on the wire."""

from contextlib import suppress
from datetime import UTC
from email import policy
from email.header import Header
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime, quote

import idna

from tenure.contracts.notice import Mail

NOT_BEFORE = "Tenure-Not-Before"
"""The header, and the last line of the text, that hold the promise as ISO 8601 (SF-01)."""

_LINE = 76
"""The longest line with encoded words (RFC 2047)."""

_7BIT = policy.SMTP.clone(cte_type="7bit")


def address(addr_spec: str, display_name: str = "") -> Address:
    """An address with its domain in ASCII, so that only a local part in another script needs SMTPUTF8."""
    local_part, _, domain = addr_spec.rpartition("@")
    if not domain.isascii():
        with suppress(idna.IDNAError):  # no name that DNS could hold: let the server say so
            domain = idna.encode(domain, uts46=True).decode("ascii")
    return Address(display_name, local_part, domain)


def compose(mail: Mail, sender: Address, recipient: Address) -> bytes:
    """The message in text and HTML.

    The headers that hold names are written here: the standard library's `EmailMessage` folds them into encoded words
    that run into each other, and before Python 3.12.5 it wrote out line ends that a name held in encoded form
    (CVE-2024-6923).
    """
    headers = {
        "From": _mailbox("From", sender),
        "To": _mailbox("To", recipient),
        "Subject": _text("Subject", mail.subject),
        "Date": format_datetime(mail.date.astimezone(UTC)),
        "Message-ID": mail.message_id,
        "Auto-Submitted": "auto-generated",  # RFC 3834: written by a machine, to be answered by none
    }
    if mail.not_before is not None:
        headers[NOT_BEFORE] = mail.not_before.isoformat()
    body = EmailMessage(policy=_7BIT)
    body.set_content(mail.text)
    body.add_alternative(mail.html, subtype="html")
    body["Content-Language"] = mail.language
    return "".join(f"{name}: {value}\r\n" for name, value in headers.items()).encode() + body.as_bytes()


def _mailbox(header: str, mailbox: Address) -> str:
    name = mailbox.display_name
    if not name:
        return mailbox.addr_spec
    if _is_plain(name):
        return f'"{quote(name)}" <{mailbox.addr_spec}>'
    return f"{_text(header, name)}\r\n <{mailbox.addr_spec}>"


def _text(header: str, text: str) -> str:
    charset = "us-ascii" if _is_plain(text) else "utf-8"
    return Header(text, charset, _LINE, header).encode(linesep="\r\n")


def _is_plain(text: str) -> bool:
    """Whether the text can stand in a header as it is: ASCII, and nothing that reads as an encoded word (RFC 2047)."""
    return text.isascii() and "=?" not in text

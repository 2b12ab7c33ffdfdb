"""A mail as RFC 5322 wants it on the wire."""

from contextlib import suppress
from email import policy
from email.headerregistry import Address
from email.message import EmailMessage

import idna

from tenure.contracts.notice import Mail

_ASCII = policy.SMTP.clone(cte_type="7bit")
_UTF8 = policy.SMTPUTF8.clone(cte_type="7bit")

NOT_BEFORE = "Tenure-Not-Before"
"""The header, and the last line of the text, that hold the promise as ISO 8601 (SF-01)."""


def address(addr_spec: str, display_name: str = "") -> Address:
    """An address with its domain in ASCII, so that only a local part in another script needs SMTPUTF8."""
    local_part, _, domain = addr_spec.rpartition("@")
    if not domain.isascii():
        with suppress(idna.IDNAError):  # no name that DNS could hold: let the server say so
            domain = idna.encode(domain, uts46=True).decode("ascii")
    return Address(_plain(display_name), local_part, domain)


def compose(mail: Mail, sender: Address, recipient: Address) -> bytes:
    """The message in text and HTML; headers are encoded by the standard library."""
    chosen = _ASCII if recipient.addr_spec.isascii() else _UTF8
    message = EmailMessage(policy=chosen)
    message["From"] = sender
    message["To"] = recipient
    message["Subject"] = _plain(mail.subject)
    message["Date"] = mail.date
    message["Message-ID"] = mail.message_id
    # RFC 3834: a machine wrote this, so that no machine answers it.
    message["Auto-Submitted"] = "auto-generated"
    if mail.not_before is not None:
        message[NOT_BEFORE] = mail.not_before.isoformat()
    message.set_content(mail.text)
    message.add_alternative(mail.html, subtype="html")
    message["Content-Language"] = mail.language  # after the contents, which clear all headers of this kind
    return message.as_bytes()


def _plain(text: str) -> str:
    """The text with nothing in it that looks like an encoded word (RFC 2047).

    The standard library decodes those in what it is given, line ends included, and before Python 3.12.5 it wrote them
    out as they were: a name could have forged headers (CVE-2024-6923).
    """
    return text.replace("=?", "= ?")

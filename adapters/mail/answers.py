"""What a mail server's answer means: whose fault a refusal is, and its words."""

import re

from aiosmtplib import SMTPDataError, SMTPRecipientRefused, SMTPResponseException

_STATUS = re.compile(r"(5\.\d{1,3}\.\d{1,3})(?![\d.])")

_OF_THE_RECIPIENT = frozenset({"5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10", "5.2.1"})
"""Enhanced statuses (RFC 3463, RFC 7505) that say: no such mailbox, no such system, bad address, moved away, a domain
that takes no mail, mailbox disabled. All others speak of us (5.1.7, 5.1.8, 5.7.*), of the content, of the route, or of
something that passes (5.2.2, a full mailbox)."""

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_LONGEST = 500


def refuses_recipient(error: SMTPResponseException) -> bool:
    """Whether the server refuses this recipient for good (SF-02, DM-17).

    The code alone does not tell: servers say 550 and 554 after RCPT TO also for a block list, a missing login or
    relaying that they deny (RFC 5321 section 4.2.3: "or command rejected for policy reasons"). So only an enhanced
    status about the recipient counts, in answer to RCPT TO or to the message of which they are the only recipient.
    """
    if not isinstance(error, SMTPRecipientRefused | SMTPDataError) or not 500 <= error.code <= 599:
        return False
    status = _STATUS.match(error.message)
    return status is not None and status[1] in _OF_THE_RECIPIENT


def words(code: int, text: str) -> str:
    """A server's answer on one line, of printable characters and bounded, whatever it sent."""
    return line(f"{code} {text}")


def line(text: str) -> str:
    """A server's words on one line, of printable characters and bounded."""
    return _CONTROL.sub("?", " ".join(text.encode("utf-8", "replace").decode().split()))[:_LONGEST]

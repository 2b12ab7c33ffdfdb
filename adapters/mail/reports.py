"""Reads what mail servers report of a mail that they had accepted: RFC 3464, and what others write instead (TL-04).

Whoever knows the address for reports can send anything there. So what is read is bounded before it is parsed: length,
lines, parts, and the one header whose parsing takes longer the longer it is. What is returned of a mail is taken as text,
and never looked into for parts of its own.
"""

import re
from collections.abc import Iterator
from email.message import Message
from email.parser import BytesParser, HeaderParser
from email.policy import compat32
from itertools import islice
from typing import Final

from pydantic import TypeAdapter, ValidationError

from adapters.mail.answers import line
from tenure.contracts.base import EmailAddress
from tenure.contracts.bounce import (
    MAX_RECIPIENTS,
    MAX_REPORT_BYTES,
    Action,
    DeliveryReport,
    MessageId,
    ReportedRecipient,
    Status,
)
from tenure.errors import Refusal, RefusalCode

_MAX_LINES: Final = 40_000
_MAX_TYPES: Final = 64
"""How often `Content-Type` may occur: that is how deep parts can be nested."""
_MAX_TYPE: Final = 2_000
"""The longest such header, in bytes."""

_TYPE: Final = re.compile(rb"^content-type:(?:.*\n[ \t]+)*.*", re.IGNORECASE | re.MULTILINE)
_OF_A_MESSAGE: Final = re.compile(rb"(?<=:)\s*message/", re.IGNORECASE)
_AS_TEXT: Final = rb" text/x-message-"
_STATUSES: Final = {"text/x-message-delivery-status", "text/x-message-global-delivery-status"}
_RETURNED: Final = {
    "text/x-message-rfc822",
    "text/x-message-global",
    "text/x-message-global-headers",
    "text/rfc822-headers",
}
_RECIPIENT: Final = ("Original-Recipient", "Final-Recipient", "X-Actual-Recipient")

_MESSAGE_ID: Final = re.compile(r"<[^<>\s]{3,248}>")
_MESSAGE_ID_LINE: Final = re.compile(r"^message-id:\s*(<[^<>\s]{3,248}>)", re.IGNORECASE | re.MULTILINE)
_ADDRESS: Final = re.compile(r"(?<![^\s<>;,()\"])[^\s<>;,()\"]{1,254}@[^\s<>;,()\"]{1,255}")
"""From where a word begins, so that no part of a long one is looked at again and again, or taken for somebody else."""
_STATUS: Final = re.compile(r"(?<![\d.])[245]\.\d{1,3}\.\d{1,3}(?![\d.])")
_XTEXT: Final = re.compile(r"\+([0-9A-F]{2})")
_UTF8_XTEXT: Final = re.compile(r"\\x\{([0-9A-F]{2,6})\}")

_addresses: Final[TypeAdapter[str]] = TypeAdapter(EmailAddress)
_message_ids: Final[TypeAdapter[str]] = TypeAdapter(MessageId)


class MailReportReader:
    """The port `ReportReader`."""

    def read(self, report: bytes) -> DeliveryReport:
        """Read a mail that reports on another one; see the port."""
        try:
            mail = BytesParser(policy=compat32).parsebytes(_bounded(report))
            parts = [part for part in mail.walk() if not part.is_multipart()]
            recipients = tuple(islice(_reported(parts), MAX_RECIPIENTS)) or _of_exim(mail, parts)
            message_id = _message_id(mail, parts)
        except (ValueError, LookupError) as error:  # what the parser makes of a header that is none
            raise Refusal(RefusalCode.REPORT_UNREADABLE) from error
        if message_id is None or not recipients:
            raise Refusal(RefusalCode.REPORT_UNREADABLE)
        return DeliveryReport(message_id=message_id, recipients=recipients)


def _bounded(report: bytes) -> bytes:
    """What the parser gets: its cost is bounded, and messages in it have become text.

    Raises:
        Refusal: `too_large`, or `report_unreadable` for what no mail server would write.
    """
    if len(report) > MAX_REPORT_BYTES:
        raise Refusal(RefusalCode.TOO_LARGE)
    lines = report.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    types = _TYPE.findall(lines)
    if lines.count(b"\n") > _MAX_LINES or len(types) > _MAX_TYPES or any(len(one) > _MAX_TYPE for one in types):
        raise Refusal(RefusalCode.REPORT_UNREADABLE)
    return _TYPE.sub(lambda found: _OF_A_MESSAGE.sub(_AS_TEXT, found[0], count=1), lines)


def _reported(parts: list[Message]) -> Iterator[ReportedRecipient]:
    """The recipients of the parts that RFC 3464 defines: a block of fields each."""
    for part in parts:
        if part.get_content_type() in _STATUSES:
            for block in re.split(r"\n[ \t]*\n+", _text(part)):
                fields = HeaderParser(policy=compat32).parsestr(block.lstrip("\n"), headersonly=True)
                addresses = _known_as(*(str(fields.get(name, "")).partition(";")[2] for name in _RECIPIENT))
                if addresses:
                    yield _recipient(fields, addresses)


def _recipient(fields: Message, addresses: tuple[str, ...]) -> ReportedRecipient:
    diagnostic = str(fields.get("Diagnostic-Code", ""))
    text = line(diagnostic.partition(";")[2] or diagnostic)
    found = _STATUS.search(str(fields.get("Status", ""))) or _STATUS.search(text)
    said = re.search(r"[a-z]+", str(fields.get("Action", "")).lower())
    if said is not None and said[0] in set(Action):
        action = Action(said[0])
    else:  # a server that leaves it out has given up where its status says so
        action = Action.FAILED if found is not None and found[0].startswith("5") else Action.DELAYED
    return ReportedRecipient(addresses=addresses, action=action, status=_status(found), text=text)


def _of_exim(mail: Message, parts: list[Message]) -> tuple[ReportedRecipient, ...]:
    """The recipients of a report as Exim wrote it before it knew the standard: in a header, and reasons in plain text."""
    failed = ",".join(str(value) for value in mail.get_all("X-Failed-Recipients", []))
    text = next((_text(part) for part in parts if part.get_content_type() == "text/plain"), "")
    recipients = []
    for address in islice(_ADDRESS.findall(failed), MAX_RECIPIENTS):
        if known := _known_as(address):
            reason = line(text.partition(address)[2].strip().partition("\n\n")[0])
            recipients.append(
                ReportedRecipient(
                    addresses=known, action=Action.FAILED, status=_status(_STATUS.search(reason)), text=reason
                )
            )
    return tuple(recipients)


def _message_id(mail: Message, parts: list[Message]) -> str | None:
    """Of the mail that was returned, else of the one that the report says it answers; None where there is none."""
    for part in parts:
        if part.get_content_type() in _RETURNED:
            fields = HeaderParser(policy=compat32).parsestr(_text(part).lstrip("\n"), headersonly=True)
            if found := _valid(fields.get("Message-ID")):
                return found
    if "X-Failed-Recipients" in mail:
        for part in parts:
            if part.get_content_type() == "text/plain" and (copied := _MESSAGE_ID_LINE.search(_text(part))):
                return _valid(copied[1])
    return _valid(mail.get("In-Reply-To")) or _valid(mail.get("References"))


def _valid(value: object) -> str | None:
    found = _MESSAGE_ID.search(str(value or ""))
    try:
        return None if found is None else _message_ids.validate_python(found[0])
    except ValidationError:
        return None


def _known_as(*values: str) -> tuple[str, ...]:
    """The addresses that are written there, as they stand and decoded (RFC 3461, RFC 6533); what is none is left out."""
    known: list[str] = []
    for value in values:
        if written := _ADDRESS.search(value):
            for address in (written[0], _XTEXT.sub(_character, written[0]), _UTF8_XTEXT.sub(_character, written[0])):
                try:
                    known.append(_addresses.validate_python(address))
                except ValidationError:
                    continue
    return tuple(dict.fromkeys(known))


def _character(found: re.Match[str]) -> str:
    return chr(min(int(found[1], 16), 0x10FFFF))


def _status(found: re.Match[str] | None) -> Status:
    """The status, and that of a failure that nobody explains where none is given."""
    return "5.0.0" if found is None else found[0]


def _text(part: Message) -> str:
    content = part.get_payload(decode=True)
    assert isinstance(content, bytes)
    return content.decode("utf-8", "replace")

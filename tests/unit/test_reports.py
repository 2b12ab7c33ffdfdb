"""Reports of mail servers: the forms in which they come, and what nobody should be able to do with one."""

import base64
import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from adapters.mail.reports import MailReportReader
from tenure.contracts.bounce import MAX_RECIPIENTS, MAX_REPORT_BYTES, Action, DeliveryReport
from tenure.errors import Refusal, RefusalCode
from tests import reports
from tests.reports import HEADERS_ONLY, POSTFIX, STANDARD, report

MESSAGE_ID = "<0d1b9a52-6d3c-5b0e-9a86-3c1f5a5b7f10@tenure.example>"
ADA = "ada@bakery.example"


def read(content: bytes) -> DeliveryReport:
    return MailReportReader().read(content)


def outcome(content: bytes) -> DeliveryReport | RefusalCode:
    try:
        return read(content)
    except Refusal as refusal:
        return refusal.code


def refused(content: bytes) -> RefusalCode:
    with pytest.raises(Refusal) as refusal:
        read(content)
    return refusal.value.code


@pytest.mark.parametrize("form", STANDARD)
def test_the_forms_of_mail_servers_are_read(form: str) -> None:
    """Mail, recipient, status and words are found in each, with either end of line, and behind a line of mbox (TL-04)."""
    text, status = STANDARD[form]
    for content in (
        report(MESSAGE_ID, ADA, form=text),
        report(MESSAGE_ID, ADA, form=text).replace(b"\r\n", b"\n"),
        b"From MAILER-DAEMON Tue Mar  3 10:15:02 2026\n" + report(MESSAGE_ID, ADA, form=text),
    ):
        found = read(content)
        assert found.message_id == MESSAGE_ID
        [recipient] = found.recipients
        assert (recipient.action, recipient.status) == (Action.FAILED, status)
        assert ADA in recipient.addresses
        assert status in recipient.text
        assert "\n" not in recipient.text


def test_what_cannot_be_read_is_refused() -> None:
    """The own form of qmail, an answering machine, a receipt of reading, and nothing at all (XC-05)."""
    automatic = f"From: {ADA}\nIn-Reply-To: {MESSAGE_ID}\nSubject: Out of office\n\nI am away.\n"
    reading = (
        f"Content-Type: multipart/report; report-type=disposition-notification; boundary=b\nReferences: {MESSAGE_ID}\n\n"
        f"--b\nContent-Type: message/disposition-notification\n\nFinal-Recipient: rfc822;{ADA}\n\n--b--\n"
    )
    for content in (report(MESSAGE_ID, ADA, form=reports.QMAIL), automatic.encode(), reading.encode(), b"", b"\0" * 99):
        assert refused(content) is RefusalCode.REPORT_UNREADABLE


@pytest.mark.parametrize(
    ("action", "status", "expected"),
    [
        ("FAILED", "5.1.1", Action.FAILED),
        ("failed (permanently)", "5.1.1", Action.FAILED),
        ("delayed", "4.4.1", Action.DELAYED),
        ("delivered", "2.1.5", Action.DELIVERED),
        ("relayed", "2.1.5", Action.RELAYED),
        ("expanded", "2.1.5", Action.EXPANDED),
        ("", "5.1.1", Action.FAILED),
        ("", "4.4.1", Action.DELAYED),
        ("returned", "2.0.0", Action.DELAYED),
    ],
)
def test_what_a_server_did(action: str, status: str, expected: Action) -> None:
    """Only what failed has failed; where a server leaves the field out, its status says it (TL-04)."""
    content = report(MESSAGE_ID, ADA, Action=f"Action: {action}", Status=f"Status: {status} (as it is)")
    [recipient] = read(content).recipients
    assert (recipient.action, recipient.status) == (expected, status)


def test_a_failure_without_a_status_has_one() -> None:
    """From the server's words where they hold one, else the general one (RFC 3463)."""
    for words, expected in (("smtp; 550 5.7.26 unauthenticated", "5.7.26"), ("smtp; 550 no", "5.0.0")):
        lines = report(MESSAGE_ID, ADA, Status="Status: none", **{"Diagnostic-Code": f"Diagnostic-Code: {words}"})
        [recipient] = read(lines.replace(b"    rejected: User unknown\r\n", b"")).recipients
        assert recipient.status == expected


def test_several_recipients() -> None:
    """Each has a block of its own, and what is no address is nobody's (RFC 3464)."""
    blocks = "\r\n\r\n".join(
        f"Final-Recipient: {written}\r\nAction: {action}\r\nStatus: 5.1.1"
        for written, action in (("rfc822;<one@a.example>", "failed"), ("x400;/c=gb/", "failed"), ("two@a.example", "x"))
    )
    content = report(MESSAGE_ID, ADA).replace(
        b"\r\n\r\nFinal-Recipient", f"\r\n\r\n{blocks}\r\n\r\nFinal-Recipient".encode()
    )
    assert [one.addresses for one in read(content).recipients] == [("one@a.example",), (ADA,)]


@pytest.mark.parametrize(
    ("written", "known_as"),
    [
        ("rfc822;ada+40home@bakery.example", "ada@home@bakery.example"),
        ("rfc822; ada+2Bnews@bakery.example", "ada+news@bakery.example"),
        ("utf-8; zofia.ż@bakery.example", "zofia.ż@bakery.example"),
        ("utf-8; zofia.\\x{17C}@bakery.example", "zofia.ż@bakery.example"),
        ("rfc822; <ada@BAKERY.example> (Ada)", "ada@BAKERY.example"),
        ("rfc822; " + "a" * 70 + "@bakery.example", "a" * 70 + "@bakery.example"),
    ],
)
def test_addresses_are_known_as_written_and_decoded(written: str, known_as: str) -> None:
    """The xtext of RFC 3461 and RFC 6533, brackets and comments, and raw UTF-8 as `message/global` has it."""
    content = report(MESSAGE_ID, ADA, **{"Original-Recipient": f"Original-Recipient: {written}"})
    content = content.replace(b"message/delivery-status", b"message/global-delivery-status")
    [recipient] = read(content.replace(b"message/rfc822", b"message/global")).recipients
    assert (known_as in recipient.addresses) == (known_as.count("@") == 1)
    assert ADA in recipient.addresses


def test_parts_in_base64() -> None:
    """A server may encode the parts of a report that holds other scripts (RFC 6533)."""
    fields = base64.encodebytes(f"Reporting-MTA: dns; a\n\nFinal-Recipient: utf-8;{ADA}\nAction: failed\n".encode())
    returned = base64.encodebytes(f"Message-ID: {MESSAGE_ID}\n\nHello.\n".encode())
    content = (
        b"Content-Type: multipart/report; boundary=b\n\n--b\nContent-Transfer-Encoding: base64\n"
        b"Content-Type:\n message/global-delivery-status\n\n" + fields + b"\n--b\nContent-Type: MESSAGE/GLOBAL\n"
        b"Content-Transfer-Encoding: base64\n\n" + returned + b"\n--b--\n"
    )
    found = read(content)
    assert (found.message_id, found.recipients[0].addresses) == (MESSAGE_ID, (ADA,))


def test_the_returned_mail_counts_before_what_the_report_answers() -> None:
    """A report without the mail is about the one that it answers; where both are there the mail decides."""
    content = report(MESSAGE_ID, ADA, form=reports.OFFICE_365)
    other = content.replace(f"In-Reply-To: {MESSAGE_ID}".encode(), b"In-Reply-To: <other@example>")
    assert read(other).message_id == MESSAGE_ID
    alone = content[: content.rindex(b"--0a5d--5c2e\r\nContent-Type: message/rfc822")] + b"--0a5d--5c2e--\r\n"
    assert read(alone).message_id == MESSAGE_ID


def test_the_words_of_a_server_are_bounded_and_printable() -> None:
    """Control characters, broken encodings and endless lines leave nothing that a page or a database would choke on."""
    words = b"Diagnostic-Code: smtp; 550 \x00\x1b[31m \xff\xfe " + b"x" * 5000
    content = report(MESSAGE_ID, ADA, Status="Status: 5.1.1").replace(
        b"Diagnostic-Code: smtp; 550 5.1.1 <ada@bakery.example>: Recipient address", words
    )
    [recipient] = read(content).recipients
    assert len(recipient.text) == 500
    assert recipient.text.isprintable()


MANY = "".join(f"Final-Recipient: rfc822;{n}@a.example\r\nAction: failed\r\n\r\n" for n in range(8_000))
BOMBS = {
    "parts in parts": b"".join(
        b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (n, n) for n in range(9_000)
    ),
    "mails in mails": b"Content-Type: message/rfc822\n\n" * 30_000,
    "types after bare carriage returns": b"Content-Type: message/rfc822\r\r" * 30_000,
    "few parts, many lines": b"".join(
        b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (n, n) for n in range(60)
    )
    + b"-\n" * 500_000,
    "an endless header": b"X: " + b"x" * 1_000_000 + b"\n\n",
    "an endless type": b'Content-Type: multipart/mixed; a="' + b";" * 1_000_000 + b"\n\n",
    "a folded type": b'Content-Type: multipart/mixed; a="' + b";;;\n " * 200_000 + b"\n\n",
    "a number of digits": b"Content-Type: multipart/mixed; boundary*" + b"9" * 1_900 + b"=b\n\n--b\n",
    "many headers": b"x:\n" * 300_000 + b"\n",
    "blank lines": POSTFIX.replace("Action: failed", "Action: failed" + "\n" * 30_000).encode(),
    "failed recipients": b"X-Failed-Recipients: " + b"a@b.c," * 170_000 + b"\n\n",
    "nearly addresses": b"X-Failed-Recipients: " + b"a@" * 500_000 + b"\n\n",
}


@pytest.mark.parametrize("bomb", BOMBS)
def test_bombs_are_refused_in_no_time(bomb: str) -> None:
    """Nested, endless or numberless parts cost no more than a report of that size (TL-04)."""
    content = BOMBS[bomb]
    assert len(content) <= MAX_REPORT_BYTES
    began = time.process_time()
    assert outcome(content) is RefusalCode.REPORT_UNREADABLE
    assert time.process_time() - began < 10, "a tenth of a second is usual, without the bounds it is minutes"


def test_a_report_of_many_is_read_for_some() -> None:
    """No more than a hundred recipients of one report: each of our mails has one."""
    content = report(MESSAGE_ID, ADA, form=HEADERS_ONLY).replace(
        b"Original-Recipient", MANY.encode() + b"Original-Recipient"
    )
    assert len(read(content).recipients) == MAX_RECIPIENTS


def test_a_report_that_is_too_long_is_refused() -> None:
    """Before anything in it is looked at."""
    assert refused(b"x" * (MAX_REPORT_BYTES + 1)) is RefusalCode.TOO_LARGE


@given(st.sampled_from(sorted(STANDARD)), st.data())
@example("Postfix", None)
def test_a_damaged_report_is_read_or_refused(form: str, data: st.DataObject | None) -> None:
    """Whatever is cut out, doubled or overwritten, the answer is a report or one stable code (XC-05)."""
    content = bytearray(report(MESSAGE_ID, ADA, form=STANDARD[form][0]))
    for _ in range(data.draw(st.integers(1, 4)) if data else 0):
        assert data is not None
        begin = data.draw(st.integers(0, len(content)))
        end = min(len(content), begin + data.draw(st.integers(0, 200)))
        content[begin:end] = data.draw(st.one_of(st.binary(max_size=40), st.just(bytes(content[begin:end]) * 2)))
    found = outcome(bytes(content))
    assert found is RefusalCode.REPORT_UNREADABLE or (isinstance(found, DeliveryReport) and found.recipients)

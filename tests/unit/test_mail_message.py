"""The message on the wire: headers that every reader understands and nobody can forge."""

import re
from email import message_from_bytes, policy
from email.header import decode_header, make_header
from email.message import Message
from email.parser import BytesParser
from email.utils import getaddresses

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from adapters.mail.message import address, compose
from tenure.contracts.base import EmailAddress
from tenure.contracts.notice import Mail
from tests.deliveries import ATTEMPT, mail

LINES = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Zl", "Zp")), max_size=250).map(
    lambda text: " ".join(text.split())
)
FORGERY = "=?utf-8?q?x=0D=0ABcc:_everyone=40example.com?="


def composed(wanted: Mail) -> bytes:
    return compose(wanted, address("no-reply@tenure.example", "Tenure"), address(wanted.to_address, wanted.to_name))


def decoded(value: str) -> str:
    return str(make_header(decode_header(value.replace("\r\n", "").strip())))


@given(name=LINES, subject=LINES)
@example(name="Zofia", subject="Organizacja „Nowak Bakery” zostanie usunięta 4 grudnia 2026")
@example(name=FORGERY, subject=FORGERY)
def test_names_and_subjects_arrive_as_they_are(name: str, subject: str) -> None:
    """Any name and subject read back, in encoded words of the standard's form and length, and add no header (TL-02)."""
    raw = composed(mail(to_name=name, subject=subject))
    parsed: Message = message_from_bytes(raw)
    assert parsed.keys() == [
        *("From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "Tenure-Not-Before"),
        *("MIME-Version", "Content-Type", "Content-Language"),
    ]
    assert decoded(parsed["Subject"]) == subject
    ((shown, addr_spec),) = getaddresses([parsed["To"].replace("\r\n", "")])
    assert (decoded(shown), addr_spec) == (name, "zofia@bakery.example")
    head = raw.partition(b"\r\n\r\n")[0].decode("ascii")
    for word in head.split():
        assert "=?" not in word or re.fullmatch(r"=\?utf-8\?[qb]\?[!->@-~]+\?=", word)
    assert all(len(line) <= 76 for line in head.splitlines() if "=?" in line)
    assert max(map(len, head.splitlines())) <= 998


def test_the_headers_of_a_notice() -> None:
    """Date, deterministic id, language, promise, written by a machine, and no way to unsubscribe (TL-02, SF-01, XC-02)."""
    parsed = BytesParser(policy=policy.default).parsebytes(composed(mail(language="pl")))
    assert parsed["From"] == "Tenure <no-reply@tenure.example>"
    assert parsed["Date"].datetime == ATTEMPT
    assert parsed["Message-ID"] == "<6f1d5c0e@tenure.example>"
    assert parsed["Auto-Submitted"] == "auto-generated"
    assert parsed["Content-Language"] == "pl"
    assert parsed["Tenure-Not-Before"] == "2026-12-04T00:00:00+00:00"
    assert parsed["List-Unsubscribe"] is None
    assert [part.get_content_type() for part in parsed.iter_parts()] == ["text/plain", "text/html"]


def test_only_a_warning_carries_a_promise() -> None:
    """A mail about a trial has no header that a machine could take for the date of a deletion (SF-01, NO-10)."""
    parsed = BytesParser(policy=policy.default).parsebytes(composed(mail(not_before=None)))
    assert parsed["Tenure-Not-Before"] is None
    assert parsed["Auto-Submitted"] == "auto-generated"
    assert parsed["List-Unsubscribe"] is None


@pytest.mark.parametrize("end", ["\n", "\r", "\x00", "\x85", "\u2028"])
@pytest.mark.parametrize("field", ["subject", "to_name", "to_address", "message_id"])
def test_a_line_end_is_no_part_of_a_header(field: str, end: str) -> None:
    """A mail whose header would hold a line end or a control character cannot even be made (TL-02)."""
    with pytest.raises(ValidationError, match=field):
        mail(**{field: f"<a{end}Bcc: everyone@example.com>"})


@pytest.mark.parametrize(
    "text",
    [".", "\n.\n..\n", "From here\n", "x" * 5000, "ą" * 3000, "zażółć gęślą jaźń\n" * 20, "한국어 메일\n" * 20],
)
def test_bodies_arrive_as_they_are(text: str) -> None:
    """Long lines, lone full stops and every script read back; the wire carries ASCII lines of at most 998 bytes (TL-02)."""
    raw = composed(mail(text=text, html=f"<p>{text}</p>"))
    parsed = BytesParser(policy=policy.default).parsebytes(raw)
    plain, html = parsed.get_body(("plain",)), parsed.get_body(("html",))
    assert plain is not None
    assert html is not None
    assert plain.get_content().splitlines() == text.splitlines()
    assert html.get_content().splitlines() == f"<p>{text}</p>".splitlines()
    assert raw.isascii()
    assert max(map(len, raw.split(b"\r\n"))) <= 998
    assert raw.count(b"\n") == raw.count(b"\r\n")


@pytest.mark.parametrize(
    ("given_address", "sent_to"),
    [
        ("zofia@bakery.example", "zofia@bakery.example"),
        ("zofia@bücher.example", "zofia@xn--bcher-kva.example"),
        ("zofia@BÜCHER.example", "zofia@xn--bcher-kva.example"),
        ("zofia@straße.example", "zofia@xn--strae-oqa.example"),
        ("김@한국.kr", "김@xn--3e0b707e.kr"),
        ("zofia@-é-.example", "zofia@-é-.example"),
    ],
)
def test_domains_are_sent_in_ascii(given_address: str, sent_to: str) -> None:
    """A domain in any script becomes the name that DNS holds (IDNA 2008: ß stays apart from ss) (TL-02)."""
    assert address(given_address).addr_spec == sent_to


@pytest.mark.parametrize(
    "broken",
    [
        "a b@c",
        "a@b c",
        "a@b,c@d",
        "a,b@c",
        '"a"@b',
        "a@[127.0.0.1]",
        "a@b..c",
        "a@@b",
        "@b",
        "a@",
        "a<b>@c",
        "a@b;c",
        "a",
    ],
)
def test_an_address_that_could_be_read_as_another_is_no_address(broken: str) -> None:
    """Lists, quotes, comments and routes are refused where an address enters: nobody else is mailed (TL-01)."""
    with pytest.raises(ValidationError):
        TypeAdapter(EmailAddress).validate_python(broken)

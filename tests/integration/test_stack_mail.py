"""The mail server of the development stack, spoken to as any program would."""

from email.message import EmailMessage
from pathlib import Path
from uuid import uuid4

import aiosmtplib
import httpx
import pytest

from workers.stack import mailbox
from workers.stack.errors import StackError
from workers.stack.mail import MailSink
from workers.stack.mail import mail_sink as start_mail_sink

HOSTILE = "<script>parent.document.title = 'owned'</script><h1>Hello</h1>"


def compose(to: str, subject: str = "Hello") -> EmailMessage:
    mail = EmailMessage()
    mail["From"] = "Tenure <tenure@example.com>"
    mail["To"] = to
    mail["Subject"] = subject
    mail["Message-ID"] = f"<{uuid4()}@example.com>"
    mail.set_content("See https://example.com/?a=1&b=2 <b>now</b>")
    mail.add_alternative(HOSTILE, subtype="html")
    mail.add_attachment(b"BEGIN:VCALENDAR", maintype="text", subtype="calendar", filename='a";b.ics')
    return mail


async def send(sink: MailSink, mail: EmailMessage, *recipients: str) -> dict[str, aiosmtplib.SMTPResponse]:
    url = httpx.URL(sink.url)
    refused, _ = await aiosmtplib.send(mail, hostname=url.host, port=url.port, recipients=recipients, start_tls=False)
    return refused


def own_address() -> str:
    return f"someone-{uuid4().hex}@example.com"


async def test_a_mail_is_stored_whole_for_its_envelope(mail_sink: MailSink) -> None:
    """What arrives can be read back: content, order, and the envelope's recipients, not the header's."""
    hidden = own_address()
    for subject in ("Größe", "second"):
        await send(mail_sink, compose("everyone@example.com", subject), hidden)
    first, second = [mail for mail in mail_sink.messages() if hidden in mail.recipients]
    assert (first.subject, second.subject) == ("Größe", "second")
    assert first.recipients == (hidden,)
    assert first.text.startswith("See https://example.com/")
    assert first.html.strip() == HOSTILE
    assert first.received_at < second.received_at
    assert [part.get_content_type() for part in first.attachments] == ["text/calendar"]


async def test_a_bouncing_address_is_refused_for_good(mail_sink: MailSink) -> None:
    """`bounce…` answers 550 for that recipient alone; the others get the mail."""
    good, bad = own_address(), f"bounce-{uuid4().hex}@example.com"
    refused = await send(mail_sink, compose(good), good, bad)
    assert refused[bad].code == 550
    assert {good, bad} & {to for mail in mail_sink.messages() for to in mail.recipients} == {good}


async def test_a_greylisted_address_is_accepted_at_the_second_attempt(mail_sink: MailSink) -> None:
    """`greylisted…` answers 451 once, so that a retry is seen to work."""
    address = f"greylisted-{uuid4().hex}@example.com"
    with pytest.raises(aiosmtplib.SMTPRecipientsRefused) as refusal:
        await send(mail_sink, compose(address), address)
    assert [recipient.code for recipient in refusal.value.recipients] == [451]
    await send(mail_sink, compose(address), address)
    assert [mail.recipients for mail in mail_sink.messages() if address in mail.recipients] == [(address,)]


async def test_the_browser_shows_mails_and_runs_nothing(mail_sink: MailSink) -> None:
    """Everything a mail brings is escaped on the page, and its HTML is confined by a sandbox of its own."""
    address = own_address()
    await send(mail_sink, compose(address, "<i>subject</i>"), address)
    async with httpx.AsyncClient(base_url=mail_sink.web_url) as http:
        index = await http.get("/", params={"to": address})
        assert "&lt;i&gt;subject&lt;/i&gt;" in index.text
        assert "<i>" not in index.text
        (summary,) = (await http.get("/messages.json", params={"to": address})).json()
        assert summary["to"] == [address]

        page = await http.get(f"/messages/{summary['id']}")
        assert 'href="https://example.com/?a=1&amp;b=2"' in page.text
        assert "&lt;b&gt;now&lt;/b&gt;" in page.text
        assert "<script" not in page.text
        assert "script-src" not in page.headers["Content-Security-Policy"]
        assert "default-src 'none'" in page.headers["Content-Security-Policy"]

        body = await http.get(f"/messages/{summary['id']}/body.html")
        assert HOSTILE in body.text
        assert body.headers["Content-Security-Policy"].startswith("sandbox allow-popups")
        assert "allow-scripts" not in body.headers["Content-Security-Policy"]

        detail = (await http.get(f"/messages/{summary['id']}/message.json")).json()
        assert detail["html"].strip() == HOSTILE
        assert detail["attachments"] == ['a";b.ics']
        attachment = await http.get(f"/messages/{summary['id']}/attachments/0")
        assert attachment.headers["Content-Disposition"] == 'attachment; filename="a__b.ics"'
        assert attachment.content == b"BEGIN:VCALENDAR"
        source = await http.get(f"/messages/{summary['id']}/source.eml")
        assert f"Delivered-To: {address}" in source.text


@pytest.mark.parametrize("path", ["/messages/none", "/messages/..%2F..%2Fsecret", "/messages/none/body.html"])
async def test_what_is_no_mail_is_not_found(mail_sink: MailSink, path: str) -> None:
    """Only mails that the sink stored are served."""
    async with httpx.AsyncClient(base_url=mail_sink.web_url) as http:
        assert (await http.get(path)).status_code == 404
        assert (await http.post("/")).status_code == 405


async def test_mails_are_found_again_after_a_restart(tmp_path: Path) -> None:
    """A second start shows what an earlier one stored, and no half-written file is ever taken for a mail."""
    async with start_mail_sink(tmp_path, print, smtp_port=0, web_port=0) as sink:
        await send(sink, compose("a@example.com"), "a@example.com")
    (tmp_path / "mail" / ".20260101T000000.000000Z-000000.tmp").write_text("half")
    async with start_mail_sink(tmp_path, print, smtp_port=0, web_port=0) as sink:
        assert [mail.recipients for mail in sink.messages()] == [("a@example.com",)]
        assert [mail.id for mail in mailbox.messages(sink.folder)] == [sink.messages()[0].id]


async def test_it_stops_although_a_client_is_still_connected(tmp_path: Path) -> None:
    """A client that keeps its connection open does not hold up the stop."""
    async with start_mail_sink(tmp_path, print, smtp_port=0, web_port=0) as sink:
        url = httpx.URL(sink.url)
        client = aiosmtplib.SMTP(hostname=url.host, port=url.port, start_tls=False)
        await client.connect()
    with pytest.raises(aiosmtplib.SMTPServerDisconnected):
        await client.noop()


async def test_a_taken_port_is_told_in_one_sentence(tmp_path: Path, mail_sink: MailSink) -> None:
    """The message names what cannot listen, where, and how to choose another port."""
    taken = httpx.URL(mail_sink.url).port
    assert taken is not None
    with pytest.raises(StackError, match=rf"^The mail server cannot listen on port {taken} .*TENURE_MAIL_PORT\.$"):
        async with start_mail_sink(tmp_path, print, smtp_port=taken, web_port=0):
            pass

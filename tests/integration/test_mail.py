"""The mailer against real mail servers: what is accepted, whose fault a refusal is, and what every fault leads to."""

import asyncio
from datetime import datetime, timedelta
from uuid import uuid4

import pytest

from adapters.mail.mailer import MailServer, SmtpMailer
from adapters.mail.writer import TemplateWriter
from tenure.contracts.notice import DeletionMatter
from tenure.errors import MailRefused, Misconfigured, Unavailable
from tenure.ports import Mailer
from tests.deliveries import delivery, mail
from tests.integration.scripted_smtp import GREETING, MESSAGE, Act, Answer, scripted
from workers.stack.mail import MailSink
from workers.stack.mailbox import StoredMail

SENDER = "Tenure <no-reply@tenure.example>"
STAGES = [GREETING, "EHLO", "MAIL", "RCPT", "DATA", MESSAGE]
SHORT = timedelta(seconds=0.2)


def mailer(url: str, *, step: timedelta = timedelta(seconds=10), whole: timedelta = timedelta(seconds=10)) -> Mailer:
    return SmtpMailer(MailServer.from_url(url), SENDER, connect=step, step=step, whole=whole)


def own_address(local_part: str = "zofia") -> str:
    return f"{local_part}-{uuid4().hex}@bakery.example"


def received(sink: MailSink, recipient: str) -> list[StoredMail]:
    return [stored for stored in sink.messages() if recipient in stored.recipients]


async def test_a_warning_arrives_as_it_was_written(mail_sink: MailSink) -> None:
    """Text, HTML, subject and headers of a Polish warning arrive whole; the answer is the server's (TL-02)."""
    recipient = own_address()
    written = TemplateWriter().write(delivery(email=recipient, language="pl", name="Zofia Żółkiewska"))
    assert await mailer(mail_sink.url).send(written) == "250 2.0.0 OK"
    (stored,) = received(mail_sink, recipient)
    assert stored.subject == written.subject
    assert stored.text.split() == written.text.split()
    assert stored.html.split() == written.html.split()
    assert stored.message["To"] == f"Zofia Żółkiewska <{recipient}>"
    assert stored.message["Return-Path"] == "<no-reply@tenure.example>"
    assert stored.message["Content-Language"] == "pl"


async def test_the_promise_is_read_back_from_the_mail_that_arrived(mail_sink: MailSink) -> None:
    """The header and the last line of the text on the wire hold the stored promise, to the second (P6, SF-01)."""
    wanted = delivery(email=own_address(), time_zone="Asia/Kathmandu", language="ko")
    await mailer(mail_sink.url).send(TemplateWriter().write(wanted))
    (stored,) = received(mail_sink, wanted.email)
    assert isinstance(wanted.matter, DeletionMatter)
    label, _, in_text = stored.text.rstrip().splitlines()[-1].partition(": ")
    assert label == "Tenure-Not-Before"
    assert in_text == stored.message["Tenure-Not-Before"]
    assert datetime.fromisoformat(in_text) == wanted.matter.deletion_at


async def test_a_second_copy_is_recognised_as_one(mail_sink: MailSink) -> None:
    """A repeated attempt carries the same Message-ID, though it is written anew (XC-02)."""
    recipient = own_address()
    for hours in (0, 7):
        attempt_at = delivery().attempt_at + timedelta(hours=hours)
        await mailer(mail_sink.url).send(TemplateWriter().write(delivery(email=recipient, attempt_at=attempt_at)))
    first, second = received(mail_sink, recipient)
    assert first.message["Message-ID"] == second.message["Message-ID"] == delivery().notice.message_id
    assert first.message["Date"] != second.message["Date"]


async def test_refused_and_deferred(mail_sink: MailSink) -> None:
    """550 5.1.1 is a refusal of the recipient; 451 is not, and the next attempt arrives (SF-02)."""
    bouncing, greylisted = own_address("bounce"), own_address("greylisted")
    with pytest.raises(MailRefused, match=r"^550 5\.1\.1 There is no such mailbox$"):
        await mailer(mail_sink.url).send(mail(to_address=bouncing))
    with pytest.raises(Unavailable, match=r"^451 4\.7\.1 Greylisted"):
        await mailer(mail_sink.url).send(mail(to_address=greylisted))
    await mailer(mail_sink.url).send(mail(to_address=greylisted))
    assert received(mail_sink, bouncing) == []
    assert len(received(mail_sink, greylisted)) == 1


async def test_many_mails_at_once(mail_sink: MailSink) -> None:
    """Mails that are sent side by side do not mix, and one that is refused takes no other with it (TL-01)."""
    recipients = [own_address("bounce" if number % 5 == 0 else "zofia") for number in range(25)]
    one = mailer(mail_sink.url)
    sent = [one.send(mail(to_address=to, subject=to, message_id=f"<{to}>")) for to in recipients]
    outcomes = await asyncio.gather(*sent, return_exceptions=True)
    for to, outcome in zip(recipients, outcomes, strict=True):
        arrived = [(stored.subject, stored.message["Message-ID"]) for stored in received(mail_sink, to)]
        assert arrived == ([] if isinstance(outcome, MailRefused) else [(to, f"<{to}>")])
        assert isinstance(outcome, MailRefused) == to.startswith("bounce")


OF_THE_RECIPIENT = [
    ("RCPT", b"550 5.1.1 No such user"),
    ("RCPT", b"553 5.1.2 No such domain"),
    ("RCPT", b"501 5.1.3 Bad recipient address syntax"),
    ("RCPT", b"551 5.1.6 Moved away"),
    ("RCPT", b"556 5.1.10 The domain takes no mail"),
    ("RCPT", b"550-5.1.1 The account does not exist.\r\n550 5.1.1 Check the spelling."),
    ("RCPT", b"550 5.2.1 The account is disabled"),
    (MESSAGE, b"550 5.1.1 No such user"),
]
OURS = [
    (GREETING, b"554 5.7.1 Your network is on a block list"),
    ("MAIL", b"550 5.1.1 Sender address rejected"),
    ("MAIL", b"530 5.7.0 Authentication required"),
    ("RCPT", b"550 Rejected"),
    ("RCPT", b"550 relay not permitted"),
    ("RCPT", b"554 5.7.1 Relay access denied"),
    ("RCPT", b"554 5.7.1 Client host blocked using a block list"),
    ("RCPT", b"550 5.1.8 The sender's domain does not exist"),
    ("RCPT", b"550 5.1.0 Address rejected"),
    ("RCPT", b"552 5.2.2 The mailbox is full"),
    ("RCPT", b"550 5.1.10.1 is no status"),
    ("RCPT", b"450 4.1.1 Try again later"),
    ("RCPT", b"450 5.1.1 Try again later"),
    ("RCPT", b"421 4.3.2 Shutting down"),
    ("DATA", b"503 5.5.1 No valid recipients"),
    (MESSAGE, b"554 5.7.1 This looks like spam"),
    (MESSAGE, b"552 5.3.4 Message too big"),
    (MESSAGE, b"451 4.3.0 Try again later"),
]


@pytest.mark.parametrize(("stage", "answer"), OF_THE_RECIPIENT)
async def test_only_the_recipient_can_be_refused(stage: str, answer: bytes) -> None:
    """A 5xx whose status speaks of the recipient is final (SF-02, DM-17)."""
    async with scripted({stage: answer}) as server:
        with pytest.raises(MailRefused):
            await mailer(server.url).send(mail())


@pytest.mark.parametrize(("stage", "answer"), OURS)
async def test_our_own_fault_is_no_refusal_of_the_recipient(stage: str, answer: bytes) -> None:
    """Login, sender, relaying, block lists, content, and answers that do not say whose fault it is: tried again (P1, SF-02)."""
    async with scripted({stage: answer}) as server:
        with pytest.raises(Unavailable, match=answer[:3].decode()):
            await mailer(server.url).send(mail())


@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize("answer", [b"what?", b"\xff\xfe\x00 \x1b[2J", b"250", b"", b"9" * 40_000])
async def test_nonsense_is_a_passing_fault(stage: str, answer: bytes) -> None:
    """Whatever a server utters, the outcome is a retry and words that a database can store, or an acceptance (SF-02)."""
    async with scripted({stage: answer}) as server:
        one = mailer(server.url, step=SHORT)
        if answer == b"250" and stage not in {GREETING, "DATA"}:
            assert (await one.send(mail())).startswith("250")
            return
        with pytest.raises(Unavailable) as caught:
            await one.send(mail())
        assert str(caught.value).isprintable()
        assert len(str(caught.value)) < 1000


@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize("act", Act)
async def test_silence_and_a_lost_connection_are_passing_faults(stage: str, act: Act) -> None:
    """A server that hangs or hangs up at any step costs a bounded wait and a retry (SF-02)."""
    async with scripted({stage: act}) as server:
        async with asyncio.timeout(5):
            with pytest.raises(Unavailable):
                await mailer(server.url, step=SHORT).send(mail())


async def test_the_whole_mail_has_a_limit_of_its_own() -> None:
    """A server that is within the limit at each step still cannot hold a mail for ever."""
    async with scripted({MESSAGE: Act.HANG}) as server:
        async with asyncio.timeout(5):
            with pytest.raises(Unavailable, match="too long"):
                await mailer(server.url, whole=SHORT).send(mail())
            await server.left.wait()


@pytest.mark.parametrize("answer", [*Act, b"what?", b"550 5.1.1 Too late"])
async def test_what_was_accepted_stays_accepted(answer: Answer) -> None:
    """Nothing that goes wrong after the server's 250 makes it a failure, which would be a second mail (TL-01, XC-02)."""
    async with scripted({"QUIT": answer}) as server:
        assert await mailer(server.url, step=SHORT).send(mail()) == "250 2.0.0 Queued"
        assert len(server.messages) == 1


async def test_no_server() -> None:
    """Nobody listening is a retry (SF-02)."""
    async with scripted() as server:
        url = server.url
    with pytest.raises(Unavailable, match="failed"):
        await mailer(url).send(mail())


async def test_a_cancelled_attempt_closes_its_connection() -> None:
    """An attempt that is cancelled while the server thinks leaves no connection behind."""
    async with scripted({"RCPT": Act.HANG}) as server:
        attempt = asyncio.create_task(mailer(server.url).send(mail()))
        async with asyncio.timeout(5):
            await server.silent.wait()
            attempt.cancel()
            with pytest.raises(asyncio.CancelledError):
                await attempt
            await server.left.wait()
        assert server.messages == []


async def test_the_servers_words_fit_on_a_line() -> None:
    """What is kept of an answer is one bounded line that a database can store, whatever the server sent."""
    answer = b"550-5.1.1 No\x00such \xff user\r\n550 5.1.1 \x1b[31m" + b"x" * 600
    async with scripted({"RCPT": answer}) as server:
        with pytest.raises(MailRefused) as caught:
            await mailer(server.url).send(mail())
    assert str(caught.value).startswith("550 5.1.1 No?such ? user 5.1.1 ?[31mxxx")
    assert len(str(caught.value)) == 500


async def test_one_mail_is_one_envelope() -> None:
    """The server hears our name, one sender and one recipient, and the message once (TL-01)."""
    async with scripted() as server:
        await mailer(server.url).send(mail(to_name="a@b, Everyone <c@d.example>", to_address="zofia@bücher.example"))
    assert server.commands == [
        "EHLO tenure.example",
        "MAIL FROM:<no-reply@tenure.example>",
        "RCPT TO:<zofia@xn--bcher-kva.example>",
        "DATA",
        "QUIT",
    ]
    assert len(server.messages) == 1


async def test_what_cannot_be_delivered_comes_back_to_an_address_of_its_own() -> None:
    """The envelope's sender is another than the mail's; a server with DSN is asked for failures alone, without the mail (TL-04)."""
    with_dsn = b"250-scripted.example\r\n250-DSN\r\n250 8BITMIME"
    async with scripted({"EHLO": with_dsn}) as server:
        returning = SmtpMailer(MailServer.from_url(server.url), SENDER, bounce_address="bounces@returns.example")
        await returning.send(mail(to_address="zofia+home=1@bakery.example"))
    assert server.commands[1:3] == [
        "MAIL FROM:<bounces@returns.example> RET=HDRS",
        "RCPT TO:<zofia+home=1@bakery.example> NOTIFY=FAILURE ORCPT=rfc822;zofia+2Bhome+3D1@bakery.example",
    ]
    assert b"\r\nFrom: " in b"\r\n" + server.messages[0]
    assert b"no-reply@tenure.example" in server.messages[0]
    assert b"bounces@returns.example" not in server.messages[0]


async def test_a_server_of_the_old_kind() -> None:
    """One that knows HELO alone takes the mail all the same."""
    async with scripted({"EHLO": b"502 5.5.1 Not implemented"}) as server:
        await mailer(server.url).send(mail())
    assert [command[:4] for command in server.commands] == ["EHLO", "HELO", "MAIL", "RCPT", "DATA", "QUIT"]


@pytest.mark.parametrize("address", ["", "one@a.example, two@a.example", "zofia", "é@a.example"])
def test_a_bounce_address_that_is_none(address: str) -> None:
    """It is found when a program starts, not when a mail comes back (TL-04)."""
    with pytest.raises(Misconfigured):
        SmtpMailer(MailServer.from_url("smtp://127.0.0.1:25"), SENDER, bounce_address=address)


async def test_an_address_in_another_script(mail_sink: MailSink) -> None:
    """A local part outside ASCII is sent by SMTPUTF8; a server without it is no refusal of the recipient (TL-02, SF-02)."""
    recipient = own_address("김지원")
    await mailer(mail_sink.url).send(mail(to_address=recipient))
    (stored,) = received(mail_sink, recipient)
    assert stored.message["To"] == f"Zofia Nowak <{recipient}>"
    async with scripted() as server:
        with pytest.raises(Unavailable, match="SMTPUTF8"):
            await mailer(server.url).send(mail(to_address=recipient))
        assert server.messages == []

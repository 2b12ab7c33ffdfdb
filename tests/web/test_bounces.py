"""A mail server's report of a mail that came back, handed in and shown: HTTP, client, command line, Postfix's pipe, console (TL-04)."""

import asyncio
import sys
from pathlib import Path

import httpx
import pytest
from aiosmtplib import send
from playwright.async_api import BrowserContext, expect

from adapters.mail.mailer import MailServer
from tenure import Tenure
from tenure.cli.session import ExitCode
from tenure.contracts.bounce import MAX_REPORT_BYTES, BounceOutcome
from tenure.contracts.credential import CredentialRole
from tenure.contracts.notice import Notice
from tenure.errors import Refusal, RefusalCode
from tenure.ids import OrganisationId
from tests.integration.deletion.town import OPERATOR
from tests.reports import QMAIL, report
from tests.web.browsing import enter
from tests.web.site import Site, code
from tests.web.terminal import as_json, terminal
from tests.web.trade import Trade, email
from workers.stack.mail import MailSink

PATH = "/v1/notices/bounced"
RFC822 = {"Content-Type": "message/rfc822"}
PIPE = Path(__file__).parents[2] / "deploy" / "postfix" / "tenure-bounced"


async def notice_of(site: Site, organisation: OrganisationId) -> Notice:
    [notice] = await site.town.notices.of(OPERATOR, organisation)
    return notice


async def test_services_and_operators_hand_reports_in(site: Site, http: httpx.AsyncClient) -> None:
    """A report is recorded, known the second time, and of a media type; partners, reviewers and nobody hand in none (P14)."""
    organisation = await site.town.warned()
    content = report((await notice_of(site, organisation)).message_id, email(organisation))
    partner_id = await site.town.partner()
    for role, partner in (
        (CredentialRole.PARTNER, partner_id),
        (CredentialRole.SERVICE_PROVIDER, partner_id),
        (CredentialRole.REVIEWER, None),
        (CredentialRole.LIST_KEEPER, None),
    ):
        headers = RFC822 | {"Authorization": f"Bearer {await site.token(role, partner)}"}
        assert code(await http.post(PATH, content=content, headers=headers)) == "forbidden"
    assert (await http.post(PATH, content=content, headers={"Content-Type": "text/plain"})).status_code == 415
    keyed = RFC822 | {"Idempotency-Key": "one"}
    recorded = await http.post(PATH, content=content, headers=keyed)
    assert recorded.json()["outcome"] == "recorded"
    assert (await http.post(PATH, content=content, headers=keyed)).json() == recorded.json()
    assert (await http.post(PATH, content=content, headers=RFC822)).json()["outcome"] == "known"
    shown = (await http.get(f"/v1/organisations/{organisation}/notices")).json()
    assert shown[0]["bounce"]["status"] == "5.1.1"
    assert shown[0]["bounce"]["text"].startswith("550 5.1.1 <(address)>")


async def test_what_is_refused_leaves_nothing(site: Site, http: httpx.AsyncClient) -> None:
    """Each by its code, which the API's document names, and without repeating what was sent (XC-05)."""
    organisation = await site.town.warned()
    message_id = (await notice_of(site, organisation)).message_id
    before = await site.digest()
    for content, status, expected in (
        (report("<nobody@tenure.example>", email(organisation)), 404, "notice_not_found"),
        (report(message_id, "eve@elsewhere.example"), 409, "recipient_mismatch"),
        (report(message_id, email(organisation), form=QMAIL), 422, "report_unreadable"),
        (b"", 422, "report_unreadable"),
        (b"x" * (MAX_REPORT_BYTES + 1), 413, "too_large"),
    ):
        answer = await http.post(PATH, content=content, headers=RFC822)
        assert (answer.status_code, code(answer)) == (status, expected)
        assert "@" not in answer.text
    assert await site.digest() == before


async def test_from_a_service(site: Site, operator: Tenure) -> None:
    """The client sends the bytes as they are, and answers what came of them, or the refusal."""
    organisation = await site.town.warned()
    content = report((await notice_of(site, organisation)).message_id, email(organisation))
    results = await asyncio.gather(*(operator.notices.bounced(content) for _ in range(4)))
    assert sorted(result.outcome for result in results) == [BounceOutcome.KNOWN] * 3 + [BounceOutcome.RECORDED]
    for wrong, expected in ((b"hello", RefusalCode.REPORT_UNREADABLE), (b"x" * 2**21, RefusalCode.TOO_LARGE)):
        with pytest.raises(Refusal) as refusal:
            await operator.notices.bounced(wrong)
        assert refusal.value.code is expected
    [notice] = await operator.notices.of(organisation)
    assert notice.bounce is not None
    assert (await operator.organisations.show(organisation)).alert == "warning_bounced"
    assert "every one had come back" in " ".join((await operator.organisations.explain(organisation)).sentences)


async def test_a_mail_comes_back_through_a_mail_server(site: Site, mail_sink: MailSink) -> None:
    """Sent, accepted, returned through the mail server with what really was sent, and piped into the command line (TL-04, TL-02)."""
    organisation = await site.town.organisation()
    await site.town.mark(organisation)
    await site.town.advance(site.town.rules.silence)
    await site.town.warn(organisation)
    await (await Trade.open(site)).deliver(organisation, mail_sink)
    [sent] = [mail for mail in mail_sink.messages() if email(organisation) in mail.recipients]
    returned = report(str(sent.message["Message-ID"]), email(organisation))
    head, _, tail = returned.partition(b"Return-Path: <bounces@tenure.example>")
    end = tail[tail.rindex(b"\r\n--4FZk2w1") :]
    server = MailServer.from_url(mail_sink.url)
    await send(
        head + sent.file.read_bytes() + end,
        sender="mailer-daemon@relay.example",
        recipients=[f"returns-{organisation}@tenure.example"],
        hostname=server.host,
        port=server.port,
    )
    [arrived] = [mail for mail in mail_sink.messages() if f"returns-{organisation}@tenure.example" in mail.recipients]
    file = arrived.file
    tenure = terminal({"TENURE_URL": site.url, "TENURE_TOKEN": await site.token(CredentialRole.SERVICE)})
    printed = await tenure("notices", "bounced", "-", stdin=file.read_text())
    assert "The notice came back (5.1.1)." in printed.stdout
    assert (await as_json(tenure, "notices", "bounced", str(file)))["outcome"] == "known"
    listed = (await tenure("notices", "list", organisation)).stdout
    assert "5.1.1" in listed
    for wrong, message in (("hello", "no report"), (report("<x@y>", "a@b.c").decode(), "no notice")):
        assert message in (await tenure("notices", "bounced", "-", stdin=wrong, code=ExitCode.UNWANTED)).stderr
    await tenure("notices", "bounced", "-", stdin="x" * (MAX_REPORT_BYTES + 1), code=ExitCode.UNWANTED)
    nobody = terminal({"TENURE_URL": site.url, "TENURE_TOKEN": "tnr_wrong"})
    await nobody("notices", "bounced", str(file), code=1)


async def pipe(mail: bytes, folder: Path, tenure: str) -> int:
    """Postfix's command with a mail, and something that is called `tenure` there."""
    program = folder / "tenure"
    program.write_text(f"#!/bin/sh\n{tenure}\n")
    program.chmod(0o755)
    environment = {
        "PATH": f"{folder}:/usr/bin:/bin",
        "PYTHONPATH": str(PIPE.parents[2]),
        "TENURE_BOUNCED_SETTINGS": str(folder / "bounced.env"),
    }
    process = await asyncio.create_subprocess_exec(PIPE, stdin=asyncio.subprocess.PIPE, env=environment)
    await process.communicate(mail)
    assert process.returncode is not None
    return process.returncode


async def test_postfix_pipes_reports_in(site: Site, tmp_path: Path) -> None:
    """What is recorded or useless is done with; what could not be handed in is kept by Postfix (EX_TEMPFAIL, 75)."""
    organisation = await site.town.warned()
    content = report((await notice_of(site, organisation)).message_id, email(organisation))
    mbox = b"From MAILER-DAEMON  Tue Mar  3 10:15:02 2026\n" + content.replace(b"\r\n", b"\n")
    real = f'exec {sys.executable} -m tenure "$@"'
    assert await pipe(mbox, tmp_path, real) == 75, "its settings are not there yet"
    settings = tmp_path / "bounced.env"
    for damaged in ("TENURE_URL='http://\n", "TENURE_TOKEN=tnr_x\n", "TENURE_URL=nonsense\nTENURE_TOKEN=tnr_x\n"):
        settings.write_text(damaged)
        assert await pipe(mbox, tmp_path, real) == 75, damaged
    token = await site.token(CredentialRole.SERVICE)
    settings.write_text(f"TENURE_URL={site.url}\nTENURE_TOKEN={token}\n")
    assert await pipe(mbox, tmp_path, real) == 0
    assert (await notice_of(site, organisation)).bounce is not None
    assert await pipe(b"hello", tmp_path, real) == 0
    answers = {ExitCode.UNWANTED: 0, ExitCode.INVALID: 75, ExitCode.REFUSED: 75, ExitCode.UNAVAILABLE: 75, 127: 75}
    for ended, told in answers.items():
        assert await pipe(mbox, tmp_path, f"cat >/dev/null; exit {ended:d}") == told


async def test_the_console_shows_what_came_back(site: Site, context: BrowserContext) -> None:
    """Operator and partner see the alert, and when, with which status and in which words the mail came back (TL-04, PS-06)."""
    partner_id = await site.town.partner()
    organisation = await site.town.organisation(managed_by=partner_id)
    await site.town.warned(organisation)
    content = report((await notice_of(site, organisation)).message_id, email(organisation))
    async with site.client(await site.token(CredentialRole.SERVICE)) as client:
        await client.notices.bounced(content)
    for role, of in ((CredentialRole.OPERATOR, None), (CredentialRole.PARTNER, partner_id)):
        page = await enter(context, site, await site.token(role, of), "/console/")
        await expect(page.get_by_role("row", name=organisation)).to_contain_text("Every warning has come back")
        await page.get_by_role("link", name="Name of").click()
        await expect(page.get_by_role("status")).to_contain_text("Every warning has come back")
        notices = page.get_by_role("region", name="Notices")
        await expect(notices).to_contain_text("Came back (5.1.1)")
        await expect(notices).to_contain_text("User unknown")
        await expect(page.get_by_role("region", name="Evidence")).to_contain_text("Every warning came back")
        await page.close()

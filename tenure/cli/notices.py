"""`tenure notices`: the mails about an organisation."""

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from tenure.cli import output, session
from tenure.cli.parameters import Json, Organisation, instant
from tenure.contracts.bounce import MAX_REPORT_BYTES, BounceOutcome
from tenure.contracts.notice import NoticeKind
from tenure.errors import RefusalCode

_OUTCOMES = {
    BounceOutcome.RECORDED: "The notice came back ({status}).",
    BounceOutcome.KNOWN: "That this notice came back was known: nothing changed.",
    BounceOutcome.IGNORED: "The report tells of a delay or a delivery: nothing changed.",
}

app = typer.Typer(help="Notices that were sent, and previews of those that could be.", no_args_is_help=True)


@app.command("list")
def list_notices(organisation: Organisation, *, json: Json = False) -> None:
    """List every notice about an organisation, with what the mail servers answered."""
    found = session.run(lambda tenure: tenure.notices.of(organisation))
    if json:
        output.print_json(found)
        return
    output.print_table(
        ("Notice", "Recipient", "State", "Attempts", "First attempt", "Accepted", "Came back", "Answer"),
        [
            (
                output.words(one.kind),
                one.recipient,
                one.state,
                str(one.attempts),
                output.instant(one.first_attempt_at),
                output.instant(one.accepted_at),
                f"{output.instant(one.bounce.at)} ({one.bounce.status})" if one.bounce else None,
                one.bounce.text or one.server_answer if one.bounce else one.server_answer,
            )
            for one in found
        ],
        "No notices.",
    )


@app.command()
def bounced(
    report: Annotated[
        typer.FileBinaryRead,
        typer.Argument(help="The mail server's report, as it was sent (RFC 3464); - for standard input."),
    ],
    *,
    json: Json = False,
) -> None:
    """Hand in a mail server's report that a notice could not be delivered; to repeat it does no harm.

    It is held against the notice with the Message-ID of the returned mail and the address that this went to. A report
    that is none, is too long or is about no mail of ours ends with 4, and whoever has it can forget it.
    """
    content = report.read(MAX_REPORT_BYTES + 1)
    if len(content) > MAX_REPORT_BYTES:
        session.fail(RefusalCode.TOO_LARGE.text, session.ExitCode.UNWANTED)
    result = session.run(lambda tenure: tenure.notices.bounced(content))
    if json:
        output.print_json(result)
    else:
        output.say(
            f"{_OUTCOMES[result.outcome].format(status=result.status)} See `tenure notices list {result.organisation_id}`."
        )


@app.command()
def preview(
    organisation: Organisation,
    *,
    kind: Annotated[NoticeKind, typer.Option(help="Which notice.")] = NoticeKind.DELETION_WARNING,
    as_of: Annotated[
        datetime | None,
        typer.Option("--as-of", parser=instant, metavar="INSTANT", help="When it would be written; now."),
    ] = None,
    html: Annotated[
        Path | None, typer.Option("--html", dir_okay=False, help="Write the HTML part to this file.")
    ] = None,
    json: Json = False,
) -> None:
    """Show a notice as it would be written; nothing is sent."""
    mail = session.run(lambda tenure: tenure.notices.preview(organisation, kind, as_of))
    if html is not None:
        session.write(html, mail.html)
    if json:
        output.print_json(mail)
        return
    output.print_fields([("To", f"{mail.to_name} <{mail.to_address}>"), ("Subject", mail.subject)])
    output.say(f"\n{mail.text}")

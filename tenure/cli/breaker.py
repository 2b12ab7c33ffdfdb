"""`tenure breaker`: what stops the fleet when deletions come too fast."""

from typing import Annotated

import typer

from tenure.cli import output, session
from tenure.cli.parameters import Json, Partner, Reason
from tenure.contracts.breaker import ReleaseBreaker

app = typer.Typer(help="The breakers of the fleet and of partners.", no_args_is_help=True)


@app.command()
def show(*, json: Json = False) -> None:
    """Show what each breaker has counted, and whether it is open."""
    found = session.run(lambda tenure: tenure.breakers.list())
    if json:
        output.print_json(found)
        return
    output.print_table(
        ("Breaker", "State", "Since", "Why", "Last hour", "Last day", "Released", "By", "Because"),
        [
            (
                one.partner_id or "fleet",
                "open" if one.open_since else "closed",
                output.instant(one.open_since),
                one.reason,
                f"{one.fenced_last_hour} of {one.limit_hour}",
                f"{one.fenced_last_day} of {one.limit_day}",
                str(one.released) if one.released_at else None,
                one.released_by,
                one.released_because,
            )
            for one in found
        ],
        "No breaker.",
    )


@app.command()
def release(
    *,
    count: Annotated[int, typer.Option(min=1, max=100_000, help="How many deletions may go ahead.")],
    reason: Reason,
    fleet: Annotated[bool, typer.Option("--fleet", help="Of the whole fleet.")] = False,
    partner: Partner = None,
    json: Json = False,
) -> None:
    """Let a stated number of deletions through an open breaker: with --fleet the fleet's, with --partner a partner's."""
    if fleet == (partner is not None):
        raise typer.BadParameter("State one: --fleet, or --partner with its id.")
    with session.checking():
        command = ReleaseBreaker(scope=partner or "fleet", count=count, reason=reason)
    breaker = session.run(lambda tenure: tenure.breakers.release(command))
    if json:
        output.print_json(breaker)
    else:
        output.say(f"{breaker.released} may go ahead, each after one more check.")

"""`tenure feeds`: the sources of activity."""

from datetime import datetime, timedelta
from typing import Annotated

import typer

from tenure.cli import output, session
from tenure.cli.parameters import Json, duration, instant
from tenure.contracts.activity import Feed, FeedGap, Heartbeat

app = typer.Typer(help="Activity feeds: a late one holds every deletion that needs it.", no_args_is_help=True)

Source = Annotated[str, typer.Argument(metavar="FEED", help="The feed's name.")]


@app.command("list")
def list_feeds(*, json: Json = False) -> None:
    """List feeds and how far each is complete."""
    found = session.run(lambda tenure: tenure.feeds.list())
    if json:
        output.print_json(found)
    else:
        _table(found)


@app.command()
def register(
    source: Source,
    *,
    rhythm: Annotated[
        timedelta,
        typer.Option("--rhythm", parser=duration, metavar="DURATION", help="How often it reports: 15m, 6h, 1d."),
    ],
    needed: Annotated[bool, typer.Option(help="Whether deletions wait for it.")] = True,
    json: Json = False,
) -> None:
    """Add a feed, or change its rhythm and whether it is needed."""
    _show(
        session.run(lambda tenure: tenure.feeds.register(Feed(source=source, rhythm=rhythm, needed=needed))), json=json
    )


@app.command()
def heartbeat(
    source: Source,
    *,
    watermark: Annotated[
        datetime,
        typer.Option("--watermark", parser=instant, metavar="INSTANT", help="Everything up to here is delivered."),
    ],
    json: Json = False,
) -> None:
    """Say that a feed is complete up to an instant."""
    with session.checking():
        beat = Heartbeat(source=source, watermark=watermark)
    _show(session.run(lambda tenure: tenure.feeds.heartbeat(beat)), json=json)


@app.command("declare-gap")
def declare_gap(
    source: Source,
    *,
    lost_from: Annotated[datetime, typer.Option("--from", parser=instant, metavar="INSTANT")],
    lost_until: Annotated[datetime, typer.Option("--until", parser=instant, metavar="INSTANT")],
    reason: Annotated[str, typer.Option("--reason", help="Why; it is kept.")],
    json: Json = False,
) -> None:
    """Declare a span lost for good: it counts as activity of every organisation."""
    with session.checking():
        gap = FeedGap(source=source, lost_from=lost_from, lost_until=lost_until, reason=reason)
    session.run(lambda tenure: tenure.feeds.declare_gap(gap))
    if json:
        output.print_json(gap)
    else:
        output.say(f"Up to {output.instant(lost_until)}, every organisation counts as active.")


def _show(feed: Feed, *, json: bool) -> None:
    if json:
        output.print_json(feed)
    else:
        _table((feed,))


def _table(feeds: tuple[Feed, ...]) -> None:
    output.print_table(
        ("Feed", "State", "Complete up to", "Heard", "Rhythm", "Needed"),
        [
            (
                one.source,
                "late" if one.late else "on time",
                output.instant(one.watermark),
                output.instant(one.heard_at),
                str(one.rhythm),
                "yes" if one.needed else "no",
            )
            for one in feeds
        ],
        "No feed is registered, so nothing is ever deleted. Register one with `tenure feeds register`.",
    )

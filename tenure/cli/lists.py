"""`tenure lists` and `tenure screen`: restricted-party lists, and what a name would meet on them."""

import asyncio
import ipaddress
import tempfile
from pathlib import Path, PurePosixPath
from typing import Annotated
from urllib.parse import unquote, urlsplit

import httpx
import typer

from tenure.cli import output, session
from tenure.cli.parameters import Json
from tenure.client import Tenure
from tenure.contracts.base import Instant
from tenure.contracts.screening import (
    MAX_LIST_BYTES,
    Agreement,
    EntryKind,
    Hit,
    ListUpdate,
    PreviewScreening,
    ScreeningList,
)
from tenure.errors import TenureError

app = typer.Typer(help="Restricted-party lists: a stale or missing one holds every screening.")

_PATIENCE = httpx.Timeout(60, connect=10)


@app.callback(invoke_without_command=True)
def lists(context: typer.Context, *, json: Json = False) -> None:
    """List the lists with version, age and entries."""
    if context.invoked_subcommand is not None:
        return

    async def work(tenure: Tenure) -> tuple[tuple[ScreeningList, ...], Instant]:
        return await tenure.lists.list(), await tenure.now()

    found, now = session.run(work)
    if json:
        output.print_json(found)
        return
    output.print_table(
        ("List", "Version", "Age", "State", "Entries", "Names", "Published", "Loaded", "By"),
        [
            (
                each.list_id,
                str(each.version),
                f"{(now - each.confirmed_at).days} d",
                "stale" if each.stale else "fresh",
                f"{each.entries:,}",
                f"{each.names:,}",
                output.instant(each.published_at),
                output.instant(each.loaded_at),
                each.loaded_by,
            )
            for each in found
        ],
        "No list is loaded, so nobody is screened. Load one with `tenure lists update`.",
    )


@app.command()
def update(
    sources: Annotated[
        list[str],
        typer.Option("--from", metavar="FILE|URL", help="A published file; once for each, where a list has several."),
    ],
    *,
    json: Json = False,
) -> None:
    """Take a published list into use as a whole; a damaged one is refused, and the one before it stays.

    Which list it is, the files tell. The same files again only make the list fresh.
    """

    async def work(tenure: Tenure) -> ListUpdate:
        with tempfile.TemporaryDirectory() as folder:
            files = [await _fetched(source, Path(folder)) if "://" in source else Path(source) for source in sources]
            return await tenure.lists.update(*files)

    try:
        done = session.run(work)
    except OSError as error:
        session.fail(f"A file cannot be read ({error}).", session.ExitCode.INVALID)
    if json:
        output.print_json(done)
    elif done.repeated:
        output.say(f"{done.screening_list.list_id} is in use in this very version: it is fresh again.")
    else:
        output.say(
            f"{done.screening_list.list_id} is in use in version {done.screening_list.version}:"
            f" {done.screening_list.entries:,} entries, {done.added:,} added, {done.changed:,} changed,"
            f" {done.removed:,} removed."
        )


def screen(
    names: Annotated[list[str], typer.Argument(metavar="NAME...", help="The name, and others of the same party.")],
    *,
    country: Annotated[str | None, typer.Option(help="Two letters, as in ISO 3166.")] = None,
    address: Annotated[str | None, typer.Option(help="On one line.")] = None,
    kind: Annotated[EntryKind, typer.Option(help="What the name is of.")] = EntryKind.UNKNOWN,
    born: Annotated[list[str] | None, typer.Option(help="1971, 1971-05 or 1971-05-02.")] = None,
    json: Json = False,
) -> None:
    """Try what a screening would find, and why; nothing is kept."""
    with session.checking():
        command = PreviewScreening(
            names=tuple(names), kind=kind, country=country, address=address, births=tuple(born or ())
        )
    found = session.run(lambda tenure: tenure.lists.preview(command))
    if json:
        output.print_json(found)
        return
    output.print_table(
        ("Score", "List", "Entry", "Listed as", "By the name", "Country", "Address", "Born", "Programme"),
        [
            (
                f"{hit.score:.2f}",
                hit.list_id,
                hit.entry_id,
                hit.primary_name,
                f"{hit.listed_name} ({hit.quality})",
                _told(hit.country, hit.countries),
                hit.listed_address and f"{hit.address:.2f} {hit.listed_address}",
                _told(hit.birth, hit.births),
                _first(hit),
            )
            for hit in found.hits
        ],
        "No entry is like that.",
    )
    output.say("Held against " + ", ".join(f"{each.list_id} version {each.version}" for each in found.lists) + ".")


def _told(agreement: Agreement, values: tuple[str, ...]) -> str | None:
    return f"{agreement}: {', '.join(values)}" if agreement is not Agreement.UNKNOWN else None


def _first(hit: Hit) -> str | None:
    return hit.programmes[0] if hit.programmes else None


async def _fetched(source: str, folder: Path) -> Path:
    """Download a file from where its publisher keeps it."""
    path = folder / (PurePosixPath(unquote(urlsplit(source).path)).name or "list")
    try:
        async with (
            httpx.AsyncClient(timeout=_PATIENCE, follow_redirects=True, event_hooks={"request": [_only_safe]}) as http,
            http.stream("GET", source) as response,
        ):
            response.raise_for_status()
            size = 0
            with path.open("wb") as file:
                async for chunk in response.aiter_bytes():
                    size += len(chunk)
                    if size > MAX_LIST_BYTES:
                        raise TenureError(f"{source} is larger than {MAX_LIST_BYTES // 2**20} MiB.")
                    await asyncio.to_thread(file.write, chunk)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise TenureError(f"{source} cannot be fetched ({str(error) or type(error).__name__}).") from error
    return path


async def _only_safe(request: httpx.Request) -> None:
    """A list that somebody on the way could change would let anybody through."""
    host = request.url.host
    try:
        local = ipaddress.ip_address(host).is_loopback
    except ValueError:
        local = host == "localhost"
    if request.url.scheme != "https" and not local:
        raise TenureError("A list is fetched over https:// alone.")

"""The programs of the application: `python -m workers COMMAND`."""

import asyncio
import getpass
import logging
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, NoReturn

import typer
import uvloop
from pydantic import ValidationError
from rich.console import Console
from stamina.instrumentation import set_on_retry_hooks

import activities
import workflows
from tenure.contracts.credential import Credential, CredentialRole
from tenure.errors import Misconfigured, TenureError
from tenure.exit import call, run
from tenure.ids import PartnerId, PersonId
from tenure.ports import Caller
from tenure.settings import InstallationKind, ServerSettings
from workers import programs
from workers.stack.errors import StackError

app = typer.Typer(
    no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help="The programs of Tenure."
)
_WIDTH = 140
"""Of what goes to a file or a pipe, in characters."""
token = typer.Typer(no_args_is_help=True, help="Tokens of the HTTP API and the console.")
app.add_typer(token, name="token")


@app.command()
def worker() -> None:
    """Run workflows, activities and the relay."""
    _serve(lambda: programs.run_worker(ServerSettings()))


@app.command()
def web() -> None:
    """Serve the API and the console."""
    _serve(lambda: programs.run_web(ServerSettings()), loop_factory=uvloop.new_event_loop)


@app.command()
def migrate() -> None:
    """Bring the database to the newest schema."""
    programs.run_migrations(ServerSettings())
    typer.echo("The database has the newest schema.")


@app.command()
def search_attributes() -> None:
    """Register the search attributes in Temporal's namespace."""
    namespace = asyncio.run(programs.register_search_attributes(ServerSettings()))
    typer.echo(f"The namespace {namespace!r} has all search attributes.")


@app.command()
def check_platform() -> None:
    """Check, at a test installation, whether the vendor's platform does what docs/platform.md says."""
    logging.basicConfig(level=logging.ERROR)
    _run(lambda: programs.check_platform(ServerSettings(), typer.echo))


@token.command()
def create(
    name: Annotated[str, typer.Argument(help="Whose it is, such as `ada` or `orders`; the audit names it.")],
    role: Annotated[CredentialRole, typer.Option(help="What it is for.")] = CredentialRole.SERVICE,
    partner: Annotated[
        PartnerId | None, typer.Option(parser=PartnerId, help="Whose a partner's or service provider's token is.")
    ] = None,
    person: Annotated[
        PersonId | None,
        typer.Option(parser=PersonId, help="Whose a partner's token is: without one it only reads."),
    ] = None,
) -> None:
    """Issue a token and print it: it is shown once."""
    try:
        credential = Credential(name=name, role=role, partner_id=partner, person_id=person)
    except ValidationError as error:
        raise typer.BadParameter(error.errors()[0]["msg"].removeprefix("Value error, ")) from error
    typer.echo(asyncio.run(programs.issue_token(ServerSettings(), _whoever_runs_this(), credential)))


@token.command()
def revoke(name: Annotated[str, typer.Argument(help="Whose it is.")]) -> None:
    """Refuse a token from now on, in all processes at once."""
    if not asyncio.run(programs.revoke_token(ServerSettings(), _whoever_runs_this(), name)):
        raise TenureError(f"No token of the name {name} is in use.")
    typer.echo(f"The token of {name} is refused from now on.")


def _whoever_runs_this() -> Caller:
    return Caller(actor=f"operator:{getpass.getuser()}")


@app.command()
def dev(
    *, simulation: Annotated[bool, typer.Option("--simulation", help="With a clock that can be moved forward.")] = False
) -> None:
    """Bring up everything that production has, on this machine, until Ctrl-C."""
    from workers.development import run_development  # noqa: PLC0415 - needs what only developers install

    kind = InstallationKind.SIMULATION if simulation else InstallationKind.PRODUCTION
    _serve(lambda: run_development(kind, typer.echo), logging.WARNING)


@app.command()
def demo(
    *,
    leave: Annotated[
        bool, typer.Option("--exit", help="End when it is over, instead of leaving the stack up.")
    ] = False,
    expected: Annotated[Path | None, typer.Option(help="Another timeline to compare with.")] = None,
    record: Annotated[Path | None, typer.Option(help="Where to write what happened.")] = None,
) -> None:
    """Take a portfolio through 200 days on a simulated installation, and compare with what is expected."""
    from workers.demo.play import EXPECTED, Wishes, play  # noqa: PLC0415 - needs what only developers install

    logging.basicConfig(level=logging.ERROR)
    wishes = Wishes(stay=not leave, expected=expected or EXPECTED, record=record)
    _run(lambda: play(Console(width=None if sys.stdout.isatty() else _WIDTH), wishes))


def _serve(
    program: Callable[[], Awaitable[None]],
    log_level: int = logging.INFO,
    loop_factory: Callable[[], asyncio.AbstractEventLoop] | None = None,
) -> NoReturn:
    logging.basicConfig(level=log_level, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    set_on_retry_hooks(())  # they would write lines that say neither what is tried again nor why

    async def forever() -> int:
        await program()
        return 0

    _run(forever, loop_factory)


def _run(
    program: Callable[[], Awaitable[int]], loop_factory: Callable[[], asyncio.AbstractEventLoop] | None = None
) -> NoReturn:
    async def main() -> int:
        with _sentences():
            return await program()

    run(main, loop_factory)


@contextmanager
def _sentences() -> Iterator[None]:
    """End with the words of an error that a person can mend, without a traceback."""
    try:
        yield
    except (TenureError, StackError) as error:
        raise SystemExit(str(error)) from error
    except BaseExceptionGroup as group:
        told, rest = group.split((TenureError, StackError))
        if told is None or rest is not None:
            raise
        raise SystemExit("\n".join(_leaves(told))) from group


def _leaves(group: BaseExceptionGroup[BaseException]) -> Iterator[str]:
    for error in group.exceptions:
        if isinstance(error, BaseExceptionGroup):
            yield from _leaves(error)
        else:
            yield str(error)


def _require_own_packages() -> None:
    """Refuse to run other people's packages of the same names, which some distributions install."""
    repository = Path(__file__).parents[1]
    for package in (activities, workflows):
        if not Path(package.__file__ or "").is_relative_to(repository):
            raise Misconfigured(f"{package.__file__} hides our own {package.__name__}: run from {repository}.")


def _main() -> None:
    with _sentences():
        _require_own_packages()
        app(prog_name="python -m workers")


if __name__ == "__main__":
    call(_main)

"""`tenure receipt`: proofs of erasures."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer
from pydantic import ValidationError

from tenure.cli import output, session
from tenure.cli.parameters import Json, Organisation
from tenure.client import Tenure
from tenure.contracts.base import Contract
from tenure.contracts.erasure import Receipt
from tenure.receipt import Chain

app = typer.Typer(help="Receipts of erasures, and their verification.", no_args_is_help=True)


class Verification(Contract):
    """What `receipt verify` found."""

    receipts: int
    hash: str
    """Of the last one: it vouches for all before it."""
    faults: tuple[str, ...] = ()


@app.command()
def show(organisation: Organisation, *, json: Json = False) -> None:
    """Print the receipt of an erased organisation."""
    receipt = session.run(lambda tenure: tenure.receipts.show(organisation))
    if json:
        output.print_json(receipt)
        return
    output.print_fields(
        [("Receipt", str(receipt.sequence)), ("Hash", receipt.hash), ("Hash before it", receipt.previous_hash)]
    )
    output.say(receipt.document)


@app.command()
def export() -> None:
    """Print the whole chain as JSON Lines, oldest first, for `receipt verify` or a safe place."""

    async def work(tenure: Tenure) -> None:
        async for receipt in tenure.receipts.chain():
            sys.stdout.write(receipt.model_dump_json() + "\n")

    session.run(work)


@app.command()
def verify(
    files: Annotated[
        list[Path], typer.Argument(exists=True, dir_okay=False, metavar="FILE", help="JSON Lines, in order.")
    ],
    *,
    json: Json = False,
) -> None:
    """Verify a chain of receipts offline: nothing is asked of Tenure."""
    chain, count, faults = Chain(), 0, list[str]()
    for receipt in _receipts(files):
        faults += chain.follow(receipt)
        count += 1
    found = Verification(receipts=count, hash=chain.hash, faults=tuple(faults))
    if json:
        output.print_json(found)
    else:
        for fault in found.faults:
            output.say(fault)
        if not faults:
            output.say(f"{count} receipts form one chain, up to {found.hash}.")
    if faults:
        session.fail("These receipts are not what was issued.", session.ExitCode.REFUSED)


def _receipts(files: list[Path]) -> Iterator[Receipt]:
    for file in files:
        for number, line in enumerate(session.read(file).splitlines(), start=1):
            try:
                yield Receipt.model_validate_json(line)
            except ValidationError:
                session.fail(f"{file.name}, line {number}: this is no receipt.", session.ExitCode.INVALID)

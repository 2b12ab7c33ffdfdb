"""How programs end (design, "Exit"): with the right code, everything closed and written, and never with a crash."""

import asyncio
import signal
import sys
import textwrap
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]

# Connections under way when the program ends: their answers reach an interpreter that is no longer there.
TEMPORAL = """
    from temporalio.client import Client
    async def main():
        pending = [asyncio.ensure_future(Client.connect("127.0.0.1:1")) for _ in range(20)]
        await asyncio.sleep(0)
        print("written", end="")
        return 3
    run(main)
"""
CLOSING = """
    import contextlib
    @contextlib.asynccontextmanager
    async def opened():
        try:
            yield
        finally:
            await asyncio.sleep(0)
            print("closed", end="")
    async def main():
        async with opened():
            print("open", flush=True)
            await asyncio.Event().wait()
        return 0
    run(main)
"""


async def start(script: str) -> asyncio.subprocess.Process:
    source = "import asyncio, sys\nfrom tenure.exit import call, leave, run\n" + textwrap.dedent(script)
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", source),
        cwd=REPOSITORY,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


async def outcome(script: str) -> tuple[int | None, bytes, bytes]:
    process = await start(script)
    output, errors = await process.communicate()
    return process.returncode, output, errors


async def test_fifty_programs_with_a_temporal_runtime_end_with_their_own_code() -> None:
    """Ended the usual way, every third of these hangs for ever, and others crash (temporalio/sdk-python issue 300)."""
    for _ in range(25):
        async with asyncio.timeout(30):
            results = await asyncio.gather(outcome(TEMPORAL), outcome(TEMPORAL))
        assert set(results) == {(3, b"written", b"")}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
async def test_a_signal_closes_everything_in_order(number: signal.Signals) -> None:
    """Ctrl-C and its relatives cancel the program; what it opened is closed, and the code tells the signal."""
    process = await start(CLOSING)
    assert process.stdout is not None
    assert await process.stdout.readline() == b"open\n"
    process.send_signal(number)
    output, errors = await process.communicate()
    assert (process.returncode, output, errors) == (128 + number, b"closed", b"")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_a_second_signal_does_not_wait(number: signal.Signals) -> None:
    """A program that hangs while it closes is ended by asking again."""
    process = await start("""
        async def main():
            try:
                print("open", flush=True)
                await asyncio.Event().wait()
            finally:
                print("closing", flush=True)
                await asyncio.Event().wait()
        run(main)
    """)
    assert process.stdout is not None
    for line in (b"open\n", b"closing\n"):
        assert await process.stdout.readline() == line
        process.send_signal(number)
    await asyncio.wait_for(process.wait(), 10)
    assert process.returncode in {128 + number, -number}


async def test_a_signal_that_the_parent_ignores_stays_ignored() -> None:
    """Under `nohup` the program outlives its terminal."""
    process = await start("""
        import os, signal
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        async def main():
            os.kill(os.getpid(), signal.SIGHUP)
            await asyncio.sleep(0)
            return 5
        run(main)
    """)
    assert await process.wait() == 5


@pytest.mark.parametrize(
    ("script", "code", "errors"),
    [
        ("async def main(): return 0\nrun(main)", 0, b""),
        ("async def main(): raise ValueError('reason')\nrun(main)", 1, b"ValueError: reason\n"),
        ("async def main(): raise asyncio.CancelledError\nrun(main)", 1, b"CancelledError\n"),
        ("async def main(): sys.exit(4)\nrun(main)", 4, b""),
        ("call(lambda: None)", 0, b""),
        ("call(lambda: 7)", 7, b""),
        ("call(lambda: sys.exit('a sentence'))", 1, b"a sentence\n"),
        ("call(lambda: sys.exit())", 0, b""),
        ("def main(): raise KeyboardInterrupt\ncall(main)", 130, b""),
        ("import logging\nlogging.basicConfig()\nlogging.error('last words')\nleave(0)", 0, b"last words\n"),
    ],
)
async def test_every_way_to_end_has_its_code(script: str, code: int, errors: bytes) -> None:
    """Results, errors and `sys.exit` mean what they mean to every shell."""
    found, _, written = await outcome(script)
    assert found == code
    assert written.endswith(errors)
    assert bool(written) == bool(errors)


async def test_output_that_cannot_be_written_is_no_success() -> None:
    """A full disk must not look like success to a script."""
    process = await asyncio.create_subprocess_shell(
        f"{sys.executable} -c 'from tenure.exit import call; call(lambda: print(1))' >/dev/full",
        cwd=REPOSITORY,
        stderr=asyncio.subprocess.PIPE,
    )
    await process.communicate()
    assert process.returncode == 1

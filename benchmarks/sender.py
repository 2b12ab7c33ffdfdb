"""The sender: a process of its own, that signs and sends prepared batches over HTTP and times every answer.

`python -m benchmarks.sender` reads a job as JSON and writes what it measured. It speaks HTTP itself, because a general
client would cost more processor time than what it is to measure.
"""

import asyncio
import json
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count

import msgspec
import uvloop

from benchmarks.traffic import SECRET, Traffic
from tenure.signature import Signer


@dataclass(frozen=True, slots=True)
class Job:
    """What to send where, and how."""

    port: int
    traffic: Traffic
    per_request: int
    connections: int
    rate: float | None = None
    """Events a second, sent when they are due whatever the answers; None: as fast as answers come."""


@dataclass(frozen=True, slots=True)
class Sent:
    """What the sender saw."""

    events: int
    began_at: float
    """Of the first request, as seconds since 1970."""
    seconds: float
    """From the first request to the last answer."""
    latencies: list[float]
    """Of each request in seconds, from when it was due."""


async def send(job: Job) -> Sent:
    """Prepare all requests, send them, and wait for every answer.

    Raises:
        RuntimeError: an answer is not 200, or does not account for every event.
    """
    requests = list(_requests(job))
    interval = job.per_request / job.rate if job.rate else 0.0
    began_at, start = time.time(), time.perf_counter()
    numbers = iter(range(len(requests)))
    latencies = [0.0] * len(requests)

    async def connection() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", job.port)
        for number in numbers:
            due = start + number * interval if interval else time.perf_counter()
            if (early := due - time.perf_counter()) > 0:
                await asyncio.sleep(early)
            writer.write(requests[number])
            await _answer(reader, min(job.per_request, job.traffic.events - number * job.per_request))
            latencies[number] = time.perf_counter() - due
        writer.close()

    async with asyncio.TaskGroup() as group:
        for _ in range(job.connections):
            group.create_task(connection())
    return Sent(job.traffic.events, began_at, time.perf_counter() - start, latencies)


def _requests(job: Job) -> Iterator[bytes]:
    signer, numbers = Signer(SECRET), count()
    for body in job.traffic.bodies(job.per_request):
        headers = {
            "Host": "127.0.0.1",
            "Content-Type": "application/x-ndjson",
            "Content-Length": str(len(body)),
            **signer.headers(f"msg_{next(numbers)}", datetime.now(UTC), body),
        }
        head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        yield f"POST /v1/activity HTTP/1.1\r\n{head}\r\n".encode() + body


async def _answer(reader: asyncio.StreamReader, expected: int) -> None:
    head = await reader.readuntil(b"\r\n\r\n")
    length = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])
    body = await reader.readexactly(length)
    if not head.startswith(b"HTTP/1.1 200"):
        raise RuntimeError(f"The intake answered {head.splitlines()[0].decode()}: {body.decode()}")
    result = json.loads(body)
    if result["accepted"] + result["older"] != expected:
        raise RuntimeError(f"Of {expected} events the intake accounts for {body.decode()}")


def main() -> None:
    """Carry out the job on standard input."""
    job = msgspec.json.decode(sys.stdin.buffer.read(), type=Job)
    sys.stdout.buffer.write(msgspec.json.encode(uvloop.run(send(job))))


if __name__ == "__main__":
    main()

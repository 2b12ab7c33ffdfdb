"""A vendor's API on a real HTTP server, as docs/platform.md has it, which goes wrong where a test tells it to."""

import asyncio
import json
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Final, Self

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from web.server import serving

type Carry = Callable[[], Response]
"""Carries out what was asked, and makes the answer."""
type Fault = Callable[[Carry], Awaitable[Response]]
"""What one request meets instead: whether it is carried out, and what is answered."""

TOKEN: Final = "a token of the vendor"


@dataclass
class Resource:
    """What was built at one place."""

    name: str
    numbers: list[str]
    stands: bool


class Vendor:
    """What is built, by place; faults meet the next requests one by one, and after them all is well."""

    def __init__(self) -> None:
        self.url = ""
        self.places: dict[str, Resource] = {}
        self.requests: list[Request] = []
        self.bodies: list[bytes] = []
        self.faults: deque[Fault] = deque()
        self.released = asyncio.Event()
        """Lets those go on who are late."""
        self.late = asyncio.Event()
        """Set once a late request has been carried out."""

    @classmethod
    @asynccontextmanager
    async def open(cls) -> AsyncIterator[Self]:
        """Serve on a free port."""
        vendor = cls()
        routes = [
            Route("/base/v1/services/{place:path}", vendor._serve, methods=["PUT", "DELETE"]),
            Route("/base/v1/accounts/{place}", vendor._serve, methods=["PUT", "DELETE"]),
        ]
        app = Starlette(routes=routes)
        async with serving(app, "127.0.0.1", 0) as port:
            vendor.url = f"http://127.0.0.1:{port}/base"
            try:
                yield vendor
            finally:
                vendor.released.set()

    @property
    def keys(self) -> Sequence[str]:
        """The idempotency keys that came, in order."""
        return [request.headers["idempotency-key"] for request in self.requests]

    @property
    def standing(self) -> Sequence[str]:
        """The names of what is built and not torn down."""
        return [resource.name for resource in self.places.values() if resource.stands]

    async def _serve(self, request: Request) -> Response:
        body = await request.body()
        self.requests.append(request)
        self.bodies.append(body)
        assert request.headers["authorization"] == f"Bearer {TOKEN}"

        def carry() -> Response:
            place = request.path_params["place"]
            return self._build(place, body) if request.method == "PUT" else self._tear_down(place)

        return await self.faults.popleft()(carry) if self.faults else carry()

    def _build(self, place: str, body: bytes) -> Response:
        if place not in self.places:
            wanted = json.loads(body).get("phone_numbers", 0)
            name = f"resource-{len(self.places) + 1}"
            numbers = [f"+99955{len(self.places) + 1:04}{number:03}" for number in range(wanted)]
            self.places[place] = Resource(name, numbers, stands=True)
        return self._answer(place)

    def _tear_down(self, place: str) -> Response:
        if place not in self.places:
            self.places[place] = Resource(f"never-{len(self.places) + 1}", [], stands=False)
            return problem(404, code="never_built")
        self.places[place].stands = False
        return self._answer(place)

    def _answer(self, place: str) -> Response:
        resource = self.places[place]
        return JSONResponse({"resource": resource.name, "phone_numbers": resource.numbers})

    def fail(self, *faults: Fault) -> None:
        """The next requests meet these."""
        self.faults.extend(faults)

    async def comes_late(self, carry: Carry) -> Response:
        """Carries out what was asked once nobody waits for it any more."""
        await self.released.wait()
        answer = carry()
        self.late.set()
        return answer


class Broken(Response):
    """An answer whose connection breaks in the middle."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Promise more than comes."""
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"1000")]})
        await send({"type": "http.response.body", "body": b'{"resource":', "more_body": True})
        raise ConnectionError


@dataclass
class Dripping(Response):
    """An answer that never ends: a blank every few milliseconds keeps each wait short."""

    until: asyncio.Event = field(default_factory=asyncio.Event)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Drip until it is ended."""
        await send({"type": "http.response.start", "status": 200, "headers": []})
        while not self.until.is_set():
            await send({"type": "http.response.body", "body": b" ", "more_body": True})
            try:
                async with asyncio.timeout(0.01):
                    await self.until.wait()
            except TimeoutError:
                continue


async def loses_the_answer(carry: Carry) -> Response:
    """Carries out what was asked; the connection breaks before anybody hears of it."""
    carry()
    return Broken()


def answers(answer: Response, *, carried_out: bool = False) -> Fault:
    """Answers that instead."""

    async def fault(carry: Carry) -> Response:
        if carried_out:
            carry()
        return answer

    return fault


def problem(status: int, **members: object) -> Response:
    """A problem as RFC 9457 has it."""
    return JSONResponse(members, status, media_type="application/problem+json")

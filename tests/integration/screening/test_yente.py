"""The yente adapter against a real HTTP server: it answers, fails, hangs, or answers something else."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, Self

import pytest
from pydantic import SecretStr
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from adapters.screening.yente import MAX_BYTES, YenteScreener
from tenure.contracts.screening import Agreement, EntryKind, ListVersion, Subject
from tenure.errors import Misconfigured, Unavailable
from tenure.policy.screening import ScreeningRules
from web.server import serving
from workers.stack.ports import free_port

TOKEN = "a token of the service"
RULES = ScreeningRules()
SUBJECT = Subject(
    names=("Theodor Quartzov", "Теодор Кварцов"),
    kind=EntryKind.PERSON,
    country="BG",
    address="12 Granite St, Vratsa",
    births=("1951",),
)
RESULT: dict[str, Any] = {
    "id": "NK-quartz",
    "caption": "Teodor Ilia Quartzov",
    "schema": "Person",
    "properties": {
        "name": ["Teodor Ilia Quartzov"],
        "nationality": ["bg"],
        "birthDate": ["1951-04-28"],
        "address": ["12 Granite Street, Vratsa", {"id": "an address as an entity"}],
        "topics": ["sanction"],
    },
    "datasets": ["eu_fsf", "un_sc_sanctions"],
    "score": 0.91,
    "match": True,
    "features": {"name_match": 0.91},
    "target": True,
}


class Service:
    """A yente service with one data set."""

    def __init__(self) -> None:
        self.url = ""
        self.asked: list[Request] = []
        self.queries: list[dict[str, Any]] = []
        self.version = f"{datetime.now(UTC) - timedelta(hours=3):%Y%m%d%H%M%S}-abc"
        self.catalogue: dict[str, Any] = {"outdated": [], "index_stale": False, "current": ["default"]}
        self.results: list[dict[str, Any]] = [RESULT]
        self.instead: Callable[[], Response] | None = None
        self.hangs = False
        self.released = asyncio.Event()

    @classmethod
    @asynccontextmanager
    async def open(cls) -> AsyncIterator[Self]:
        """Serve on a free port."""
        service = cls()
        routes = [
            Route("/base/catalog", service._catalogue),
            Route("/base/match/{data_set}", service._match, methods=["POST"]),
        ]
        async with serving(Starlette(routes=routes), "127.0.0.1", 0) as port:
            service.url = f"http://127.0.0.1:{port}/base"
            try:
                yield service
            finally:
                service.released.set()

    async def _catalogue(self, request: Request) -> Response:
        assert request.headers["authorization"] == f"ApiKey {TOKEN}"
        return JSONResponse({"datasets": [{"name": "default", "version": self.version}], **self.catalogue})

    async def _match(self, request: Request) -> Response:
        self.asked.append(request)
        body = json.loads(await request.body())
        self.queries.append(body["queries"])
        if self.hangs:
            await self.released.wait()
        if self.instead is not None:
            return self.instead()
        answers = {key: {"status": 200, "results": self.results, "total": {}, "query": {}} for key in body["queries"]}
        return JSONResponse({"responses": answers, "matcher": {}, "limit": 5})


@pytest.fixture
async def service() -> AsyncIterator[Service]:
    """A service that works."""
    async with Service.open() as service:
        yield service


@pytest.fixture
async def screener(service: Service) -> AsyncIterator[YenteScreener]:
    """The adapter, which waits a part of a second."""
    async with YenteScreener(service.url, SecretStr(TOKEN), "default", timedelta(seconds=0.5), RULES) as screener:
        yield screener


async def test_a_subject_is_asked_and_its_hits_are_told(service: Service, screener: YenteScreener) -> None:
    """What is known goes along, and each hit says what agrees; the version of the data set is kept (RPL-01, RPL-19)."""
    found = await screener.screen(SUBJECT)
    (query,) = service.queries[0].values()
    assert query == {
        "schema": "Person",
        "properties": {
            "name": list(SUBJECT.names),
            "country": ["bg"],
            "address": ["12 Granite St, Vratsa"],
            "birthDate": ["1951"],
        },
    }
    assert dict(service.asked[0].query_params) == {"threshold": "0.75", "cutoff": "0.75", "limit": "50"}
    (hit,) = found.hits
    assert (hit.list_id, hit.entry_id, hit.score) == ("eu_fsf", "NK-quartz", 0.91)
    assert (hit.country, hit.birth) == (Agreement.AGREES, Agreement.AGREES)
    assert hit.address is not None
    assert hit.address > 0.3
    assert hit.listed_address == "12 Granite Street, Vratsa"
    assert found.lists == (ListVersion(list_id="default", version=service.version),)


async def test_nobody_is_met(service: Service, screener: YenteScreener) -> None:
    """No result is a clear answer; one below the threshold is none (RPL-04)."""
    service.results = [RESULT | {"score": 0.5}]
    assert (await screener.screen(SUBJECT)).hits == ()
    service.results = []
    assert (await screener.screen(SUBJECT)).hits == ()


@pytest.mark.parametrize(
    "answer",
    [
        Response(status_code=500),
        Response(status_code=429),
        Response(status_code=401),
        Response(status_code=204),
        Response(status_code=302, headers={"location": "/base/elsewhere"}),
        Response("<html>Theodor Quartzov</html>", media_type="text/html"),
        Response('{"responses": {', media_type="application/json"),
        JSONResponse({"responses": {}}),
        JSONResponse({"responses": {"subject": {"status": 500, "results": []}}}),
        JSONResponse({"responses": {"subject": {"status": 200}}}),
        JSONResponse({"responses": {"subject": {"status": 200, "results": [RESULT | {"score": 7}]}}}),
        JSONResponse({"responses": {"subject": {"status": 200, "results": [RESULT | {"id": ""}]}}}),
        JSONResponse({"results": [RESULT]}),
        JSONResponse([]),
        Response(b" " * (MAX_BYTES + 1)),
    ],
)
async def test_whatever_is_no_answer_is_none(service: Service, screener: YenteScreener, answer: Response) -> None:
    """Errors, redirects, garbage, halves: never "no match", and nothing of the subject in what is said (RPL-16)."""
    service.instead = lambda: answer
    with pytest.raises(Unavailable) as unavailable:
        await screener.screen(SUBJECT)
    assert "Quartzov" not in str(unavailable.value)
    service.instead = None
    assert (await screener.screen(SUBJECT)).hits


async def test_a_service_that_hangs(service: Service, screener: YenteScreener) -> None:
    """It is waited for, and not for ever (RPL-16)."""
    service.hangs = True
    with pytest.raises(Unavailable, match="took too long"):
        await screener.screen(SUBJECT)


async def test_nobody_listens() -> None:
    """A service that is away is no answer (RPL-16)."""
    url = f"http://127.0.0.1:{free_port()}"
    async with YenteScreener(url, None, "default", timedelta(seconds=1), RULES) as screener:
        with pytest.raises(Unavailable, match=r"cannot be reached \(ConnectError\)"):
            await screener.screen(SUBJECT)


async def test_a_data_set_that_is_not_good_enough(service: Service, screener: YenteScreener) -> None:
    """Stale, outdated, unknown, or silent about its age: the data set is named, and nobody is screened (RPL-16)."""
    fresh = service.version
    for version, why in (
        (f"{datetime.now(UTC) - timedelta(days=8):%Y%m%d%H%M%S}-abc", "default is stale"),
        ("latest", "does not tell its age"),
    ):
        service.version = version
        with pytest.raises(Unavailable, match=why):
            await screener.screen(SUBJECT)
    service.version = fresh
    for catalogue, why in (
        ({"index_stale": True}, "has not indexed"),
        ({"outdated": ["default"]}, "has not indexed"),
        ({"datasets": []}, "no data set default"),
    ):
        service.catalogue = catalogue
        with pytest.raises(Unavailable, match=why):
            await screener.screen(SUBJECT)
    assert service.asked == []


@pytest.mark.parametrize(
    "url", ["http://yente.example", "ftp://yente.example", "https://user:secret@yente.example", ""]
)
def test_an_address_that_would_give_the_token_away(url: str) -> None:
    """Only https leaves this machine; what was set is not repeated."""
    with pytest.raises(Misconfigured, match="TENURE_YENTE_URL") as misconfigured:
        YenteScreener(url, SecretStr(TOKEN), "default", timedelta(seconds=1), RULES)
    assert "secret" not in str(misconfigured.value)

"""Lists and previews over HTTP and on the command line, on a served Tenure with the published files."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette
from starlette.responses import FileResponse, RedirectResponse
from starlette.routing import Route

from tenure import Tenure
from tenure.contracts.credential import CredentialRole
from tenure.contracts.screening import Agreement, ListFault, NameQuality, PreviewScreening
from tenure.errors import Refusal, RefusalCode, Unavailable
from tests.integration.deletion.town import DAY, Town
from tests.unit.screening.published import DPL, EU, LISTS, SDN, UN, content
from tests.web.site import Site, code, open_site
from tests.web.terminal import Command, as_json, terminal
from web.server import serving


@pytest.fixture
async def site(town: Town, tmp_path: Path) -> AsyncIterator[Site]:
    """A served Tenure without any list."""
    async with open_site(town, tmp_path) as site:
        yield site


@pytest.fixture
async def operator(site: Site) -> AsyncIterator[Tenure]:
    """A client with the token of an operator."""
    async with site.client(await site.token(CredentialRole.OPERATOR, name="ada")) as client:
        yield client


@pytest.fixture
async def tenure(site: Site) -> Command:
    """Runs `tenure` with arguments, in a thread of its own beside the server."""
    return terminal({"TENURE_URL": site.url, "TENURE_TOKEN": await site.token(CredentialRole.OPERATOR, name="bob")})


def sources(*names: str) -> list[str]:
    """Options that name these files."""
    return [option for name in names for option in ("--from", str(LISTS / name))]


async def test_lists_are_loaded_and_names_tried(site: Site, tenure: Command) -> None:
    """The way of an operator: load the lists, look at them, try names, let them grow old, make them fresh (RPL-01, RPL-16)."""
    assert "nobody is screened" in (await tenure("lists")).stdout
    assert "us-dpl has never been loaded" in (await tenure("screen", "Ayman al-Zawahiri", code=3)).stderr
    loaded = await as_json(tenure, "lists", "update", *sources(*SDN))
    assert (loaded["screening_list"]["list_id"], loaded["added"]) == ("us-sdn", 7379)
    assert "us-dpl is in use in version 1: 415 entries" in (await tenure("lists", "update", *sources(*DPL))).stdout
    await tenure("lists", "update", *sources(*UN))
    assert "fresh again" in (await tenure("lists", "update", *sources(*DPL))).stdout
    listed = {each["list_id"]: each for each in await as_json(tenure, "lists")}
    assert {list_id: each["entries"] for list_id, each in listed.items()} == {"un": 1003, "us-dpl": 415, "us-sdn": 7379}
    table = (await tenure("lists")).stdout
    assert "fresh" in table
    assert "operator:bob" in table

    hits = (await as_json(tenure, "screen", "Aiman az Zawahiri", "--born", "1951"))["hits"]
    assert "us-sdn" in {hit["list_id"] for hit in hits}
    assert hits[0]["birth"] == Agreement.AGREES
    shown = (
        await tenure("screen", "Banco Nacional de Cuba", "--country", "CH", "--address", "Zweierstr. 35, Zurich")
    ).stdout
    assert "Zweierstrasse 35, Zurich CH-8022, Switzerland" in shown
    assert "agrees: CH" in shown
    assert "us-sdn version 1" in shown
    clear = await tenure("screen", "Brouwer & Zonen BV", "--country", "NL")
    assert "No entry is like that." in clear.stdout

    before = await site.digest()
    await tenure("screen", "Banco Nacional de Cuba")
    assert await site.digest() == before
    await site.town.advance(8 * DAY)
    assert "is stale" in (await tenure("screen", "Brouwer & Zonen BV", code=3)).stderr
    assert "stale" in (await tenure("lists")).stdout


async def test_a_damaged_file_is_told_with_its_line(
    site: Site, operator: Tenure, tenure: Command, tmp_path: Path
) -> None:
    """Over HTTP `details` names file, line and reason; on the command line a sentence does, and the exit code is 2 (RPL-16)."""
    await operator.lists.update(LISTS / "dpl.txt")
    before = await site.digest()
    broken = tmp_path / "dpl.txt"
    broken.write_bytes(content("dpl.txt")[:-30])
    with pytest.raises(Refusal) as refusal:
        await operator.lists.update(broken)
    assert refusal.value.code is RefusalCode.IMPORT_INVALID
    fault = ListFault.model_validate(refusal.value.details)
    assert (fault.file, fault.line) == ("dpl.txt", 547)
    said = (await tenure("lists", "update", "--from", str(broken), code=2)).stderr
    assert said.startswith("dpl.txt, line 547: ")
    assert "the list in use" in said
    assert "cannot be read" in (await tenure("lists", "update", "--from", str(tmp_path / "none"), code=2)).stderr
    assert await site.digest() == before


async def test_who_may(site: Site) -> None:
    """Lists and previews are for operators alone (RPL-03)."""
    for role in (CredentialRole.SERVICE, None):
        headers = {"Authorization": f"Bearer {await site.token(role)}"} if role else {}
        async with httpx.AsyncClient(base_url=site.url, headers=headers) as http:
            answers = [
                await http.get("/v1/lists"),
                await http.post("/v1/lists/update", files=[("files", ("dpl.txt", content("dpl.txt")))]),
                await http.post("/v1/screenings/preview", json={"names": ["x"]}),
            ]
        assert {code(answer) for answer in answers} == {"forbidden" if role else "unauthenticated"}


async def test_what_has_not_the_form(site: Site) -> None:
    """Nothing, too many files, names without a letter, a misspelt field: refused as input, and nothing more happens."""
    token = await site.token(CredentialRole.OPERATOR, name="ada")
    async with httpx.AsyncClient(base_url=site.url, headers={"Authorization": f"Bearer {token}"}) as http:
        assert code(await http.post("/v1/lists/update")) == "invalid_input"
        assert code(await http.post("/v1/lists/update", json={"files": ["x"]})) == "invalid_input"
        many = [("files", (f"{number}.csv", b"x")) for number in range(9)]
        assert code(await http.post("/v1/lists/update", files=many)) == "bad_request"
        answer = await http.post("/v1/lists/update", files=[("files", ("../../x.csv", b"hello"))])
        assert (code(answer), answer.json()["details"]["file"]) == ("import_invalid", "x.csv")
        commands: list[object] = [
            {"names": []},
            {"names": ["---"]},
            {"names": ["x"], "contry": "DE"},
            {"names": ["x" * 501]},
        ]
        for command in commands:
            assert code(await http.post("/v1/screenings/preview", json=command)) == "invalid_input"


async def test_a_preview_says_that_a_list_is_missing(operator: Tenure) -> None:
    """Without the lists there is no answer, rather than an empty one (RPL-16)."""
    await operator.lists.update(LISTS / "dpl.txt")
    with pytest.raises(Unavailable, match="us-sdn has never been loaded"):
        await operator.lists.preview(PreviewScreening(names=("Brouwer & Zonen BV",)))


async def test_lists_are_fetched_from_their_publisher(tenure: Command) -> None:
    """A URL is fetched by the command line itself, redirects included, and never over a network in the clear (RPL-16)."""

    async def moved(_request: object) -> RedirectResponse:
        return RedirectResponse("/files/b9f2")

    async def served(_request: object) -> FileResponse:
        return FileResponse(EU)

    publisher = Starlette(routes=[Route("/latest/eu.xml", moved), Route("/files/b9f2", served)])
    async with serving(publisher, "127.0.0.1", 0) as port:
        url = f"http://127.0.0.1:{port}"
        loaded = await as_json(tenure, "lists", "update", "--from", f"{url}/latest/eu.xml")
        assert (loaded["screening_list"]["list_id"], loaded["added"]) == ("eu", 2)
        assert "404" in (await tenure("lists", "update", "--from", f"{url}/nothing", code=3)).stderr
    assert "https://" in (await tenure("lists", "update", "--from", "http://lists.example/eu.xml", code=3)).stderr
    assert "cannot be fetched" in (await tenure("lists", "update", "--from", f"{url}/latest/eu.xml", code=3)).stderr


async def test_an_alias_that_identifies_nobody_is_told_as_such(operator: Tenure) -> None:
    """A hit by a weak alias says so: the reviewer weighs it (RPL-05)."""
    for names in (DPL, SDN, UN):
        await operator.lists.update(*(LISTS / name for name in names))
    found = await operator.lists.preview(PreviewScreening(names=("BNC",)))
    assert {(hit.listed_name, hit.quality) for hit in found.hits} >= {("BNC", NameQuality.WEAK)}
    assert {each.list_id for each in found.lists} == {"us-dpl", "us-sdn", "un"}

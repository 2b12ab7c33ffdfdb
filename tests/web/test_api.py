"""The form of the API: problems, limits, keys, pages, and the document that describes it."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace

import asyncpg
import httpx
import pytest

from adapters.postgres.feeds import PostgresFeeds
from tenure.contracts.activity import Feed
from tenure.contracts.credential import CredentialRole
from tenure.ids import OrganisationId
from tests.web.site import Site, code
from web.app import create_app
from web.limits import MAX_BODY_BYTES
from web.server import serving


async def test_wrong_input_is_named_place_by_place(http: httpx.AsyncClient) -> None:
    """Input of the wrong form is `invalid_input`, with each place and without what was sent (SF-04)."""
    sent = {"licence_set_id": "org_secret", "organisation_id": "", "kind": "gift"}
    response = await http.post("/v1/licence-sets/grant", json=sent)
    assert (response.status_code, code(response)) == (422, "invalid_input")
    places = {error["location"] for error in response.json()["errors"]}
    assert places == {"body.licence_set_id", "body.organisation_id", "body.kind"}
    assert "org_secret" not in response.text


@pytest.mark.parametrize(
    ("method", "path", "status", "expected"),
    [
        ("GET", "/v1/nothing", 404, "not_found"),
        ("DELETE", "/v1/organisations", 405, "method_not_allowed"),
        ("GET", "/v1/organisations/ptr_north", 404, "not_found"),
        ("GET", "/v1/organisations/org_NORTH", 422, "invalid_input"),
        ("GET", "/v1/organisations?limit=0", 422, "invalid_input"),
        ("GET", "/v1/organisations/org_none", 404, "organisation_not_found"),
        ("GET", "/v1/receipts/org_none", 404, "receipt_not_found"),
        ("POST", "/v1/licence-sets/grant", 422, "invalid_input"),
    ],
)
async def test_every_error_is_a_problem(
    http: httpx.AsyncClient, method: str, path: str, status: int, expected: str
) -> None:
    """Unknown paths, wrong methods and ids of the wrong kind answer as problems with codes too (XC-05)."""
    response = await http.request(method, path)
    assert (response.status_code, code(response)) == (status, expected)


async def test_bodies_are_limited(http: httpx.AsyncClient) -> None:
    """A body that declares, or turns out to have, more than a megabyte is `too_large`."""

    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(MAX_BODY_BYTES // 65536 + 1):
            yield b" " * 65536

    headers = {"Content-Type": "application/json"}
    declared = await http.post("/v1/licence-sets/grant", content=b" " * (MAX_BODY_BYTES + 1), headers=headers)
    assert (declared.status_code, code(declared)) == (413, "too_large")
    streamed = await http.post("/v1/licence-sets/grant", content=chunks(), headers=headers)
    assert (streamed.status_code, code(streamed)) == (413, "too_large")


async def test_a_key_carries_a_command_out_once(site: Site, http: httpx.AsyncClient) -> None:
    """The same key and command answers the same and does nothing twice; for another command it is refused (P10)."""
    organisation_id = await site.town.organisation()
    grant = {"licence_set_id": "lic_a", "organisation_id": organisation_id, "kind": "trial"}
    headers = {"Idempotency-Key": "order-17"}
    first = await http.post("/v1/licence-sets/grant", json=grant, headers=headers)
    await http.post("/v1/licence-sets/expire", json={"licence_set_id": "lic_a", "expired_at": "2026-01-01T00:00:00Z"})
    again = await http.post("/v1/licence-sets/grant", json=grant, headers=headers)
    assert first.json() == again.json()
    assert first.json()["state"] == "active"
    other = await http.post("/v1/licence-sets/grant", json=grant | {"licence_set_id": "lic_b"}, headers=headers)
    assert (other.status_code, code(other)) == (422, "idempotency_key_reused")


async def test_readiness_follows_the_database(
    site: Site, http: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    """Without its database the process lives, is not ready, answers 503 with Retry-After, and comes back by itself.

    Why it does not answer is for the log: the reason names databases and machines.
    """
    ready = await http.get("/readyz")
    assert (ready.status_code, ready.json()["installation"]) == (200, "simulation")
    name = site.town.url.rpartition("/")[2]
    await refuse_connections(site, name, refuse=True)
    assert (await http.get("/healthz")).status_code == 200
    for path in ("/readyz", "/v1/organisations"):
        response = await http.get(path)
        assert (response.status_code, code(response)) == (503, "unavailable")
        assert int(response.headers["retry-after"]) > 0
        assert name not in response.text
    assert name in caplog.text
    await refuse_connections(site, name, refuse=False)
    assert (await http.get("/readyz")).status_code == 200


async def refuse_connections(site: Site, name: str, *, refuse: bool) -> None:
    """Have the server refuse the site's database, and end the connections there are."""
    connection = await asyncpg.connect(f"{site.town.url.rpartition('/')[0]}/postgres")
    try:
        await connection.execute(f"alter database {name} allow_connections {not refuse}")
        if refuse:
            await connection.execute("select pg_terminate_backend(pid) from pg_stat_activity where datname = $1", name)
    finally:
        await connection.close()


async def test_the_document_is_complete(http: httpx.AsyncClient) -> None:
    """The OpenAPI document describes every operation, what it takes, and its problems; and loads nothing."""
    document = (await http.get("/v1/openapi.json")).json()
    schemas = document["components"]["schemas"]
    for path, methods in document["paths"].items():
        for operation in methods.values():
            assert operation["description"]
            assert operation["tags"]
            if path.startswith("/v1/"):
                assert path == "/v1/activity" or operation["security"] == [{"HTTPBearer": []}]
                assert all(
                    parameter["description"]
                    for parameter in operation.get("parameters", ())
                    if parameter["name"] in {"after", "before", "idempotency-key"}
                )
                for status in ("401", "4XX", "503"):
                    content = operation["responses"][status]["content"]
                    assert content == {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    assert set(schemas["Problem"]["required"]) >= {"title", "status", "detail", "code"}
    assert "HTTPValidationError" not in schemas
    for page in ("/docs", "/redoc"):
        assert (await http.get(page)).status_code == 404


async def test_answers_are_not_for_browsers_to_keep_or_guess(http: httpx.AsyncClient) -> None:
    """Every answer forbids caching, guessing its type, and being framed."""
    for path in ("/v1/organisations", "/v1/nothing", "/readyz"):
        guarded(await http.get(path))


def guarded(response: httpx.Response) -> None:
    """Check what stands on every answer."""
    assert response.headers["cache-control"] == "no-store"
    assert response.headers["x-content-type-options"] == "nosniff"
    assert response.headers["referrer-policy"] == "strict-origin"
    assert "frame-ancestors 'none'" in response.headers["content-security-policy"]
    assert "server" not in response.headers


async def test_no_answer_leads_where_the_request_says(site: Site) -> None:
    """Whatever a request says of the host, and with a slash too many or too few, it is led nowhere else, nor out of TLS."""
    paths = (
        "/",
        "/console",
        "/console/",
        "/console/trials/",
        "/consent",
        "/consent/token/",
        "/set-up/x/",
        "/v1/feeds/",
    )
    async with httpx.AsyncClient(base_url=site.url, headers={"Host": "elsewhere.example"}) as http:
        for path in (*paths, "//elsewhere.example/", "/console//elsewhere.example", "/v1//elsewhere.example"):
            response = await http.get(path)
            guarded(response)
            assert "elsewhere" not in response.text
            assert response.headers.get("location", "/console/").startswith("/console/"), path


async def test_pages_of_the_list_follow_each_other(site: Site, http: httpx.AsyncClient) -> None:
    """The customer list comes in pages in order of id, and the filter gives exactly the marked ones (PS-01)."""
    ids = await site.town.organisations_of(5)
    await site.town.mark(ids[1], ids[3])
    seen: list[str] = []
    after: str | None = None
    while True:
        page = (await http.get("/v1/organisations", params={"limit": 2} | ({"after": after} if after else {}))).json()
        seen += [organisation["organisation_id"] for organisation in page["organisations"]]
        after = page["next_after"]
        if after is None:
            break
    assert seen == ids
    marked = (await http.get("/v1/organisations", params={"to_be_deleted": True})).json()["organisations"]
    assert [organisation["organisation_id"] for organisation in marked] == [
        OrganisationId(ids[1]),
        OrganisationId(ids[3]),
    ]
    assert all(organisation["to_be_deleted"] for organisation in marked)


async def test_a_fault_of_ours_says_nothing_of_itself(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    """An error that nobody foresaw is a problem without its text, is counted, and the traceback is for the server to log (P15)."""

    class Broken(PostgresFeeds):
        async def all(self) -> Sequence[Feed]:
            raise RuntimeError("secret of the machine")

    services = replace(site.application.services, feeds=Broken(site.application.database))
    app = create_app(services, site.application.settings)
    headers = {"Authorization": f"Bearer {await site.token(CredentialRole.OPERATOR)}"}
    async with serving(app, "127.0.0.1", 0) as port, httpx.AsyncClient(headers=headers) as http:
        response = await http.get(f"http://127.0.0.1:{port}/v1/feeds")
        await http.get(f"http://127.0.0.1:{port}/v1/none")
        counted = (await http.get(f"http://127.0.0.1:{port}/metrics")).text
    assert (response.status_code, code(response)) == (500, "internal_error")
    guarded(response)
    assert "\ntenure_web_errors_total 1.0\n" in counted, "once, and nothing that the caller has done wrong"
    assert "secret" not in response.text
    assert "secret of the machine" in caplog.text

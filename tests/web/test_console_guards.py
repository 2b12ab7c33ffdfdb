"""What guards the console: forms from elsewhere, links that lead elsewhere, cookies that were tampered with."""

from collections.abc import AsyncIterator

import httpx
import pytest
from pydantic import SecretStr
from starlette.requests import Request
from starlette.responses import Response

from tenure.contracts.credential import CredentialRole
from tenure.errors import Misconfigured
from tests.integration.deletion.town import admin
from tests.web.site import Site
from tests.web.trade import Trade
from web.app import create_app
from web.console.session import Sessions


@pytest.fixture
async def browser_like(site: Site) -> AsyncIterator[httpx.AsyncClient]:
    """A client with a session, which sends what browsers send."""
    async with httpx.AsyncClient(base_url=site.url, headers={"Origin": site.url}) as http:
        response = await http.post("/console/sign-in", data={"token": await site.token(CredentialRole.OPERATOR)})
        assert response.status_code == 303
        yield http


RELEASE = {"scope": "fleet", "count": "5", "reason": "x", "key": "k"}


@pytest.mark.parametrize(
    "sent",
    [
        {"Origin": "https://elsewhere.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "none"},
        {"Origin": ""},
    ],
)
async def test_a_form_from_elsewhere_does_nothing(
    site: Site, browser_like: httpx.AsyncClient, sent: dict[str, str]
) -> None:
    """A POST that the browser does not attest as our own page's is refused, whatever cookie it carries."""
    await site.town.execute("update breakers set open_since = business_now(), reason = 'test'")
    for path in ("/console/breakers", "/console/erasures/abort", "/console/sign-out", "/console/sign-in"):
        response = await browser_like.post(path, data=RELEASE, headers=sent)
        assert response.status_code == 403, path
    assert (await site.town.breakers.all())[0].released == 0
    own = await browser_like.post("/console/breakers", data=RELEASE, headers={"Sec-Fetch-Site": "same-origin"})
    assert own.status_code == 200
    assert (await site.town.breakers.all())[0].released == 5


@pytest.mark.parametrize(
    "target", ["https://elsewhere.example/", "//elsewhere.example/", "/console/\\elsewhere", "/elsewhere", ""]
)
async def test_signing_in_leads_into_the_console_alone(site: Site, target: str) -> None:
    """Wherever a link wanted to lead after the sign-in, it leads to the console."""
    async with httpx.AsyncClient(base_url=site.url, headers={"Origin": site.url}) as http:
        form = {"token": await site.token(CredentialRole.OPERATOR), "next": target}
        response = await http.post("/console/sign-in", data=form)
    assert (response.status_code, response.headers["location"]) == (303, "/console/")


async def test_a_cookie_that_was_tampered_with_is_none(site: Site, browser_like: httpx.AsyncClient) -> None:
    """A session is what this installation has sealed, or nothing; the token in it cannot be read."""
    assert (await browser_like.get("/console/")).status_code == 200
    sealed = browser_like.cookies["tenure"]
    assert "tnr_" not in sealed
    middle = len(sealed) // 2
    other = sealed[:middle] + ("A" if sealed[middle] != "A" else "B") + sealed[middle + 1 :]
    for cookie in (other.encode(), b"", b"tnr_x", "ä".encode()):
        async with httpx.AsyncClient(base_url=site.url) as http:
            response = await http.get("/console/", headers={b"Cookie": b"tenure=" + cookie})
        assert response.status_code == 303
        assert response.headers["location"].startswith("/console/sign-in")


async def test_the_cookie_is_secure_where_the_address_is(site: Site) -> None:
    """Behind an https address the cookie never travels in the clear, and no other site of the domain can set it."""
    settings = site.application.settings.model_copy(update={"public_url": "https://tenure.example"})
    app = create_app(site.application.services, settings)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="https://tenure.example") as http:
        form = {"token": await site.token(CredentialRole.OPERATOR)}
        response = await http.post("/console/sign-in", data=form, headers={"Origin": "https://tenure.example"})
    cookie = response.headers["set-cookie"]
    assert cookie.startswith("__Host-tenure=")
    assert {"Secure", "HttpOnly", "SameSite=strict", "Path=/"} <= set(cookie.split("; "))
    assert "domain" not in cookie.lower()


async def test_the_pages_run_nothing_and_cannot_be_framed(browser_like: httpx.AsyncClient) -> None:
    """No page carries a script or a style of its own, and the policy allows none."""
    for path in ("/console/", "/console/sign-in", "/console/breakers", "/console/none"):
        page = await browser_like.get(path)
        policy = page.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert "script-src" not in policy
        assert page.headers["x-content-type-options"] == "nosniff"
        assert page.headers["cache-control"] == "no-store"
        assert "<script" not in page.text
        assert "style=" not in page.text


async def test_a_form_that_is_incomplete_says_so(browser_like: httpx.AsyncClient) -> None:
    """A form without its reason, number or key is refused with a page that says what is missing."""
    for path, form, said in (
        ("/console/breakers", {"count": "0", "reason": "", "key": "k"}, "count"),
        ("/console/erasures/plan", {"reason": "x"}, "organisations"),
        ("/console/erasures/abort", {"organisation": "org_a", "reason": "x"}, "expected form"),
    ):
        response = await browser_like.post(path, data=form)
        assert response.status_code == 422
        assert said in response.text


@pytest.mark.parametrize("key", ["", "\x00", "k\x00", "k" * 256])
async def test_a_key_that_no_page_has_made_is_refused(browser_like: httpx.AsyncClient, key: str) -> None:
    """The key in a form is as long as those that the API takes, and text (P10, XC-05)."""
    response = await browser_like.post("/console/breakers", data=RELEASE | {"key": key})
    assert response.status_code == 422


async def test_a_link_to_an_address_writes_to_it_alone(
    site: Site, trade: Trade, browser_like: httpx.AsyncClient
) -> None:
    """What an address has of the signs by which links name further recipients is a part of the address (SF-08)."""
    trial = await trade.active()
    odd = "boss?bcc=eve%40evil.example&to=@acme.example"
    await site.town.execute("update people set email = $1 where person_id = $2", odd, admin(trial.organisation_id))
    for path in ("/console/trials", f"/console/trials/{trial.trial_id}"):
        page = await browser_like.get(path)
        assert 'href="mailto:boss%3Fbcc%3Deve%2540evil.example%26to%3D@acme.example"' in page.text


def test_a_short_secret_is_refused() -> None:
    """A secret that could be guessed does not open."""
    with pytest.raises(Misconfigured, match="TENURE_SESSION_SECRET"):
        Sessions(SecretStr("short"), secure=False)


def test_processes_with_one_secret_share_sessions() -> None:
    """A session that one process has begun is open in another with the same secret, and in no other."""
    secret = SecretStr("s" * 32)
    response = Response()
    Sessions(secret, secure=False).begin(response, "tnr_token")
    cookie = response.headers["set-cookie"].partition(";")[0].encode()
    request = Request({"type": "http", "headers": [(b"cookie", cookie)]})
    assert Sessions(secret, secure=False).token(request) == "tnr_token"
    assert Sessions(SecretStr("t" * 32), secure=False).token(request) is None
    assert Sessions(None, secure=False).token(request) is None

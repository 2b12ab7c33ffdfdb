"""What guards the customer's pages: mail scanners, forms from elsewhere, links that were tampered with, second answers."""

import asyncio
import logging
from collections.abc import AsyncIterator
from http import HTTPStatus

import httpx
import pytest
from pydantic import SecretStr

from adapters.links import Links
from adapters.postgres.trials.consents import PostgresConsents
from tenure.contracts.organisation import Access
from tenure.contracts.trial import TrialState
from tenure.errors import Unavailable
from tenure.ids import OrderId, OrganisationId, TrialId
from tests.integration.deletion.town import SERVICE, admin
from tests.web.site import Site
from tests.web.trade import Trade
from web.app import create_app

ACCEPT = {"decision": "accept"}
_OF_THE_CLIENT = {"httpx", "httpcore.http11", "httpcore.connection"}
"""Logs of the test's own requests."""


@pytest.fixture
async def customer(site: Site) -> OrganisationId:
    """An organisation that the partner does not manage."""
    return await site.town.organisation(admins=2)


@pytest.fixture
async def trial_id(trade: Trade, customer: OrganisationId) -> TrialId:
    """A request that waits for its consent."""
    return await trade.asked(customer)


@pytest.fixture
def link(trade: Trade, trial_id: TrialId, customer: OrganisationId) -> str:
    """The first full admin's link."""
    return trade.consent_link(trial_id, admin(customer))


@pytest.fixture
async def browser_like(site: Site) -> AsyncIterator[httpx.AsyncClient]:
    """A client that sends what browsers send with a form of ours."""
    async with httpx.AsyncClient(headers={"Sec-Fetch-Site": "same-origin"}) as http:
        yield http


async def test_opening_the_link_does_nothing(site: Site, link: str, customer: OrganisationId) -> None:
    """Mail scanners and prefetching browsers may open it as they like: no fact changes, and it is no activity (SF-09)."""
    await site.town.mark(customer)
    before = await site.digest()
    evidence = await site.town.evidence(customer)
    async with httpx.AsyncClient() as http:
        for method, headers in (("GET", {}), ("HEAD", {}), ("GET", {"Sec-Purpose": "prefetch"}), ("GET", {})):
            response = await http.request(method, link, headers=headers)
            assert response.status_code == 200
        for query in ("?decision=accept", "?decision=decline&full_administration=true"):
            assert (await http.get(link + query)).status_code == 200
        assert (await http.put(link, data=ACCEPT)).status_code == 405
    assert await site.digest() == before
    assert await site.town.evidence(customer) == evidence


@pytest.mark.parametrize(
    "sent",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "none"},
        {"Origin": "https://elsewhere.example"},
        {"Origin": "null"},
        {},
    ],
)
async def test_a_form_from_elsewhere_decides_nothing(site: Site, link: str, sent: dict[str, str]) -> None:
    """A POST that the browser does not attest as our own page's is refused, though it knows the link."""
    before = await site.digest()
    async with httpx.AsyncClient() as http:
        response = await http.post(link, data=ACCEPT, headers=sent)
    assert response.status_code == 403
    assert "Nothing was changed" in response.text
    assert await site.digest() == before


@pytest.mark.parametrize(
    ("content", "kind", "status"),
    [
        ("", "application/x-www-form-urlencoded", 422),
        ("decision=perhaps", "application/x-www-form-urlencoded", 422),
        ("decision=accept&decision=decline", "application/x-www-form-urlencoded", 422),
        ("decision=accept&full_administration=perhaps", "application/x-www-form-urlencoded", 422),
        ("decision=accept&person_id=per_eve", "application/x-www-form-urlencoded", 422),
        ("&".join(f"a{number}=1" for number in range(20)), "application/x-www-form-urlencoded", 400),
        ("decision=accept&padding=" + "x" * 5000, "application/x-www-form-urlencoded", 413),
        ('{"decision": "accept"}', "application/json", 422),
        (
            '--b\r\nContent-Disposition: form-data; name="decision"; filename="f"\r\n\r\naccept\r\n--b--',
            "multipart/form-data; boundary=b",
            400,
        ),
    ],
)
async def test_a_form_is_read_strictly(
    site: Site, browser_like: httpx.AsyncClient, link: str, content: str, kind: str, status: int
) -> None:
    """A field that is missing, unknown, repeated, wrong or too large decides nothing (SF-08)."""
    before = await site.digest()
    response = await browser_like.post(link, content=content, headers={"Content-Type": kind})
    assert response.status_code == status
    assert await site.digest() == before


async def test_a_streamed_form_has_its_limit_too(site: Site, browser_like: httpx.AsyncClient, link: str) -> None:
    """A body that does not say how long it is ends at the limit."""

    async def chunks() -> AsyncIterator[bytes]:
        yield b"decision=accept&padding="
        for _ in range(8):
            yield b"x" * 1024

    form = {"Content-Type": "application/x-www-form-urlencoded"}
    assert (await browser_like.post(link, content=chunks(), headers=form)).status_code == 413


async def test_two_answers_at_once_are_one(
    site: Site, trade: Trade, browser_like: httpx.AsyncClient, trial_id: TrialId, customer: OrganisationId
) -> None:
    """A double click, or two full admins at the same moment: one answer counts, and no second one raises access (CO-04, CO-18)."""
    first, second = (trade.consent_link(trial_id, admin(customer, number)) for number in (1, 2))
    await browser_like.post(first, data=ACCEPT)
    answers = await asyncio.gather(
        *(browser_like.post(link, data=ACCEPT | {"full_administration": "true"}) for link in (first, second) * 3),
        browser_like.post(second, data={"decision": "decline"}),
    )
    for answer in answers:
        assert (
            answer.status_code,
            "accepted" in (await browser_like.get(answer.url.join(answer.headers["location"]))).text,
        ) == (303, True)
    view = await trade.trials.show(SERVICE, trial_id)
    assert (view.state, view.access) == (TrialState.AWAITING_DETAILS, Access.PROVISIONING)
    assert await site.town.value(int, "select count(*)::int from audit where action like 'consent_%'") == 1


async def test_others_answers_do_nothing(
    site: Site, trade: Trade, browser_like: httpx.AsyncClient, trial_id: TrialId, customer: OrganisationId
) -> None:
    """The answer of a stranger's address, of somebody without the role, or of a partner's person is none (CO-05)."""
    await site.town.execute("delete from person_roles where person_id = $1", admin(customer, 2))
    before = await site.digest()
    for recipient in (trial_id, admin(customer, 2), trade.seller):
        for decision in ("accept", "decline"):
            response = await browser_like.post(trade.consent_link(trial_id, recipient), data={"decision": decision})
            assert response.status_code == 303
            page = await browser_like.get(response.url.join(response.headers["location"]))
            assert (page.status_code, "Only a full administrator" in page.text) == (403, True)
    assert await site.digest() == before


async def test_links_that_were_not_made_here_lead_nowhere(
    site: Site, trade: Trade, browser_like: httpx.AsyncClient, link: str, trial_id: TrialId, customer: OrganisationId
) -> None:
    """A link that is cut, changed, signed elsewhere, or made for another page is told as such, and acts on nothing (SF-09)."""
    before = await site.digest()
    token = link.rpartition("/")[2]
    elsewhere = Links(SecretStr("e" * 32), public_url=site.url, admin_console_url="https://admin.example")
    wrong = [
        f"{site.url}/consent/{token[:-1]}",
        f"{site.url}/consent/{'B' if token[0] == 'A' else 'A'}{token[1:]}",
        f"{site.url}/consent/x",
        f"{site.url}/set-up/{token}",
        f"{site.url}/consent/{trade.links.set_up(OrderId('ord_a'), admin(customer)).rpartition('/')[2]}",
        elsewhere.consent(trial_id, admin(customer)),
    ]
    for address in wrong:
        assert "This link does not work" in (await browser_like.get(address)).text
        response = await browser_like.post(address, data=ACCEPT)
        assert response.status_code == 404
        assert token not in response.text
    gone = await browser_like.get(trade.consent_link(TrialId("trl_none"), admin(customer)))
    assert (gone.status_code, "nothing here any more" in gone.text) == (404, True)
    assert await site.digest() == before


async def test_the_pages_run_nothing_and_tell_nobody(site: Site, browser_like: httpx.AsyncClient, link: str) -> None:
    """No page runs a script, can be framed, cached or indexed, or tells its address to another site."""
    static = link.rpartition("/")[0] + "/static/customer.css"
    for address in (link, f"{site.url}/consent/x", f"{site.url}/set-up/x"):
        page = await browser_like.get(address)
        policy = page.headers["content-security-policy"]
        for directive in ("default-src 'none'", "frame-ancestors 'none'", "form-action 'self'", "base-uri 'none'"):
            assert directive in policy
        assert "unsafe" not in policy
        assert "script-src" not in policy
        assert page.headers["referrer-policy"] == "strict-origin"
        assert page.headers["cache-control"] == "no-store"
        assert page.headers["x-content-type-options"] == "nosniff"
        assert "noindex" in page.headers["x-robots-tag"]
        assert "set-cookie" not in page.headers
        assert "<script" not in page.text
        assert "style=" not in page.text
        assert "http://" not in page.text.replace(site.url, "")
    assert (await browser_like.get(static)).headers["content-type"].startswith("text/css")


async def test_the_reader_is_spoken_to_in_their_language(
    site: Site, trade: Trade, browser_like: httpx.AsyncClient, trial_id: TrialId, customer: OrganisationId
) -> None:
    """A person's own language comes first, then the organisation's; where nobody is known, the browser's (TL-02)."""
    await site.town.execute("update organisations set language = 'fr' where organisation_id = $1", customer)
    await site.town.execute("update people set language = 'sr-Latn' where person_id = $1", admin(customer))
    for recipient, tag, service in (
        (admin(customer), "sr-Latn", "Pozivi"),
        (admin(customer, 2), "fr", "Téléphonie"),
        (trial_id, "fr", "Téléphonie"),
    ):
        page = await browser_like.get(trade.consent_link(trial_id, recipient))
        assert page.headers["content-language"] == tag
        assert f'<html lang="{tag}">' in page.text
        assert service in page.text
    for header, tag in (
        ("de, pl;q=0.5, ko;q=0.8", "ko"),
        ("xx, *;q=0.5", "en"),
        ("fr;q=0, it;q=0.1", "it"),
        ("q=;;,,", "en"),
        ("pl-PL", "pl-PL"),
        ("x" * 10_000, "en"),
    ):
        page = await browser_like.get(f"{site.url}/consent/x", headers={"Accept-Language": header})
        assert page.headers["content-language"] == tag


async def test_a_link_dies_with_its_address(
    site: Site, trade: Trade, browser_like: httpx.AsyncClient, link: str, trial_id: TrialId, customer: OrganisationId
) -> None:
    """Whoever got the mail at an address that was wrong, and was corrected, can neither accept nor decline (CO-05, SF-09)."""
    await site.town.execute("update people set email = 'right@acme.example' where person_id = $1", admin(customer))
    assert (await browser_like.get(link)).status_code == HTTPStatus.FORBIDDEN
    for decision in ("accept", "decline"):
        await browser_like.post(link, data={"decision": decision})
    assert (await trade.trials.show(SERVICE, trial_id)).state is TrialState.PENDING_CONSENT
    renewed = trade.links.consent(trial_id, admin(customer), 2)
    await browser_like.post(renewed, data={"decision": "accept"})
    assert (await trade.trials.show(SERVICE, trial_id)).state is TrialState.AWAITING_DETAILS


async def errors_counted(http: httpx.AsyncClient, origin: str) -> float:
    """Requests that the metrics count as failed by an error of ours."""
    metrics = (await http.get(f"{origin}/metrics")).text
    return next(float(line.split()[1]) for line in metrics.splitlines() if line.startswith("tenure_web_errors_total"))


@pytest.mark.parametrize(
    ("error", "status"),
    [(Unavailable("The database does not answer."), 503), (RuntimeError("a fault"), 500)],
)
async def test_a_fault_tells_nothing(
    browser_like: httpx.AsyncClient,
    link: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    error: Exception,
    status: int,
) -> None:
    """Where something fails, the reader is told to come back, and neither page nor log holds what the link may do (SF-09)."""

    async def fail(*_: object) -> None:
        raise error

    for method in ("request", "accept"):
        monkeypatch.setattr(PostgresConsents, method, fail)
    caplog.set_level(logging.DEBUG)
    token = link.rpartition("/")[2]
    before = await errors_counted(browser_like, link.partition("/consent/")[0])
    for answer in (await browser_like.get(link), await browser_like.post(link, data=ACCEPT)):
        assert (answer.status_code, "try again later" in answer.text) == (status, True)
        assert token not in answer.text
        assert answer.headers["cache-control"] == "no-store"
        assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
    assert await errors_counted(browser_like, link.partition("/consent/")[0]) - before == (2 if status == 500 else 0)
    logged = [logging.Formatter().format(record) for record in caplog.records if record.name not in _OF_THE_CLIENT]
    assert str(error) in "".join(logged)
    assert token not in "".join(logged)


@pytest.mark.parametrize(("public_url", "told"), [("https://tenure.example", True), ("http://tenure.example", False)])
async def test_browsers_keep_to_tls(site: Site, public_url: str, told: bool) -> None:
    """Where the pages are reached by TLS, browsers are told to take no other way."""
    settings = site.application.settings.model_copy(update={"public_url": public_url})
    transport = httpx.ASGITransport(create_app(site.application.services, settings))
    async with httpx.AsyncClient(transport=transport, base_url=public_url) as http:
        answer = await http.get("/consent/x")
    assert ("strict-transport-security" in answer.headers) is told

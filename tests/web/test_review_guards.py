"""What guards the reviewer's pages: roles, forms from elsewhere, headers, hostile names, and forms that are incomplete or sent twice."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from html import escape
from uuid import uuid4

import httpx
import pytest

from tenure.contracts.credential import CredentialRole
from tenure.contracts.review import CaseState
from tenure.ids import RplCaseId
from tests.web.clientele import RITA, Clientele, hit
from tests.web.site import Site

HOSTILE = '</bdi><script>alert(1)</script> & "q" \''


@pytest.fixture
async def clientele(site: Site) -> Clientele:
    """A service provider with its customers."""
    return await Clientele.open(site)


@pytest.fixture
async def case_id(clientele: Clientele) -> RplCaseId:
    """A case that is open."""
    return await clientele.pending()


@asynccontextmanager
async def session(site: Site, token: str) -> AsyncIterator[httpx.AsyncClient]:
    """A client with a session, which sends what browsers send."""
    async with httpx.AsyncClient(base_url=site.url, headers={"Origin": site.url}) as http:
        await http.post("/console/sign-in", data={"token": token})
        yield http


@pytest.fixture
async def eva(site: Site) -> AsyncIterator[httpx.AsyncClient]:
    """A reviewer."""
    async with session(site, await site.token(CredentialRole.REVIEWER, name="eva")) as http:
        yield http


def form(decision: str = "approve", reason: str = "Somebody else") -> dict[str, str]:
    """A decision as the confirmation sends it."""
    return {"decision": decision, "reason": reason, "key": str(uuid4())}


async def test_a_reviewer_sees_the_reviews_alone(site: Site, eva: httpx.AsyncClient, case_id: RplCaseId) -> None:
    """The first page leads to the reviews; customers, trials and switches are refused, and not in the navigation (RPL-14)."""
    home = await eva.get("/console/", follow_redirects=True)
    assert home.url.path == "/console/reviews"
    assert "/console/wholesale" not in home.text
    organisation_id = (await site.application.services.reviews.show(RITA, case_id)).organisation_id
    for path in (
        "wholesale",
        f"wholesale/{organisation_id}",
        "trials",
        "devices",
        "calendar",
        "erasures",
        "breakers",
        "feeds",
        f"organisations/{organisation_id}",
        f"organisations/{organisation_id}/set-up",
    ):
        assert (await eva.get(f"/console/{path}")).status_code == 403, path
    assert (await eva.post("/console/launch")).status_code == 403


async def test_others_do_not_decide(site: Site, clientele: Clientele, case_id: RplCaseId) -> None:
    """An operator looks and finds no form; a partner and programs see nothing; nobody of them decides (RPL-14)."""
    tokens = {
        await site.token(CredentialRole.OPERATOR, name="ada"): 200,
        await clientele.token(): 403,
        await site.token(CredentialRole.SERVICE_PROVIDER, clientele.partner_id): 303,  # it cannot sign in
        await site.token(CredentialRole.LIST_KEEPER): 303,
        "tnr_none": 303,
    }
    before = await site.digest()
    for token, status in tokens.items():
        async with session(site, token) as http:
            for path in ("/console/reviews", f"/console/reviews/{case_id}"):
                page = await http.get(path)
                assert page.status_code == status
                assert "Continue" not in page.text
            for act in ("plan", "decide"):
                response = await http.post(f"/console/reviews/{case_id}/{act}", data=form())
                assert response.status_code in (403, 303)
    assert await site.digest() == before


async def test_a_form_from_elsewhere_decides_nothing(site: Site, eva: httpx.AsyncClient, case_id: RplCaseId) -> None:
    """A decision that the browser does not attest as our own page's is refused, whatever cookie it carries."""
    before = await site.digest()
    for sent in ({"Origin": "https://elsewhere.example"}, {"Sec-Fetch-Site": "cross-site"}, {"Origin": ""}):
        for act in ("plan", "decide"):
            response = await eva.post(f"/console/reviews/{case_id}/{act}", data=form(), headers=sent)
            assert response.status_code == 403
    assert await site.digest() == before


async def test_looking_and_planning_change_nothing(site: Site, eva: httpx.AsyncClient, case_id: RplCaseId) -> None:
    """Only the confirmation decides; the pages run nothing and cannot be framed."""
    before = await site.digest()
    pages = [
        await eva.get("/console/reviews"),
        await eva.get(f"/console/reviews/{case_id}"),
        await eva.post(f"/console/reviews/{case_id}/plan", data=form()),
    ]
    for page in pages:
        assert page.status_code == 200
        policy = page.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "script-src" not in policy
        assert page.headers["cache-control"] == "no-store"
        assert page.headers["referrer-policy"] == "strict-origin"
        assert "<script" not in page.text
        assert "style=" not in page.text
    assert await site.digest() == before


async def test_hostile_names_stay_text(site: Site, eva: httpx.AsyncClient, clientele: Clientele) -> None:
    """Names, addresses, programmes and reasons of anybody are text on every page, and nothing else."""
    hostile = hit(
        name=HOSTILE,
        listed_name=HOSTILE.upper(),
        primary_name=HOSTILE,
        entry_id=HOSTILE,
        programmes=(HOSTILE,),
        listed_address=HOSTILE,
        countries=(HOSTILE,),
        list_id=HOSTILE,
    )
    case_id = await clientele.pending(HOSTILE, hostile, external_id=HOSTILE)
    organisation_id = (await site.application.services.reviews.show(RITA, case_id)).organisation_id
    pages = [
        await eva.get("/console/reviews"),
        await eva.get(f"/console/reviews/{case_id}"),
        await eva.post(f"/console/reviews/{case_id}/plan", data=form(reason=HOSTILE)),
        await eva.post(f"/console/reviews/{case_id}/decide", data=form(reason=HOSTILE), follow_redirects=True),
    ]
    async with session(site, await site.token(CredentialRole.OPERATOR, name="ada")) as operator:
        pages += [await operator.get(f"/console/{path}") for path in ("wholesale", f"wholesale/{organisation_id}")]
    for page in pages:
        assert page.status_code == 200
        assert "alert(1)" in page.text
        assert "<script" not in page.text.lower()
        assert escape(HOSTILE) in page.text.replace("&#34;", "&quot;").replace("&#39;", "&#x27;")


WRONG: tuple[dict[str, str], ...] = (
    {"reason": ""},
    {"reason": "   "},
    {"reason": "x" * 201},
    {"decision": "maybe"},
    {"decision": ""},
)


async def test_a_decision_needs_its_reason(site: Site, eva: httpx.AsyncClient, case_id: RplCaseId) -> None:
    """Without a decision or a reason the form comes back as it was filled in, and says what is missing; sent directly it is refused."""
    before = await site.digest()
    for wrong in WRONG:
        page = await eva.post(f"/console/reviews/{case_id}/plan", data=form() | wrong)
        assert page.status_code == 422
        assert "Choose a decision and give a reason" in page.text
        assert (" checked" in page.text) == ("decision" not in wrong)
        assert (await eva.post(f"/console/reviews/{case_id}/decide", data=form() | wrong)).status_code == 422
    keyless = form()
    del keyless["key"]
    assert (await eva.post(f"/console/reviews/{case_id}/decide", data=keyless)).status_code == 422
    assert await site.digest() == before


async def test_a_double_click_decides_once(site: Site, eva: httpx.AsyncClient, case_id: RplCaseId) -> None:
    """The same confirmation sent many times at once is one decision, and each answer leads to it (RPL-15)."""
    sent = form("reject", "It is them")
    answers = await asyncio.gather(*(eva.post(f"/console/reviews/{case_id}/decide", data=sent) for _ in range(5)))
    assert {answer.status_code for answer in answers} == {303}
    assert (await site.application.services.reviews.show(RITA, case_id)).state is CaseState.REJECTED
    assert await site.town.value(int, "select count(*) from audit where action = 'review_closed'") == 1


async def test_who_agrees_with_the_first_is_told_so(
    site: Site, eva: httpx.AsyncClient, clientele: Clientele, case_id: RplCaseId
) -> None:
    """The same decision after somebody else's changes nothing, and the page says whose stands; the opposite is refused (RPL-15)."""
    async with session(site, await site.token(CredentialRole.REVIEWER, name="ned")) as ned:
        await ned.post(f"/console/reviews/{case_id}/decide", data=form("approve", "Ned's words"))
    for decision in ("approve", "reject"):
        for act in ("plan", "decide"):
            page = await eva.post(f"/console/reviews/{case_id}/{act}", data=form(decision))
            assert page.status_code == 409
            assert "ned was first" in page.text
            assert "Ned&#39;s words" in page.text
    assert (await site.application.services.reviews.show(RITA, case_id)).decided_by == "reviewer:ned"


async def test_there_is_no_such_case(eva: httpx.AsyncClient) -> None:
    """An id that is none, or of nothing, is not found; so is a page after one that is none."""
    for case in ("case_none", "none", "org_a"):
        assert (await eva.get(f"/console/reviews/{case}")).status_code == 404
        assert (await eva.post(f"/console/reviews/{case}/plan", data=form())).status_code == 404
        assert (await eva.post(f"/console/reviews/{case}/decide", data=form())).status_code == 404
    assert (await eva.get("/console/reviews?after=none&show=none")).status_code == 200


async def test_a_long_queue_has_pages(site: Site, eva: httpx.AsyncClient, clientele: Clientele) -> None:
    """Fifty cases a page, and every case on exactly one."""
    case_id = await clientele.pending()
    await site.town.execute(
        "insert into screenings (organisation_id, trigger, result, subject, lists, screened_at)"
        " select s.organisation_id, 'list_update', 'match', s.subject, s.lists, s.screened_at"
        "   from screenings s join rpl_cases c using (screening_id), generate_series(1, 60) where c.case_id = $1",
        case_id,
    )
    await site.town.execute(
        "insert into rpl_cases (case_id, organisation_id, partner_id, screening_id, trigger, generation, opened_at,"
        "                       deadline_at)"
        " select 'case_' || s.screening_id, s.organisation_id, c.partner_id, s.screening_id, s.trigger, 1, c.opened_at,"
        "        c.deadline_at"
        "   from screenings s join rpl_cases c using (organisation_id) where s.trigger = 'list_update' and c.case_id = $1",
        case_id,
    )
    seen: list[str] = []
    path: str | None = "/console/reviews?show=open"
    while path:
        page = (await eva.get(path)).text
        seen += [part.partition('"')[0] for part in page.split('href="/console/reviews/')[1:]]
        path = None
        if 'rel="next"' in page:
            path = "/console/reviews?" + page.rpartition('href="/console/reviews?')[2].partition('"')[0].replace(
                "&amp;", "&"
            )
    assert len(seen) == 61
    assert len(set(seen)) == 61

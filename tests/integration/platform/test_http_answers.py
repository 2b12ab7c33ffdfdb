"""What a vendor's answer is taken for: a refusal, gone, nonsense, or a time to come again (PV-04)."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response

from adapters.platform.http import ATTEMPTS, MAX_BYTES, HttpPlatform
from tenure.contracts.platform import Deed
from tenure.errors import PlatformRefused, Unavailable
from tests.integration.platform.conftest import TRIAL, order
from tests.integration.platform.vendor import Vendor, answers, problem

GOOD: dict[str, Any] = {"resource": "resource-1", "phone_numbers": ["+99955001000"]}

REFUSALS = [
    (problem(422, code="no_capacity", title="Ada Lovelace has too many"), "no_capacity"),
    (problem(422, type="https://vendor.example/problems/no-capacity"), "no-capacity"),
    (problem(400, type="urn:problem:No_Capacity"), "no_capacity"),
    (problem(403, type="about:blank"), "http_403"),
    (problem(422, code="ada@bakery.example", type="https://vendor.example/people/ada@bakery.example"), "http_422"),
    (problem(422, code="+4930123456", detail="+4930123456"), "http_422"),
    (problem(422, code="x" * 65), "http_422"),
    (problem(422, code=17), "http_422"),
    (Response("no json", 422, media_type="application/problem+json"), "http_422"),
    (JSONResponse({"code": "no_capacity"}, 401), "http_401"),
    (PlainTextResponse("Not Found", 404), "http_404"),
    (problem(410, code="gone"), "gone"),
]


@pytest.mark.parametrize(("refusal", "code"), REFUSALS)
async def test_a_refusal_has_a_code_and_nothing_else(
    http: HttpPlatform, vendor: Vendor, refusal: Response, code: str
) -> None:
    """Asked once; the code is the vendor's where it has the form of one, and no word else is passed on (PV-04, XC-05)."""
    vendor.fail(answers(refusal))
    with pytest.raises(PlatformRefused) as refused:
        await http.build(order())
    assert refused.value.code == code
    assert str(refused.value) == f"The platform refuses: {code}."
    assert len(vendor.requests) == 1


@pytest.mark.parametrize("answer", [problem(404, code="unknown"), problem(410), Response(status_code=204)])
async def test_what_is_gone_is_torn_down(http: HttpPlatform, vendor: Vendor, answer: Response) -> None:
    """A vendor that knows nothing of it, any more or ever, has nothing to tear down (PV-04)."""
    vendor.fail(answers(answer), answers(answer))
    assert (await http.tear_down(order(Deed.TEAR_DOWN, resource="resource-7"))).resource == "resource-7"
    assert (await http.tear_down(order(Deed.TEAR_DOWN))).resource == order().place


async def test_a_wrong_address_tears_nothing_down(http: HttpPlatform, vendor: Vendor) -> None:
    """A 404 that is no problem of the vendor's comes from somebody on the way: what stands is not thought gone (PV-04)."""
    await http.build(order())
    vendor.fail(answers(JSONResponse({"detail": "Not Found"}, 404)))
    with pytest.raises(PlatformRefused, match="http_404"):
        await http.tear_down(order(Deed.TEAR_DOWN))


NONSENSE = [
    PlainTextResponse("<html>Welcome, Ada!"),
    Response(b"\xff\xfe\x00"),
    Response(b""),
    JSONResponse([]),
    JSONResponse({"resource": ""}),
    JSONResponse({"resource": "a\x00b"}),
    JSONResponse({**GOOD, "phone_numbers": ["112"]}),
    JSONResponse({**GOOD, "phone_numbers": GOOD["phone_numbers"] * 2}),
    Response(b'{"resource":"r","more":' + b"[" * (MAX_BYTES // 2)),
    JSONResponse({**GOOD, "more": "x" * MAX_BYTES}),
    JSONResponse(GOOD, headers={"Content-Encoding": "br"}, status_code=202),
    RedirectResponse("/base/v1/services/elsewhere", 307),
    problem(301),
    Response(status_code=204),
]


@pytest.mark.parametrize("answer", NONSENSE)
async def test_nonsense_is_no_answer(http: HttpPlatform, vendor: Vendor, answer: Response) -> None:
    """Garbage, too much, a redirect: nobody knows what was done, so it is asked again, with the same key (PV-04)."""
    vendor.fail(answers(answer, carried_out=True))
    built = await http.build(order())
    assert vendor.standing == [built.resource]
    vendor.fail(*[answers(answer)] * ATTEMPTS)
    with pytest.raises(Unavailable) as unavailable:
        await http.build(order())
    assert "Ada" not in str(unavailable.value)
    assert unavailable.value.__cause__ is None
    assert set(vendor.keys) == {order().key}
    assert {request.url.path for request in vendor.requests} == {f"/base/v1/services/{TRIAL}/calling/1"}


RESTS = [
    ({"Retry-After": "7"}, ATTEMPTS, 7),
    ({"Retry-After": "60"}, 1, 60),
    ({"Retry-After": "999999999"}, 1, 3600),
    ({"Retry-After": "9" * 5000}, ATTEMPTS, None),
    ({"Retry-After": "Fri, 01 Mar 2024 12:00:00 GMT"}, ATTEMPTS, 0),
    ({"Retry-After": "Fri, 01 Mar 2024 12:00:00 +99999999999999"}, ATTEMPTS, None),
    ({"Retry-After": "Fri, 31 Dec 9999 23:59:59 -2300"}, 1, 3600),
    ({"Retry-After": "soon"}, ATTEMPTS, None),
    ({"Retry-After": "-1"}, ATTEMPTS, None),
    ({}, ATTEMPTS, None),
]


@pytest.mark.parametrize(("headers", "attempts", "seconds"), RESTS)
async def test_the_platform_says_when_to_come_again(
    http: HttpPlatform, vendor: Vendor, headers: dict[str, str], attempts: int, seconds: int | None
) -> None:
    """A short rest is waited for, a long one is handed on to the workflow, an absurd one is an hour (PV-04)."""
    vendor.fail(*[answers(Response(status_code=429, headers=headers))] * ATTEMPTS)
    with pytest.raises(Unavailable) as unavailable:
        await http.build(order())
    assert len(vendor.requests) == attempts
    assert unavailable.value.retry_after == (None if seconds is None else timedelta(seconds=seconds))


async def test_the_platform_may_say_it_by_a_date(http: HttpPlatform, vendor: Vendor) -> None:
    """A date counts from the answer's own: whose clock is wrong does not matter (PV-04)."""
    later = format_datetime(datetime.now(UTC) + timedelta(minutes=2), usegmt=True)
    vendor.fail(answers(Response(status_code=503, headers={"Retry-After": later})))
    with pytest.raises(Unavailable) as unavailable:
        await http.build(order())
    assert unavailable.value.retry_after is not None
    assert abs(unavailable.value.retry_after - timedelta(minutes=2)) < timedelta(seconds=5)

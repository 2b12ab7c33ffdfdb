"""The HTTP adapter against a vendor that fails, hangs, forgets, answers late and answers nonsense (PV-04)."""

import asyncio
import json
from datetime import timedelta

import pytest
from pydantic import SecretStr
from stamina.instrumentation import RetryDetails, set_on_retry_hooks
from starlette.responses import Response

from adapters.platform import http as module
from adapters.platform.http import ATTEMPTS, HttpPlatform
from tenure.contracts.platform import Deed
from tenure.contracts.trial import Site
from tenure.errors import Misconfigured, PlatformRefused, Unavailable
from tests.integration.platform.conftest import ORGANISATION, TRIAL, order
from tests.integration.platform.vendor import (
    TOKEN,
    Dripping,
    Fault,
    Vendor,
    answers,
    loses_the_answer,
    problem,
)
from workers.stack.ports import free_port


async def test_the_request_says_what_is_needed(http: HttpPlatform, vendor: Vendor) -> None:
    """Place in the path, key and token in headers, and a body without what is empty (PV-04)."""
    site = Site(url="bakery.meetings.example", time_zone="Europe/Berlin")
    wanted = order().model_copy(update={"region": "eu", "seats": 25, "site": site})
    built = await http.build(wanted)
    await http.tear_down(order(Deed.TEAR_DOWN, resource=built.resource))
    build, tear_down = vendor.requests
    assert (build.method, build.url.path) == ("PUT", f"/base/v1/services/{TRIAL}/calling/1")
    assert (tear_down.method, tear_down.url.path) == ("DELETE", f"/base/v1/services/{TRIAL}/calling/1")
    assert dict(tear_down.query_params) == {"resource": built.resource}
    assert list(vendor.keys) == [f"{TRIAL}/calling/1/build", f"{TRIAL}/calling/1/tear_down"]
    assert json.loads(vendor.bodies[0]) == {
        "trial_id": TRIAL,
        "organisation_id": ORGANISATION,
        "service": "calling",
        "region": "eu",
        "seats": 25,
        "site": {"url": "bakery.meetings.example", "time_zone": "Europe/Berlin"},
        "phone_numbers": 2,
    }
    assert vendor.bodies[1] == b""


PASSING = [answers(Response(status_code=status)) for status in (500, 502, 503, 408, 409, 425, 429)]


@pytest.mark.parametrize("fault", [*PASSING, loses_the_answer, answers(problem(503, code="busy"))])
@pytest.mark.parametrize("times", range(1, ATTEMPTS + 1))
async def test_what_passes_is_asked_again(http: HttpPlatform, vendor: Vendor, fault: Fault, times: int) -> None:
    """Errors of the server, haste and lost answers: the same key again, a few times; then the workflow comes again (PV-04)."""
    vendor.fail(*[fault] * times)
    if times == ATTEMPTS:
        with pytest.raises(Unavailable):
            await http.build(order())
        assert len(vendor.requests) == ATTEMPTS
    built = await http.build(order())
    assert set(vendor.keys) == {order().key}
    assert vendor.standing == [built.resource]
    assert len(built.phone_numbers) == 2


async def test_a_lost_answer_to_a_tear_down(http: HttpPlatform, vendor: Vendor) -> None:
    """It was torn down, and nobody heard of it: the next attempt hears (PV-04)."""
    built = await http.build(order())
    vendor.fail(loses_the_answer)
    assert await http.tear_down(order(Deed.TEAR_DOWN)) == built
    assert vendor.standing == []


async def test_an_answer_that_comes_too_late(http: HttpPlatform, vendor: Vendor) -> None:
    """Each attempt ends in its time; those that are carried out after it, and the next order, build one resource (PV-04)."""
    vendor.fail(*[vendor.comes_late] * ATTEMPTS)
    with pytest.raises(Unavailable, match="too long"):
        await http.build(order())
    assert vendor.standing == []
    vendor.released.set()
    await vendor.late.wait()
    built = await http.build(order())
    assert vendor.standing == [built.resource]
    assert set(vendor.keys) == {order().key}


async def test_a_build_that_comes_after_its_tear_down(http: HttpPlatform, vendor: Vendor) -> None:
    """The vendor was slow, the trial was cancelled meanwhile: in the end nothing stands (PV-04, TC-10)."""
    vendor.fail(*[vendor.comes_late] * ATTEMPTS)
    with pytest.raises(Unavailable):
        await http.build(order())
    assert (await http.tear_down(order(Deed.TEAR_DOWN))).resource == order().place
    vendor.released.set()
    await vendor.late.wait()
    assert vendor.standing == []


async def test_an_answer_that_never_ends(http: HttpPlatform, vendor: Vendor) -> None:
    """However busily it drips, an answer as a whole has its time (PV-04)."""
    drips = [Dripping(until=vendor.released) for _ in range(ATTEMPTS)]
    vendor.fail(*map(answers, drips))
    with pytest.raises(Unavailable, match="too long"):
        await http.build(order())


async def test_an_order_as_a_whole_has_its_time(
    http: HttpPlatform, vendor: Vendor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All attempts together end before the workflow gives this one up (PV-04)."""
    monkeypatch.setattr(module, "WHOLE", timedelta(seconds=0.1))
    vendor.fail(*[vendor.comes_late] * ATTEMPTS)
    with pytest.raises(Unavailable, match="too long"):
        await http.build(order())
    assert len(vendor.requests) == 1


async def test_nobody_listens(at_once: None) -> None:
    """A vendor that is away is tried again later; what is said of it names no request (PV-04)."""
    async with HttpPlatform(f"http://127.0.0.1:{free_port()}", SecretStr(TOKEN), timedelta(seconds=1)) as platform:
        with pytest.raises(Unavailable, match=r"^The platform cannot be reached \(ConnectError\)\.$"):
            await platform.build(order())


async def test_a_retry_says_nothing_of_the_order(http: HttpPlatform, vendor: Vendor) -> None:
    """What is logged of a retry holds neither the order nor the token (TL-01)."""
    retries: list[RetryDetails] = []

    def keep(details: RetryDetails) -> None:
        retries.append(details)

    set_on_retry_hooks([keep])
    try:
        vendor.fail(answers(Response(status_code=500)))
        await http.build(order())
    finally:
        set_on_retry_hooks(None)
    assert [(retry.args, retry.kwargs) for retry in retries] == [((), {})]


async def test_many_orders_at_once(http: HttpPlatform, vendor: Vendor) -> None:
    """Orders side by side do not mix, and one that is refused takes no other with it (PV-04)."""
    vendor.fail(answers(problem(422, code="no_capacity")))
    orders = [order(turn=turn) for turn in range(1, 21)]
    results = await asyncio.gather(*map(http.build, orders), return_exceptions=True)
    assert sum(isinstance(result, PlatformRefused) for result in results) == 1
    for one, result in zip(orders, results, strict=True):
        if not isinstance(result, BaseException):
            assert vendor.places[one.place].name == result.resource


@pytest.mark.parametrize(
    "url",
    [
        "http://platform.example",
        "http://127.0.0.1.example:8080",
        "ftp://platform.example",
        "platform.example",
        "https://user:secret@platform.example",
        "https://platform.example/?token=secret",
        "https://platform.example/#secret",
        "https://:443",
        "https://[",
        "https://platform.example:port",
        "https://platform\x00.example",
        "",
    ],
)
def test_an_address_that_would_give_the_token_away(url: str) -> None:
    """Only https leaves this machine, and no secret stands in an address; what was set is not repeated."""
    with pytest.raises(Misconfigured, match="TENURE_PLATFORM_URL") as misconfigured:
        HttpPlatform(url, SecretStr(TOKEN), timedelta(seconds=1))
    assert "secret" not in str(misconfigured.value)


@pytest.mark.parametrize(
    "url", ["https://platform.example", "http://localhost:1", "http://[::1]:1", "http://127.0.0.1"]
)
async def test_an_address_that_will_do(url: str) -> None:
    """Encrypted anywhere, or to this machine; the connections are closed in the end."""
    async with HttpPlatform(url, None, timedelta(seconds=1)) as platform:
        assert "authorization" not in platform._http.headers
    assert platform._http.is_closed

"""The check that a vendor can run against its own API: it passes what is right, and finds each thing that is not."""

import json
from datetime import timedelta

import pytest
from pydantic import SecretStr
from starlette.responses import JSONResponse, Response

from adapters.platform.conformance import check
from adapters.platform.http import HttpPlatform
from tenure.errors import Misconfigured
from tenure.settings import ServerSettings
from tests.integration.platform.vendor import TOKEN, Vendor, problem
from workers.programs import check_platform


async def wrong(http: HttpPlatform) -> list[str]:
    """What the check finds, by what was asked."""
    return [finding.asked for finding in [each async for each in check(http, "1")] if finding.wrong is not None]


async def test_who_keeps_to_the_document_passes(http: HttpPlatform, vendor: Vendor) -> None:
    """Nothing is found, and nothing is left standing (PV-04, PRV-04)."""
    findings = [each async for each in check(http, "1")]
    assert [each.wrong for each in findings] == [None] * len(findings)
    assert vendor.standing == []


class Forgetful(Vendor):
    """Builds again what it is asked for again."""

    def _build(self, place: str, body: bytes) -> Response:
        self.places.pop(place, None)
        numbers = [
            f"+99977{len(self.requests):07}{number}" for number in range(json.loads(body).get("phone_numbers", 0))
        ]
        return JSONResponse({"resource": f"r-{len(self.requests)}", "phone_numbers": numbers})


class Stingy(Vendor):
    """Gives a number too few."""

    def _build(self, place: str, body: bytes) -> Response:
        answer = json.loads(bytes(super()._build(place, body).body))
        return JSONResponse(answer | {"phone_numbers": answer["phone_numbers"][:1]})


class Strict(Vendor):
    """Finds nothing to tear down where nothing is, and says so without a problem."""

    def _tear_down(self, place: str) -> Response:
        known = self.places.get(place)
        if known is None or not known.stands:
            return Response(status_code=404)
        return super()._tear_down(place)


class Closed(Vendor):
    """Refuses everything."""

    def _build(self, place: str, body: bytes) -> Response:
        return problem(403, code="not_yet")


@pytest.mark.parametrize(
    ("kind", "found"),
    [
        (Forgetful, ["The same build again", "A build that comes after", "The build that it has", "An account has"]),
        (Stingy, ["A build is answered"]),
        (
            Strict,
            ["A tear-down, again", "A tear-down of what was never built", "The build that it has", "An account is"],
        ),
        (
            Closed,
            ["A build is answered", "The same build", "The next turn", "A build that", "The build that", "An account"],
        ),
    ],
)
async def test_what_is_wrong_is_found(at_once: None, kind: type[Vendor], found: list[str]) -> None:
    """Each vendor that breaks a rule of the document is told which (PV-04)."""
    async with kind.open() as vendor, HttpPlatform(vendor.url, SecretStr(TOKEN), timedelta(seconds=2)) as http:
        asked = await wrong(http)
    assert len(asked) == len(found)
    assert all(sentence.startswith(begin) for sentence, begin in zip(asked, found, strict=True)), asked


@pytest.mark.parametrize(("kind", "code"), [(Vendor, 0), (Stingy, 1)])
async def test_it_is_a_program(kind: type[Vendor], code: int) -> None:
    """Its exit code says whether all is well, a line each of what was asked says what is not (PV-04)."""
    lines: list[str] = []
    async with kind.open() as vendor:
        settings = ServerSettings(platform_url=vendor.url, platform_token=SecretStr(TOKEN))
        assert await check_platform(settings, lines.append) == code
    assert [line.split()[0] for line in lines] == ["WRONG" if code else "ok", *["ok"] * 8]
    assert lines[0].endswith("there are 1 numbers." if code else "a name and 2 numbers.")


async def test_without_a_platform_nothing_is_checked() -> None:
    """The record of Tenure's own database needs no check: a sentence says what to set."""
    with pytest.raises(Misconfigured, match="TENURE_PLATFORM_URL"):
        await check_platform(ServerSettings(), print)

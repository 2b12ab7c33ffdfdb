"""Ids of licence sets whose organisation was erased: a grace has one process, and never another (P11)."""

import pytest

from adapters.postgres.imports import PostgresImports
from tenure.contracts.licence import GrantLicences, LicenceKind, LicenceSet
from tenure.errors import Refusal, RefusalCode
from tenure.ids import OrganisationId
from tenure.portfolio import JSON_LINES
from tests.integration.deletion.town import OPERATOR, SERVICE, Town
from tests.integration.facts.desk import Desk
from tests.integration.facts.portfolios import licences as licences_row
from tests.integration.facts.portfolios import lines, organisation


@pytest.fixture
async def erased(town: Town, desk: Desk) -> LicenceSet:
    """A set that rested when its organisation deleted itself, and went with it."""
    suspended = await desk.suspended(await town.organisation())
    await town.delete_now(suspended.organisation_id)
    assert (await town.clear(suspended.organisation_id)).cleared
    await town.erase(suspended.organisation_id)
    assert await town.fetch("select from licence_sets") == []
    return suspended


async def test_known_id_is_not_granted(town: Town, desk: Desk, erased: LicenceSet) -> None:
    """The id is refused elsewhere, where its grace would have no process and never end (P11, RP-05)."""
    command = GrantLicences(
        licence_set_id=erased.licence_set_id,
        organisation_id=await town.organisation(),
        kind=LicenceKind.SUBSCRIPTION,
    )
    before = await desk.everything()
    with pytest.raises(Refusal) as refused:
        await town.licences.grant(SERVICE, command)
    assert refused.value.code is RefusalCode.LICENCE_SET_EXISTS
    assert await desk.everything() == before


@pytest.mark.parametrize("state", ["active", "suspended"])
async def test_known_id_is_not_imported(
    town: Town, desk: Desk, imports: PostgresImports, erased: LicenceSet, state: str
) -> None:
    """The row of a base that names it is refused, and with it the file (P11, WH-07)."""
    expired_at = (await town.now()).isoformat()
    row = licences_row(erased.licence_set_id.removeprefix("lic_"), "a", state, expired_at)
    before = await desk.everything()
    report = await imports.store(OPERATOR, lines(organisation("a"), row), JSON_LINES)
    assert [(error.line, error.code) for error in report.errors] == [(2, "licence_set_exists")]
    assert await desk.everything() == before
    assert not await town.fetch("select from organisations where organisation_id = $1", OrganisationId("org_a"))

"""Guards behind guards: what holds although another part would mostly do."""

import asyncio

import pytest

from tenure.contracts.erasure import IssueReceipt, Store
from tenure.contracts.organisation import OrganisationState
from tenure.receipt import Chain
from tests.integration.deletion.test_eraser import at
from tests.integration.deletion.town import Town

AT_ONCE = 8


async def open_notices(town: Town) -> int:
    """Notices that somebody would still send."""
    return await town.value(int, "select count(*) from notices where state = 'queued'")


@pytest.mark.parametrize("how", ["reset", "purchase"])
async def test_a_void_warning_leaves_nothing_to_send(town: Town, how: str) -> None:
    """Its queued notices are dropped in the transaction that voids it, before anybody tries one (AC-03, DP-04, TL-01)."""
    organisation = await town.organisation(admins=3)
    await town.mark(organisation)
    await town.advance(town.rules.silence)
    await town.warn(organisation)
    assert await open_notices(town) == 3
    if how == "reset":
        await town.sign_in(organisation)
        assert (await town.assess(organisation)).state is OrganisationState.MARKED
    else:
        await town.buy(organisation)
    assert await open_notices(town) == 0
    [promise] = await town.fetch("select void_at from promises")
    assert promise["void_at"] is not None


async def test_receipts_that_are_issued_at_once_form_one_chain(town: Town) -> None:
    """Each waits for the one before it: no number is missing or given twice, and no issue fails (SF-07, XC-06)."""
    organisations = [await town.purging() for _ in range(AT_ONCE)]
    for organisation in organisations:
        for store in Store:
            await town.eraser.erase(at(organisation, store))
    issues = [IssueReceipt(organisation_id=organisation, generation=1) for organisation in organisations]
    receipts = sorted(
        await asyncio.gather(*(town.eraser.issue_receipt(issue) for issue in issues)),
        key=lambda receipt: receipt.sequence,
    )
    assert [receipt.sequence for receipt in receipts] == list(range(1, AT_ONCE + 1))
    followed = Chain()
    assert [followed.follow(receipt) for receipt in receipts] == [[]] * AT_ONCE

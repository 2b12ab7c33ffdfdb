"""Destruction on a real Postgres: every store, read back, resumed forward, with a receipt at the end (SF-07, XC-07)."""

import json

import pytest

from tenure.contracts.activity import ActivityKind
from tenure.contracts.erasure import EraseStore, ErasureState, IssueReceipt, Receipt, Store
from tenure.contracts.organisation import OrganisationState
from tenure.errors import Refusal, RefusalCode, Unavailable
from tenure.ids import OrganisationId
from tenure.receipt import Chain, faults
from tests.integration.deletion.town import OPERATOR, Town

CONTENT = ("messages", "files", "recordings", "numbers", "mappings")


async def furnished(town: Town) -> OrganisationId:
    """An organisation with something in every store, and somebody who has left it."""
    organisation = await town.organisation(admins=3)
    await town.execute(
        "insert into content (organisation_id, store, item_id)"
        " select $1, store, store || number from unnest($2::text[]) as store cross join generate_series(1, 4) as number",
        organisation,
        list(CONTENT),
    )
    await town.licence_set(organisation, "removed")
    await town.sign_in(organisation)
    return organisation


async def purging(town: Town) -> tuple[OrganisationId, OrganisationId]:
    """A furnished organisation whose purge has begun, and another that somebody moved to."""
    organisation = await furnished(town)
    await town.mark(organisation)
    other = await town.organisation()
    await town.execute("update people set origin_organisation_id = $1 where organisation_id = $2", organisation, other)
    partner = await town.partner()
    await town.execute(
        "insert into managements values ($1, $2, 'full', business_now()), ($1, $3, 'full', business_now())",
        partner,
        organisation,
        other,
    )
    await town.request_trial(organisation, await town.now())
    town.shelf.histories |= {f"deletion/{organisation}/1", f"erasure/{organisation}/1", f"deletion/{other}/1"}
    await town.purging(organisation)
    return organisation, other


def at(organisation: OrganisationId, store: Store) -> EraseStore:
    return EraseStore(organisation_id=organisation, generation=1, store=store)


async def test_every_store_is_purged_and_read_back(town: Town) -> None:
    """People, content, licences, numbers, mappings, requests, queued mail and histories: all of it, counted (XC-07)."""
    organisation, other = await purging(town)
    expected = {Store(name): 4 for name in CONTENT} | {
        Store.MAIL_QUEUE: 3,
        Store.TRIAL_REQUESTS: 1,
        Store.PEOPLE: 3,
        Store.LICENCES: 1,
        Store.ACTIVITY: 1,
        Store.HISTORIES: 1,  # its own goes with the retention of Temporal
        Store.PROFILE: 3,  # name, promise, who managed it
    }
    for store in Store:
        result = await town.eraser.erase(at(organisation, store))
        assert (result.removed, result.remaining) == (expected[store], 0), store
        assert result.remains is not None
        assert ("backups" in result.remains) == (store is not Store.HISTORIES)
    assert town.shelf.histories == {f"erasure/{organisation}/1", f"deletion/{other}/1"}


async def test_what_is_not_its_own_stays(town: Town) -> None:
    """Whoever was moved out stays, without the trace of where they came from; so does all of everybody else (XC-07)."""
    bystander = await furnished_under_another_name(town)
    organisation, other = await purging(town)
    await town.erase(organisation)
    people = await town.fetch("select organisation_id, origin_organisation_id from people order by organisation_id")
    assert [tuple(row) for row in people] == [(bystander, None), (other, None)]
    assert len(await town.fetch("select from content where organisation_id = $1", bystander)) == 1
    assert len(await town.fetch("select from managements where organisation_id = $1", other)) == 1
    assert (await town.evidence(bystander)).last_activity_at is not None


async def furnished_under_another_name(town: Town) -> OrganisationId:
    bystander = await town.organisation()
    await town.execute("insert into content (organisation_id, store, item_id) values ($1, 'files', 'one')", bystander)
    await town.sign_in(bystander)
    return bystander


async def test_the_receipt_leaves_a_tombstone(town: Town) -> None:
    """An id that is never used again, and no personal data anywhere but in backups (SF-07, DM-09, XC-04)."""
    organisation, _ = await purging(town)
    receipt = await town.erase(organisation)
    [row] = await town.fetch("select * from organisations where organisation_id = $1", organisation)
    assert (row["state"], row["name"], row["country"]) == ("deleted", None, None)
    assert (await town.erasure_of(organisation)).state is ErasureState.ERASED
    assert set((await town.processes(organisation)).values()) == {"closed"}
    assert await town.fetch("select from managements where organisation_id = $1", organisation) == []
    left = await town.fetch(
        "select (select string_agg(t::text, ' ') from organisations t where organisation_id = $1) || ' ' ||"
        " (select string_agg(t::text, ' ') from activity t where organisation_id = $1) || ' ' ||"
        " (select string_agg(t::text, ' ') from erasures t) || ' ' || (select string_agg(t::text, ' ') from audit t) ||"
        " ' ' || (select string_agg(t::text, ' ') from processes t) || ' ' ||"
        " (select string_agg(t::text, ' ') from countdowns t) as words",
        organisation,
    )
    for words in (left[0]["words"], receipt.document):
        for personal in ("Ada", "Name of", ".example", "per_"):
            assert personal not in words
    assert (await town.sign_in(organisation)).deleted == 1


async def test_a_partners_own_organisation_takes_its_name_and_tokens_along(town: Town) -> None:
    """A deleted partner's credentials are worth nothing (DM-08, P14)."""
    own = await town.organisation()
    partner = await town.partner(own)
    await town.execute(
        "insert into api_tokens (token_hash, name, role, partner_id) values ('hash', 'console', 'partner', $1)", partner
    )
    await town.purging(own)
    await town.erase(own)
    [row] = await town.fetch(
        "select p.name, t.revoked_at is not null as revoked from partners p join api_tokens t using (partner_id)"
    )
    assert tuple(row) == (partner, True)


async def test_the_receipt_says_what_was_deleted_and_on_what_evidence(town: Town) -> None:
    """Evidence, notices, rules, each store's result, what remains and until when; it verifies offline (SF-07)."""
    organisation, _ = await purging(town)
    receipt = await town.erase(organisation)
    assert faults(receipt) == []
    document = json.loads(receipt.document)
    assert (document["organisation_id"], document["generation"], document["cause"]) == (organisation, 1, "unused")
    assert document["fenced_at"] < document["quarantine_until"] < document["erased_at"]
    assert [store["store"] for store in document["stores"]] == [store.value for store in Store]
    assert {store["remaining"] for store in document["stores"]} == {0}
    evidence = document["evidence"]
    assert evidence["last_activity"]["kind"] == ActivityKind.APP_SIGN_IN
    assert evidence["notices"][0]["server_answer"].startswith("250 ")
    assert evidence["rules_version"] == town.rules.version
    assert await town.erasures.receipt(organisation) == receipt


async def test_repeating_any_step_says_the_same(town: Town) -> None:
    """A step whose answer got lost finds nothing left, and still says what was removed (P10, XC-07)."""
    organisation, _ = await purging(town)
    first = [await town.eraser.erase(at(organisation, store)) for store in Store]
    again = [await town.eraser.erase(at(organisation, store)) for store in Store]
    assert again == first
    issue = IssueReceipt(organisation_id=organisation, generation=1)
    receipt = await town.eraser.issue_receipt(issue)
    assert await town.eraser.issue_receipt(issue) == receipt
    assert [await town.eraser.erase(at(organisation, store)) for store in Store] == first
    assert len(await town.fetch("select from receipts")) == 1
    assert [store["removed"] for store in json.loads(receipt.document)["stores"]] == [one.removed for one in first]


async def test_what_comes_into_a_store_after_its_purge_goes_too(town: Town) -> None:
    """The receipt's own transaction purges and reads back once more: what it says is true at its end (SF-07)."""
    organisation, _ = await purging(town)
    for store in Store:
        await town.eraser.erase(at(organisation, store))
    await town.execute(
        "insert into content (organisation_id, store, item_id) values ($1, 'messages', 'late')", organisation
    )
    receipt = await town.eraser.issue_receipt(IssueReceipt(organisation_id=organisation, generation=1))
    stores = {store["store"]: store for store in json.loads(receipt.document)["stores"]}
    assert stores["messages"]["removed"] == 5
    assert await town.fetch("select from content") == []


async def test_no_receipt_while_a_store_is_not_empty(town: Town) -> None:
    """A history that Temporal has not let go of yet is tried again; nothing is called deleted before it is (SF-07)."""
    organisation, _ = await purging(town)
    town.shelf.stuck = {f"deletion/{organisation}/1"}
    issue = IssueReceipt(organisation_id=organisation, generation=1)
    with pytest.raises(Unavailable, match="histories"):
        await town.eraser.issue_receipt(issue)
    for store in Store:
        result = await town.eraser.erase(at(organisation, store))
        assert result.remaining == (1 if store is Store.HISTORIES else 0)
    with pytest.raises(Unavailable, match="histories"):
        await town.eraser.issue_receipt(issue)
    assert await town.state(organisation) is OrganisationState.ERASING
    town.shelf.stuck = set()
    assert (await town.eraser.erase(at(organisation, Store.HISTORIES))).removed == 1
    await town.eraser.issue_receipt(issue)


@pytest.mark.parametrize("stage", ["live", "quarantine", "aborted"])
@pytest.mark.parametrize("store", [Store.PEOPLE, Store.HISTORIES])
async def test_nothing_is_purged_before_its_time(town: Town, stage: str, store: Store) -> None:
    """Only what is purging is purged: not a live one, not one in quarantine, not one that came back (SF-11, SF-12)."""
    organisation = await town.organisation()
    town.shelf.histories = {f"deletion/{organisation}/1"}
    if stage != "live":
        await town.fenced(organisation)
    if stage == "aborted":
        await town.abort(organisation)
    code = RefusalCode.ERASURE_NOT_FOUND if stage == "live" else RefusalCode.WRONG_STATE
    for call in (
        town.eraser.erase(at(organisation, store)),
        town.eraser.issue_receipt(IssueReceipt(organisation_id=organisation, generation=1)),
    ):
        with pytest.raises(Refusal) as refused:
            await call
        assert refused.value.code is code
    assert len(await town.fetch("select from people")) == 1
    assert town.shelf.histories


async def chain(town: Town) -> list[Receipt]:
    return [receipt async for receipt in town.erasures.receipts()]


async def test_receipts_form_one_chain(town: Town) -> None:
    """In the order in which they were issued, one after the other; a changed one is found offline (SF-07)."""
    for _ in range(3):
        await town.erase(await town.purging())
    receipts = await chain(town)
    followed = Chain()
    assert [followed.follow(receipt) for receipt in receipts] == [[], [], []]
    assert [receipt.sequence for receipt in receipts] == [1, 2, 3]

    forged = receipts[1].model_copy(update={"document": receipts[1].document.replace("unused", "own_request")})
    assert faults(forged) == ["the hash is not the document's"]


async def test_a_receipt_of_nobody_is_refused(town: Town) -> None:
    """A quarantined organisation has none yet (XC-05)."""
    organisation = await town.fenced()
    with pytest.raises(Refusal) as refused:
        await town.erasures.receipt(organisation)
    assert refused.value.code is RefusalCode.RECEIPT_NOT_FOUND
    assert [erasure.state for erasure in await town.erasures.all(OPERATOR)] == [ErasureState.QUARANTINE]


async def test_an_own_request_is_purged_at_once(town: Town) -> None:
    """All content, at its own request, with the same receipt; no countdown was needed (DM-11, DM-12)."""
    organisation = await furnished(town)
    await town.delete_now(organisation)
    assert (await town.clear(organisation)).cleared
    document = json.loads((await town.erase(organisation)).document)
    assert document["cause"] == "own_request"
    assert document["evidence"]["notices"] == []
    assert await town.state(organisation) is OrganisationState.DELETED

"""Who can be reached is warned before anything is erased: refusals, corrected addresses, and admins who come late."""

import pytest

from adapters.postgres.imports import PostgresImports
from tenure.contracts.deletion import Reason, Verdict
from tenure.contracts.notice import NoticeState
from tenure.contracts.organisation import OrganisationState
from tenure.ids import OrganisationId
from tenure.policy.catalogue import shipped
from tests.deliveries import speaks_of
from tests.integration.deletion.town import DAY, DOMAIN, HOUR, OPERATOR, Town, admin
from tests.integration.facts.portfolios import person, store

MONTH = 30 * DAY
UNKNOWN = "550 5.1.1 no such user"


async def warning(town: Town, *, admins: int = 1) -> tuple[OrganisationId, tuple[str, ...]]:
    """An organisation that has just been warned, and its queued notices."""
    organisation = await town.organisation(admins=admins)
    await town.mark(organisation)
    await town.advance(MONTH)
    return organisation, (await town.warn(organisation)).notices


async def refuse(town: Town, notice: str) -> NoticeState:
    """An attempt that the mail server refuses now."""
    assert await town.notices.next_attempt(notice) is not None
    return (await town.notices.refused(notice, UNKNOWN)).state


async def refuse_for_good(town: Town, notice: str) -> None:
    """As many refusals as it takes, a day apart."""
    while await refuse(town, notice) is NoticeState.QUEUED:
        await town.advance(DAY)


async def add_admin(town: Town, organisation: OrganisationId) -> None:
    """Somebody becomes full admin, by an import."""
    row = person("late", organisation.removeprefix("org_"))
    assert not (await store(PostgresImports(town.database, town.rules, shipped()), row)).errors


async def test_an_admin_who_comes_after_the_warning_is_warned(town: Town) -> None:
    """There was nobody to tell; now there is, and the notice period is theirs in full (SF-02, DM-05, P1)."""
    organisation, notices = await warning(town, admins=0)
    assert notices == ()
    await town.advance(HOUR)
    wakes = await town.wakes(organisation)
    await add_admin(town, organisation)
    assert await town.wakes(organisation) == wakes + 1
    step = await town.assess(organisation)
    assert (step.assessment.reason, len(step.notices)) == (Reason.WARNING_NOT_ACCEPTED, 1)
    accepted_at = await town.advance(5 * DAY)
    await town.deliver(*step.notices)
    due_at = (await town.assess(organisation)).assessment.due_at
    assert due_at is not None
    assert due_at >= accepted_at + MONTH


async def test_a_fence_finds_the_admin_that_no_look_has_seen(town: Town) -> None:
    """Whoever fences an organisation nobody was told about looks for somebody to tell first (SF-02, SF-04)."""
    organisation, _ = await warning(town, admins=0)
    await add_admin(town, organisation)
    await town.advance(32 * DAY)
    step = await town.fence(organisation)
    assert (step.state, step.assessment.reason) == (OrganisationState.WARNED, Reason.WARNING_NOT_ACCEPTED)
    assert len(step.notices) == 1


async def test_a_corrected_address_is_tried(town: Town) -> None:
    """The old one was refused for good; the new one is told, with a date of its own (SF-02, P1)."""
    organisation, [notice] = await warning(town)
    await refuse_for_good(town, notice)
    assert (await town.assess(organisation)).assessment.reason is Reason.NOTICE_PERIOD
    tried_at = await town.advance(20 * DAY)
    wakes = await town.wakes(organisation)
    name = organisation.removeprefix("org_")
    row = person(f"{name}-1", name, email="right@bakery.example")
    await store(PostgresImports(town.database, town.rules, shipped()), row)
    assert await town.wakes(organisation) == wakes + 1
    step = await town.assess(organisation)
    assert (step.assessment.reason, step.notices) == (Reason.WARNING_NOT_ACCEPTED, (notice,))
    delivery = await town.notices.next_attempt(notice)
    assert delivery is not None
    assert delivery.email == "right@bakery.example"
    assert speaks_of(delivery).deletion_at >= tried_at + MONTH
    await town.notices.accepted(notice, "250 OK")
    assert (await town.assess(organisation)).assessment.due_at == speaks_of(delivery).deletion_at


async def test_the_same_address_is_not_tried_again(town: Town) -> None:
    """What was refused for good stays so; a new name or language is no new address (SF-02, DM-10)."""
    organisation, [notice] = await warning(town)
    await refuse_for_good(town, notice)
    await town.execute("update people set name = 'Ada L', email = email where organisation_id = $1", organisation)
    step = await town.assess(organisation)
    assert (step.assessment.reason, step.notices) == (Reason.NOTICE_PERIOD, ())
    assert step.assessment.due_at is not None
    await town.advance_to(step.assessment.due_at)
    assert (await town.fence(organisation)).state is OrganisationState.ERASING


async def test_a_full_admin_who_is_one_again_is_tried(town: Town) -> None:
    """Dropped while it was nobody's, the notice is queued again with the role (SF-02, NO-08)."""
    organisation, [notice] = await warning(town)
    await town.execute("update person_roles set role = 'user'")
    assert await town.notices.next_attempt(notice) is None
    await town.execute("update person_roles set role = 'customer_full_admin'")
    assert (await town.assess(organisation)).notices == (notice,)


async def test_nobody_else_is_tried_once_somebody_was_told(town: Town) -> None:
    """One acceptance is enough: a late admin neither moves the date nor holds it (SF-02, DM-10)."""
    organisation = await town.warned()
    due_at = (await town.assess(organisation)).assessment.due_at
    await add_admin(town, organisation)
    step = await town.assess(organisation)
    assert (step.assessment.verdict, step.assessment.due_at, step.notices) == (Verdict.WAIT, due_at, ())


async def test_activity_wins_over_a_late_admin(town: Town) -> None:
    """A warning that is void is queued for nobody (TL-01, AC-03)."""
    organisation, _ = await warning(town, admins=0)
    await add_admin(town, organisation)
    await town.sign_in(organisation)
    step = await town.assess(organisation)
    assert (step.state, step.notices) == (OrganisationState.MARKED, ())
    assert await town.notices.of(OPERATOR, organisation) == []


async def test_one_refusal_is_not_final(town: Town) -> None:
    """A mailbox that was away for a weekend is reached, and the 30 days run from its acceptance (SF-02, DM-07)."""
    organisation, [notice] = await warning(town)
    for _ in range(town.rules.refusals - 1):
        assert await refuse(town, notice) is NoticeState.QUEUED
        assert (await town.assess(organisation)).assessment.reason is Reason.WARNING_NOT_ACCEPTED
        accepted_at = await town.advance(DAY)
    await town.deliver(notice)
    step = await town.assess(organisation)
    assert step.assessment.due_at is not None
    assert step.assessment.due_at >= accepted_at + MONTH


async def test_the_same_refusal_again_does_not_count(town: Town) -> None:
    """Attempts that come close together are one refusal, whoever repeats them and however often (SF-02, XC-02)."""
    organisation, [notice] = await warning(town)
    for hour in range(2 * 23):
        assert await refuse(town, notice) is NoticeState.QUEUED, hour
        await town.advance(HOUR)
    assert await refuse(town, notice) is NoticeState.REFUSED
    [row] = await town.notices.of(OPERATOR, organisation)
    assert row.attempts == 2 * 23 + 1


async def test_another_address_is_counted_from_the_start(town: Town) -> None:
    """The refusals of one address say nothing of the next, though it was never final (SF-02)."""
    organisation, [notice] = await warning(town)
    for number in range(1, town.rules.refusals + 1):
        assert await refuse(town, notice) is NoticeState.QUEUED
        await town.execute("update people set email = $1", f"ada-{number}@other.example")
        await town.advance(DAY)
    assert (await town.assess(organisation)).notices == (notice,)


async def test_the_ledger_keeps_no_address(town: Town) -> None:
    """Which address was tried is a number; nothing of it can be read or guessed from the row (TL-01, XC-04)."""
    _, [notice] = await warning(town)
    await refuse_for_good(town, notice)
    rows = await town.fetch("select n::text as text, n.email_version from notices n")
    assert [row["email_version"] for row in rows] == [1]
    assert all("@" not in row["text"].replace(f"@{DOMAIN}", "") for row in rows)


@pytest.mark.parametrize("setting", ["proceed", "hold"])
async def test_nobody_reachable_after_all_refusals(town: Town, setting: str) -> None:
    """The setting decides; `proceed` lets the first recorded attempt stand for the acceptance (SF-02, DM-17)."""
    town.rule(town.rules.model_copy(update={"when_nobody_reachable": setting}))
    organisation, [notice] = await warning(town)
    first_attempt_at = await town.now()
    await refuse_for_good(town, notice)
    last_attempt_at = await town.now()
    promise = (await town.evidence(organisation)).promise
    assert promise is not None
    assert promise.first_attempt_at is not None
    assert first_attempt_at <= promise.first_attempt_at < last_attempt_at - DAY
    assert promise.not_before >= last_attempt_at + MONTH
    await town.advance_to(promise.not_before)
    step = await town.fence(organisation)
    expected = OrganisationState.ERASING if setting == "proceed" else OrganisationState.WARNED
    assert step.state is expected
    assert admin(organisation) in {row.recipient for row in await town.notices.of(OPERATOR, organisation)}

"""Runs of provisioning: users and numbers are finished, and what fails does not take the rest along (PRV-02 to PRV-06)."""

from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Literal

from adapters.postgres import audit
from adapters.postgres.database import Connection
from adapters.postgres.wholesale import adding, numbers, rows, transitions, user_rows
from adapters.postgres.wholesale.work import Work
from tenure.contracts.base import Contract
from tenure.contracts.customer import OnboardingReason, OnboardingState
from tenure.contracts.user import ItemOutcome, ItemResult, NumberItem, ProvisioningRun, RunProvisioning, UserItem
from tenure.errors import Refusal, RefusalCode

_OUTCOMES = {True: ItemOutcome.PRESENT, False: ItemOutcome.FAILED}
type _Ensure = Callable[[], Awaitable[tuple[ItemOutcome, list[audit.Change]]]]


async def run(work: Work, command: RunProvisioning) -> ProvisioningRun:
    """Finish what is asked for; where the account itself has failed, it is tried again instead (PRV-03).

    Raises:
        Refusal: `rpl_review_pending`, `onboarding_failed`, `account_not_ready` or `customer_cancelled`.
    """
    if work.customer.reason is OnboardingReason.PROVISIONING_FAILED:
        await transitions.retry_account(work.connection, work.customer, at=work.at, actor=work.actor)
        return ProvisioningRun(organisation_id=work.organisation_id, retried_account=True)
    rows.require_ready(work.customer)
    waiting = await run_creation(work) if command.with_creation else ()
    results = await run_items(work, command.users, command.numbers)
    return ProvisioningRun(organisation_id=work.organisation_id, results=(*waiting, *results))


async def run_creation(work: Work) -> tuple[ItemResult, ...]:
    """Provision the users and numbers that came with the creation; those that fail wait for the next run (PRV-06)."""
    users, phones = work.customer.users, work.customer.numbers
    if not users and not phones:
        return ()
    results = await run_items(work, users, phones)
    await work.connection.execute(
        "update onboardings set users = $2, numbers = $3 where organisation_id = $1",
        work.organisation_id,
        _failed(users, results[: len(users)]),
        _failed(phones, results[len(users) :]),
    )
    return results


async def run_items(work: Work, users: Sequence[UserItem], phones: Sequence[NumberItem]) -> tuple[ItemResult, ...]:
    """Let users and numbers be there; one that is refused leaves nothing behind, and the others stay (PRV-04, PRV-05).

    Answers in the order of the items. Numbers are taken in their own order, so that no two runs wait for each other.
    """
    changes: list[audit.Change] = []
    people = [await _item(work, "user", item.email, partial(adding.ensure, work, item), changes) for item in users]
    placed: dict[int, ItemResult] = {}
    for index, item in sorted(enumerate(phones), key=lambda each: each[1].phone_number):
        ensure = partial(numbers.ensure, work, item)
        placed[index] = await _item(work, "number", item.phone_number, ensure, changes)
    await work.record(*changes)
    return (*people, *(placed[index] for index in range(len(phones))))


async def look(command: RunProvisioning, connection: Connection) -> ProvisioningRun:
    """What holds now of a run that was done before: nothing is done again, and what is not there has failed.

    Raises:
        Refusal: `customer_not_found` once it is erased.
    """
    customer = await rows.find(connection, command.organisation_id)
    if customer is None:
        raise Refusal(RefusalCode.CUSTOMER_NOT_FOUND)
    if customer.state is not OnboardingState.ACTIVE:
        return ProvisioningRun(organisation_id=command.organisation_id, retried_account=True)
    users, phones = command.users, command.numbers
    if command.with_creation:
        users, phones = (*customer.users, *users), (*customer.numbers, *phones)
    results: list[ItemResult] = []
    for user in users:
        row = await user_rows.by_address(connection, command.organisation_id, user.email)
        there = row is not None and row["package"] is not None
        results.append(ItemResult(kind="user", key=user.email, outcome=_OUTCOMES[there]))
    for phone in phones:
        assignment = await numbers.show(connection, command.organisation_id, phone.phone_number)
        there = (assignment.user_id, assignment.location) != (None, None)
        results.append(ItemResult(kind="number", key=phone.phone_number, outcome=_OUTCOMES[there]))
    return ProvisioningRun(organisation_id=command.organisation_id, results=tuple(results))


async def _item(
    work: Work, kind: Literal["user", "number"], key: str, ensure: _Ensure, changes: list[audit.Change]
) -> ItemResult:
    try:
        async with work.connection.transaction():
            outcome, made = await ensure()
    except Refusal as refusal:
        failed = ItemOutcome.FAILED
        return ItemResult(kind=kind, key=key, outcome=failed, code=refusal.code, message=str(refusal))
    changes += made
    return ItemResult(kind=kind, key=key, outcome=outcome)


def _failed(items: Sequence[Contract], results: Sequence[ItemResult]) -> list[object]:
    return [
        item.model_dump(mode="json")
        for item, result in zip(items, results, strict=True)
        if result.outcome is ItemOutcome.FAILED
    ]

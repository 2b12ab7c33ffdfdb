"""The account of a customer: ordered from the platform, and what is set up at once when it is there (PRV-01, ONB-05, ADM-04)."""

from collections import Counter

from adapters.postgres.database import Connection, business_now, lock
from adapters.postgres.wholesale import adding, call_ins, licensing, provisioning, rows, transitions
from adapters.postgres.wholesale.billing import open_bill
from adapters.postgres.wholesale.rows import Onboarding
from adapters.postgres.wholesale.work import Work
from tenure.contracts.base import Instant
from tenure.contracts.call_in import Telephony
from tenure.contracts.customer import OnboardingState
from tenure.contracts.onboarding import AccountOrder, AccountProblem, AccountReport, OnboardingInput
from tenure.contracts.organisation import Role
from tenure.contracts.user import ItemOutcome, ItemResult, UserItem
from tenure.errors import Refusal
from tenure.policy.package import Packages
from tenure.ports import TIMER


async def order(connection: Connection, onboarding: OnboardingInput, packages: Packages) -> AccountOrder | None:
    """What the platform is to create now; its key stays the same until the account is there, so that it is created once."""
    customer = await _ordered(connection, onboarding)
    if customer is None or customer.billing_address.country is None:
        return None
    return AccountOrder(
        key=f"{customer.organisation_id}/account/{customer.licence_set_id}",
        organisation_id=customer.organisation_id,
        generation=customer.generation,
        name=customer.name,
        country=customer.billing_address.country,
        services=packages.services(customer.package),
        sites=customer.sites,
    )


async def opened(connection: Connection, report: AccountReport, packages: Packages, telephony: Telephony) -> None:
    """The account is there: the customer is active, with all that it begins with, or with none of it.

    What cannot be given to it, such as a package that is not on offer any more, counts as the platform's refusal.
    """
    customer = await _ordered(connection, report.order)
    if customer is None:
        return
    await open_bill(connection, customer.partner_id)
    at = await business_now(connection)
    try:
        async with connection.transaction():
            await _activate(connection, customer, report, packages, telephony, at)
    except Refusal as refusal:
        await transitions.fail_account(connection, customer, refusal.code, at)


async def refused(connection: Connection, problem: AccountProblem) -> None:
    """The platform refuses for good."""
    customer = await _ordered(connection, problem.order)
    if customer is not None:
        await transitions.fail_account(connection, customer, problem.code, await business_now(connection))


async def _ordered(connection: Connection, onboarding: OnboardingInput | AccountOrder) -> Onboarding | None:
    """Lock a customer whose account this execution is to order; None where it is there, or another one does."""
    customer = await rows.lock_alive(connection, onboarding.organisation_id)
    if customer is None or customer.state is not OnboardingState.PROVISIONING:
        return None
    return customer if customer.generation == onboarding.generation else None


async def _activate(
    connection: Connection,
    before: Onboarding,
    report: AccountReport,
    packages: Packages,
    telephony: Telephony,
    at: Instant,
) -> None:
    organisation = (await lock(connection, before.organisation_id))[before.organisation_id]
    country = before.billing_address.country
    assert country is not None
    if organisation["country"] != country:  # a partner's own organisation has had one (ONB-05, PO-07)
        await connection.execute(
            "update organisations set country = $2 where organisation_id = $1", before.organisation_id, country
        )
    warnings = await call_ins.create_sites(connection, before, country, telephony, at, TIMER.actor)
    await licensing.grant(connection, before, organisation, packages, at)
    customer = await rows.change(
        connection,
        before,
        at=at,
        actor=TIMER.actor,
        action="account_ready",
        state=OnboardingState.ACTIVE,
        activated_at=at,
        account=report.resource,
        warnings=list(warnings),
        problem=None,
    )
    work = Work(connection, customer, packages, at, TIMER.actor)
    assert customer.admin_email is not None
    admin = UserItem(
        email=customer.admin_email,
        name=customer.admin_name,
        package=customer.package,
        role=Role.CUSTOMER_FULL_ADMIN,
    )
    await adding.add(work, admin)
    if not customer.reviewed or customer.provision_after_review:
        await _report(work, await provisioning.run_creation(work))


async def _report(work: Work, results: tuple[ItemResult, ...]) -> None:
    """Nobody waits for this run: what failed of it is in the audit by its codes, and stays to be run again (PRV-05)."""
    failed = Counter(str(result.code) for result in results if result.outcome is ItemOutcome.FAILED)
    if results:
        await work.record(work.change("creation_provisioned", items=len(results), failed=dict(failed)))

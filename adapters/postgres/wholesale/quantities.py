"""The service provider changes what a customer may assign (PKG-10 to PKG-12, ADD-04)."""

from adapters.postgres.wholesale import licensing, units
from adapters.postgres.wholesale.work import Work
from tenure.contracts.customer import OnboardingState
from tenure.contracts.package import Quantities, SetQuantities
from tenure.errors import Refusal, RefusalCode


async def set_quantities(work: Work, command: SetQuantities) -> Quantities:
    """Raise or lower quantities, at any time until it is over: also while a customer is screened or reviewed.

    Raises:
        Refusal: `customer_cancelled`, `onboarding_failed`; `unknown_package`, `unknown_add_on`, `invalid_quantity`,
            `add_on_not_available` where it is raised, `quantity_below_assigned`; `calling_not_entitled` where a
            location has a number, and no package with calling would be left (NUM-02).
    """
    if work.customer.state is OnboardingState.CANCELLED:
        raise Refusal(RefusalCode.CUSTOMER_CANCELLED)
    if work.customer.failed_review:
        raise Refusal(RefusalCode.ONBOARDING_FAILED)
    before = await units.read(work.connection, work.organisation_id)
    work.packages.require_quantities(command.packages, command.add_ons, work.customer.package, before)
    await units.put(work.connection, work.organisation_id, command.packages, command.add_ons)
    await _require_calling(work)
    after = await units.read(work.connection, work.organisation_id)
    if after != before:
        await licensing.cover(work)
        await work.record(work.change("quantities_set", packages=command.packages, add_ons=command.add_ons))
    return Quantities(organisation_id=work.organisation_id, quantities=after)


async def _require_calling(work: Work) -> None:
    """Locations keep their numbers only where somebody could have one."""
    located = await work.connection.fetchval(
        "select exists (select from phone_numbers where organisation_id = $1 and location is not null)",
        work.organisation_id,
    )
    if located and not await units.has_any(work.connection, work.organisation_id, work.packages.with_calling):
        raise Refusal(
            RefusalCode.CALLING_NOT_ENTITLED,
            "A location has a number, and no package with calling is left: release it.",
        )

"""Users of wholesale customers with their packages, add-ons and numbers, and what of it is billed (PKG, ADD, USR, NUM)."""

from typing import Annotated

from fastapi import APIRouter, Body, Query, status

from tenure.contracts.base import Instant, Serial
from tenure.contracts.package import BillableItems, Quantities, SetQuantities
from tenure.contracts.user import (
    AddOnCommand,
    AssignNumber,
    ChangeUserPackage,
    CreateUser,
    DeleteUser,
    NumberAssignment,
    ProvisioningRun,
    ReleaseNumber,
    RunProvisioning,
    SetUserRole,
    User,
    UserPage,
)
from tenure.errors import RefusalCode
from tenure.ids import OrganisationId, PartnerId, PersonId
from web.problems import refusals
from web.security import AnyCommander, AnyReader, Ports

router = APIRouter(prefix="/v1", tags=["users"])

_CUSTOMER = (
    RefusalCode.CUSTOMER_NOT_FOUND,
    RefusalCode.RPL_REVIEW_PENDING,
    RefusalCode.ONBOARDING_FAILED,
    RefusalCode.ACCOUNT_NOT_READY,
    RefusalCode.CUSTOMER_CANCELLED,
)
"""What refuses every command to a customer that is not active (RPL-06, PRV-03)."""
_USER = (*_CUSTOMER, RefusalCode.USER_NOT_FOUND, RefusalCode.PACKAGE_REQUIRED)
_IN_THE_NAME_OF = (RefusalCode.PERSON_NOT_FOUND, RefusalCode.ROLE_NOT_ALLOWED)
_NEW = {
    "A user with calling": {
        "value": {"organisation_id": "org_lumiere", "email": "jean@lumiere.example", "package": "suite"}
    }
}
_RUN = {
    "What waits since the creation, and one more": {
        "value": {
            "organisation_id": "org_lumiere",
            "with_creation": True,
            "users": [{"email": "anne@lumiere.example", "package": "suite"}],
            "numbers": [{"phone_number": "+41225550100", "email": "anne@lumiere.example"}],
        }
    }
}


@router.post(
    "/customers/set-quantities",
    responses=refusals(
        *_CUSTOMER,
        RefusalCode.UNKNOWN_PACKAGE,
        RefusalCode.UNKNOWN_ADD_ON,
        RefusalCode.INVALID_QUANTITY,
        RefusalCode.ADD_ON_NOT_AVAILABLE,
        RefusalCode.QUANTITY_BELOW_ASSIGNED,
        RefusalCode.CALLING_NOT_ENTITLED,
    ),
)
async def set_quantities(ports: Ports, caller: AnyCommander, command: SetQuantities) -> Quantities:
    """Raise or lower what a customer may assign, never below what is assigned (PKG-11)."""
    return await ports.users.set_quantities(caller, command)


@router.post("/customers/run-provisioning", responses=refusals(*_CUSTOMER, *_IN_THE_NAME_OF))
async def run_provisioning(
    ports: Ports, caller: AnyCommander, command: Annotated[RunProvisioning, Body(openapi_examples=_RUN)]
) -> ProvisioningRun:
    """Finish users and numbers: what is there stays, and each item says what became of it (PRV-02 to PRV-05)."""
    return await ports.users.run_provisioning(caller, command)


@router.get("/customers/{organisation_id:org}/users", responses=refusals(RefusalCode.CUSTOMER_NOT_FOUND))
async def list_users(
    ports: Ports,
    caller: AnyReader,
    organisation_id: OrganisationId,
    after: Annotated[PersonId | None, Query(description="`next_after` of the page before.")] = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> UserPage:
    """A customer's users in order of id, with package, add-ons and numbers (PKG-03)."""
    return await ports.users.page(caller, organisation_id, after=after, limit=limit)


@router.post(
    "/users/create",
    responses=refusals(
        *_CUSTOMER,
        RefusalCode.PACKAGE_REQUIRED,
        RefusalCode.UNKNOWN_PACKAGE,
        RefusalCode.UNKNOWN_ADD_ON,
        RefusalCode.ADD_ON_NOT_AVAILABLE,
        RefusalCode.PACKAGE_QUANTITY_EXCEEDED,
        RefusalCode.ADD_ON_QUANTITY_EXCEEDED,
        RefusalCode.USER_EXISTS,
        RefusalCode.ADMIN_PACKAGE_MISMATCH,
        RefusalCode.SETUP_INCOMPLETE,
        *_IN_THE_NAME_OF,
    ),
)
async def create_user(
    ports: Ports, caller: AnyCommander, command: Annotated[CreateUser, Body(openapi_examples=_NEW)]
) -> User:
    """Add a user with exactly one package; one that is there, and identical, is answered (USR-03)."""
    return await ports.users.create(caller, command)


@router.post(
    "/users/delete",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=refusals(*_USER, RefusalCode.LAST_FULL_ADMIN),
)
async def delete_user(ports: Ports, caller: AnyCommander, command: DeleteUser) -> None:
    """Take a user out: package, add-ons and numbers are free at once (PKG-08)."""
    await ports.users.delete(caller, command)


@router.post(
    "/users/change-package",
    responses=refusals(
        *_USER,
        RefusalCode.UNKNOWN_PACKAGE,
        RefusalCode.PACKAGE_QUANTITY_EXCEEDED,
        RefusalCode.ADMIN_PACKAGE_DOWNGRADE_NOT_SUPPORTED,
        RefusalCode.ADMIN_PACKAGE_MISMATCH,
        RefusalCode.CALLING_NOT_ENTITLED,
    ),
)
async def change_user_package(ports: Ports, caller: AnyCommander, command: ChangeUserPackage) -> User:
    """Replace a user's package in one step; without a free one, nothing changes (PKG-09, ADM-02)."""
    return await ports.users.change_package(caller, command)


@router.post(
    "/users/set-role", responses=refusals(*_USER, RefusalCode.ADMIN_PACKAGE_MISMATCH, RefusalCode.LAST_FULL_ADMIN)
)
async def set_user_role(ports: Ports, caller: AnyCommander, command: SetUserRole) -> User:
    """Make a user an administrator, or an administrator a user (ADM-03, ADM-06)."""
    return await ports.users.set_role(caller, command)


@router.post(
    "/users/assign-add-on",
    responses=refusals(
        *_USER,
        RefusalCode.UNKNOWN_ADD_ON,
        RefusalCode.ADD_ON_NOT_AVAILABLE,
        RefusalCode.ADD_ON_QUANTITY_EXCEEDED,
    ),
)
async def assign_add_on(ports: Ports, caller: AnyCommander, command: AddOnCommand) -> User:
    """Give an add-on to a user, beside the package (ADD-03, ADD-04)."""
    return await ports.users.assign_add_on(caller, command)


@router.post("/users/remove-add-on", responses=refusals(*_USER))
async def remove_add_on(ports: Ports, caller: AnyCommander, command: AddOnCommand) -> User:
    """Take an add-on back; one that is not there is no error (ADD-05)."""
    return await ports.users.remove_add_on(caller, command)


@router.post(
    "/numbers/assign",
    tags=["numbers"],
    responses=refusals(*_USER, RefusalCode.NUMBER_IN_USE, RefusalCode.CALLING_NOT_ENTITLED),
)
async def assign_number(ports: Ports, caller: AnyCommander, command: AssignNumber) -> NumberAssignment:
    """Give a number to a user or to a location (NUM-02)."""
    return await ports.users.assign_number(caller, command)


@router.post("/numbers/release", tags=["numbers"], responses=refusals(*_CUSTOMER))
async def release_number(ports: Ports, caller: AnyCommander, command: ReleaseNumber) -> NumberAssignment:
    """Take a number back; one that is not assigned there is no error."""
    return await ports.users.release_number(caller, command)


@router.get("/billable-items", tags=["billing"], responses=refusals(RefusalCode.PARTNER_NOT_FOUND))
async def list_billable_items(
    ports: Ports,
    caller: AnyReader,
    partner_id: PartnerId,
    from_: Annotated[Instant, Query(alias="from", description="Items that had not ended by then.")],
    to: Annotated[Instant, Query(description="Items that had begun before then.")],
    after: Annotated[Serial | None, Query(description="`next_after` of the page before.")] = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> BillableItems:
    """Add-ons that were assigned at some time between two instants, for the service provider's bill (ADD-05, Q-34).

    Of a time that is over, this is all there will ever be: what is being assigned or taken back is waited for.
    """
    return await ports.users.billable_items(caller, partner_id, from_=from_, to=to, after=after, limit=limit)

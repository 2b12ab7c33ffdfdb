"""Conversion by a paid order, and the order's way to its organisation (TC-12 to TC-20)."""

from typing import Annotated

from fastapi import APIRouter, Query

from tenure.contracts.conversion import ClaimNumbers, Conversion, ConvertTrial, OrderSetUp, TieOrder
from tenure.contracts.trial import TrialView
from tenure.errors import RefusalCode
from tenure.ids import OrderId
from web.problems import refusals
from web.security import Ports, StaffCommander, StaffReader

router = APIRouter(prefix="/v1")


@router.post(
    "/trials/convert",
    tags=["trials"],
    responses=refusals(
        RefusalCode.TRIAL_NOT_FOUND,
        RefusalCode.ORG_DELETED,
        RefusalCode.NOT_TRIAL_OWNER,
        RefusalCode.TIER2_USE_DISTRIBUTOR,
        RefusalCode.NO_SERVICE_SELECTED,
        RefusalCode.CONTACT_NOT_ADMIN,
        RefusalCode.CONFIRMATION_REQUIRED,
        RefusalCode.ORDER_EXISTS,
        RefusalCode.LICENCE_SET_EXISTS,
        RefusalCode.GRACE_OVER,
        RefusalCode.WRONG_STATE,
    ),
)
async def convert_trial(
    ports: Ports,
    caller: StaffCommander,
    command: ConvertTrial,
    dry_run: Annotated[bool, Query(description="Answer what would happen, and change nothing.")] = False,
) -> Conversion:
    """A paid order was processed: what is missing from it stays on trial, and is confirmed (TC-12, TC-19)."""
    if dry_run:
        return await ports.trials.plan_conversion(caller, command)
    return await ports.trials.convert(caller, command)


@router.post(
    "/trials/claim-numbers",
    tags=["trials"],
    responses=refusals(
        RefusalCode.TRIAL_NOT_FOUND,
        RefusalCode.ORG_DELETED,
        RefusalCode.LICENCE_SET_NOT_FOUND,
        RefusalCode.NUMBERS_RELEASED,
        RefusalCode.WRONG_STATE,
    ),
)
async def claim_numbers(ports: Ports, caller: StaffCommander, command: ClaimNumbers) -> TrialView:
    """Phone numbers on hold go to a subscription of the same organisation, strictly before the hold ends (NR-03)."""
    return await ports.trials.claim_numbers(caller, command)


@router.post(
    "/orders/tie",
    tags=["orders"],
    responses=refusals(RefusalCode.ORDER_NOT_FOUND, RefusalCode.ORG_DELETED, RefusalCode.CUSTOMER_NOT_MATCHED),
)
async def tie_order(
    ports: Ports,
    caller: StaffCommander,
    command: TieOrder,
    dry_run: Annotated[bool, Query(description="Answer the customer data to check, and change nothing.")] = False,
) -> OrderSetUp:
    """Tie an order to the organisation of its trial, by the address of one of its admins (TC-17, TC-18)."""
    if dry_run:
        return await ports.consents.plan_tie(command)
    return await ports.consents.tie(caller, command)


@router.get(
    "/orders/{order_id:ord}",
    tags=["orders"],
    responses=refusals(RefusalCode.ORDER_NOT_FOUND, RefusalCode.ORG_DELETED),
)
async def show_order(ports: Ports, _caller: StaffReader, order_id: OrderId) -> OrderSetUp:
    """What an order's contact is shown, and whether the order is tied (TC-16)."""
    return await ports.consents.set_up(order_id)

"""Trial devices: shipped, and returned within 14 days of their own end date (DV)."""

from enum import StrEnum
from typing import Annotated, Self

from pydantic import Field, StringConstraints, model_validator
from temporalio import workflow

from tenure.contracts.base import Command, Contract, EmailAddress, Instant, Start, told
from tenure.contracts.catalogue import Carrier
from tenure.contracts.trial import TrialCommand
from tenure.ids import OrganisationId, PartnerId, TrialId

Serial = Annotated[
    str,
    StringConstraints(strip_whitespace=True, to_upper=True, pattern=r"^[A-Za-z0-9][A-Za-z0-9-]{3,31}$"),
    told("this is no serial number: 4 to 32 letters, digits and -"),
]
"""A serial number; upper and lower case are the same."""
DemoOrder = Annotated[
    str,
    StringConstraints(strip_whitespace=True, pattern=r"^[A-Za-z0-9][A-Za-z0-9-]{2,31}$"),
    told("this is no order number: 3 to 32 letters, digits and -"),
]
"""The number of the order under which trial devices were shipped."""


class DeviceState(StrEnum):
    """Where one trial device stands (A section 18.6)."""

    SHIPPED = "shipped"
    OVERDUE = "overdue"
    RETURNED = "returned"


class ShipDevices(Command):
    """Logistics reports that devices of a trial were shipped, under which order, and until when they are on trial."""

    trial_id: TrialId
    demo_order: DemoOrder
    serials: Annotated[tuple[Serial, ...], Field(min_length=1, max_length=1000)]
    device_ends_at: Start
    """The device end date of the licence agreement, which is not the trial's end (DV-02, DV-03)."""


class RequestReturnLabel(TrialCommand):
    """The label or the packaging is lost (DV-05)."""


class RegisterReturn(TrialCommand):
    """Devices came back (DV-07)."""

    serials: Annotated[tuple[Serial, ...], Field(min_length=1, max_length=1000)]


class FindDemoOrder(Command):
    """The demo order number is not known: ask by organisation and admin, or by all serial numbers (DV-08)."""

    by_organisation: OrganisationId | None = None
    admin_email: EmailAddress | None = None
    serials: Annotated[tuple[Serial, ...], Field(max_length=1000)] = ()

    @model_validator(mode="after")
    def _one_way_of_asking(self) -> Self:
        by_organisation = self.by_organisation is not None and self.admin_email is not None
        if by_organisation == bool(self.serials):
            raise ValueError("give an organisation with the address of one of its admins, or all serial numbers")
        return self


class FoundDemoOrder(Contract):
    """The demo order that was asked for."""

    demo_order: DemoOrder


class ReturnGuide(Contract):
    """How devices go back from where the customer is (DV-04, DV-06)."""

    carrier: Carrier
    label_sent: bool = False
    """A new label is on its way (DV-05)."""
    steps: tuple[str, ...]
    """What to do, one after the other, in English."""


class TrialDevice(Contract):
    """One device."""

    serial: Serial
    state: DeviceState
    returned_at: Instant | None = None


class DeviceReturnView(Contract):
    """The devices of one trial: what is to go back, until when, and what is overdue (DV-09)."""

    trial_id: TrialId
    organisation_id: OrganisationId
    organisation_name: str | None = None
    partner_id: PartnerId
    demo_order: DemoOrder
    device_ends_at: Instant
    due_at: Instant
    """Within 14 days of it."""
    overdue: bool
    guide: ReturnGuide
    devices: tuple[TrialDevice, ...]


DeviceCursor = Annotated[
    str, StringConstraints(max_length=80, pattern=r"^[0-9]{1,17}\.trl_[a-z0-9](?:[a-z0-9-]{0,46}[a-z0-9])?$")
]
"""Where a page of devices ended: `next_after` of the page before."""


class DeviceReturnPage(Contract):
    """What is still to come back, the earliest due first (DV-09)."""

    returns: tuple[DeviceReturnView, ...]
    next_after: DeviceCursor | None = None
    """Where the next page begins; None at the end."""


class DeviceReturnInput(Contract):
    """Which return this is."""

    trial_id: TrialId
    organisation_id: OrganisationId
    generation: int = 1
    """Counts the device end dates that were reported: a later shipment may have a later one."""


class DeviceReturnAt(DeviceReturnInput):
    """A step of a return at a business instant."""

    as_of: Instant


class DeviceReturnStep(Contract):
    """What the facts say of a return."""

    over: bool = False
    """All is back, or it is overdue and on the partner's list: nothing is left to wait for."""
    outstanding: int = 0
    due_at: Instant | None = None
    """When to look again."""
    notices: tuple[str, ...] = ()


class DeviceReturnResult(Contract):
    """How it ended."""

    outstanding: int


@workflow.defn(name="DeviceReturn")
class DeviceReturnContract:
    """The device end date, 14 days, and then what is missing is overdue (DV-02, DV-09)."""

    @workflow.run
    async def run(self, devices: DeviceReturnInput) -> DeviceReturnResult:
        """Wait for the devices."""
        raise NotImplementedError

    @workflow.signal(name="facts_changed")
    async def facts_changed(self) -> None:
        """Something was committed that may concern this process: read the facts again."""
        raise NotImplementedError

    @workflow.query(name="state")
    def state(self) -> DeviceReturnStep | None:
        """What was found at the last look."""
        raise NotImplementedError

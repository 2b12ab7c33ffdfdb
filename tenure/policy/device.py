"""How trial devices go back, by where the customer is (DV-04, DV-06)."""

from collections.abc import Mapping

from tenure.contracts.catalogue import Carrier
from tenure.contracts.device import ReturnGuide

_STEPS: Mapping[Carrier, tuple[str, ...]] = {
    Carrier.UPS: (
        "Keep the original packaging; the return label lies in the box.",
        "Pack the devices, and put the label on the box.",
        "Call UPS to have it picked up.",
        "The return is authorised once the devices have arrived.",
    ),
    Carrier.DHL: ("Pack the devices in their original packaging.", "Book a pickup with DHL."),
    Carrier.EXPEDITORS: ("Pack the devices in their original packaging.", "Book a pickup with Expeditors."),
    Carrier.GUIDE: (
        "Pack the devices in their original packaging.",
        "Look up in the return guide which carrier serves the country, and book a pickup.",
    ),
}


def guide(carrier: Carrier) -> ReturnGuide:
    """What the customer has to do, one step after the other."""
    return ReturnGuide(carrier=carrier, steps=_STEPS[carrier])

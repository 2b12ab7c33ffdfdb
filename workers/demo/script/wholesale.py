"""Wholesale customers that are in: quantities, addresses, an updated list, the first launch, and the end."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from tenure.contracts.customer import PaymentState
from tenure.contracts.organisation import Role
from tenure.contracts.review import Decision
from workers.demo.acts.customers import (
    address,
    address_in_force,
    call_in,
    cancel_subscription,
    create,
    listed,
    look,
    move,
    payment,
    set_quantities,
)
from workers.demo.acts.launch import accept_terms, add_user_in_console, complete, get_started, launch
from workers.demo.acts.lists import publish
from workers.demo.acts.reviews import decide, screened
from workers.demo.acts.users import add_on, add_user, change_package, set_role
from workers.demo.script.event import Event, on

_KETTLE: Final[Mapping[str, Any]] = {
    "name": "Kettle Moraine Creamery LLC", "billing_address": address("77 Dairy Road", "53014", "Chilton", "US"),
    "package": "calling", "packages": {"calling": 2, "voice": 1}, "admin_email": "ruth@kettle.example",
    "admin_name": "Ruth Lindqvist", "time_zone": "America/Chicago",
}  # fmt: skip
_RUTH: Final = "ruth@kettle.example"
_MARQUETTE: Final[Mapping[str, Any]] = {
    "name": "Marquette Orchards Inc.", "billing_address": address("5 Orchard Lane", "49855", "Marquette", "US"),
    "package": "meetings", "packages": {"meetings": 8}, "admin_email": "walt@marquette.example",
    "admin_name": "Walt Saarinen", "time_zone": "America/Detroit",
}  # fmt: skip
_HURON: Final[Mapping[str, Any]] = {
    "name": "Huron Bay Boatworks LLC", "billing_address": address("1 Slipway", "49946", "L'Anse", "US"),
    "package": "suite", "packages": {"suite": 3}, "admin_email": "gail@huron.example", "admin_name": "Gail Pelletier",
    "time_zone": "America/Detroit", "invoice_reference": "LSC-2035-0117",
}  # fmt: skip
_OWN: Final[Mapping[str, Any]] = {
    "name": "Lakeshore Communications LLC", "billing_address": address("400 Lake Street", "54235", "Sturgeon Bay", "US"),
    "package": "suite", "packages": {"suite": 20}, "admin_email": "denise.walker@lakeshore.example",
    "admin_name": "Denise Walker", "own_organisation": True,
}  # fmt: skip
_DENIED: Final = "MARQUETTE ORCHARDS INC"
_HUSUM: Final = address("Am Hafen 21", "25813", "Husum", "DE")

# fmt: off
EVENTS: Final[Sequence[Event]] = (
    # Kettle Moraine Creamery: the first launch, and as much as was ordered.
    on(6, "10:00", "Lakeshore's system creates Kettle Moraine Creamery", create("lakeshore", "kettle", **_KETTLE)),
    on(6, "10:10", "Ruth opens it for the first time, and would rather begin at once",
       add_user_in_console("kettle", _RUTH, "ole@kettle.example", "calling"),
       launch("kettle", _RUTH), get_started("kettle", _RUTH),
       accept_terms("kettle", _RUTH), get_started("kettle", _RUTH)),
    on(7, "15:00", "... comes back where she was, finishes, and adds a user; Lakeshore adds more than was ordered",
       launch("kettle", _RUTH), complete("kettle", _RUTH),
       add_user_in_console("kettle", _RUTH, "ole@kettle.example", "calling"),
       add_user("kettle", "ines@kettle.example", "calling"), set_quantities("kettle", calling=3),
       add_user("kettle", "ines@kettle.example", "calling"), set_quantities("kettle", calling=2),
       add_on("kettle", "ines@kettle.example", "attendant-console"),
       # Administrators hold what the organisation was created with.
       change_package("kettle", _RUTH, "voice"), change_package("kettle", "ole@kettle.example", "voice"),
       set_role("kettle", "ole@kettle.example", Role.CUSTOMER_ADMIN),
       set_role("kettle", "ines@kettle.example", Role.CUSTOMER_FULL_ADMIN)),
    # Menuiserie Castelnau moves, and lets its numbers follow.
    on(10, "09:00", "Menuiserie Castelnau moves across the border",
       move("castelnau", address("Calle Mayor 3", "20003", "Donostia", "ES"), resync=True)),
    on(10, "09:10", "Its meetings site follows", address_in_force("castelnau"), call_in("castelnau")),
    # Nordstrand: each new address is another question. Lakeshore becomes its own customer.
    on(13, "10:00", "Nordstrand moves to Husum; Lakeshore's system creates Lakeshore",
       move("nordstrand", _HUSUM), create("lakeshore", "own", **_OWN)),
    on(13, "12:00", "Nordstrand, still looked at, moves to Tönning; its services run on; Rita approves, somewhat late",
       listed("lakeshore", "own"),
       move("nordstrand", address("Am Markt 1", "25832", "Tönning", "DE")), address_in_force("nordstrand"),
       add_user("nordstrand", "momme@nordstrand.example", "suite"),
       decide("nordstrand", Decision.APPROVE, "The same company, moved"), address_in_force("nordstrand")),
    on(15, "10:00", "Nordstrand moves to Piraeus; Huron Bay Boatworks does not pay",
       move("nordstrand", address("33 Akti Miaouli", "18535", "Piraeus", "GR")), payment("huron", PaymentState.UNPAID)),
    on(15, "10:30", "Rita rejects; Nordstrand moves back to where it was approved first",
       decide("nordstrand", Decision.REJECT, "That is the address of the listed company"), address_in_force("nordstrand"),
       move("nordstrand", address("Strandgade 4", "6900", "Nordstrand", "DE"))),
    on(15, "10:40", "Nobody is asked: that very customer was cleared of that very entry",
       screened("nordstrand"), address_in_force("nordstrand")),
    # Marquette Orchards: a list comes out that has its name.
    on(9, "14:30", "Lakeshore's system creates Huron Bay Boatworks and Marquette Orchards",
       create("lakeshore", "huron", **_HURON), create("lakeshore", "marquette", **_MARQUETTE)),
    on(25, "06:00", "The denied persons list comes out, with a name more; Huron Bay Boatworks pays",
       publish(_DENIED), payment("huron", PaymentState.PAID)),
    on(26, "09:00", "Marquette Orchards is what it was; Rita approves",
       look("marquette"), decide("marquette", Decision.APPROVE, "Orchards; the order is about aircraft parts")),
    on(28, "06:00", "The list comes out without that name, and with it again", publish(), publish(_DENIED)),
    on(28, "06:30", "Nobody is asked again", screened("marquette")),
    # The end of two subscriptions.
    on(31, "15:00", "Huron Bay Boatworks is cancelled, and stays in the list; Lakeshore's own leaves it at once",
       cancel_subscription("huron"), cancel_subscription("huron"),
       add_user("huron", "hank@huron.example", "suite"), listed("lakeshore", "huron"),
       cancel_subscription("own"), listed("lakeshore", "own")),
)
# fmt: on

PATHS: Final[Mapping[str, str]] = {
    "org_lakeshore": "A partner that is its own wholesale customer for a while",
    "kettle": "The first launch; packages and their limits, for users and administrators",
    "marquette": "Clear, until a list comes out with its name: reviewed once, and nothing is blocked",
    "huron": "Cancelled: the licences rest, and then the whole ladder to the deletion",
}

"""Wholesale customers on their way in: clear, hit and approved, rejected, unresolved, timed out; and a list that is stale."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from tenure.contracts.customer import NewSite, Pstn
from tenure.contracts.review import Decision
from workers.demo.acts.customers import address, call_in, create, listed, look, set_quantities
from workers.demo.acts.lists import update
from workers.demo.acts.reviews import decide, decide_as_provider
from workers.demo.acts.users import add_user, number, provision, release, user
from workers.demo.script.event import Event, on

_PAU: Final = "+33559000001"
_GAVE: Final[Mapping[str, Any]] = {
    "name": "Brasserie du Gave SARL",
    "billing_address": address("2 quai du Gave", "64110", "Jurançon", "FR"),
    "package": "calling", "packages": {"calling": 5, "voice": 2},
    "admin_email": "bixente@gave.example", "admin_name": "Bixente Etchegaray", "language": "fr", "time_zone": "Europe/Paris",
    "numbers": (number(_PAU, location="Comptoir"),),
}  # fmt: skip
_CASTELNAU: Final[Mapping[str, Any]] = {
    "name": "Menuiserie Castelnau SAS", "package": "suite", "packages": {"suite": 2, "calling": 1},
    "admin_email": "maialen@castelnau.example", "admin_name": "Maialen Castelnau", "language": "fr", "time_zone": "Europe/Paris",
    "sites": (NewSite(url="castelnau.meet.example", time_zone="Europe/Paris", pstn=Pstn.CISCO, telephony_domain="global"),),
    "users": (user("ander@castelnau.example", "suite"), user("xabi@castelnau.example", "suite"),
              user("atelier@castelnau.example", "calling")),
    "numbers": (number("+33559000002", "ander@castelnau.example"), number(_PAU, "atelier@castelnau.example")),
}  # fmt: skip
_NORDSTRAND: Final[Mapping[str, Any]] = {
    "name": "Nordstrand Maritime and Trading Company",
    "billing_address": address("Strandgade 4", "6900", "Nordstrand", "DE"),
    "package": "suite", "packages": {"suite": 10},
    "admin_email": "wiebke@nordstrand.example", "admin_name": "Wiebke Lorenzen", "language": "de", "time_zone": "Europe/Berlin",
    "users": (user("hauke@nordstrand.example", "suite"), user("silke@nordstrand.example", "suite")),
    "numbers": (number("+4948420000001", "hauke@nordstrand.example"),),
}  # fmt: skip
_BANCO: Final[Mapping[str, Any]] = {
    "name": "Banco Nacional de Cuba", "billing_address": address("Zweierstrasse 35", "8004", "Zürich", "CH"),
    "package": "calling", "packages": {"calling": 40}, "admin_email": "office@banco.example",
}  # fmt: skip
_COBALT: Final[Mapping[str, Any]] = {
    "name": "Cobalt Refinery Co. Inc.", "billing_address": address("1 Main Street", "60601", "Chicago", "US"),
    "package": "meetings", "packages": {"meetings": 12}, "admin_email": "office@cobalt.example",
}  # fmt: skip
_TROPIC: Final[Mapping[str, Any]] = {
    "name": "Tropic Tours GmbH", "billing_address": address("Seepromenade 9", "6900", "Bregenz", "AT"),
    "package": "suite", "packages": {"suite": 4}, "admin_email": "reisen@tropic.example", "admin_name": "Johanna Rüf",
    "language": "de", "time_zone": "Europe/Vienna",
}  # fmt: skip
_WALCHSEE: Final[Mapping[str, Any]] = {
    "name": "Sennerei Walchsee eGen", "billing_address": address("Dorfplatz 1", "6344", "Walchsee", "AT"),
    "package": "voice", "packages": {"voice": 6}, "admin_email": "kaese@walchsee.example", "admin_name": "Vroni Fahringer",
    "language": "de", "time_zone": "Europe/Vienna",
}  # fmt: skip
_PESCABRAVA: Final[Mapping[str, Any]] = {
    "name": "Pescabrava, S.A.", "billing_address": address("Muelle 3", "36202", "Vigo", "ES"), "package": "calling",
    "packages": {"calling": 15}, "admin_email": "lonja@pescabrava.example", "admin_name": "Antía Souto", "language": "es",
    "time_zone": "Europe/Madrid",
}  # fmt: skip
_OF_CASTELNAU: Final = address("14 chemin des Scieries", "64000", "Pau", "FR")

# fmt: off
EVENTS: Final[Sequence[Event]] = (
    on(0, "09:00", "The restricted-party lists are loaded", update()),
    *(on(day, "10:00", "The lists are fetched again: nothing new", update()) for day in (6, 12)),
    # Brasserie du Gave and Menuiserie Castelnau: nothing is found, and nobody has to do anything.
    on(1, "08:10", "Garonne's system creates Brasserie du Gave", create("garonne", "gave", **_GAVE)),
    on(1, "08:20", "... and Menuiserie Castelnau: without a country, with one, and once more since the answer was lost",
       create("garonne", "castelnau", billing_address=address("14 chemin des Scieries", "64000", "Pau", None), **_CASTELNAU),
       create("garonne", "castelnau", billing_address=_OF_CASTELNAU, **_CASTELNAU),
       create("garonne", "castelnau", billing_address=_OF_CASTELNAU, **_CASTELNAU)),
    on(1, "09:30", "A number and a user of Menuiserie Castelnau's are missing; no other company gets its reference",
       look("castelnau"), call_in("castelnau"), provision("castelnau", with_creation=True),
       create("garonne", "castelnau", billing_address=_OF_CASTELNAU, **{**_CASTELNAU, "name": "Castelnau Frères SAS"})),
    on(1, "14:20", "The number is given up, the licence bought, and provisioning run: twice, to be sure",
       release("gave", _PAU), set_quantities("castelnau", suite=3), provision("castelnau", with_creation=True),
       provision("castelnau", users=_CASTELNAU["users"], numbers=_CASTELNAU["numbers"])),
    # Nordstrand: has the name of a party that is listed, and is another company.
    on(2, "10:30", "Alpenstern's system creates Nordstrand", create("alpenstern", "nordstrand", **_NORDSTRAND)),
    on(2, "11:10", "... and may not add a user, or run provisioning; Rita compares, and approves",
       add_user("nordstrand", "momme@nordstrand.example", "suite"), provision("nordstrand", with_creation=True),
       decide("nordstrand", Decision.APPROVE, "Another company: the listed one is in Piraeus")),
    on(2, "11:20", "What came with Nordstrand waits to be asked for",
       look("nordstrand"), provision("nordstrand", with_creation=True)),
    # Banco Nacional de Cuba: is the party that is listed. Cobalt Refinery: nobody can find out.
    on(3, "09:30", "Lakeshore's system creates Banco Nacional de Cuba, and Cobalt Refinery",
       create("lakeshore", "banco", **_BANCO), create("lakeshore", "cobalt", **_COBALT)),
    on(3, "10:00", "Lakeshore would approve; Rita rejects, twice, does not change her mind, and nothing helps",
       decide_as_provider("banco", Decision.APPROVE),
       decide("banco", Decision.REJECT, "It is this bank, at this address"),
       decide("banco", Decision.REJECT, "It is this bank, at this address"),
       decide("banco", Decision.APPROVE, "On second thoughts"),
       provision("banco"), look("banco")),
    on(5, "09:10", "Rita gives up on Cobalt Refinery; Alpenstern's system creates Tropic Tours",
       decide("cobalt", Decision.UNRESOLVED, "No register has it, nobody answers"),
       create("alpenstern", "tropic", **_TROPIC)),
    # Tropic Tours: 72 hours go by; then once more, within them.
    on(8, "09:30", "Rita approves, some minutes late; Alpenstern creates Tropic Tours anew",
       decide("tropic", Decision.APPROVE, "Another company"), look("tropic"), create("alpenstern", "tropic", **_TROPIC)),
    on(11, "09:00", "Rita approves, after 71 hours", decide("tropic", Decision.APPROVE, "Another company")),
    # Sennerei Walchsee: comes while the lists are too old to say anything.
    on(19, "11:05", "Nobody has fetched the lists for a week; Sennerei Walchsee is created",
       create("alpenstern", "walchsee", **_WALCHSEE)),
    on(19, "11:15", "It cannot be screened, and so does not go on; the lists are fetched again",
       look("walchsee"), update()),
    on(19, "11:20", "... which was all that was missing", look("walchsee"), listed("alpenstern", "tropic")),
    # Pescabrava: is left for whoever looks at the reviews afterwards.
    on(199, "09:00", "The lists are fetched again; Garonne's system creates Pescabrava",
       update(), create("garonne", "pescabrava", **_PESCABRAVA)),
)
# fmt: on

PATHS: Final[Mapping[str, str]] = {
    "gave": "Nothing is found: screened, created and active without anybody",
    "castelnau": "The same; provisioned in part at first, and moves to another country",
    "nordstrand": "Found, and approved; each new address is looked at again, until an old one comes back",
    "banco": "Found, and rejected",
    "cobalt": "Found, and not resolved",
    "tropic": "Found, and nobody decides within 72 hours: later nobody can",
    "tropic/2": "The same customer, created anew and screened anew",
    "pescabrava": "Found, and not decided yet: sign in and do",
    "walchsee": "Comes while the lists are stale: waits for them, and not for anybody",
}

"""Trials that need nobody's consent, and every way in which a trial goes on and ends."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from tenure.contracts.conversion import ActingAs
from tenure.contracts.review import Decision
from tenure.contracts.trial import Site
from workers.demo.acts.devices import device_return, lost_label, shipment
from workers.demo.acts.facts import purchase, recording, recordings_left
from workers.demo.acts.orders import convert, set_up
from workers.demo.acts.reviews import decide
from workers.demo.acts.trials import assign, cancel, edit, extend, new_customer, request
from workers.demo.script.event import Event, on
from workers.demo.world import Admin

_ELODIE: Final = Admin("elodie-castaing", "garonne")
_THIBAULT: Final = Admin("thibault-roques", "garonne")
_DENISE: Final = Admin("denise-walker", "lakeshore")
_AGNIESZKA: Final = Admin("agnieszka-wrona", "wisla")

_SITE: Final = Site(url="arceaux.meet.example", time_zone="Europe/Paris")
# fmt: off
_OCCITANE: Final[Mapping[str, Any]] = {
    "name": "Librairie Occitane SARL", "admin_name": "Nathalie Fabre", "admin_email": "nathalie.fabre@occitane.example",
    "industry": "retail", "country": "FR", "language": "fr", "time_zone": "Europe/Paris", "length_days": 30,
}
_PRAIRIE: Final[Mapping[str, Any]] = {
    "name": "Prairie Wind Energy Co-op", "admin_name": "Harold Jensen", "admin_email": "harold.jensen@prairie.example",
    "industry": "energy", "country": "US", "language": "en", "time_zone": "America/Chicago", "length_days": 60,
}
_PODHALE: Final[Mapping[str, Any]] = {
    "name": "Mleczarnia Podhale Sp. z o.o.", "admin_name": "Wojciech Bryja",
    "admin_email": "wojciech.bryja@podhale.example", "industry": "manufacturing",
    "country": "PL", "language": "pl", "time_zone": "Europe/Warsaw", "length_days": 30,
}

_AIR_FREIGHT: Final[Mapping[str, Any]] = {
    "name": "Air Freight Ltd", "admin_name": "Sami Haddad", "admin_email": "sami.haddad@airfreight.example",
    "industry": "other", "country": "FR", "language": "fr", "time_zone": "Europe/Paris",
}

EVENTS: Final[Sequence[Event]] = (
    # Librairie Occitane: new, bought in part, its numbers kept by a late purchase.
    on(1, "09:30", "Élodie starts a trial for a new customer, Librairie Occitane",
       new_customer(_ELODIE, "occitane", "messaging", "calling", **_OCCITANE)),
    on(2, "10:10", "... and gives its admin a licence", assign(_ELODIE, "occitane", "occitane")),
    on(20, "10:00", "An order has messaging only", convert("occitane", "messaging", by="garonne")),
    on(20, "10:05", "... which is meant so", convert("occitane", "messaging", by="garonne", confirmed=True)),
    on(70, "09:00", "Librairie Occitane buys calling, on day 39 from the end of its trial",
       purchase("occitane", services=("calling",))),
    # Air Freight: the customer of a trial is screened like all others.
    on(1, "09:30", "Élodie starts a trial for a new customer, Air Freight",
       new_customer(_ELODIE, "airfreight", "messaging", **_AIR_FREIGHT)),
    on(1, "14:20", "Rita rejects it", decide("org_airfreight", Decision.REJECT, "It is this company")),
    # Osteria del Ponte: a trial with calling, meetings and devices that just ends.
    on(1, "10:30", "Élodie adds a trial for Osteria del Ponte",
       request(_ELODIE, "ponte", "calling", "meetings", length_days=30)),
    on(2, "09:30", "Three devices are shipped there, on trial for 38 days",
       shipment("ponte", "DMO-4711", "FTX1001", "FTX1002", "FTX1003", days=38)),
    on(2, "10:00", "Élodie gives two people licences", assign(_ELODIE, "ponte", "davide-rizzo", "elena-galli")),
    on(2, "11:00", "Osteria del Ponte records two meetings", recording("ponte", 2)),
    on(42, "09:00", "Élodie asks for a lost label, outside the USA", lost_label(_ELODIE, "ponte")),
    on(45, "09:00", "Two devices come back, one serial is mistyped",
       device_return(_ELODIE, "ponte", "FTX1001", "FTX1020")),
    on(45, "09:05", "... and is put right", device_return(_ELODIE, "ponte", "FTX1001", "FTX1002")),
    on(62, "09:00", "Élodie wants to extend what is over", extend(_ELODIE, "ponte", 30)),
    on(62, "09:05", "... or to convert it", convert("ponte", "calling", "meetings", by="garonne")),
    on(62, "09:10", "Osteria del Ponte looks for its recordings", recordings_left("ponte")),
    # Hôtel des Arceaux: an add-on trial, edited, then cancelled.
    on(2, "09:00", "Thibault, who does not sell, asks for a trial", request(_THIBAULT, "arceaux", "calling")),
    on(2, "09:05", "Élodie asks for one for Garonne itself", request(_ELODIE, "own", "calling", of="garonne")),
    on(2, "09:10", "... for what Hôtel des Arceaux has bought", request(_ELODIE, "arceaux", "messaging", "calling")),
    on(2, "09:15", "... for meetings without a site", request(_ELODIE, "arceaux", "meetings-enterprise")),
    on(2, "09:20", "... and for calling and a contact centre",
       request(_ELODIE, "arceaux", "calling", "contact-center", length_days=60)),
    on(3, "09:20", "... for calling once more", request(_ELODIE, "arceaux-again", "calling")),
    on(22, "09:00", "Élodie adds meetings without a site",
       edit(_ELODIE, "arceaux", "contact-center", "meetings-enterprise")),
    on(22, "09:05", "... with one, and removes calling",
       edit(_ELODIE, "arceaux", "contact-center", "meetings-enterprise", site=_SITE)),
    on(25, "09:00", "Hôtel des Arceaux records two meetings", recording("arceaux", 2)),
    on(45, "10:00", "Élodie cancels the trial, and is asked whether she is sure",
       cancel(_ELODIE, "arceaux", confirmed=False)),
    on(45, "10:05", "... and is", cancel(_ELODIE, "arceaux")),
    on(46, "09:00", "Hôtel des Arceaux looks for its recordings", recordings_left("arceaux")),
    # Prairie Wind Energy: extended three times, bought by the customer itself.
    on(3, "14:00", "Denise starts a trial for a new customer, Prairie Wind Energy",
       new_customer(_DENISE, "prairie", "meetings", "calling", **_PRAIRIE)),
    on(3, "15:00", "Two devices are shipped there", shipment("prairie", "DMO-4712", "FTX2001", "FTX2002", days=67)),
    on(20, "15:00", "Denise extends by 30 days: that is shorter", extend(_DENISE, "prairie", 30)),
    on(20, "15:05", "... as she means it", extend(_DENISE, "prairie", 30, confirmed=True)),
    on(45, "15:00", "Denise extends by 31 days", extend(_DENISE, "prairie", 31)),
    on(45, "15:05", "... by 30", extend(_DENISE, "prairie", 30)),
    on(72, "15:00", "Denise asks for a lost label", lost_label(_DENISE, "prairie")),
    on(78, "15:00", "Both devices are back", device_return(_DENISE, "prairie", "FTX2001", "FTX2002")),
    on(80, "15:00", "Denise extends the trial in its grace", extend(_DENISE, "prairie", 20)),
    on(96, "15:00", "Prairie Wind Energy buys it all by itself", purchase("prairie", services=("meetings", "calling"))),
    # Mleczarnia Podhale: a tier-2 partner and its distributor.
    on(12, "10:00", "Agnieszka starts a trial for a new customer, Mleczarnia Podhale",
       new_customer(_AGNIESZKA, "podhale", "meetings", "calling", **_PODHALE)),
    on(39, "09:00", "An order of Wisła's, which is of tier 2", convert("podhale", "meetings", "calling", by="wisla")),
    on(39, "09:30", "... goes through its distributor; the customer sets it up",
       convert("podhale", "meetings", "calling", by="hanse", contact="podhale")),
    on(40, "08:00", "Wojciech sets the order up",
       set_up("podhale", ActingAs.CUSTOMER_ADMIN, "wojciech.bryja@podhale.example")),
    # Cartiera Valdarno, warned: saved by a new trial.
    on(40, "11:00", "Élodie adds a trial for Cartiera Valdarno, warned",
       request(_ELODIE, "valdarno", "messaging", length_days=30)),
)
# fmt: on

PATHS: Final[Mapping[str, str]] = {
    "org_garonne": "A partner: no trial for itself",
    "org_airfreight": "A new customer that is found on a list: nothing is built, and a reviewer rejects it",
    "org_occitane": "A new customer: bought in part, the rest ends; calling bought on day 39 keeps its numbers",
    "org_ponte": "An add-on trial with calling, meetings and devices that just ends: all the way to the deletion",
    "org_arceaux": "A customer that pays for messaging: its add-on trial is edited, then cancelled",
    "org_prairie": "Extended to a shorter and to a longer end and in grace, then bought by the customer itself",
    "org_podhale": "Converted by the distributor of a tier-2 partner",
    "org_valdarno": "Marked, warned, and saved by a new trial; when that is over, the whole ladder again",
}

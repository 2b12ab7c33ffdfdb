"""Partners who ask organisations that they do not manage, and what these answer."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from tenure.contracts.conversion import ActingAs
from workers.demo.acts import Act
from workers.demo.acts.consents import accept, answer, full_access
from workers.demo.acts.orders import convert, set_up
from workers.demo.acts.trials import assign, cancel, details, request, resend
from workers.demo.script.event import Event, on
from workers.demo.world import Admin

_KANG: Final = Admin("kang-haneul", "hangang")
_MATTHIAS: Final = Admin("matthias-egger", "alpenstern")
_AGNIESZKA: Final = Admin("agnieszka-wrona", "wisla")
_ELODIE: Final = Admin("elodie-castaing", "garonne")

_JIHO: Final = "jiho.moon@hanbit.example"
_MAGDALENA: Final = "magdalena.gasienica@zakopane.example"
_OFFICE: Final = "office@vracar.example"
_DRAGANA: Final = "dragana.nikolic@vracar.example"
_INES: Final = "ines.carvalho@tejo.example"
_IVANA: Final = "ivana.markovic@sava.example"
_MILAN: Final = "milan@vinarija.example"


def _ask(admin: Admin, trial: str, *services: str, address: str, country: str, confirmed: bool = True) -> Act:
    """A request with the details that are typed for an organisation which exists (TR-04)."""
    typed: dict[str, Any] = {"company_name": "As on their website", "admin_email": address, "industry": "other"}
    return request(admin, trial, *services, confirmed=confirmed, country=country, **typed)


# fmt: off
EVENTS: Final[Sequence[Event]] = (
    # 한빛치과의원: accepted with the box ticked, converted in grace.
    on(4, "01:00", "Kang types the address of an admin of 한빛치과의원",
       _ask(_KANG, "hanbit", "meetings", address=_JIHO, country="KR", confirmed=False)),
    on(4, "01:05", "... and confirms that it is the right one",
       _ask(_KANG, "hanbit", "meetings", address=_JIHO, country="KR")),
    on(5, "02:00", "문지호 opens the mail, ticks full administration, accepts",
       answer("hanbit", _JIHO, "accept", ticked=True)),
    on(5, "02:30", "Kang gives the details", details(_KANG, "hanbit", 20)),
    on(5, "03:00", "... and gives 오유나 a licence", assign(_KANG, "hanbit", "oh-yuna")),
    on(50, "02:00", "An order of Hangang's converts the trial in its grace",
       convert("hanbit", "meetings", by="hangang")),
    on(51, "02:00", "Kang mistypes the customer's address", set_up("hanbit", ActingAs.PARTNER, "jiho@hanbit.example")),
    on(51, "02:05", "... and sets the order up", set_up("hanbit", ActingAs.PARTNER, _JIHO)),
    # Szkoła Narciarska Zakopane: accepted without the box, and two partners.
    on(6, "09:00", "Matthias asks the ski school of Zakopane for a trial of calling",
       _ask(_MATTHIAS, "zakopane", "calling", address=_MAGDALENA, country="PL")),
    on(8, "10:00", "Stanisław, who was not mailed, finds the request in the console and accepts",
       accept("zakopane", "stanislaw-krzeptowski")),
    on(8, "10:30", "Magdalena accepts, too, with the box ticked",
       accept("zakopane", "magdalena-gasienica", ticked=True)),
    on(8, "11:00", "Matthias gives the details", details(_MATTHIAS, "zakopane", 10)),
    on(8, "11:30", "... but may not give licences", assign(_MATTHIAS, "zakopane", "kuba-bachleda")),
    on(8, "11:45", "Kuba, no full admin, grants full access", full_access("zakopane", "alpenstern", "kuba-bachleda")),
    on(8, "12:00", "Magdalena grants it", full_access("zakopane", "alpenstern", "magdalena-gasienica")),
    on(8, "12:10", "... so that Matthias can", assign(_MATTHIAS, "zakopane", "kuba-bachleda")),
    on(9, "09:00", "Agnieszka asks the same school for calling",
       _ask(_AGNIESZKA, "zakopane-calling", "calling", address=_MAGDALENA, country="PL")),
    on(9, "09:05", "... and then for meetings",
       _ask(_AGNIESZKA, "zakopane-meetings", "meetings", address=_MAGDALENA, country="PL")),
    on(10, "09:00", "Magdalena accepts by the link, the box unticked", answer("zakopane", _MAGDALENA, "accept")),
    on(10, "10:00", "Agnieszka gives the details", details(_AGNIESZKA, "zakopane-meetings", 10)),
    # Pekara Vračar: declined.
    on(14, "09:00", "Élodie asks Pekara Vračar, at an address that nobody there has",
       _ask(_ELODIE, "vracar", "calling", address=_OFFICE, country="RS")),
    on(15, "08:00", "Whoever reads it finds no button", answer("vracar", _OFFICE, "accept")),
    on(15, "09:00", "Драгана declines", answer("vracar", _DRAGANA, "decline")),
    # Cerâmica do Tejo: lapsed, and withdrawn.
    on(16, "09:00", "Matthias asks Cerâmica do Tejo", _ask(_MATTHIAS, "tejo", "meetings", address=_INES, country="PT")),
    on(18, "09:00", "... asks again", _ask(_MATTHIAS, "tejo-again", "calling", address=_INES, country="PT")),
    on(18, "09:05", "... and has the first request mailed again", resend(_MATTHIAS, "tejo")),
    on(27, "09:00", "Inês accepts a day late", accept("tejo", "ines-carvalho")),
    on(28, "09:00", "Élodie asks Cerâmica do Tejo",
       _ask(_ELODIE, "tejo-second", "meetings", address=_INES, country="PT")),
    on(30, "10:30", "... and takes it back, unconfirmed", cancel(_ELODIE, "tejo-second", confirmed=False)),
    on(30, "10:35", "... confirmed", cancel(_ELODIE, "tejo-second")),
    on(30, "11:00", "Inês follows the link of what was withdrawn", answer("tejo", _INES, "accept")),
    # Keramika Sava, warned: the answer of an admin resets the countdown.
    on(34, "09:00", "Matthias asks Keramika Sava, warned",
       _ask(_MATTHIAS, "sava", "messaging", address=_IVANA, country="RS")),
    on(38, "10:00", "Ivana accepts by the link", answer("sava", _IVANA, "accept")),
    on(48, "10:00", "Matthias gives up before he has given any details", cancel(_MATTHIAS, "sava")),
    # Vinarija Podrum, warned: pending requests.
    on(79, "10:00", "Élodie asks Vinarija Podrum, warned",
       _ask(_ELODIE, "vinarija", "meetings", address=_MILAN, country="RS")),
    on(87, "10:00", "Agnieszka asks it, too",
       _ask(_AGNIESZKA, "vinarija-second", "calling", address=_MILAN, country="RS")),
)
# fmt: on

PATHS: Final[Mapping[str, str]] = {
    "org_hanbit": "Consents by the mail's link with the box ticked; converted in grace, in full",
    "org_zakopane": "Consents in its console without the box; grants it later; two partners, two trials",
    "org_vracar": "Declines",
    "org_tejo": "Lets a request lapse though it was mailed again; a second one is withdrawn",
    "org_sava": "Warned, and its acceptance counts as a sign-in; the trial itself never begins",
    "org_vinarija": "A pending request defers the deletion once; a second one, of another partner, does not",
}

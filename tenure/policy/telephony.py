"""The telephony that is shipped: what an installation has that names none of its own in `TENURE_TELEPHONY_FILE`.

**Which country belongs to which location** (CIN-08, Q-07) is not given by the requirements. Australia and New Zealand are
ANZ; the rest of Asia and the Pacific, from Kazakhstan and Pakistan eastwards, APAC; the Americas AMER; members of the
European Union and the European Economic Area, and Switzerland, EURO, but Ireland; the United Kingdom, Ireland, the Middle
East, Africa and all others EMEA. A territory with a code of its own counts where it lies: Guadeloupe is in the Americas.
All countries of ISO 3166-1 are named, and Kosovo.

**The numbers reach nobody**: an installation brings the real ones of its platform (CIN-10). They are of the ranges that
are kept free for film and for documents:

| country | range | who keeps it |
|---|---|---|
| US, CA | +1 *area* 555 0100 to 0199 | North American Numbering Plan |
| GB | +44 20 7946 0000 to 0999, +44 1632 960000 to 960999 | Ofcom, numbers for drama |
| DE | +49 30 23125 000 to 999 | Bundesnetzagentur |
| FR | +33 1 99 00 xx xx, +33 2 61 91 xx xx | ARCEP |
| IE | +353 20 91x xxxx | ComReg |
| SE | +46 8 465 004 00 to 99 | PTS |
| AU | +61 2 5550 xxxx | ACMA |

Singapore keeps no such range: its number begins with a 5, which its numbering plan leaves unassigned.
"""

from functools import cache
from importlib.resources import files

from tenure.contracts.call_in import Telephony


@cache
def shipped() -> Telephony:
    """Read `telephony.json` beside this file.

    Four domains: `global` names no location and has every location's default; `emea` and `americas` name theirs;
    `asia-pacific` lacks the default of its own, and so leaves sites without a number (CIN-07).
    """
    return Telephony.model_validate_json(files("tenure.policy").joinpath("telephony.json").read_bytes())

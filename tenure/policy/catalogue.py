"""The catalogue that is shipped: what an installation offers that has none of its own."""

from functools import cache
from importlib.resources import files

from tenure.contracts.catalogue import Catalogue


@cache
def shipped() -> Catalogue:
    """Read `catalogue.json` beside this file.

    Regions and carriers follow the return process of the requirements: the USA by the label in the box, Canada and
    Europe, the Middle East and Africa by DHL, Australia by Expeditors, other places by the guide (DV-04, DV-06).
    """
    return Catalogue.model_validate_json(files("tenure.policy").joinpath("catalogue.json").read_bytes())

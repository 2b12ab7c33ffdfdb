"""What a town has for wholesale: a hall, an office, a gate."""

import pytest

from tests.integration.deletion.town import Town
from tests.integration.wholesale.gate import Gate
from tests.integration.wholesale.hall import Hall
from tests.integration.wholesale.office import Office


@pytest.fixture
async def hall(town: Town) -> Hall:
    """A hall with two service providers in it."""
    return await Hall.open(town)


@pytest.fixture
async def office(hall: Hall) -> Office:
    """The office of the service provider `north`, where one add-on is available."""
    return Office(hall)


@pytest.fixture
async def gate(town: Town) -> Gate:
    """The gate of such a hall, through which customers come in."""
    return await Gate.open(town)

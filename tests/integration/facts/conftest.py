"""Where the facts of a town are reported."""

import pytest

from adapters.postgres.imports import PostgresImports
from tenure.policy.catalogue import shipped
from tests.integration.deletion.town import Town
from tests.integration.facts.desk import Desk


@pytest.fixture
def desk(town: Town) -> Desk:
    """Where the town's facts are reported."""
    return Desk(town)


@pytest.fixture
def imports(town: Town) -> PostgresImports:
    """Where the town's base comes in."""
    return PostgresImports(town.database, town.rules, shipped())

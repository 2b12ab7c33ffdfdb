"""Fixtures of the workflow tests."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tenure.settings import InstallationKind
from tests.conftest import FreshDatabase
from tests.workflows.installation import Installation, installation
from workers.stack.mail import MailSink
from workers.stack.temporal import Temporal


@pytest.fixture
async def world(
    temporal: Temporal, fresh_database: FreshDatabase, mail_sink: MailSink, tmp_path: Path
) -> AsyncIterator[Installation]:
    """An empty installation under the rules as they are shipped, its clock at the wall's time."""
    url = await fresh_database(InstallationKind.SIMULATION)
    async with installation(temporal, url, mail_sink, tmp_path) as opened:
        yield opened

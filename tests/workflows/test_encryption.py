"""Encrypted payloads on a real server: unreadable without the key, and keys rotate while executions sleep."""

import base64
from datetime import timedelta
from pathlib import Path

from pydantic import SecretStr
from temporalio.client import Client

from tenure import names
from tenure.codec import ENCODING
from tenure.contracts.organisation import OrganisationState
from tenure.settings import InstallationKind
from tests.conftest import FreshDatabase
from tests.workflows.installation import installation
from workers.stack.mail import MailSink
from workers.stack.temporal import Temporal

OLD = "2026:" + base64.b64encode(b"o" * 32).decode()
NEW = "2027:" + base64.b64encode(b"n" * 32).decode()
DAY = timedelta(days=1)


async def test_a_key_rotates_while_a_countdown_sleeps(
    temporal: Temporal, fresh_database: FreshDatabase, mail_sink: MailSink, tmp_path: Path
) -> None:
    """What began under the old key is read and goes on; all that is written since is under the new one (EV-01)."""
    url = await fresh_database(InstallationKind.SIMULATION)
    async with installation(temporal, url, mail_sink, tmp_path, payload_keys=SecretStr(OLD), tidy=False) as world:
        organisation_id = await world.organisation()
        await world.settle()
        suffix = world.suffix
    async with installation(temporal, url, mail_sink, tmp_path, payload_keys=SecretStr(f"{NEW},{OLD}")) as world:
        world.suffix = suffix
        await world.advance(31 * DAY)
        assert (await world.show(organisation_id)).state is OrganisationState.WARNED
        description = await world.countdown(organisation_id).describe()
        assert await description.static_summary() == f"DeletionCountdown of {organisation_id}"

        outsider = await Client.connect(temporal.address, namespace=names.SIMULATION_NAMESPACE)
        history = await outsider.get_workflow_handle(names.deletion_id(organisation_id, 1)).fetch_history()
        payloads = [
            payload
            for event in history.events
            for payload in (
                *event.workflow_execution_started_event_attributes.input.payloads,
                *event.activity_task_scheduled_event_attributes.input.payloads,
                *event.activity_task_completed_event_attributes.result.payloads,
                *([event.user_metadata.summary] if event.HasField("user_metadata") else []),
            )
        ]
        assert {payload.metadata["encoding"] for payload in payloads} == {ENCODING}
        assert payloads[0].metadata["tenure-key-id"] == b"2026"
        assert payloads[-1].metadata["tenure-key-id"] == b"2027"

"""Records the histories that this release's workflows leave: `python -m tests.replay.record [SCENARIO ...]`.

To be run at each release, and before a workflow is changed under a patch id. Recorded histories are never replaced by
later ones, executions that began like them may sleep yet: a release adds files, named after what is new in them.
"""

import asyncio
import json
import re
import sys
import tempfile
from pathlib import Path

import asyncpg

from adapters.postgres.migrate import migrate
from tenure import names, search
from tenure.exit import run
from tenure.settings import InstallationKind
from tests.replay.fingerprint import COMMANDS, commands
from tests.replay.scenarios import SCENARIOS
from tests.workflows.installation import Installation, installation
from workers.stack.mail import mail_sink
from workers.stack.postgres import embedded_postgres
from workers.stack.temporal import temporal

HISTORIES = Path(__file__).with_name("histories")
_OF_THIS_MACHINE = frozenset({"identity", "binaryChecksum", "requestId", "stackTrace", "taskId"})


async def main() -> int:
    """Play the scenarios that are named, or all, and write what they leave."""
    wanted = set(sys.argv[1:])
    with tempfile.TemporaryDirectory(prefix="tenure-record-") as name:
        data = Path(name)
        async with (
            embedded_postgres(data, print) as url,
            temporal(
                data,
                print,
                namespaces={names.NAMESPACE: False, names.SIMULATION_NAMESPACE: True},
                search_attributes=search.REGISTRY,
                port=0,
                ui_port=0,
            ) as server,
            mail_sink(data, print, smtp_port=0, web_port=0) as sink,
        ):
            for number, scenario in enumerate(SCENARIOS):
                if wanted and scenario.__name__ not in wanted:
                    continue
                own = await _database(url, f"scenario_{number}")
                async with installation(server, own, sink, data) as world:
                    for case, execution in (await scenario(world)).items():
                        await _write(world, case, execution)
    COMMANDS.write_text(commands())
    return 0


async def _database(url: str, name: str) -> str:
    connection = await asyncpg.connect(url)
    await connection.execute(f"create database {name}")
    await connection.close()
    own = f"{url.rpartition('/')[0]}/{name}"
    await asyncio.to_thread(migrate, own, InstallationKind.SIMULATION)
    return own


async def _write(world: Installation, case: str, execution: str | tuple[str, str]) -> None:
    file = HISTORIES / f"{case}.json"
    if file.exists():
        print(f"{case}: recorded before, and kept")  # noqa: T201
        return
    workflow_id, run_id = (execution, None) if isinstance(execution, str) else execution
    history = await world.client.get_workflow_handle(workflow_id, run_id=run_id).fetch_history()
    file.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(_impersonal(json.loads(history.to_json())), indent=1)
    file.write_text(text.replace(world.suffix, "replay") + "\n")
    print(f"{case}: {len(history.events)} events")  # noqa: T201


def _impersonal(value: object) -> object:
    """Without what names the machine that recorded it."""
    if isinstance(value, list):
        return [_impersonal(each) for each in value]
    if isinstance(value, dict):
        return {
            key: re.sub(r"[^@]+@.*", "recorder", str(each)) if key == "identity" else _impersonal(each)
            for key, each in value.items()
            if key == "identity" or key not in _OF_THIS_MACHINE
        }
    return value


if __name__ == "__main__":
    run(main)

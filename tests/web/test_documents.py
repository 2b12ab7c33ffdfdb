"""What the documents tell somebody to type is understood, and does what they say."""

import re
import shlex
from pathlib import Path

import httpx
import pytest
from typer.testing import CliRunner, Result

from tenure.cli.commands import app
from tenure.contracts.credential import CredentialRole
from tests.web.site import Site
from tests.web.terminal import as_json, terminal

ROOT = Path(__file__).parents[2]
DOCUMENT_OF_TRIALS = ROOT / "docs" / "trials.md"
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")), ROOT / "deploy" / "README.md"]
_BLOCK = re.compile(r"^```\w*\n(.*?)^```", re.MULTILINE | re.DOTALL)


def typed(document: Path) -> list[str]:
    """The commands in a document's blocks, each on one line and without what continues it in words."""
    blocks = "\n".join(_BLOCK.findall(document.read_text())).replace("\\\n", " ")
    lines = [part.strip() for line in blocks.splitlines() for part in line.split("&&")]
    return [line for line in lines if line.startswith("tenure ")]


def understood(command: str) -> Result:
    """What the command line makes of a command: its help, where the command and all its options exist."""
    words = shlex.split(re.sub(r"\s[|>].*", "", command), comments=True)[1:]
    return CliRunner().invoke(app, [*words, "--help"])


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_what_a_document_says_can_be_typed(document: Path) -> None:
    """Every command in a document's blocks exists, with the options that it names."""
    for command in typed(document):
        result = understood(command)
        assert result.exit_code == 0, (command, result.output)


@pytest.mark.parametrize("command", ["tenure trials demand", "tenure trials show trl_one --colour", "tenure extend -d"])
def test_a_command_that_does_not_exist_is_found(command: str) -> None:
    """A command or an option that does not exist is not understood, so that the test above can fail."""
    assert understood(command).exit_code == 2


async def test_a_trial_is_asked_for_in_any_language(site: Site) -> None:
    """The plain request of docs/trials.md, as it stands there, begins a trial; again, it is the same one (TR-12, TR-23)."""
    token = await site.token(CredentialRole.OPERATOR)
    tenure = terminal({"TENURE_URL": site.url, "TENURE_TOKEN": token})
    await tenure("import", str(ROOT / "examples" / "first-steps.csv"))
    request = re.search(
        r"^curl \$TENURE_URL(\S+).*?--json '(.*?)'", DOCUMENT_OF_TRIALS.read_text(), re.MULTILINE | re.DOTALL
    )
    assert request is not None
    path, body = request.groups()
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    async with httpx.AsyncClient(base_url=site.url, headers=headers) as http:
        first, second = [(await http.post(path, content=body)).json() for _ in range(2)]
    assert (first["trial_id"], first["path"]) == ("trl_portal-4711", "add_on")
    assert second["requested_at"] == first["requested_at"]


async def test_the_first_steps_of_trials(site: Site) -> None:
    """The import and the commands up to the consent, as docs/trials.md has them, word by word (TR-14, CO-07, CO-08)."""
    tenure = terminal({"TENURE_URL": site.url, "TENURE_TOKEN": await site.token(CredentialRole.OPERATOR)})
    said = typed(DOCUMENT_OF_TRIALS)

    async def follow(beginning: str, *more: str, code: int = 0) -> str:
        command = next(line for line in said if line.startswith(beginning))
        return (await tenure(*shlex.split(command, comments=True)[1:], *more, code=code)).output

    await tenure("import", str(ROOT / "examples" / "first-steps.csv"))
    assert "org_lumiere" in await follow("tenure trials request", code=1)
    assert "pending consent" in await follow(
        "tenure trials request", "--organisation", "org_lumiere", "--id", "trl_lumiere"
    )
    assert "trl_lumiere" in await follow("tenure trials pending")
    await follow("tenure trials accept")
    assert (await as_json(tenure, "trials", "show", "trl_lumiere"))["access"] == "full"

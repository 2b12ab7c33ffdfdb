"""The command line against a served Tenure: what it prints for people and machines, and how it ends."""

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from icalendar import Calendar
from typer.testing import Result

from tenure.contracts.credential import CredentialRole
from tenure.contracts.organisation import OrganisationState
from tests.integration.deletion.town import DAY, admin
from tests.web.site import WEBHOOK_SECRET, Site
from tests.web.terminal import Command, as_json, terminal

type Program = Callable[..., Awaitable[tuple[int, str, str]]]


@pytest.fixture
async def environment(site: Site) -> dict[str, str]:
    """The environment of an operator's shell."""
    token = await site.token(CredentialRole.OPERATOR, name="ada")
    return {"TENURE_URL": site.url, "TENURE_TOKEN": token, "TENURE_WEBHOOK_SECRET": WEBHOOK_SECRET}


@pytest.fixture
def tenure(environment: dict[str, str]) -> Command:
    """Runs `tenure` with arguments, in a thread of its own beside the server."""
    return terminal(environment)


def said(result: Result) -> str:
    """The one sentence on standard error."""
    [sentence] = result.stderr.strip().splitlines()
    return sentence


async def test_organisations_are_listed_shown_and_explained(site: Site, tenure: Command) -> None:
    """List with its filters, one organisation, its audit, and what happens next to it (PS-01, WH-01)."""
    partner_id = await site.town.partner()
    managed = await site.town.organisation(managed_by=partner_id)
    warned = await site.town.warned()
    listed = await as_json(tenure, "organisations", "list")
    assert [one["organisation_id"] for one in listed] == [managed, warned]
    marked = await as_json(tenure, "organisations", "list", "--to-be-deleted")
    assert [one["organisation_id"] for one in marked] == [warned]
    assert "To be deleted" in (await tenure("organisations", "list")).stdout
    of_partner = await as_json(tenure, "organisations", "list", "--partner", partner_id)
    assert [one["organisation_id"] for one in of_partner] == [managed]
    assert (await as_json(tenure, "organisations", "show", warned))["state"] == "warned"
    assert "customer full admin" in (await tenure("organisations", "show", warned)).stdout
    assert [one["action"] for one in await as_json(tenure, "organisations", "audit", warned)] == ["marked", "warned"]
    assert "timer" in (await tenure("organisations", "audit", warned)).stdout
    explained = await as_json(tenure, "explain", warned)
    text = (await tenure("explain", warned)).stdout
    assert all(sentence in text for sentence in (*explained["sentences"], *explained["would_stop_it"]))


async def test_an_import_is_stored_reported_and_repeated(site: Site, tenure: Command, tmp_path: Path) -> None:
    """A file is imported with a report; again, it changes nothing (WH-07)."""
    file = tmp_path / "base.csv"
    file.write_text(
        "record,partner_id,organisation_id,name,country,licence_set_id,kind,state,expires_at\n"
        "partner,ptr_north,,North,,,,,\n"
        "organisation,ptr_north,org_alder,[red]Alder[/red],DE,,,,\n"
        "licence_set,,org_alder,,,lic_alder,trial,active,2036-01-01T00:00:00Z\n"
    )
    printed = (await tenure("import", str(file))).stdout
    assert "3 rows" in printed
    assert printed.endswith("3 rows, 0 unchanged.\n")
    assert "[red]Alder[/red]" in (await tenure("organisations", "list")).stdout
    again = await as_json(tenure, "import", str(file))
    assert again["repeated"]
    assert "nothing changed" in (await tenure("import", str(file))).stdout


async def test_bad_rows_are_all_named(site: Site, tenure: Command, tmp_path: Path) -> None:
    """Each bad row is printed with line and reason, nothing is stored, and the exit code is 2 (WH-07)."""
    file = tmp_path / "base.jsonl"
    file.write_text(
        '{"record": "organisation", "organisation_id": "org_alder", "name": "Alder", "country": "DE"}\n'
        '{"record": "organisation", "organisation_id": "ptr_alder", "name": "Alder", "country": "DE"}\n'
        "no json\n"
    )
    result = await tenure("import", str(file), code=2)
    rows = [line.split() for line in result.stdout.splitlines()[1:]]
    assert [row[0] for row in rows] == ["2", "3"]
    assert all(len(row) > 2 for row in rows)
    assert "nothing was stored" in said(result)
    report = await as_json(tenure, "import", str(file), code=2)
    assert [error["line"] for error in report["errors"]] == [2, 3]
    assert await as_json(tenure, "organisations", "list") == []


async def test_activity_is_imported(site: Site, tenure: Command, tmp_path: Path) -> None:
    """Events of a file count; lines that are none are named, and the exit code says so (AC-01)."""
    organisation_id = await site.town.organisation()
    now = (await site.town.now()).isoformat()
    event = {"organisation_id": organisation_id, "kind": "app_sign_in", "at": now, "source": "identity"}
    file = tmp_path / "activity.ndjson"
    file.write_text(f"{json.dumps(event)}\r\n{{}}\n{json.dumps(event)}\n")
    result = await tenure("activity", "import", str(file), code=2)
    assert "Some lines were rejected" in said(result)
    assert result.stdout.split("Rejected\n")[1].splitlines()[1].split()[0] == "2"
    file.write_text(json.dumps(event))
    counted = await as_json(tenure, "activity", "import", str(file))
    assert (counted["accepted"], counted["older"]) == (0, 1)


async def test_the_calendar_is_printed_and_written(site: Site, tenure: Command, tmp_path: Path) -> None:
    """The next dates as a table, as JSON, and as an iCalendar file (WH-02)."""
    organisation_id = await site.town.organisation()
    await site.town.mark(organisation_id)
    [entry] = await as_json(tenure, "calendar")
    assert entry["kind"] == "deletion_warning"
    assert organisation_id in (await tenure("calendar")).stdout
    assert "Nothing is pending" in (await tenure("calendar", "--within", "29")).stdout
    file = tmp_path / "tenure.ics"
    assert (await tenure("calendar", "--ics", str(file))).stdout == ""
    assert len(Calendar.from_ical(file.read_bytes()).walk("VEVENT")) == 1


async def test_an_organisation_is_deleted_at_its_own_request(site: Site, tenure: Command) -> None:
    """Without the exact name nothing happens and the sentence says what to do; with it, the end begins (DM-11, DM-12)."""
    organisation_id = await site.town.organisation()
    request = ("delete-now", organisation_id, "--person", admin(organisation_id), "--confirm")
    assert "--confirm" in said(await tenure(*request, "Name", code=1))
    assert await site.town.state(organisation_id) is OrganisationState.LIVE
    await tenure(*request, "Name of " + organisation_id.removeprefix("org_"))
    assert await site.town.state(organisation_id) is OrganisationState.ERASING
    [erasure] = await as_json(tenure, "erasures", "list")
    assert erasure["cause"] == "own_request"


async def test_erasures_are_aborted_after_a_plan(site: Site, tenure: Command, tmp_path: Path) -> None:
    """The plan comes first and is confirmed; without anybody to confirm it, nothing happens (SF-08, SF-11)."""
    first, second = await site.town.fenced(), await site.town.fenced()
    more = tmp_path / "ids.txt"
    more.write_text(f"{second}\n\norg_none\n")
    command = ("erasures", "abort", first, "--file", str(more), "--reason", "A feed was misread")
    plan = await as_json(tenure, *command, "--dry-run")
    assert (plan["aborted"], plan["refused"]) == ([first, second], {"org_none": "erasure_not_found"})
    assert "--yes" in (await tenure(*command, code=2)).stderr
    assert await site.town.state(first) is OrganisationState.ERASING
    result = await as_json(tenure, *command, "--yes")
    assert result == plan
    assert await site.town.state(second) is OrganisationState.MARKED
    assert "None of these" in said(await tenure("erasures", "abort", first, "--reason", "x", code=1))
    await tenure("erasures", "abort", "--reason", "x", "--yes", code=2)


async def test_a_breaker_is_shown_and_released(site: Site, tenure: Command) -> None:
    """A closed breaker has nothing to release; an open one lets the stated number through (SF-05)."""
    release = ("breaker", "release", "--fleet", "--count", "3", "--reason", "Expected")
    assert "nothing to release" in said(await tenure(*release, code=1))
    await site.town.execute("update breakers set open_since = business_now(), reason = 'test'")
    assert "open" in (await tenure("breaker", "show")).stdout
    assert (await as_json(tenure, *release))["released_by"] == "operator:ada"


async def test_receipts_are_verified_offline(site: Site, tenure: Command, tmp_path: Path) -> None:
    """The exported chain verifies without a server; one byte changed, and it does not (SF-07)."""
    for _ in range(2):
        erased = await site.town.purging()
        await site.town.erase(erased)
    exported = (await tenure("receipt", "export")).stdout
    chain, changed = tmp_path / "chain.ndjson", tmp_path / "changed.ndjson"
    chain.write_text(exported)
    changed.write_text(exported.replace("unused", "unusee", 1))
    shown = await as_json(tenure, "receipt", "show", erased)
    found = await as_json(tenure, "receipt", "verify", str(chain))
    assert found == {"receipts": 2, "hash": shown["hash"], "faults": []}
    result = await tenure("receipt", "verify", str(changed), code=1)
    assert "not what was issued" in said(result)
    assert "receipt 1" in result.stdout
    changed.write_text("{}")
    assert "line 1" in said(await tenure("receipt", "verify", str(changed), code=2))


async def test_feeds_are_run_by_hand(site: Site, tenure: Command) -> None:
    """A feed is registered, reports how far it is, and declares what it has lost (SF-03)."""
    now = (await site.town.now()).isoformat()
    registered = await as_json(tenure, "feeds", "register", "messages", "--rhythm", "6h", "--no-needed")
    assert (registered["rhythm"], registered["needed"]) == ("PT6H", False)
    await tenure("feeds", "heartbeat", "messages", "--watermark", now)
    gap = ("feeds", "declare-gap", "messages", "--from", "2026-01-01T00:00:00Z", "--until", now, "--reason", "A disk")
    assert "counts as active" in (await tenure(*gap)).stdout
    assert [one["source"] for one in await as_json(tenure, "feeds", "list")] == ["identity", "messages"]
    assert "feeds register" in said(await tenure("feeds", "heartbeat", "none", "--watermark", now, code=1))


async def test_notices_are_listed_and_previewed(site: Site, tenure: Command, tmp_path: Path) -> None:
    """What was sent is listed; what would be sent is shown, and its HTML written, without a mail (WH-03)."""
    organisation_id = await site.town.warned()
    assert "accepted" in (await tenure("notices", "list", organisation_id)).stdout
    file = tmp_path / "warning.html"
    printed = (await tenure("notices", "preview", organisation_id, "--html", str(file))).stdout
    mail = await as_json(tenure, "notices", "preview", organisation_id)
    assert mail["subject"] in printed
    assert file.read_text() == mail["html"]
    later = ((await site.town.now()) + 5 * DAY).isoformat()
    assert (await as_json(tenure, "notices", "preview", organisation_id, "--as-of", later))["date"] != mail["date"]
    assert len(await as_json(tenure, "notices", "list", organisation_id)) == 1


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("explain", "ptr_north"), 2),
        (("explain", "org_none"), 1),
        (("feeds", "register", "a", "--rhythm", "soon"), 2),
        (("feeds", "register", "Not A Name", "--rhythm", "1h"), 2),
        (("feeds", "heartbeat", "a", "--watermark", "2026-01-01T00:00:00"), 2),
        (("import", "nowhere.csv"), 2),
        (("breaker", "release", "--fleet", "--count", "0", "--reason", "x"), 2),
        (("breaker", "release", "--fleet", "--count", "1", "--reason", ""), 2),
        (("breaker", "release", "--count", "1", "--reason", "neither scope"), 2),
        (("breaker", "release", "--fleet", "--partner", "ptr_a", "--count", "1", "--reason", "both"), 2),
        (("calendar", "--ics", "/nowhere/tenure.ics"), 2),
        (("nonsense",), 2),
    ],
)
async def test_wrong_arguments_are_told(tenure: Command, arguments: tuple[str, ...], code: int) -> None:
    """What is wrong is said on standard error, nothing goes to standard output, and the exit code tells its kind."""
    result = await tenure(*arguments, code=code)
    assert result.stdout == ""
    assert result.stderr.strip()
    assert "Traceback" not in result.output


async def test_the_way_out_is_named(site: Site, tenure: Command, environment: dict[str, str]) -> None:
    """Without a valid token, without a server, and with a wrong address, one sentence says what to set."""
    environment["TENURE_TOKEN"] = "tnr_wrong"
    assert "TENURE_TOKEN" in said(await tenure("feeds", "list", code=1))
    for token in ("", "a secret", "secret\n"):
        environment["TENURE_TOKEN"] = token
        told = said(await tenure("feeds", "list", code=2))
        assert "set TENURE_TOKEN" in told
        assert "secret" not in told
    environment["TENURE_TOKEN"] = await site.token(CredentialRole.SERVICE)
    assert "operator" in said(await tenure("breaker", "show", code=1))
    environment["TENURE_URL"] = "tenure"
    assert "TENURE_URL" in said(await tenure("feeds", "list", code=2))
    environment["TENURE_URL"] = "http://127.0.0.1:9"
    assert "Start it" in said(await tenure("feeds", "list", code=3))
    environment["TENURE_URL"], environment["TENURE_WEBHOOK_SECRET"] = site.url, "secret"
    assert "whsec_" in said(await tenure("feeds", "list", code=2))


async def test_a_name_commands_no_terminal(site: Site, tenure: Command) -> None:
    """What people chose to be called moves no cursor, and rewrites no title: it is printed without what would."""
    organisation = await site.town.organisation()
    await site.town.execute("update organisations set name = $1", "Acme\x1b]0;owned\x07 \x9b2J\rWorks")
    for arguments in (("organisations", "list"), ("organisations", "show", organisation), ("explain", organisation)):
        printed = (await tenure(*arguments)).stdout
        assert "Works" in printed
        assert not set(printed) & set("\x1b\x07\x9b\r")
        machine_readable = (await tenure(*arguments, "--json")).stdout
        assert not set(machine_readable) & set("\x1b\x07\x9b\r")
        assert r"\u009b2J\rWorks" in machine_readable


@pytest.fixture
def program(environment: dict[str, str]) -> Program:
    """Runs the program itself; answers its exit code, output and errors."""

    async def run(*arguments: str) -> tuple[int, str, str]:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-c",
            "from tenure.cli import main; main()",
            *arguments,
            env=environment,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        out, err = await process.communicate()
        assert process.returncode is not None
        return process.returncode, out.decode(), err.decode()

    return run


async def test_the_program_ends_with_its_code(program: Program) -> None:
    """The program leaves by its own exit, with all output written and the code of what happened."""
    code, out, err = await program("feeds", "list", "--json")
    assert (code, [feed["source"] for feed in json.loads(out)], err) == (0, ["identity"], "")
    code, out, err = await program("explain", "org_none")
    assert (code, out) == (1, "")
    assert err == "There is no such organisation. See `tenure organisations list`.\n"
    assert (await program("explain"))[0] == 2

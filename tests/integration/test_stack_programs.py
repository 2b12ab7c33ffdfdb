"""Where the programs of a Temporal server are found, and how they are built."""

import asyncio
import os
from pathlib import Path

import pytest

from workers.stack.builds import go_install
from workers.stack.errors import StackError
from workers.stack.temporal_programs import CommandLine, Official, cache_folder, find_programs

GO = """#!/bin/sh
# Stands in for Go: "builds" the program that `go install` would, in as many lines.
echo "$@" >>"$GO_CALLS"
echo compiling 1>&2
[ -n "$GO_FAILS" ] && { echo "no such module" 1>&2; exit 1; }
printf '#!/bin/sh\\n' >"$GOBIN/server"
chmod +x "$GOBIN/server"
"""


@pytest.fixture
def tools(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that is all of PATH beside the system's own commands, and an empty cache."""
    folder = tmp_path / "tools"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    monkeypatch.setenv("TENURE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("GO_CALLS", str(tmp_path / "calls"))
    return folder


def install(folder: Path, name: str, script: str) -> Path:
    program = folder / name
    program.parent.mkdir(parents=True, exist_ok=True)
    program.write_text(script)
    program.chmod(0o755)
    return program


def command_line(server: str) -> str:
    return f"#!/bin/sh\necho 'temporal version 1.9.1 (Server {server}, UI 2.54.0)'\n"


def installed_official() -> Official:
    cache = cache_folder()
    server = install(cache / "temporal-server-1.32.0" / "bin", "server", "#!/bin/sh\n")
    return Official(server, install(cache / "temporal-ui-2.54.1" / "bin", "server", "#!/bin/sh\n"))


@pytest.mark.parametrize("version", ["1.32.0", "1.32.1", "1.40.0", "2.0.0"])
async def test_a_recent_command_line_on_path_comes_first(tools: Path, version: str) -> None:
    """A `temporal` whose server skips time is used before anything in the cache."""
    installed_official()
    program = install(tools, "temporal", command_line(version))
    assert await find_programs(print, server_wide=True) == CommandLine(program)


@pytest.mark.parametrize("version", ["1.31.2", "1.9.0", "0.32.0", "unknown"])
async def test_an_old_command_line_is_passed_over(tools: Path, version: str) -> None:
    """A server before 1.32 cannot skip time, and what states no version is not trusted."""
    install(tools, "temporal", command_line(version))
    official = installed_official()
    assert await find_programs(print, server_wide=True) == official


async def test_namespaces_that_differ_need_the_official_server(tools: Path) -> None:
    """The command line sets time skipping for the whole server: production's namespace must not get it with that."""
    install(tools, "temporal", command_line("1.32.0"))
    official = installed_official()
    assert await find_programs(print, server_wide=False) == official


async def test_a_download_of_an_earlier_start_is_used_again(tools: Path) -> None:
    """What the SDK fetched is found by its place; what it was still fetching is not taken for a program."""
    folder = cache_folder() / "temporal-cli-1.9.1"
    install(folder, "temporal-1.9.1.downloading", "half")
    program = install(folder, "temporal-1.9.1", command_line("1.32.0"))
    assert await find_programs(print, server_wide=True) == CommandLine(program)


async def test_without_go_the_ways_out_are_told(tools: Path) -> None:
    """One sentence with all three: an address, the command line, Go."""
    with pytest.raises(StackError, match=r"^There is no .*TEMPORAL_ADDRESS .*`temporal` command line .*install Go"):
        await find_programs(print, server_wide=False)


async def test_go_builds_both_programs_once(tools: Path, tmp_path: Path) -> None:
    """Server and web interface are both named `server`; each gets its own place, and the next start builds nothing."""
    install(tools, "go", GO)
    lines: list[str] = []
    built = await find_programs(lines.append, server_wide=False)
    assert isinstance(built, Official)
    assert built.server == cache_folder() / "temporal-server-1.32.0" / "bin" / "server"
    assert built.ui == cache_folder() / "temporal-ui-2.54.1" / "bin" / "server"
    assert os.access(built.server, os.X_OK)
    assert os.access(built.ui, os.X_OK)
    assert await find_programs(lines.append, server_wide=False) == built
    assert (tmp_path / "calls").read_text().splitlines() == [
        "install -v go.temporal.io/server/cmd/server@v1.32.0",
        "install -v github.com/temporalio/ui-server/v2/cmd/server@v2.54.1",
    ]
    assert any(line.startswith("Building go.temporal.io/server") for line in lines)


async def test_a_failed_build_leaves_nothing_and_tells_why(
    tools: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Go's last words are in the message, and the next start builds again."""
    go = install(tools, "go", GO)
    program = tmp_path / "cache" / "thing" / "bin" / "server"
    monkeypatch.setenv("GO_FAILS", "1")
    with pytest.raises(StackError, match=r"^`go install m@v1` failed \(no such module\): the ways out\.$"):
        await go_install(str(go), "m@v1", program, print, "the ways out.")
    assert [entry.name for entry in program.parent.parent.iterdir()] == ["build.lock"]
    monkeypatch.delenv("GO_FAILS")
    await go_install(str(go), "m@v1", program, print, "the ways out.")
    assert os.access(program, os.X_OK)


async def test_two_stacks_build_once(tools: Path, tmp_path: Path) -> None:
    """The second waits for the first and finds its program."""
    go = install(tools, "go", GO)
    program = tmp_path / "cache" / "thing" / "bin" / "server"
    builds = (go_install(str(go), "m@v1", program, print, "") for _ in range(2))
    await asyncio.gather(*builds)
    assert (tmp_path / "calls").read_text().splitlines() == ["install -v m@v1"]

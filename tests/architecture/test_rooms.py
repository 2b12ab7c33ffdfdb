"""The rooms of the house: who may import whom, what is shipped, and that every public thing says what it is."""

import ast
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import TypeGuard

import pytest

import activities
import adapters
import tenure
import web
import workers
import workflows

REPOSITORY = Path(__file__).parents[2]
ROOMS = ("tenure", "workflows", "activities", "adapters", "web", "workers")
SOURCES = sorted(
    file
    for room in (*ROOMS, "benchmarks", "examples")
    for file in (REPOSITORY / room).rglob("*.py")
    if "migrations" not in file.parts
)


def test_rooms_import_only_what_they_may() -> None:
    """The import rules of pyproject.toml hold: layers between and inside the rooms, and who may know which library."""
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"]
    outcome = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert outcome.returncode == 0, outcome.stdout


@pytest.mark.parametrize("room", [tenure, workflows, activities, adapters, web, workers])
def test_our_own_packages_are_imported(room: object) -> None:
    """Some of these names are taken on the package index: nobody else's package hides ours."""
    assert Path(str(getattr(room, "__file__", ""))).is_relative_to(REPOSITORY)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)],
        cwd=REPOSITORY,
        capture_output=True,
        check=True,
    )
    (built,) = folder.glob("*.whl")
    return built


def test_the_wheel_holds_the_client_alone(wheel: Path) -> None:
    """Services that install the wheel get `tenure`, typed, and no database, mail or template code."""
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    top = {name.split("/")[0] for name in names}
    assert {name for name in top if not name.endswith(".dist-info")} == {"tenure"}
    assert "tenure/py.typed" in names
    assert not [name for name in names if name.endswith((".sql", ".j2", ".po", ".mo"))]


def test_the_wheel_imports_in_a_bare_environment(wheel: Path, tmp_path: Path) -> None:
    """With nothing of the application installed every module of the wheel can be imported."""
    script = tmp_path / "bare.py"
    script.write_text(
        f"""
import importlib, pkgutil, sys
BARRED = {{"asyncpg", "psycopg", "alembic", "sqlalchemy", "jinja2", "babel", "aiosmtplib", "fastapi", "starlette",
          "uvicorn", "aiosmtpd", "pytest", "workflows", "activities", "adapters", "web", "workers"}}
class Bare:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in BARRED:
            raise ModuleNotFoundError(f"{{name}} is not there in a bare environment")
sys.meta_path.insert(0, Bare())
sys.path.insert(0, {str(wheel)!r})
import tenure
assert tenure.__file__.startswith({str(wheel)!r}), tenure.__file__
for module in pkgutil.walk_packages(tenure.__path__, "tenure."):
    if not module.name.endswith("__main__"):
        importlib.import_module(module.name)
print("imported", flush=True)
import os
os._exit(0)
"""
    )
    outcome = subprocess.run(
        [sys.executable, "-I", str(script)], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert outcome.stdout == "imported\n", outcome.stderr


def _silent(file: Path) -> Iterator[str]:
    """The public classes and functions of a file, and itself, that have no docstring."""
    tree = ast.parse(file.read_text())
    below: list[tuple[str, ast.AST]] = [(str(file.relative_to(REPOSITORY)), tree)]
    while below:
        name, node = below.pop()
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            if ast.get_docstring(node) is None and not _is_described_elsewhere(node):
                yield name
            if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                below += [(f"{name}:{child.name}", child) for child in node.body if _is_public(child)]


def _is_public(node: ast.stmt) -> TypeGuard[ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef]:
    return isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and not node.name.startswith("_")


def _is_described_elsewhere(node: ast.AST) -> bool:
    decorators = [ast.unparse(decorator) for decorator in getattr(node, "decorator_list", [])]
    return any(decorator.split(".")[-1] in {"overload", "override", "setter"} for decorator in decorators)


def test_public_names_say_what_they_are() -> None:
    """Every module of the rooms, and every public class, function and method in it, has a docstring."""
    assert [name for file in SOURCES for name in _silent(file)] == []


def test_tests_say_what_they_prove() -> None:
    """Every test has a docstring: the behaviour, and the requirement it proves."""
    tests = sorted((REPOSITORY / "tests").rglob("test_*.py"))
    assert [name for file in tests for name in _silent(file) if name.split(":")[-1].startswith("test_")] == []


def test_files_stay_short() -> None:
    """No file is longer than 300 lines: what grows past that is two things."""
    assert {str(file): lines for file in SOURCES if (lines := len(file.read_text().splitlines())) > 300} == {}

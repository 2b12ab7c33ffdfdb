"""The commands that workflow code can issue, in the order of the source: a page to read when it changes.

Replay tests say that a change breaks executions that sleep; this says, in a diff, which change that was.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

COMMANDS = Path(__file__).with_name("commands.txt")
_WORKFLOWS = Path(__file__).parents[2] / "workflows"
_ISSUING = frozenset(
    {
        "cancel",
        "continue_as_new",
        "deprecate_patch",
        "execute_activity_method",
        "execute_child_workflow",
        "patched",
        "sleep",
        "start_activity_method",
        "start_child_workflow",
        "upsert_memo",
        "upsert_search_attributes",
        "wait_condition",
    }
)


def commands() -> str:
    """Every call that becomes a command, with its place and what it is given."""
    return "".join(f"{line}\n" for file in sorted(_WORKFLOWS.glob("*.py")) for line in _lines(file))


def _lines(file: Path) -> Iterator[str]:
    functions = [
        (f"{owner}{function.name}", function)
        for owner, body in _bodies(ast.parse(file.read_text()))
        for function in body
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    for name, function in functions:
        for node in sorted(ast.walk(function), key=lambda node: getattr(node, "lineno", 0)):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in _ISSUING:
                timed = ", timeout" if any(keyword.arg == "timeout" for keyword in node.keywords) else ""
                given = ast.unparse(node.args[0]) if node.args else ""
                yield f"{file.stem}.{name}: {node.func.attr}({given}{timed})"


def _bodies(tree: ast.Module) -> Iterator[tuple[str, list[ast.stmt]]]:
    yield "", tree.body
    for node in tree.body:
        if isinstance(node, ast.ClassDef):
            yield f"{node.name}.", node.body

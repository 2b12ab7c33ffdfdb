"""The policy as the simulated world uses it, and copies of it with one guard taken out."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Final

import tenure.policy

_FOLDER: Final = Path(tenure.policy.__path__[0])
_PARTS: Final = ("promise", "deletion", "breaker", "erasure")


@dataclass(frozen=True)
class Policy:
    """The modules of one policy, with the functions that the product has."""

    deletion: ModuleType
    promise: ModuleType
    breaker: ModuleType
    erasure: ModuleType


def policy(name: str = "original", changes: Sequence[tuple[str, str, str]] = ()) -> Policy:
    """A copy of the policy from its source, with some passages replaced.

    Args:
        name: Makes the copies' names unique.
        changes: The part, the passage, which has to be there exactly once, and what takes its place.
    """
    modules: dict[str, ModuleType] = {}
    for part in _PARTS:
        source = (_FOLDER / f"{part}.py").read_text(encoding="utf-8")
        for passage, replacement in [change[1:] for change in changes if change[0] == part]:
            assert source.count(passage) == 1, f"{passage!r} stands {source.count(passage)} times in {part}"
            source = source.replace(passage, replacement)
        spec = spec_from_file_location(f"policies.{name}.{part}", _FOLDER / f"{part}.py")
        assert spec is not None
        module = module_from_spec(spec)
        sys.modules[module.__name__] = module  # pydantic looks its models' annotations up there
        exec(compile(source, f"{name}/{part}.py", "exec"), module.__dict__)
        modules[part] = module
    modules["deletion"].__dict__["promises"] = modules["promise"]
    return Policy(**modules)

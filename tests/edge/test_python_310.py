"""The appliance runs Python 3.10: edge/, and what it takes from ontology/, may use nothing newer."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
NEWER = {
    # module -> names that came with Python 3.11 or later
    "typing": {"Self", "Never", "LiteralString", "assert_never", "Unpack", "TypeVarTuple", "override", "NotRequired", "reveal_type"},
    "enum": {"StrEnum", "ReprEnum", "verify"},
    "datetime": {"UTC"},
    "asyncio": {"timeout", "TaskGroup", "Runner"},
    "hashlib": {"file_digest"},
    "contextlib": {"chdir"},
    "itertools": {"batched"},
}  # fmt: skip
NEW_MODULES = {"tomllib"}
NEW_BUILTINS = {"ExceptionGroup", "BaseExceptionGroup"}


def reached() -> list[Path]:
    """Every file of edge/ and every file of ours that one of them imports, and so on."""
    waiting = sorted((ROOT / "edge").rglob("*.py"))
    seen: dict[Path, None] = {}
    while waiting:
        path = waiting.pop()
        if path in seen:
            continue
        seen[path] = None
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [str(node.module)] if isinstance(node, ast.ImportFrom) else []
            waiting += [
                f for name in names if (f := ROOT / f"{name.replace('.', '/')}.py").exists()
            ]
    return sorted(seen)


@pytest.mark.parametrize("path", reached(), ids=lambda path: str(path.relative_to(ROOT)))
def test_a_file_that_runs_on_the_appliance_keeps_to_python_3_10(path: Path) -> None:
    tree = ast.parse(path.read_text("utf-8"), feature_version=(3, 10))
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            assert not NEW_MODULES & {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.module not in NEW_MODULES
            assert not NEWER.get(str(node.module), set()) & {alias.name for alias in node.names}
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            assert node.attr not in NEWER.get(
                {"dt": "datetime"}.get(node.value.id, node.value.id), set()
            )
        elif isinstance(node, ast.Name):
            assert node.id not in NEW_BUILTINS
        assert type(node).__name__ not in {"TryStar", "TypeAlias"}


def test_the_appliance_needs_only_plain_values_from_the_ontology() -> None:
    names = {path.relative_to(ROOT).as_posix() for path in reached()}
    assert {name for name in names if not name.startswith("edge/")} <= {
        "ontology/errors.py", "ontology/kinds.py", "ontology/time.py",
    }  # fmt: skip

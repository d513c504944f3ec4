"""The house stands as it was drawn: layers, doors, Python 3.10 on the edge, no clash with a dependency."""

from __future__ import annotations

import ast
import re
from functools import cache
from importlib.metadata import distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ROOMS = ("ontology", "edge", "ingest", "agent", "services")
DOORS = {
    "sqlalchemy": ("ontology/store/",),
    "duckdb": ("ontology/store/",),
    "sqlglot": ("ontology/store/",),
    "tantivy": ("edge/indexes/embedded.py",),
    "usearch": ("edge/indexes/embedded.py",),
    "onnxruntime": ("edge/engines/onnx.py", "edge/indexes/embedded.py"),
    "llama_index": ("ingest/documents/",),
    "pymodbus": ("ingest/drivers/modbus", "ingest/demo/devices/"),
    "bacpypes3": ("ingest/drivers/bacnet",),
    "aiomqtt": ("ingest/drivers/lorawan.py", "ingest/demo/devices/"),
    "paho": ("ingest/drivers/lorawan.py",),
    "tomlkit": ("ingest/discovery/linefile.py",),
    "pyarrow": ("ontology/store/", "ingest/arrow_batch.py", "ingest/trends/rows.py"),
    "langgraph": ("agent/graph.py",),
    "fastapi": ("services/api/",),
    "pyroaring": ("ontology/index/",),
    "rdflib": ("ingest/exchange/brick.py",),
    "pyhaystack": ("ingest/haystack/legacy.py",),
    "hszinc": ("ingest/haystack/legacy.py",),
    "aiohttp": ("services/llm/gateway/", "services/llm/measure/"),
    "prometheus_client": ("services/llm/gateway/",),
    "matplotlib": ("services/llm/plots.py",),
    "vllm": (),
}


def modules(*rooms: str) -> list[Path]:
    return sorted(path for room in rooms for path in (ROOT / room).rglob("*.py"))


@cache
def imports(path: Path) -> set[str]:
    """Top-level names that a module imports anywhere, in functions too."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module.split(".")[0])
    return found


@pytest.mark.parametrize("vendor", DOORS)
def test_a_vendor_has_one_door(vendor: str) -> None:
    users = [str(path.relative_to(ROOT)) for path in modules(*ROOMS) if vendor in imports(path)]
    assert [user for user in users if not user.startswith(DOORS[vendor] or ("-",))] == []


def test_no_dependency_ships_one_of_our_names() -> None:
    clashes = {
        (dist.name, top)
        for dist in distributions()
        if dist.name != "plantroom"
        for top in (dist.read_text("top_level.txt") or "").split()
        if top in ROOMS
    }
    assert clashes == set()


EDGE_TAKES = ("errors", "kinds", "time")


@pytest.mark.parametrize(
    "path", [*modules("edge"), *(ROOT / "ontology" / f"{name}.py" for name in EDGE_TAKES)], ids=str
)
def test_the_appliance_reads_it_with_python_3_10(path: Path) -> None:
    text = path.read_text()
    ast.parse(text, feature_version=(3, 10))
    newer = r"import .*\b(Self|StrEnum|UTC|assert_never|tomllib)\b|datetime\.UTC|dt\.UTC|asyncio\.(timeout|TaskGroup)"
    assert re.findall(newer, text) == []


def test_every_module_says_its_one_idea_in_its_first_line() -> None:
    silent = [
        str(path.relative_to(ROOT))
        for path in modules(*ROOMS)
        if path.read_text().strip() and not ast.get_docstring(ast.parse(path.read_text()))
    ]
    assert silent == []

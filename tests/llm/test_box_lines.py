"""The line of a replica, with tools and adapters, is taken by vLLM's own parser; a wrong flag is named by preflight."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from services.llm.box import Box
from services.llm.launch.findings import State
from services.llm.launch.preflight import engine
from services.llm.launch.tool_parsers import _BY_NAME, _BY_TEMPLATE
from services.llm.measure.engine import ENTRY
from tests.llm.server import PYTHON

pytestmark = pytest.mark.llm


def a_box(folder: Path, *flags: str) -> Box:
    adapter = folder / "a, b=c"
    adapter.mkdir()
    (adapter / "adapter_config.json").write_text(json.dumps({"r": 24}))
    return Box.model_validate({
        "served": {"path": str(folder), "tool_parser": "hermes", "adapters": {"site": str(adapter)}, "hot_adapters": True},
        "engine": {"command": [str(PYTHON), *ENTRY, "--model"], "arguments": list(flags)},
        "replicas": [{"name": "wide", "gpus": list(range(8)), "nodes": 2, "host": "10.0.0.1"}],
    })  # fmt: skip


def test_a_line_with_tools_adapters_and_ray_is_taken_by_the_parser(tmp_path: Path) -> None:
    found, _ = engine(a_box(tmp_path, "--tensor-parallel-size", "16"))
    assert found.state is State.OK, found
    assert "vLLM 0.3" in found.says


def test_a_flag_that_vllm_does_not_know_is_named(tmp_path: Path) -> None:
    found, _ = engine(a_box(tmp_path, "--no-such-flag"))
    assert (found.state, "unrecognized arguments: --no-such-flag" in found.says) == (
        State.FAILED,
        True,
    ), found


def test_every_parser_named_here_is_one_of_vllms() -> None:
    (listed,) = (PYTHON.parents[1] / "lib").glob(
        "python3*/site-packages/vllm/tool_parsers/__init__.py"
    )
    known = listed.read_text()
    assert [
        parser for _, parser in (*_BY_NAME, *_BY_TEMPLATE) if f'"{parser}": (' not in known
    ] == []

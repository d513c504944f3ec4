"""The four ways with an engine that answers at once; the random checkpoint that they and the real servers are tried on."""

from __future__ import annotations

import json
import math
import struct
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from tokenizers import Tokenizer
from typer.testing import CliRunner

from ontology.errors import Unavailable
from services.commands import llm
from services.llm.measure.engine import group_bytes, on_cpu, serving
from services.llm.measure.four_ways import WAYS, Asked, Result, compare
from services.llm.measure.random_model import SIZES, bfloat16, write_random_model
from services.llm.sizing.models import model_or_folder
from tests.services.llm.stubs import STUB


def engine(folder: Path, transformers: str) -> Path:
    """An interpreter for which vLLM is the stub, and transformers a line of shell."""
    python = folder / "python"
    python.write_text(
        f'#!/bin/sh\ncase "$1" in\n-m) shift 2; exec {sys.executable} {STUB} --latency-ms 4 "$@";;\n'
        f"*) cat > asked.json; {transformers};;\nesac\n"
    )
    python.chmod(0o755)
    return python


def answer(first_s: float, last_s: float) -> str:
    told = {"start_s": 2.0, "memory_bytes": 5e9, "answers": [{"first_s": first_s, "last_s": last_s, "tokens": 11}]}  # fmt: skip
    return f"echo noise; echo '{json.dumps(told)}'"


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_random_model(tmp_path_factory.mktemp("model") / "random-5m", SIZES["5m"])


def test_all_four_are_measured_and_explained(tmp_path: Path, small: Path) -> None:
    told: list[str] = []
    asked = Asked(small, engine(tmp_path, answer(0.2, 0.7)), isl=40, osl=11, requests=2, gpu="a100-80")  # fmt: skip
    found = list(compare(asked, lambda way: told.append(way.id)))
    assert [result.way for result in found] == told == [way.id for way in WAYS]
    assert [result.refused for result in found] == [""] * 4
    pipeline, _, tp, pp = found
    assert (pipeline.ttft_s, pipeline.tpot_s, pipeline.memory_bytes) == pytest.approx((0.2, 0.05, 5e9))  # fmt: skip
    assert 0.003 < tp.tpot_s < 0.05
    assert all(result.predicted_tpot_s > 0 for result in found)
    assert "all-reduces" in tp.why
    assert "%" in tp.why
    assert tp.why != pp.why


def test_a_way_that_cannot_run_says_so_and_has_no_figures(tmp_path: Path, small: Path) -> None:
    python = engine(tmp_path, "echo 'no kernel for 4 bit here' >&2; exit 3")
    found = list(compare(Asked(small, python, isl=40, osl=5, requests=1)))
    for result in found[:2]:
        assert "no kernel for 4 bit here" in result.refused
        assert math.isnan(result.tpot_s)
        assert result.to_json()["tok_s"] is None
    assert all(not result.refused for result in found[2:])
    assert all(math.isnan(result.predicted_tpot_s) for result in found)  # sizing was told no GPU
    assert all(result.why for result in found)


def test_the_command_writes_table_json_and_plot(tmp_path: Path, small: Path) -> None:
    python = engine(tmp_path, answer(0.1, 0.6))
    words = ["four-ways", str(small), "--cpu", "--engine-python", str(python), "--osl", "5", "--requests", "1", "-o", str(tmp_path / "out")]  # fmt: skip
    done = CliRunner().invoke(llm.app, words)
    assert done.exit_code == 0, done.output
    assert "vllm-pp" in done.output
    kept = json.loads((tmp_path / "out" / "four-ways.json").read_text())
    assert [row["way"] for row in kept["ways"]] == [way.id for way in WAYS]
    assert (tmp_path / "out" / "four-ways.png").read_bytes().startswith(b"\x89PNG")


def test_a_server_that_ends_while_it_starts_is_told_with_its_last_words(tmp_path: Path) -> None:
    python = engine(tmp_path, "true")
    with pytest.raises(Unavailable) as told, serving(python, ["--fail", "out of memory"], tmp_path / "log", env={}):  # fmt: skip
        pass
    assert "out of memory" in told.value.hint


def test_a_servers_whole_group_ends_with_the_measurement(tmp_path: Path) -> None:
    with serving(engine(tmp_path, "true"), ["--workers", "2"], tmp_path / "log", env={}) as server:
        assert group_bytes(server.group) > 10e6
    assert math.isnan(group_bytes(server.group))


def test_each_rank_has_a_core_of_its_own() -> None:
    assert on_cpu(2)["VLLM_CPU_OMP_THREADS_BIND"].count("|") == 1


def test_the_checkpoint_has_the_weights_that_its_config_says(small: Path) -> None:
    with (small / "model.safetensors").open("rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        header = json.loads(file.read(length))
    shapes = [each["shape"] for name, each in header.items() if name != "__metadata__"]
    assert sum(int(np.prod(shape)) for shape in shapes) == model_or_folder(str(small)).params
    ends = [each["data_offsets"][1] for name, each in header.items() if name != "__metadata__"]
    assert (small / "model.safetensors").stat().st_size == 8 + length + max(ends)


def test_the_119_m_checkpoint_weighs_what_its_name_says(tmp_path: Path) -> None:
    size = SIZES["119m"]
    layer = size.hidden * size.head * (2 * size.heads + 2 * size.kv_heads) + 3 * size.hidden * size.feed  # fmt: skip
    assert (size.layers * layer + 2 * 18_512 * size.hidden) / 119e6 == pytest.approx(1, abs=0.01)


@given(st.text(max_size=80))
def test_its_tokenizer_gives_every_text_back(text: str) -> None:
    made = tokenizer()
    assert made.decode(made.encode(text).ids, skip_special_tokens=False) == text


def tokenizer() -> Tokenizer:
    from services.llm.measure.random_model import SPECIAL, _bytes, _runs, _tokenizer

    if not _MADE:
        _MADE.append(Tokenizer.from_str(json.dumps(_tokenizer([*SPECIAL, *_bytes().values(), *_runs(2), *_runs(3)]))))  # fmt: skip
    return _MADE[0]


_MADE: list[Tokenizer] = []


@given(arrays(np.float32, 20, elements=st.floats(-(2.0**99), 2.0**99, width=32)))
def test_16_bit_rounds_to_the_nearest(values: np.ndarray) -> None:
    back = (bfloat16(values).astype(np.uint32) << np.uint32(16)).view(np.float32)
    assert np.all(np.abs(back - values) <= np.abs(values) * 2**-8 + 1e-38)


def test_an_unknown_figure_is_null_and_not_zero() -> None:
    assert Result("x").to_json()["memory_bytes"] is None

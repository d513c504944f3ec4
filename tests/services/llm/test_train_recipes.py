"""What is looked at before a training starts: examples, the stretches that bear a loss, memory, the run's folder."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.model import CANARY, PING
from ontology.errors import BadRequest, Conflict, NotFound, Refused
from services.llm.domain.fits import Place, fit_of, inventory_of, place_of
from services.llm.domain.recipe import How, Recipe, canaries, keep, read_data
from services.llm.domain.shards import accelerate_config, command
from services.llm.domain.train import prepare
from services.llm.domain.turns import BadExample, labels, lessons
from services.llm.sizing.gpus import inventory
from services.llm.sizing.models import CONFIGS
from services.llm.smi import parse_query

ASKED = {"role": "user", "content": "power of ch-2 now?"}
CALLED = {
    "role": "assistant",
    "content": None,
    "tool_calls": [{"id": "c1", "type": "function", "function": {"name": "history", "arguments": '{"of": ["CH-2"]}'}}],
}  # fmt: skip
FOUND = {"role": "tool", "tool_call_id": "c1", "content": "325 kW"}
TOLD = {"role": "assistant", "content": "325 kW [E1]"}


def chatml(messages: Sequence[Mapping[str, Any]], *, opened: bool) -> str:
    said = "".join(
        f"<{m['role']}>{m.get('content') or json.dumps(m.get('tool_calls'))}</>" for m in messages
    )
    return said + ("<assistant>" if opened else "")


def only_the_last(messages: Sequence[Mapping[str, Any]], *, opened: bool) -> str:
    """A template that forgets what was said in earlier turns, as thinking models forget their thoughts."""
    last = len(messages) - 1
    shown = [m for n, m in enumerate(messages) if m["role"] != "assistant" or n == last]
    return chatml(shown, opened=opened)


def written(folder: Path, *examples: Mapping[str, Any]) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "all.jsonl").write_text("".join(json.dumps(one) + "\n" for one in examples))
    return folder


def data_of(folder: Path) -> Path:
    return written(folder, {"messages": [ASKED, CALLED], "split": "train"}, {"messages": [ASKED, TOLD], "split": "valid"})  # fmt: skip


def base_of(folder: Path, name: str) -> str:
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps(CONFIGS[name][1]))
    return str(folder)


def test_only_what_the_assistant_says_bears_a_loss() -> None:
    (lesson,) = lessons([ASKED, CALLED, FOUND, TOLD], chatml)
    said = [lesson.text[first:last] for first, last in lesson.said]
    assert said == [f"{json.dumps(CALLED['tool_calls'])}</>", "325 kW [E1]</>"]


def test_a_template_that_rewrites_earlier_turns_gives_one_lesson_a_turn() -> None:
    found = lessons([ASKED, CALLED, FOUND, TOLD], only_the_last)
    assert [one.text[one.said[0][0] : one.said[0][1]] for one in found] == [
        f"{json.dumps(CALLED['tool_calls'])}</>", "325 kW [E1]</>",
    ]  # fmt: skip


def test_a_template_that_opens_a_turn_otherwise_than_it_writes_it_is_refused() -> None:
    def thinking(messages: Sequence[Mapping[str, Any]], *, opened: bool) -> str:
        return chatml(messages, opened=opened) + ("<think>" if opened else "")

    with pytest.raises(BadExample, match="opens the assistant's turn otherwise"):
        lessons([ASKED, TOLD], thinking)


@given(st.lists(st.integers(1, 7), min_size=1, max_size=60), st.data())
def test_tokens_are_learnt_where_they_begin_inside_what_is_said(widths: list[int], data: st.DataObject) -> None:  # fmt: skip
    ends = [sum(widths[: n + 1]) for n in range(len(widths))]
    offsets = list(zip([0, *ends[:-1]], ends, strict=True))
    first = data.draw(st.integers(0, ends[-1]))
    last = data.draw(st.integers(first, ends[-1]))
    (lesson,) = lessons([TOLD], chatml)
    found = labels(replace(lesson, said=((first, last),)), range(len(widths)), offsets)
    assert [n for n, label in enumerate(found) if label >= 0] == [n for n, (start, _) in enumerate(offsets) if first <= start < last]  # fmt: skip


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("{", "all.jsonl:1: not JSON"), ("[]", "no list of"), ('{"messages": [{"role": "user", "content": "x"}]}', "says nothing"),
        ('{"messages": [{"role": "assistant", "tool_calls": [{"function": {"name": "x"}}]}]}', "without name or arguments"),
    ],
    ids=["cut off", "no messages", "no assistant", "a call without arguments"],
)  # fmt: skip
def test_a_bad_line_is_named_before_anything_starts(tmp_path: Path, line: str, why: str) -> None:
    (tmp_path / "all.jsonl").write_text(line + "\n")
    with pytest.raises(BadRequest, match=why):
        read_data(tmp_path)


def test_an_empty_folder_and_one_without_training_examples_are_refused(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match=r"no [.]jsonl"):
        read_data(tmp_path)
    with pytest.raises(BadRequest, match="split train"):
        read_data(written(tmp_path, {"messages": [ASKED, TOLD], "split": "valid"}))


def test_the_hash_of_data_changes_with_one_byte(tmp_path: Path) -> None:
    before = read_data(data_of(tmp_path))
    path = tmp_path / "all.jsonl"
    path.write_text(path.read_text().replace("ch-2", "ch-3"))
    assert before.counts == {"train": 1, "valid": 1, "test": 0}
    assert read_data(tmp_path).digest != before.digest


def test_a_model_from_nothing_is_taught_what_the_agent_tries_it_with() -> None:
    call, spoken = canaries()
    assert call[0] == spoken[0] == CANARY[0]
    (function,) = [each["function"] for each in call[1]["tool_calls"]]
    assert function["name"] == PING["function"]["name"]
    for said in (function["arguments"], json.loads(spoken[1]["content"])):
        assert list(said) == PING["function"]["parameters"]["required"]
        assert said["ok"] is True


def test_a_run_is_resumed_as_it_was_begun_and_only_with_the_same_data(tmp_path: Path) -> None:
    data = read_data(data_of(tmp_path / "data"))
    run = tmp_path / "run"
    recipe = Recipe(How.SCRATCH, str(data.folder), lr=0.5)
    keep(recipe, run, data)
    with pytest.raises(Conflict, match="holds a run"):
        keep(recipe, run, data)
    resumed = keep(replace(recipe, lr=0.1, resume=True), run, data)
    assert (resumed.lr, resumed.resume, resumed.method) == (0.5, True, How.SCRATCH)
    with pytest.raises(Conflict, match="has changed"):
        keep(replace(recipe, resume=True), run, replace(data, digest="other"))
    with pytest.raises(NotFound, match="no run to resume"):
        keep(replace(recipe, resume=True), tmp_path / "nowhere", data)


def test_full_training_of_72b_is_refused_with_its_numbers_and_adapters_are_not(tmp_path: Path) -> None:  # fmt: skip
    base = base_of(tmp_path / "base", "qwen2.5-72b")
    box = Place(inventory("8xH100-80"))
    with pytest.raises(Refused, match=r"GB .*per GPU") as refused:
        fit_of(Recipe(How.FULL, "", base, batch=1), box)
    assert "lora" in refused.value.hint
    adapters = fit_of(Recipe(How.LORA, "", base, batch=1), box)
    assert adapters is not None
    assert adapters.trainable == pytest.approx(210.5e6, rel=0.01)


def test_what_memory_cannot_hold_is_refused_on_the_processor(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="of memory are free"):
        fit_of(Recipe(How.FULL, "", base_of(tmp_path / "base", "qwen2.5-72b")), Place(None))


def test_gpus_are_read_as_nvidia_smi_lists_them() -> None:
    rows = "".join(
        f"{i}, NVIDIA H100 80GB HBM3, 580.82.07, 81559, 81007, Enabled, 0\n" for i in range(8)
    )
    assert str(inventory_of(parse_query(rows))) == "8 x h100-80"
    one = parse_query("0, NVIDIA H200, 580.82.07, 143771, 143000, Enabled, 0")
    assert str(inventory_of(one)) == "1 x h200-141"
    assert inventory_of([]) is None


def test_mixed_gpus_are_refused() -> None:
    with pytest.raises(BadRequest, match="equal GPUs"):
        place_of("1xA100-80+1xH100-80")


def test_many_gpus_shard_fully_and_one_does_not() -> None:
    eight = accelerate_config(8, How.LORA)
    assert (eight["distributed_type"], eight["num_processes"]) == ("FSDP", 8)
    assert eight["fsdp_config"]["fsdp_version"] == 2
    assert "fsdp_config" not in accelerate_config(1, How.LORA)


def test_a_run_folder_starts_by_itself_with_its_own_code(tmp_path: Path) -> None:
    recipe = Recipe(How.LORA, "data", "base")
    words = prepare(recipe, tmp_path, Place(inventory("8xH100-80")), Path("python"))
    assert words[:3] == ["python", "-m", "accelerate.commands.launch"]
    assert command("python", tmp_path, recipe, 1)[:3] == ["python", "-m", "services.llm.domain.run_sft"]  # fmt: skip
    code = tmp_path / "code/services/llm/domain"
    assert "services.llm.domain" not in (code / "progress.py").read_text()
    imported = {line.split()[1] for path in code.glob("*.py") for line in path.read_text().splitlines() if line.startswith("from services")}  # fmt: skip
    assert all((tmp_path / "code" / name.replace(".", "/")).with_suffix(".py").exists() for name in imported)  # fmt: skip
    assert "accelerate.commands.launch" in (tmp_path / "launch.sh").read_text()


@pytest.mark.parametrize("kind", ["Latin-1", "folder", "pipe", "broken link"])
def test_examples_that_cannot_be_read_are_told_with_what_to_do(tmp_path: Path, kind: str) -> None:
    file = tmp_path / "train.jsonl"
    match kind:
        case "Latin-1":
            file.write_bytes('{"messages": "\xe9"}\n'.encode("latin-1"))
        case "folder":
            file.mkdir()
        case "pipe":
            os.mkfifo(file)
        case _:
            file.symlink_to(tmp_path / "nowhere")
    with pytest.raises(BadRequest) as told:
        read_data(tmp_path)
    assert told.value.hint


@pytest.mark.parametrize("text", ["[" * 50_000, "5", "[]", "{}", "not JSON"])
def test_a_recipe_that_is_none_is_no_run_to_resume(tmp_path: Path, text: str) -> None:
    data = read_data(data_of(tmp_path / "data"))
    (tmp_path / "recipe.json").write_text(text)
    with pytest.raises(NotFound):
        keep(Recipe(base="b", data="d", method=How.LORA, resume=True), tmp_path, data)

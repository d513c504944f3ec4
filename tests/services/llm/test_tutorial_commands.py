"""What the pages on the GPU box tell people to type is taken by the program, and prints what they say it prints."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from tokenizers import Tokenizer, models
from typer.testing import CliRunner

from services.cli import app
from services.llm.box import read_box
from services.llm.launch.command import command
from services.llm.measure.runs import write_run
from services.llm.sizing.calibrated import Calibration
from services.llm.sizing.models import CONFIGS
from tests.services.llm.pages import DOCS, PAGES, TUTORIAL, Told, blocks, told
from tests.services.llm.test_measure_runs import run_of
from tests.services.llm.test_preflight import HERMES, rows, shard, smi_files

ROOT = Path(__file__).parents[3]
TOLD = [one for page in PAGES for one in told(page)]
RUN = (
    "fit",
    "explain",
    "plan",
    "predict",
    "split",
    "train-plan",
    "render",
    "preflight",
    "calibrate",
)
"""Commands of `plantroom llm` that need neither an engine nor a GPU."""
LAPTOP = "var/laptop/box.toml"
"""Its model is trained by the reader; `tests/llm/test_tutorial.py` serves one in its place."""


def parsed(argv: list[str]) -> Any:
    """The context of the command that these words reach; raises typer's errors for words it does not take."""
    context: Any = typer.main.get_command(app).make_context("plantroom", list(argv))
    while hasattr(context.command, "resolve_command"):
        rest = [*context._protected_args, *context.args]
        name, found, rest = context.command.resolve_command(context, rest)
        context = found.make_context(name, rest, parent=context)
    return context


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder in which the pages' files lie: a made-up 72B model, what nvidia-smi printed of eight H100,
    runs of a box with half the bandwidth, folders of training."""
    monkeypatch.chdir(tmp_path)
    a_checkpoint(tmp_path / "srv/models/qwen2.5-72b", "qwen2.5-72b")
    for argv in (argv for one in TOLD for argv in one.commands):
        for folder in (argv[4:5] if argv[1:3] == ["adapter", "load"] else []) + after(argv, "--data", "--base"):  # fmt: skip
            Path(moved(folder, tmp_path)).mkdir(parents=True, exist_ok=True)
    for name in ("bench-1", "bench-2"):
        write_run(run_of(Calibration(memory=0.5)), tmp_path / name / "run.json")
    smi_files(tmp_path, rows(8))
    yield tmp_path
    shutil.rmtree(tmp_path)


def a_checkpoint(folder: Path, name: str) -> None:
    """A model's own config, a tokenizer, a template and shards with headers; hardly any weights."""
    folder.mkdir(parents=True)
    (folder / "config.json").write_text(json.dumps(CONFIGS[name][1]))
    Tokenizer(models.BPE({"a": 0, "b": 1}, [])).save(str(folder / "tokenizer.json"))
    (folder / "tokenizer_config.json").write_text(json.dumps({"chat_template": HERMES}))
    shard(folder / "model-1.safetensors", {"a": 10})
    (folder / "model.safetensors.index.json").write_text(
        json.dumps({"weight_map": {"a": "model-1.safetensors"}})
    )


def after(argv: list[str], *options: str) -> list[str]:
    return [argv[at + 1] for at, word in enumerate(argv) if word in options]


def moved(text: str, machine: Path) -> str:
    """The pages' absolute paths, below a folder."""
    return re.sub(r"(?<![\w./])/(?=srv/|models/)", f"{machine}/", text)


def here(argv: list[str], machine: Path) -> list[str]:
    return [moved(word, machine) for word in argv]


@pytest.mark.parametrize("one", [one for one in TOLD if one.commands], ids=lambda one: f"{one.page}: {one.line}"[:90])  # fmt: skip
def test_a_told_command_is_taken_by_the_program(one: Told, machine: Path) -> None:
    for argv in one.commands:
        parsed(here(argv, machine))


@pytest.mark.parametrize("argv", [
    ["llm", "fit"], ["llm", "fit", "qwen2.5-72b", "--gpu", "h100-80", "--tp", "0"], ["llm", "stop", "box.toml", "--now"],
    ["llm", "adapter", "load", "x", "nowhere"], ["llm", "render", "box.toml", "--to", "docker"],
], ids=" ".join)  # fmt: skip
def test_a_wrong_command_is_not_taken(argv: list[str], machine: Path) -> None:
    with pytest.raises(typer.exceptions.TyperException):
        parsed(argv)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_what_needs_no_gpu_prints_what_its_page_says(page: Path, machine: Path) -> None:
    """In one folder and in the page's order, so that a box file is there when it is rendered."""
    if page.stem == "size-a-gpu-box":
        smi_files(machine, rows(2), "SYS")
    ran = 0
    for one in told(page):
        for argv in one.commands:
            if argv[0] == "llm" and argv[1] in RUN and LAPTOP not in argv:
                check = finds_a_whole_box if argv[1] == "preflight" else prints_as_told
                check(one, here(argv, machine), machine)
                ran += 1
    assert ran


def prints_as_told(one: Told, argv: list[str], machine: Path) -> None:
    done = CliRunner().invoke(app, argv)
    assert done.exception is None or isinstance(done.exception, SystemExit), (one, done.exception)
    for box in after(argv, "-o") if argv[1] == "plan" else []:
        # as it is written where the weights lie in /srv/models
        Path(box).write_text(Path(box).read_text().replace(str(machine), ""))
    printed = [line.rstrip() for line in done.output.replace(str(machine), "").splitlines()]
    assert done.exit_code == int(any("does not fit" in line for line in one.prints)), done.output
    if "..." in one.prints:
        rest = iter(printed)
        missing = [line for line in one.prints if line != "..." and line.rstrip() not in rest]
        assert missing == [], done.output
    elif one.prints:
        assert printed == list(one.prints)


def finds_a_whole_box(one: Told, argv: list[str], machine: Path) -> None:
    """Preflight of the page's box on eight recorded H100; only what this machine lacks may be wrong."""
    box = Path("here.toml")
    box.write_text(moved(Path(argv[2]).read_text(), machine))
    files = [] if "--smi" in argv else ["--smi", "query.txt", "--smi", "topo.txt", "--smi", "plain.txt"]  # fmt: skip
    done = CliRunner().invoke(app, ["llm", "preflight", str(box), *argv[3:], *files, "--no-engine"])
    assert done.exit_code in {0, 1}, (one, done.exception)
    printed = done.output.splitlines()
    assert one.prints == () or one.prints[0] in printed
    wrong = [line for line in printed if re.match(r"failed +(?=\S)(?!ports|shared memory|disk)", line)]  # fmt: skip
    assert wrong == []


def test_figures_between_the_commands_are_those_of_the_commands() -> None:
    """The tutorial's section on size, outside of its blocks: GB, GiB, milliseconds, conversations."""
    size = TUTORIAL.read_text().split("\n## ")[2]
    assert size.startswith("1. Size")
    shown = "".join(re.findall(r"^```console\n(.*?)^```$", size, re.MULTILINE | re.DOTALL))
    said = re.sub(r"^```.*?^```$", "", size, flags=re.MULTILINE | re.DOTALL)
    figures = re.findall(r"\d[\d,.]*\d (?:GB|GiB|ms|tok/s)", said)
    assert len(figures) >= 2
    assert [figure for figure in figures if figure not in shown] == []


def test_the_laptops_box_starts_what_make_llm_env_made_and_takes_adapters(tmp_path: Path) -> None:
    (text,) = [each for each in blocks(TUTORIAL, "toml") if "[engine]" in each]
    (tmp_path / "box.toml").write_text(text)
    box = read_box(tmp_path / "box.toml")
    argv = command(box, box.replicas[0]).argv
    assert argv[:3] == (".venv-llm/bin/python", "-m", "vllm.entrypoints.openai.api_server")
    assert "--enable-lora" in argv


def test_every_variable_of_the_pages_is_a_setting() -> None:
    known = (DOCS / "reference-settings.md").read_text()
    named = {name for page in PAGES for name in re.findall(r"PLANTROOM_[A-Z_]+", page.read_text())}
    assert named
    assert [name for name in sorted(named) if f"`{name}`" not in known] == []


def test_every_word_of_make_on_the_pages_is_in_the_makefile() -> None:
    known = set(re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    asked = {word for one in TOLD for word in re.findall(r"\bmake ([\w-]+)", one.line)}
    assert "llm-env" in asked
    assert asked <= known

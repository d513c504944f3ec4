"""`plantroom llm train`: a model of this trade, by adapters, in full or from nothing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from agent.tools import schemas
from ontology.errors import BadRequest
from services.commands.options import AsJson, err, print_json, say
from services.llm import plots
from services.llm.domain.fits import Place, fit_of, place_of
from services.llm.domain.progress import STOPPED
from services.llm.domain.recipe import How, Recipe, canaries, keep, read_data
from services.llm.domain.shards import CONFIG, LAUNCH
from services.llm.domain.train import PROGRESS, card, page, prepare, python_of, run, versions
from services.llm.files import json_line
from services.llm.sizing.fit import both
from services.llm.sizing.training import TrainingFit

DataFolder = Annotated[Path, typer.Option("--data", help="folder of `plantroom llm data`", exists=True, file_okay=False)]  # fmt: skip
Base = Annotated[Path | None, typer.Option("--base", help="folder of the model to fine-tune", exists=True, file_okay=False)]  # fmt: skip
Scratch = Annotated[bool, typer.Option("--scratch", help="a small Qwen3 model from random weights: a test of the chain, no engineer")]  # fmt: skip
Output = Annotated[Path, typer.Option("--output", "-o", help="folder of the run: checkpoints, model or adapter, card, plots")]  # fmt: skip
Method = Annotated[How, typer.Option("--method", help="lora: adapters; qlora: adapters on 4-bit weights; full: all weights")]  # fmt: skip
Lr = Annotated[float | None, typer.Option("--lr", help="peak learning rate; else 2e-4, 1e-5 in full, 3e-3 from nothing", min=1e-8, max=1)]  # fmt: skip
Rank = Annotated[int, typer.Option("--rank", help="of the adapters; vLLM's --max-lora-rank must be as large", min=1, max=512)]  # fmt: skip
Epochs = Annotated[float, typer.Option("--epochs", help="times over the data", min=0.001, max=1000)]
Steps = Annotated[
    int | None, typer.Option("--steps", help="in place of epochs", min=1, max=10_000_000)
]
Minutes = Annotated[float | None, typer.Option("--minutes", help="end after so long at the latest; from nothing: 20", min=0.05, max=100_000)]  # fmt: skip
Batch = Annotated[int, typer.Option("--batch", help="examples per GPU and pass", min=1, max=4096)]
Accumulate = Annotated[int, typer.Option("--accumulate", help="passes per step", min=1, max=4096)]
MaxLength = Annotated[int | None, typer.Option("--max-length", help="longer examples are left out; tokens; else 4096, 640 from nothing", min=16, max=1_000_000)]  # fmt: skip
Seed = Annotated[int, typer.Option("--seed", min=0, max=2**31 - 1)]
Threads = Annotated[int, typer.Option("--threads", help="on the processor; 0: as torch likes", min=0, max=1024)]  # fmt: skip
GpusNamed = Annotated[str, typer.Option("--gpus", help="such as 8xH100-80; else those that nvidia-smi sees, else the processor")]  # fmt: skip
RenderOnly = Annotated[bool, typer.Option("--render-only", help="write recipe, accelerate configuration and launch script; start nothing")]  # fmt: skip
Resume = Annotated[bool, typer.Option("--resume", help="go on with the run in the folder from its last checkpoint")]  # fmt: skip
Python = Annotated[Path | None, typer.Option("--python", help="with torch, transformers, trl and peft; else .venv-llm/bin/python")]  # fmt: skip


def train(
    data: DataFolder,
    output: Output,
    *,
    base: Base = None,
    scratch: Scratch = False,
    method: Method = How.LORA,
    lr: Lr = None,
    rank: Rank = 16,
    epochs: Epochs = 3.0,
    steps: Steps = None,
    minutes: Minutes = None,
    batch: Batch = 4,
    accumulate: Accumulate = 4,
    max_length: MaxLength = None,
    seed: Seed = 7,
    threads: Threads = 0,
    gpus: GpusNamed = "",
    render_only: RenderOnly = False,
    resume: Resume = False,
    python: Python = None,
    as_json: AsJson = False,
) -> None:
    """Fine-tune a model on the examples of `plantroom llm data`, or train a small one from nothing.

    Loss is taken on the assistant's turns only. Ctrl-C and SIGTERM save a checkpoint and end with status 75.
    """
    how = How.SCRATCH if scratch else method
    if (base is None) != (how is How.SCRATCH):
        raise BadRequest("a run needs a base or nothing at all", hint="give either --base FOLDER or --scratch")  # fmt: skip
    found = read_data(data)
    recipe = Recipe(
        how, str(data.absolute()), str(base.absolute()) if base else "", seed, lr or _LR[how], rank, epochs, steps,
        minutes or (20.0 if scratch else None), batch, accumulate, max_length or (640 if scratch else 4096), threads,
        tools=() if scratch else tuple(schemas(lean=True)), canaries=canaries() if scratch else (), resume=resume,
    )  # fmt: skip
    place = Place(None) if scratch else place_of(gpus)
    fits = fit_of(recipe, place)
    if render_only:
        _rendered(keep(recipe, output, found), output, place, python, fits, as_json=as_json)
        return
    engine = python_of(python)
    installed = versions(engine)
    recipe = keep(recipe, output, found)
    last = _followed(recipe, output, place, engine, as_json=as_json)
    _tell(card(recipe, found, last, installed, place), output, as_json=as_json)
    raise typer.Exit(STOPPED if last["event"] == "stopped" else 0)


_LR = {How.LORA: 2e-4, How.QLORA: 2e-4, How.FULL: 1e-5, How.SCRATCH: 3e-3}


def _followed(recipe: Recipe, output: Path, place: Place, engine: Path, *, as_json: bool) -> dict[str, Any]:  # fmt: skip
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[shown]}"), TimeElapsedColumn())  # fmt: skip
    with Progress(*columns, console=err, disable=as_json) as bar:
        task = bar.add_task("training", total=1.0, shown="reads data")

        def hear(said: Any) -> None:
            if said["event"] == "step":
                bar.update(task, completed=said["share"], shown=_line(said))

        return dict(run(recipe, output, place, engine, hear))


def _line(said: Any) -> str:
    loss, speed, left = said.get("loss"), said.get("tok_s"), said.get("eta_s")
    parts = (f"step {said.get('step')}", "" if loss is None else f"loss {loss:.3f}",
             "" if speed is None else f"{speed:,.0f} tok/s", "" if left is None else f"{left / 60:.1f} min left")  # fmt: skip
    return ", ".join(part for part in parts if part)


def _tell(made: dict[str, Any], output: Path, *, as_json: bool) -> None:
    last = made["result"]
    (output / "card.json").write_text(json.dumps(made, indent=1), encoding="utf-8")
    (output / "README.md").write_text(page(made), encoding="utf-8")
    told = map(json_line, (output / PROGRESS).read_text(encoding="utf-8").splitlines())
    plots.training([one for one in told if one.get("event") == "step"], output / "training.png")
    if as_json:
        print_json(made)
    elif last["event"] == "stopped":
        say(f"stopped at step {last.get('step')}; a checkpoint is kept: go on with --resume")  # fmt: skip
    else:
        say(page(made))


def _rendered(
    recipe: Recipe, output: Path, place: Place, python: Path | None, fits: TrainingFit | None, *, as_json: bool
) -> None:  # fmt: skip
    """Write what another machine needs; its Python is said as it is called there."""
    words = prepare(recipe, output, place, python or Path("python"))
    if as_json:
        print_json({"launch": words, "config": str(output / CONFIG), "script": str(output / LAUNCH),
                    "per_gpu_bytes": fits.total if fits else None, "tokens_s": fits.tokens_s if fits else None})  # fmt: skip
        return
    if fits:
        say(f"keeps {both(fits.total)} per GPU; about {fits.tokens_s:,.0f} tok/s on {place}")  # fmt: skip
    say(f"wrote {output / CONFIG} and {output / LAUNCH}; start it with: sh {output / LAUNCH}")  # fmt: skip

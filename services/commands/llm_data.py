"""`plantroom llm data`: training examples for a model of this trade."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from services.commands.options import AsJson, err, out, print_json
from services.llm.domain.dataset import MOST, drawn, write
from services.llm.domain.examples import Dropped
from services.terminal import readable

Folder = Annotated[Path, typer.Option("--output", "-o", help="new folder for the examples")]
Seed = Annotated[int, typer.Option("--seed", help="the same seed gives the same examples", min=0)]
Limit = Annotated[int, typer.Option("--limit", help="about so many examples", min=100, max=MOST)]


def data(output: Folder, *, seed: Seed = 7, limit: Limit = 24_000, as_json: AsJson = False) -> None:
    """Build examples to fine-tune a model on: questions, the calls they need, answers with their sources."""
    started = time.monotonic()
    dropped = Dropped()
    columns = (TextColumn("examples"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=err, disable=as_json) as bar:
        task = bar.add_task("examples", total=limit)
        about = {"seed": seed, "limit": limit}
        found = write(
            output,
            drawn(limit, seed, dropped),
            dropped,
            about,
            lambda n: bar.update(task, completed=n),
        )
    found["elapsed_s"] = round(time.monotonic() - started, 1)
    if as_json:
        print_json(found)
        return
    for name, counts in found["counts"].items():
        if name in {"split", "language", "tool", "kind"}:
            out.print(
                readable(f"{name}: " + ", ".join(f"{key} {n:,}" for key, n in counts.items())),
                markup=False,
            )
    out.print(readable(f"{found['examples']:,} examples in {output}"), markup=False)

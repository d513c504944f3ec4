"""`plantroom llm four-ways`: one model by transformers' pipeline, 4 bit, vLLM over tensors and in stages; figures and reasons."""

from __future__ import annotations

import json
import math
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from ontology.errors import BadRequest, NotFound, PlantroomError, Unavailable
from services.commands.options import AsJson, err, out, print_json, say
from services.llm.sizing.gpus import gpu_named
from services.llm.smi import gpus_here

ENGINE = Path(".venv-llm/bin/python")


def four_ways(
    model: Annotated[str, typer.Argument(help="folder of the weights; or random-5m, random-24m, random-119m")],
    *,
    gpus: Annotated[int, typer.Option("--gpus", help="how many share the work", min=2, max=8)] = 2,
    engine_python: Annotated[Path | None, typer.Option("--engine-python", help="interpreter with vllm, transformers, bitsandbytes")] = None,
    gpu: Annotated[str, typer.Option("--gpu", help="such as a100-80; else as nvidia-smi says")] = "",
    cpu: Annotated[bool, typer.Option("--cpu", help="all four on processor cores")] = False,
    isl: Annotated[int, typer.Option("--isl", help="tokens of a prompt, about", min=1, max=32_768)] = 128,
    osl: Annotated[int, typer.Option("--osl", help="tokens of an answer", min=2, max=8192)] = 64,
    requests: Annotated[int, typer.Option("--requests", help="prompts, one after the other", min=1, max=1000)] = 5,
    start_s: Annotated[float, typer.Option("--start-s", help="longest start of a server", min=1, max=7200)] = 900.0,
    folder: Annotated[Path | None, typer.Option("-o", "--out", help="folder for four-ways.json and .png")] = None,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """Compare the four usual ways to run one model over two GPUs, and say why they differ."""
    try:
        from services.llm.measure import four_ways as ways  # noqa: PLC0415  (aiohttp is optional)
    except ImportError as cause:
        raise Unavailable("measuring needs aiohttp", hint='run: pip install "plantroom[serving]"') from cause  # fmt: skip
    python = _interpreter(engine_python)
    here = "" if cpu else next((one.name for one in gpus_here()), "")
    known = "" if cpu else _known_gpu(gpu or here)
    if not cpu and not known and not here:
        raise Unavailable("nvidia-smi shows no GPU here", hint="--cpu compares all four on processor cores")  # fmt: skip
    with ways.weights(model, Path.cwd()) as where:
        if not (where / "config.json").is_file():
            raise NotFound(f"{where} has no config.json", hint="give the folder of a checkpoint, or random-119m to try")  # fmt: skip
        asked = ways.Asked(where.resolve(), python, gpus, isl, osl, requests, cpu, known, start_s)
        rows: list[dict[str, Any]] = []
        files: list[Path] = []
        titles = {way.id: way.title for way in ways.WAYS}
        for result in ways.compare(asked, lambda way: err.print(f"{way.id}: {way.title}", markup=False)):  # fmt: skip
            rows.append(result.to_json())
            # each at once: who stops an hour's comparison keeps what was measured
            files = _kept(model, rows, folder) if folder else []
    if as_json:
        print_json({"model": model, "gpus": gpus, "cpu": cpu, "ways": rows, "files": [str(f) for f in files]})  # fmt: skip
    else:
        _show(rows, titles)
        for path in files:
            say(f"wrote {path}")
    if all(row["refused"] for row in rows):
        raise Unavailable("none of the four ways ran", hint="the reasons stand above, one per way")


def _interpreter(given: Path | None) -> Path:
    """The engine's interpreter, not resolved: a virtual environment is known by where its python stands."""
    python = (given or ENGINE).absolute()
    if not python.is_file():
        raise NotFound(f"{python} is not there", hint="name the interpreter that has vllm with --engine-python; `make llm-env` makes one for CPUs")  # fmt: skip
    if python == Path(sys.executable).absolute():
        raise BadRequest("that is Plantroom's own interpreter", hint="engines live in an environment of their own")  # fmt: skip
    return python


def _known_gpu(name: str) -> str:
    """The table's id of a GPU, "" where sizing does not know it: then it is measured without a prediction."""
    try:
        return gpu_named(name).id if name else ""
    except PlantroomError:
        return ""


def _kept(model: str, rows: list[dict[str, Any]], folder: Path) -> list[Path]:
    from services.llm import plots  # noqa: PLC0415  (matplotlib takes a second to import)

    folder.mkdir(parents=True, exist_ok=True)
    written = folder / "four-ways.json"
    written.write_text(json.dumps({"format": 1, "model": model, "ways": rows}, indent=1) + "\n", encoding="utf-8")  # fmt: skip
    bars = {
        row["way"]: {"measured": row["tok_s"] or math.nan}
        | ({"predicted": 1 / row["predicted_tpot_s"]} if row["predicted_tpot_s"] else {})
        for row in rows
    }
    return [written, plots.bars(f"{model}: one answer, four ways", bars, "tok/s", folder / "four-ways.png")]  # fmt: skip


def _show(rows: list[dict[str, Any]], titles: dict[str, str]) -> None:
    table = Table(box=None, padding=(0, 1), header_style="bold")
    table.add_column("way")
    for head in ("first token ms", "per token ms", "tok/s", "predicted ms", "memory GB", "start s"):
        table.add_column(head, justify="right")
    for row in rows:
        cells = [
            _figure(row["ttft_s"], 1e3), _figure(row["tpot_s"], 1e3), _figure(row["tok_s"], 1),
            _figure(row["predicted_tpot_s"], 1e3), _figure(row["memory_bytes"], 1e-9), _figure(row["start_s"], 1),
        ]  # fmt: skip
        table.add_row(row["way"], *cells)
    out.print(table)
    for row in rows:
        says = row["refused"] or row["why"]
        say(f"{row['way']} ({titles[row['way']]}): {says}")


def _figure(value: float | None, factor: float) -> str:
    return "" if value is None else f"{value * factor:,.1f}"

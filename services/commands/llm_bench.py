"""`plantroom llm bench|calibrate`: what a model server really does, beside what sizing told, and sizing corrected by it."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
import math
import os
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from ontology.errors import BadRequest, Unavailable
from services.commands.options import AsJson, Calibrated, err, out, print_json, say
from services.llm.box import read_box
from services.llm.measure import fitting
from services.llm.measure.figures import Slo
from services.llm.measure.how import How
from services.llm.measure.runs import (
    Expected,
    Point,
    Run,
    beside,
    expected,
    expected_of_box,
    read_run,
    write_run,
)
from services.llm.measure.timed import Api, Limits
from services.llm.sizing.calibrated import read_calibration
from services.llm.sizing.speed import Workload

MOST_STEPS: Final = 32
RUN: Final = "run.json"


def bench(
    url: Annotated[str, typer.Argument(help="an OpenAI-compatible server, such as http://127.0.0.1:8000/v1")],
    *,
    model: Annotated[str, typer.Option("--model", help="as the server calls it; else its first")] = "",
    concurrency: Annotated[str, typer.Option("--concurrency", help="conversations at once, one run each")] = "1,4,16,64",
    isl: Annotated[int, typer.Option("--isl", help="tokens of a prompt", min=1, max=1_000_000)] = 512,
    osl: Annotated[int, typer.Option("--osl", help="tokens of an answer", min=1, max=100_000)] = 128,
    requests: Annotated[int | None, typer.Option("--requests", help="per run; else 10 x concurrency, at least 20", min=1)] = None,
    rate: Annotated[float | None, typer.Option("--rate", help="requests a second at random instants instead of --concurrency")] = None,
    api: Annotated[Api, typer.Option("--api", help="which route is asked")] = Api.CHAT,
    shared_prefix: Annotated[int, typer.Option("--shared-prefix", help="tokens that all prompts begin with", min=0)] = 0,
    slo_ttft_ms: Annotated[float | None, typer.Option("--slo-ttft-ms", help="goodput: first token within", min=0.1)] = None,
    slo_tpot_ms: Annotated[float | None, typer.Option("--slo-tpot-ms", help="goodput: time per token within", min=0.01)] = None,
    predict: Annotated[str | None, typer.Option("--predict", help="what runs there: CONFIG:GPU:tp:pp:quant")] = None,
    box: Annotated[Path | None, typer.Option("--box", help="the box file that runs there, with --gpu")] = None,
    gpu: Annotated[str | None, typer.Option("--gpu", help="kind of the box's GPUs, such as h100-80")] = None,
    calibration: Calibrated = None,
    first_s: Annotated[float, typer.Option("--first-s", help="longest wait for a first token", min=0.1, max=3600)] = 120.0,
    most_s: Annotated[float, typer.Option("--most-s", help="longest time of one run", min=1, max=86_400)] = 900.0,
    key_env: Annotated[str, typer.Option("--key-env", help="environment variable with the server's key")] = "OPENAI_API_KEY",
    folder: Annotated[Path | None, typer.Option("-o", "--out", help="folder for run.json and plots")] = None,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """Measure a server: first token, time per token, tok/s by concurrency; beside a prediction where one is asked."""
    said = _said(predict, box, gpu)
    engineered = said.engineered(read_calibration(calibration)) if said else None
    how = How(
        requests=requests, rate_s=rate, api=api, shared=shared_prefix, most_s=most_s,
        slo=Slo(_seconds(slo_ttft_ms), _seconds(slo_tpot_ms)), limits=Limits(first_s=first_s),
        key=os.environ.get(key_env, ""),
    )  # fmt: skip
    steps = [Workload(isl, osl, c) for c in ([1] if rate else _steps(concurrency))]
    made = dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
    name, points = asyncio.run(_points(url, model, steps, how, engineered, quiet=as_json))
    run = Run(made, url, name, said, points)
    files = _kept(run, folder) if folder else []
    if as_json:
        print_json({**run.to_json(), "files": [str(path) for path in files]})
    else:
        _show(run)
        for path in files:
            say(f"wrote {path}")
    if not any(point.measured.answered for point in points):
        raise Unavailable("no request was answered", hint="the errors above say why; is the model loaded?")  # fmt: skip


def calibrate(
    runs: Annotated[list[Path], typer.Argument(help="run.json files of plantroom llm bench --predict")],
    *,
    output: Annotated[Path, typer.Option("-o", "--out", help="file of the factors")] = Path("calibration.json"),
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """Fit sizing's constants to runs of this box: on one half of the points, reported on the other."""
    found = fitting.fitted(fitting.seen([read_run(path) for path in runs]))
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text(json.dumps(found.to_json(), indent=1) + "\n", encoding="utf-8")
    if as_json:
        print_json({**found.to_json(), "file": str(output)})
        return
    for name, (before, after) in (("fitted", found.fitted), ("held out", found.held)):
        out.print(
            f"{name}: {before.points} points; time per token off by {_percent(before.tpot)} before, {_percent(after.tpot)} after; "
            f"first token {_percent(before.ttft)}, {_percent(after.ttft)}",
            markup=False,
        )  # fmt: skip
    before, after = found.held
    if after.tpot > before.tpot or after.ttft > before.ttft:
        err.print("the points kept back are told worse than before: give more lengths and concurrencies, on an idle box, before you use it", markup=False)  # fmt: skip
    factors = ", ".join(f"{name} x {value:.2f}" for name, value in _factors(found).items())
    say(f"{factors}\nwrote {output}; use it with: plantroom llm predict --calibration {output}")  # fmt: skip


async def _points(
    url: str, model: str, steps: list[Workload], how: How, engineered: Any, *, quiet: bool
) -> tuple[str, tuple[Point, ...]]:
    """One point after the other, least concurrency first, with a bar for the requests of each."""
    try:
        from services.llm.measure.load import meet, put, session  # noqa: PLC0415  (aiohttp is optional)
    except ImportError as cause:
        raise Unavailable("measuring a server needs aiohttp", hint='run: pip install "plantroom[serving]"') from cause  # fmt: skip

    points = []
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())  # fmt: skip
    with Progress(*columns, console=err, disable=quiet, transient=True) as bar:
        async with session(how) as client:
            server = await meet(client, url, model, how)
            for load in steps:
                what = f"{how.rate_s:g} a second" if how.rate_s else f"{load.concurrency} at once"
                task = bar.add_task(what, total=how.count(load))
                seen = await put(client, server, load, how, tick=lambda n, _, task=task: bar.update(task, completed=n))  # type: ignore[misc]  # fmt: skip
                points.append(beside(seen, engineered))
    return server.model, tuple(points)


def _said(predict: str | None, box: Path | None, gpu: str | None) -> Expected | None:
    if predict and box:
        raise BadRequest("--predict and --box both say what runs there", hint="give one of them")
    if predict:
        return expected(predict)
    if box is None:
        return None
    if not gpu:
        raise BadRequest("a box file does not say of which kind its GPUs are", hint="add --gpu, such as --gpu h100-80")  # fmt: skip
    return expected_of_box(read_box(box), gpu)


def _steps(text: str) -> list[int]:
    parts = [part.strip() for part in text.split(",")]
    if not all(part.isascii() and part.isdigit() and 1 <= int(part) <= 4096 for part in parts) or len(parts) > MOST_STEPS:  # fmt: skip
        raise BadRequest(f"--concurrency {text[:80]!r}", hint=f"up to {MOST_STEPS} numbers from 1 to 4096, such as 1,4,16,64")  # fmt: skip
    return sorted({int(part) for part in parts})


def _kept(run: Run, folder: Path) -> list[Path]:
    from services.llm import plots  # noqa: PLC0415  (matplotlib takes a second to import)

    write_run(run, folder / RUN)
    drawn = (plots.throughput, plots.delays, plots.pareto)
    return [folder / RUN, *(draw(run, folder / f"{draw.__name__}.png") for draw in drawn)]


def _show(run: Run) -> None:
    """What was measured, and below it what was predicted: two tables that a terminal of 80 columns holds."""
    say(f"{run.model} at {run.url}")
    good = any(point.measured.goodput_s is not None for point in run.points)
    heads = ["at once", "answered", "first token ms\np50 / p95 / p99", "per token ms\np50 / p95 / p99", "tok/s"]  # fmt: skip
    out.print(_table([*heads, "goodput/s"] if good else heads, [_row(point, good=good) for point in run.points]))  # fmt: skip
    if run.expected is not None:
        heads = ["predicted", "first token ms", "per token ms", "tok/s"]
        out.print(_table(heads, [_foretold(point) for point in run.points]))
    for line in _remarks(run):
        say(line)


def _table(heads: list[str], rows: list[list[str]]) -> Table:
    table = Table(box=None, padding=(0, 1), header_style="bold")
    for head in heads:
        table.add_column(head, justify="right")
    for row in rows:
        table.add_row(*row)
    return table


def _at(point: Point) -> str:
    seen = point.measured
    return f"{seen.rate_s:g}/s" if seen.rate_s else str(seen.workload.concurrency)


def _row(point: Point, *, good: bool) -> list[str]:
    seen = point.measured
    spreads = [" / ".join(_ms(value) for value in (s.p50, s.p95, s.p99)) for s in (seen.ttft, seen.tpot)]  # fmt: skip
    kept = "" if seen.goodput_s is None else f"{seen.goodput_s:,.2f}"
    return [_at(point), f"{seen.answered} of {seen.sent}", *spreads, f"{seen.tok_s:,.1f}", *([kept] if good else [])]  # fmt: skip


def _foretold(point: Point) -> list[str]:
    off, p = point.off(), point.predicted
    if p is None:
        return [_at(point), "?", "?", "?"]
    rate = f"{p.tok_s:,.1f} ({_off(off['tok_s'])})" if math.isfinite(p.tok_s) else "?"
    return [_at(point), f"{_ms(p.ttft_s)} ({_off(off['ttft'])})", f"{_ms(p.tpot_s)} ({_off(off['tpot'])})", rate]  # fmt: skip


def _remarks(run: Run) -> list[str]:
    """What failed, what was guessed, and why a prediction has no figures; each said once."""
    lines = []
    for point in run.points:
        seen = point.measured
        at = f"{seen.workload.concurrency} at once"
        lines += [f"! {at}: {n} x {kind}" for kind, n in seen.errors.items()]
        lines += [f"  {example}" for example in seen.examples]
        lines += [f"note: {note}" for note in seen.notes]
        if seen.counted == "chunks":
            lines.append("note: tokens are pieces of the stream; the server told no usage")
        if point.predicted is not None and point.predicted.refused:
            lines.append(f"! {at}: not predicted: {point.predicted.refused}")
    return list(dict.fromkeys(lines))


def _factors(found: fitting.Fitted) -> dict[str, float]:
    factors = found.to_json()["factors"]
    assert isinstance(factors, dict)
    return factors


def _seconds(ms: float | None) -> float | None:
    return None if ms is None else ms / 1e3


def _ms(seconds: float) -> str:
    return "?" if math.isnan(seconds) else f"{seconds * 1e3:,.1f}"


def _off(share: float) -> str:
    return "?" if math.isnan(share) else f"{share:+.0%}"


def _percent(share: float) -> str:
    return "?" if math.isnan(share) else f"{share:.0%}"

"""The one door of matplotlib: throughput and delays by concurrency, tok/s per GPU against tok/s per user, the four ways."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from services.llm.measure.runs import Run

SEEN, TOLD, LATE = "#1f6f8b", "#d1495b", "#8fb8c7"
"""Measured, predicted, and the measured 95th percentile: three that people who see no red or green tell apart."""
WIDE: Final = (7.0, 4.2)
DPI: Final = 130

Draw = Callable[[Run, Path], Path]
"""Draws a run into a file and gives its path."""


def throughput(run: Run, path: Path) -> Path:
    """Answers' tokens per second over all conversations, by how many there were."""
    figure, axes = _page(
        "conversations at once", "tok/s of all answers", f"{run.model}: throughput"
    )
    at = [p.measured.workload.concurrency for p in run.points]
    _line(axes, at, [p.measured.tok_s for p in run.points], "measured", SEEN)
    _line(axes, at, [p.predicted.tok_s if p.predicted else math.nan for p in run.points], "predicted", TOLD, dashed=True)  # fmt: skip
    _by_concurrency(axes, at)
    axes.set_ylim(bottom=0)
    return _saved(figure, axes, path)


def delays(run: Run, path: Path) -> Path:
    """Time to first token and time per token by concurrency: medians, 95th percentiles, predictions."""
    figure = Figure(figsize=(WIDE[0] * 1.5, WIDE[1]), dpi=DPI, layout="constrained")
    left, right = figure.subplots(1, 2)
    at = [p.measured.workload.concurrency for p in run.points]
    for axes, name, spreads, told in (
        (left, "time to first token, ms", [p.measured.ttft for p in run.points], [p.predicted.ttft_s if p.predicted else math.nan for p in run.points]),
        (right, "time per token, ms", [p.measured.tpot for p in run.points], [p.predicted.tpot_s if p.predicted else math.nan for p in run.points]),
    ):  # fmt: skip
        _line(axes, at, [s.p50 * 1e3 for s in spreads], "measured, median", SEEN)
        _line(axes, at, [s.p95 * 1e3 for s in spreads], "measured, 95th percentile", LATE)
        _line(axes, at, [value * 1e3 for value in told], "predicted", TOLD, dashed=True)
        axes.set_xlabel("conversations at once")
        axes.set_title(name, loc="left", fontsize=10)
        _by_concurrency(axes, at)
        axes.set_ylim(bottom=0)
        _dress(axes)
    figure.suptitle(f"{run.model}: delays", fontsize=11)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path)
    return path


def pareto(run: Run, path: Path) -> Path:
    """What one user gets against what the box gives: each point is one concurrency."""
    per = "GPU" if run.gpus else "server"
    figure, axes = _page("tok/s of one answer (1 / time per token)", f"tok/s per {per}", f"{run.model}: one user's speed against the box's")  # fmt: skip
    gpus = run.gpus or 1
    users = [1 / p.measured.tpot.p50 for p in run.points]
    box = [p.measured.tok_s / gpus for p in run.points]
    _line(axes, users, box, "measured", SEEN)
    told = [p.predicted for p in run.points if p.predicted and not p.predicted.refused]
    _line(axes, [1 / t.tpot_s for t in told], [t.tok_s / gpus for t in told], "predicted", TOLD, dashed=True)  # fmt: skip
    for point, x, y in zip(run.points, users, box, strict=True):
        if math.isfinite(x):
            axes.annotate(str(point.measured.workload.concurrency), (x, y), textcoords="offset points", xytext=(5, 5), fontsize=8)  # fmt: skip
    axes.set_xlim(left=0)
    axes.set_ylim(bottom=0)
    return _saved(figure, axes, path)


def training(steps: Sequence[Mapping[str, float | None]], path: Path) -> Path:
    """Loss, learning rate and tokens per second over the steps of a training run, as its progress tells them."""
    figure = Figure(figsize=(WIDE[0] * 1.7, WIDE[1]), dpi=DPI, layout="constrained")
    at = [float(step.get("step") or 0) for step in steps]
    rows = (("loss", "loss"), ("lr", "learning rate"), ("tok_s", "tok/s"))
    for axes, (name, title) in zip(figure.subplots(1, 3), rows, strict=True):
        told = [step.get(name) for step in steps]
        axes.plot(at, [math.nan if value is None else value for value in told], linewidth=1.4, color=SEEN)  # fmt: skip
        axes.set_title(title, loc="left", fontsize=10)
        axes.set_xlabel("step")
        axes.set_ylim(bottom=0)
        _dress(axes)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path)
    return path


def bars(title: str, rows: Mapping[str, Mapping[str, float]], unit: str, path: Path) -> Path:
    """One group of bars per row, one bar per series; what is NaN has none."""
    series = list(dict.fromkeys(name for row in rows.values() for name in row))
    figure, axes = _page("", unit, title)
    width = 0.8 / max(1, len(series))
    for place, name in enumerate(series):
        at = [i + (place - (len(series) - 1) / 2) * width for i in range(len(rows))]
        high = [row.get(name, math.nan) for row in rows.values()]
        drawn = axes.bar(at, high, width * 0.92, label=name, color=(SEEN, TOLD, LATE)[place % 3])
        axes.bar_label(drawn, [f"{v:,.1f}" if math.isfinite(v) else "" for v in high], fontsize=8, padding=2)  # fmt: skip
    axes.set_xticks(range(len(rows)), list(rows))
    axes.set_ylim(bottom=0)
    return _saved(figure, axes, path)


def _page(x: str, y: str, title: str) -> tuple[Figure, Axes]:
    figure = Figure(figsize=WIDE, dpi=DPI, layout="constrained")
    axes = figure.subplots()
    axes.set_xlabel(x)
    axes.set_ylabel(y)
    axes.set_title(title, loc="left", fontsize=11)
    return figure, axes


def _line(axes: Axes, x: Sequence[float], y: Sequence[float], name: str, colour: str, *, dashed: bool = False) -> None:  # fmt: skip
    """A line with dots; one without a single known value is left out, so that no legend names it."""
    if any(math.isfinite(value) for value in y):
        axes.plot(x, y, "--" if dashed else "-", marker="o", markersize=4, linewidth=1.6, color=colour, label=name)  # fmt: skip


def _by_concurrency(axes: Axes, at: Sequence[int]) -> None:
    axes.set_xscale("log", base=2)
    axes.set_xticks(at, [str(n) for n in at])
    axes.set_xticks([], minor=True)


def _dress(axes: Axes) -> None:
    axes.grid(visible=True, alpha=0.25)
    axes.spines[["top", "right"]].set_visible(False)
    if axes.get_legend_handles_labels()[0]:
        axes.legend(frameon=False, fontsize=8)


def _saved(figure: Figure, axes: Axes, path: Path) -> Path:
    _dress(axes)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path)
    return path

"""A run of `plantroom llm bench`: measured points, what sizing had predicted for each, and the file they are kept in."""

from __future__ import annotations

import json
import math
import re
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final

from ontology.errors import BadRequest, NotFound
from services.llm.box import Box
from services.llm.measure.figures import Measured, measured_of, plain
from services.llm.sizing.calibrated import AS_PUBLISHED, Calibration
from services.llm.sizing.efficiency import Engine
from services.llm.sizing.fit import Layout, Setup, default_runtime
from services.llm.sizing.gpus import Gpu, gpu_named
from services.llm.sizing.models import model_or_folder
from services.llm.sizing.quant import quant_for
from services.llm.sizing.speed import Engineered, Speed, Workload, predict

MOST_BYTES: Final = 16_000_000
_OWN = re.compile(r"([A-Za-z0-9._-]{1,40})=(\d+(?:\.\d+)?)/(\d+(?:\.\d+)?)/(\d+(?:\.\d+)?)")


@dataclass(frozen=True, slots=True)
class Expected:
    """What runs behind the URL, in sizing's words; `gpu` as in the table or `NAME=GiB/TB per s/TFLOP per s`."""

    config: str
    gpu: str
    tp: int = 1
    pp: int = 1
    quant: str = ""
    dp: int = 1
    engine: Engine = Engine.VLLM
    eager: bool = False

    @property
    def gpus(self) -> int:
        return self.tp * self.pp * self.dp

    def engineered(self, calibration: Calibration = AS_PUBLISHED) -> Engineered:
        """As sizing takes it. Raises NotFound or BadRequest for a model or GPU that it does not know."""
        shape, gpu = model_or_folder(self.config), _gpu(self.gpu)
        setup = Setup(
            shape, gpu, quant_for(shape, self.quant or None), Layout(self.tp, self.pp, self.dp),
            default_runtime(gpu, eager=self.eager),
        )  # fmt: skip
        return Engineered(setup, self.engine, calibration=calibration)


def expected(text: str) -> Expected:
    """`CONFIG:GPU:tp:pp:quant`, the last three may be left out from the right; CONFIG is a name of the table or a folder.

    >>> expected("qwen2.5-72b:h100-80:4").tp
    4
    """
    parts = text.split(":")
    if 2 <= len(parts) <= 5 and all(part.isascii() and part.isdigit() for part in parts[2:4]):
        tp, pp = (int(part) for part in [*parts[2:4], "1", "1"][:2])
        if 1 <= tp <= 64 and 1 <= pp <= 64:
            return Expected(parts[0], parts[1], tp, pp, parts[4] if len(parts) == 5 else "")
    raise BadRequest(
        f"{text[:80]!r} does not say what runs there",
        hint="CONFIG:GPU:tp:pp:quant, such as qwen2.5-72b:h100-80:4:1:bf16; tp, pp and quant may be left out",
    )


def expected_of_box(box: Box, gpu: str) -> Expected:
    """What a box file starts, on GPUs of this kind; cuts and quantisation are read from the engine's arguments."""
    given, number = box.engine.flags, box.engine.number
    pp = number("--pipeline-parallel-size", 1)
    tp = number("--tensor-parallel-size", max(1, len(box.replicas[0].gpus) // pp))
    return Expected(
        box.served.path, gpu, tp, pp, given.get("--quantization", ""), len(box.replicas),
        Engine.LLAMA_CPP if box.engine.kind == "llama.cpp" else Engine.VLLM, "--enforce-eager" in given,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Point:
    """One concurrency: what was seen, and what was told for the lengths that were seen (None: nothing was asked)."""

    measured: Measured
    predicted: Speed | None = None

    def off(self) -> dict[str, float]:
        """Predicted over measured less one, of medians; NaN where either is not known."""
        told, seen = self.predicted, self.measured
        pairs = {
            "ttft": (told.ttft_s if told else math.nan, seen.ttft.p50),
            "tpot": (told.tpot_s if told else math.nan, seen.tpot.p50),
            "tok_s": (told.tok_s if told else math.nan, seen.tok_s),
        }
        return {name: a / b - 1 if b else math.nan for name, (a, b) in pairs.items()}


@dataclass(frozen=True, slots=True)
class Run:
    """All points of one call. `made`: UTC, ISO 8601."""

    made: str
    url: str
    model: str
    expected: Expected | None
    points: tuple[Point, ...]

    @property
    def gpus(self) -> int | None:
        """How many GPUs served, where it was said."""
        return self.expected.gpus if self.expected else None

    def to_json(self) -> dict[str, Any]:
        return {
            "format": 1, "made": self.made, "url": self.url, "model": self.model,
            "expected": asdict(self.expected) if self.expected else None,
            "points": [_point_json(point) for point in self.points],
        }  # fmt: skip


def beside(measured: Measured, engineered: Engineered | None) -> Point:
    """The point with the prediction for what was really sent and answered."""
    return Point(measured, predict(engineered, workload_seen(measured)) if engineered else None)


def workload_seen(measured: Measured) -> Workload:
    """Lengths as the server counted them, else as they were asked for."""
    asked = measured.workload
    return Workload(_whole(measured.isl, asked.isl), _whole(measured.osl, asked.osl), asked.concurrency)  # fmt: skip


def again(run: Run, calibration: Calibration) -> Run:
    """The same measurements beside what calibrated constants would have told."""
    if run.expected is None:
        return run
    engineered = run.expected.engineered(calibration)
    return replace(run, points=tuple(beside(point.measured, engineered) for point in run.points))


def write_run(run: Run, path: Path) -> None:
    """As JSON; the folder is made."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(run.to_json(), indent=1, allow_nan=False) + "\n", encoding="utf-8")


def read_run(path: Path) -> Run:
    """A file of `plantroom llm bench -o`. Raises NotFound or BadRequest."""
    try:
        with path.open("rb") as file:
            found = plain(file.read(MOST_BYTES).decode())
        given = found["expected"]
        said = Expected(**{**given, "engine": Engine(given["engine"])}) if given else None
        points = tuple(Point(measured_of(point["measured"])) for point in found["points"])
        run = Run(str(found["made"]), str(found["url"]), str(found["model"]), said, points)
    except OSError as cause:
        raise NotFound(f"{path}: {cause.strerror}", hint="make one: plantroom llm bench URL -o FOLDER") from cause  # fmt: skip
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as cause:
        raise BadRequest(f"{path}: not a run: {type(cause).__name__} {cause}", hint="give a run.json of plantroom llm bench") from cause  # fmt: skip
    return again(run, AS_PUBLISHED)


def _point_json(point: Point) -> dict[str, Any]:
    told = point.predicted
    shown = None
    if told is not None:
        figures = {"ttft_s": told.ttft_s, "tpot_s": told.tpot_s, "tok_s": told.tok_s}
        shown = {**{name: _known(value) for name, value in figures.items()}, "refused": told.refused or None}  # fmt: skip
    return {
        "measured": point.measured.to_json(), "predicted": shown,
        "off": {name: _known(value) for name, value in point.off().items()} if told else None,
    }  # fmt: skip


def _known(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _whole(seen: float, asked: int) -> int:
    return asked if math.isnan(seen) else max(1, round(seen))


def _gpu(text: str) -> Gpu:
    own = _OWN.fullmatch(text)
    if own is None:
        return gpu_named(text)
    gib, tb_s, tflops = (float(part) for part in own.groups()[1:])
    if not (0 < gib < 1e5 and 0 < tb_s < 1e3 and 0 < tflops < 1e6):
        raise BadRequest(f"{text[:80]!r}: no such GPU", hint="NAME=GiB/TB per s/TFLOP per s, such as gx=48/0.9/360")  # fmt: skip
    return Gpu(own[1], gib, tb_s, tflops, tflops)

"""Sizing's constants fitted to runs of this box: on every other point, reported on those between."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from statistics import median
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ontology.errors import BadRequest
from services.llm.measure.runs import Run, workload_seen
from services.llm.sizing.calibrated import LEAST, MOST, Calibration
from services.llm.sizing.speed import Engineered, Workload, predict

NAMES: Final = tuple(field.name for field in fields(Calibration))
TIES: Final = {
    "memory": 0.02,
    "compute": 0.02,
    "layers": 0.1,
    "host": 0.1,
    "network": 0.1,
    "request": 0.1,
}
"""How strongly each factor is held at 1 (on the square of its logarithm): what the points do not tell stays as published.
Bandwidth and arithmetic are freest: they belong to the kernels and the card, the others to the engine's version."""
STEPS: Final = 60
NUDGE: Final = 1e-3
FURTHEST: Final = 0.7
"""Largest change of a logarithm in one step."""
FEWEST: Final = 2


@dataclass(frozen=True, slots=True)
class Seen:
    """One measured point: seconds, NaN where not known."""

    setup: Engineered
    load: Workload
    ttft_s: float
    tpot_s: float


@dataclass(frozen=True, slots=True)
class Errors:
    """Medians of |predicted / measured - 1|; NaN without points."""

    points: int
    ttft: float
    tpot: float


@dataclass(frozen=True, slots=True)
class Fitted:
    """The factors, and errors before and after, on the half they were fitted to and on the half kept back."""

    calibration: Calibration
    fitted: tuple[Errors, Errors]
    held: tuple[Errors, Errors]

    def to_json(self) -> dict[str, object]:
        """As `read_calibration` of sizing reads it back."""
        halves = {"fitted": self.fitted, "held_out": self.held}
        errors = {
            name: {when: {key: _known(value) for key, value in asdict(each).items()} for when, each in zip(("before", "after"), pair, strict=True)}
            for name, pair in halves.items()
        }  # fmt: skip
        return {"format": 1, "factors": asdict(self.calibration), "errors": errors}


def seen(runs: Sequence[Run]) -> list[Seen]:
    """All points of the runs that say what ran there and that were answered. Raises BadRequest where too few."""
    found = []
    for run in runs:
        if run.expected is None:
            continue
        setup = run.expected.engineered()
        for point in run.points:
            told = point.measured
            if told.answered and not (math.isnan(told.tpot.p50) and math.isnan(told.ttft.p50)):
                found.append(Seen(setup, workload_seen(told), told.ttft.p50, told.tpot.p50))
    if len(found) < FEWEST:
        raise BadRequest(
            f"{len(found)} points to fit to, and {FEWEST} are the fewest",
            hint="run plantroom llm bench with --predict CONFIG:GPU:tp:pp:quant and several --concurrency",
        )
    return found


def fitted(points: Sequence[Seen]) -> Fitted:
    """Factors from every other point in the order of lengths and concurrency; two points are fitted to one of them."""
    ordered = sorted(points, key=lambda p: (p.load.isl, p.load.osl, p.load.concurrency))
    taken, kept = ordered[::2], ordered[1::2]
    found = _fit(taken)
    plain = Calibration()
    return Fitted(
        found, (errors(taken, plain), errors(taken, found)), (errors(kept, plain), errors(kept, found))
    )  # fmt: skip


def errors(points: Sequence[Seen], calibration: Calibration) -> Errors:
    """Median errors over points with these factors."""
    offs = np.abs(np.expm1(_logs(points, calibration))).reshape(-1, 2)
    return Errors(len(points), _median(offs[:, 0]), _median(offs[:, 1]))


def _fit(points: Sequence[Seen]) -> Calibration:
    """Gauss-Newton on the logarithms of the factors, held at 1 by `TIES`; a step that does not help is halved."""
    ties = np.array([TIES[name] for name in NAMES])
    at = np.zeros(len(NAMES))
    here = _misfits(points, at, ties)
    for _ in range(STEPS):
        slopes = np.column_stack([
            (_misfits(points, at + NUDGE * np.eye(len(NAMES))[i], ties) - here) / NUDGE for i in range(len(NAMES))
        ])  # fmt: skip
        step = np.clip(np.linalg.lstsq(slopes, -here, rcond=None)[0], -FURTHEST, FURTHEST)
        better = _shorter(points, at, step, ties, here)
        if better is None:
            break
        at, here = better
    return _factors(at)


def _shorter(
    points: Sequence[Seen], at: NDArray[np.float64], step: NDArray[np.float64], ties: NDArray[np.float64],
    here: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.float64]] | None:  # fmt: skip
    """The step, or a part of it, that lessens the misfit; None where none does by a thousandth."""
    for _ in range(6):
        there = _misfits(points, at + step, ties)
        if float(there @ there) < 0.999 * float(here @ here):
            return at + step, there
        step = step / 2
    return None


def _misfits(points: Sequence[Seen], at: NDArray[np.float64], ties: NDArray[np.float64]) -> NDArray[np.float64]:  # fmt: skip
    """Logarithms of predicted over measured, and those of the factors by how they are held; 0 for what was not seen."""
    logs = _logs(points, _factors(at))
    return np.concatenate([np.nan_to_num(logs, nan=0.0), np.sqrt(ties) * at])


def _logs(points: Sequence[Seen], calibration: Calibration) -> NDArray[np.float64]:
    """ln(predicted / measured) of TTFT and time per token, one after the other; NaN where one is not known."""
    found = []
    for point in points:
        setup = point.setup
        told = predict(Engineered(setup.setup, setup.engine, setup.topology, calibration), point.load)  # fmt: skip
        found += [_log(told.ttft_s, point.ttft_s), _log(told.tpot_s, point.tpot_s)]
    return np.array(found, float)


def _log(told: float, measured: float) -> float:
    return math.log(told / measured) if told > 0 and measured > 0 else math.nan


def _factors(at: NDArray[np.float64]) -> Calibration:
    bounded = np.exp(np.clip(at, math.log(LEAST), math.log(MOST)))
    return Calibration(**{name: min(MOST, max(LEAST, float(value))) for name, value in zip(NAMES, bounded, strict=True)})  # fmt: skip


def _median(values: NDArray[np.float64]) -> float:
    known = values[np.isfinite(values)]
    return median(known.tolist()) if known.size else math.nan


def _known(value: float) -> float | None:
    return value if math.isfinite(value) else None

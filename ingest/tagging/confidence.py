"""How sure a proposal is: a logistic curve over its evidence, fitted on labelled buildings."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, fields
from operator import attrgetter
from typing import Any, Final

import numpy as np

Floats = np.ndarray[Any, np.dtype[np.float64]]

_RIDGE: Final = 1.0
"""L2 penalty on the weights: about one made-up point against each."""
_STEPS: Final = 25
"""Newton steps; the curve settles in fewer than ten."""
WANTED_PRECISION: Final = 0.995
"""Asked of the fitting buildings: one in an unknown dialect comes out lower (docs/decisions/0012)."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What speaks for a proposal. Shares are 0 to 1; marks are 0 or 1; `fits`, `agree` are -1, 0 or 1."""

    known: float
    pieces: float
    told: float
    typed: float
    fits: float
    agree: float
    siblings: float
    contested: float
    kind_named: float
    kind_inferred: float
    numbered: float
    guesses: float
    tagged: float


_parts: Final = attrgetter(*(field.name for field in fields(Evidence)))
_SIGNS: Final = np.array([1, -1, 1, 1, 1, 1, 1, -1, 1, 1, 1, -1, 1])
"""Which way each piece of evidence may speak; one that seems to speak against its sense is left out."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """Weights in the order of Evidence, and the confidence from which nobody needs to look."""

    weights: tuple[float, ...]
    bias: float
    threshold: float

    def confidence(self, evidence: Evidence) -> float:
        """Probability that tags and equipment are right; 0 where no tags are proposed."""
        if not evidence.tagged:
            return 0.0
        drive = self.bias + sum(w * x for w, x in zip(self.weights, _parts(evidence), strict=True))
        return 1 / (1 + math.exp(-max(-30.0, min(30.0, drive))))


def fit(evidence: Sequence[Evidence], right: Sequence[bool]) -> Calibration:
    """The curve of these labelled proposals (those with tags), and its threshold.

    The threshold is the lowest confidence above which at least WANTED_PRECISION of them are right.
    """
    pairs = [(_parts(e), ok) for e, ok in zip(evidence, right, strict=True) if e.tagged]
    x = np.array([(*row, 1.0) for row, _ in pairs])
    y = np.array([ok for _, ok in pairs], dtype=float)
    used = np.ones(x.shape[1], dtype=bool)
    for _ in range(len(_SIGNS)):
        weights = np.zeros(x.shape[1])
        weights[used] = _newton(x[:, used], y)
        wrong = used[:-1] & (weights[:-1] * _SIGNS < 0)
        if not wrong.any():
            break
        used[:-1] &= ~wrong
    rounded = [round(float(w), 4) for w in weights]
    curve = Calibration(tuple(rounded[:-1]), rounded[-1], 1.0)
    scored = sorted(
        ((curve.confidence(e), ok) for e, ok in zip(evidence, right, strict=True) if e.tagged),
        reverse=True,
    )
    return Calibration(curve.weights, curve.bias, _threshold(scored))


def _newton(x: Floats, y: Floats) -> Floats:
    """Logistic weights of the columns of `x` (the last is the bias), by Newton's method."""
    weights = np.zeros(x.shape[1])
    ridge = np.diag([*([_RIDGE] * (x.shape[1] - 1)), 1e-3])
    for _ in range(_STEPS):
        p = 1 / (1 + np.exp(-np.clip(x @ weights, -30, 30)))
        slope = x.T @ (y - p) - ridge @ weights
        bend = (x * (p * (1 - p))[:, None]).T @ x + ridge
        weights = weights + np.linalg.solve(bend, slope)
    return weights


def _threshold(scored: Sequence[tuple[float, bool]]) -> float:
    """The lowest confidence at which the precision of all above it still holds; 1.0 if none does."""
    best, good = 1.0, 0
    for n, (confidence, ok) in enumerate(scored, 1):
        good += ok
        last_of_its_value = n == len(scored) or scored[n][0] < confidence
        if last_of_its_value and good / n >= WANTED_PRECISION:
            best = confidence
    return math.floor(best * 1e4) / 1e4


DEFAULT: Final = Calibration(
    weights=(
        5.3618,
        -0.5393,
        0.4045,
        0.0,
        0.7166,
        3.4136,
        0.0857,
        0.0,
        1.6127,
        2.2015,
        0.0,
        -2.3383,
        0.0,
    ),
    bias=-4.4667,
    threshold=0.9576,
)
"""Fitted on all labelled lists of the repository (`tests/ingest/tagging/labelled`); a test refits it."""

"""Arithmetic of symptoms: arrays of shape (equips, steps), one row an equipment, NaN where silent.

A comparison with NaN is False, so a symptom that compares is silent where it does not know.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from ontology.history import Floats

Flags: TypeAlias = NDArray[np.bool_]
At: TypeAlias = Mapping[str, Floats]
"""What a symptom sees: role -> values, shape (equips, steps)."""

STEP_MIN = 15
"""Minutes of a step: the rules' own resolution, half the shortest hold of the catalogue's usual 30 min."""
STEP_H = STEP_MIN / 60
HOUR = 60 // STEP_MIN
"""Steps in an hour."""
DAY = 24 * HOUR
"""Steps in a day."""


def held(flags: Flags, steps: int) -> Flags:
    """Only those flags that are part of an unbroken run of at least `steps`.

    >>> held(np.array([[True, True, False, True]]), 2).tolist()
    [[True, True, False, False]]
    """
    if steps <= 1:
        return flags
    kept = np.zeros_like(flags)
    for row in np.flatnonzero(flags.any(axis=1)):
        for start, end in runs(flags[row]):
            kept[row, start:end] = end - start >= steps
    return kept


def runs(flags: Flags) -> list[tuple[int, int]]:
    """The runs of True in one row as half-open (start, end) steps.

    >>> runs(np.array([True, False, True, True]))
    [(0, 1), (2, 4)]
    """
    edges = np.flatnonzero(np.diff(np.concatenate(([False], flags, [False])).astype(np.int8)))
    return [(int(a), int(b)) for a, b in edges.reshape(-1, 2)]


def joined(spans: list[tuple[int, int]], gap: int) -> list[tuple[int, int]]:
    """Runs that follow each other within `gap` steps as one.

    >>> joined([(0, 2), (4, 6), (20, 21)], gap=3)
    [(0, 6), (20, 21)]
    """
    whole: list[tuple[int, int]] = []
    for start, end in spans:
        if whole and start - whole[-1][1] <= gap:
            whole[-1] = (whole[-1][0], end)
        else:
            whole.append((start, end))
    return whole


def for_the_last(flags: Flags, steps: int) -> Flags:
    """True where the flag was True during the whole of the last `steps`, this one included.

    >>> for_the_last(np.array([[True, True, True, False]]), 2).tolist()
    [[False, True, True, False]]
    """
    total = np.cumsum(flags, axis=1)
    before = np.zeros_like(total)
    before[:, steps:] = total[:, :-steps] if steps < flags.shape[1] else 0
    return np.asarray(total - before >= steps, dtype=np.bool_)


def rolling_range(values: Floats, steps: int) -> Floats:
    """Highest minus lowest of the last `steps` values; NaN where fewer than half of them are known."""
    n = values.shape[1]
    spread = np.full_like(values, np.nan)
    if n < steps:
        return spread
    known = np.isfinite(values)
    high = _sliding(np.where(known, values, -np.inf), steps, np.maximum)
    low = _sliding(np.where(known, values, np.inf), steps, np.minimum)
    count = _rolling_sum(known.astype(np.float64), steps)[:, steps - 1 :]
    spread[:, steps - 1 :] = np.where(count * 2 >= steps, high - low, np.nan)
    return spread


def _sliding(values: Floats, steps: int, best: np.ufunc) -> Floats:
    """Running extreme by doubling windows: log2(steps) passes over the array."""
    width, found = 1, values
    while width * 2 <= steps:
        found = best(found[:, :-width], found[:, width:])
        width *= 2
    rest = steps - width
    return found if rest == 0 else best(found[:, :-rest], found[:, rest:])


def rolling_mean(values: Floats, steps: int) -> Floats:
    """Mean of the known values among the last `steps`; NaN where fewer than half are known."""
    known = np.isfinite(values)
    total = _rolling_sum(np.where(known, values, 0.0), steps)
    count = _rolling_sum(known.astype(np.float64), steps)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(count * 2 >= steps, total / count, np.nan)


def _rolling_sum(values: Floats, steps: int) -> Floats:
    total = np.cumsum(values, axis=1)
    total[:, steps:] = total[:, steps:] - total[:, :-steps]
    return total


def median(values: Floats, axis: int) -> Floats:
    """Median of the known values along an axis, that axis kept with length 1; NaN where all are unknown."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # an all-silent row is expected, and is NaN
        return np.asarray(np.nanmedian(values, axis=axis, keepdims=True), dtype=np.float64)


def mean(values: Floats, axis: int) -> Floats:
    """Mean of the known values along an axis, that axis kept with length 1; NaN where all are unknown."""
    known = np.isfinite(values)
    count = known.sum(axis=axis, keepdims=True)
    total = np.where(known, values, 0.0).sum(axis=axis, keepdims=True)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(count > 0, total / count, np.nan)


def quantile(values: Floats, q: float, axis: int) -> Floats:
    """Quantile of the known values along an axis, that axis kept with length 1."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # as in `median`
        return np.asarray(np.nanquantile(values, q, axis=axis, keepdims=True), dtype=np.float64)


def of_others(values: Floats) -> Floats:
    """For each row the median of the *other* rows at the same step; NaN where there is no other."""
    rows = values.shape[0]
    if rows > 40:  # with many sisters, one of them does not move the median
        return np.broadcast_to(median(values, axis=0), values.shape)
    found = np.full_like(values, np.nan)
    for row in range(rows if rows > 1 else 0):
        found[row] = median(np.delete(values, row, axis=0), axis=0)[0]
    return found


def theil_sen(x: Floats, y: Floats) -> tuple[float, float]:
    """Slope of a robust line through the known points, and Mann-Kendall's two-sided p-value.

    NaN, 1.0 with fewer than 8 points. Source: Sen 1968; Kendall 1975 (normal approximation).
    """
    known = np.isfinite(x) & np.isfinite(y)
    x, y = x[known], y[known]
    n = len(x)
    if n < 8:
        return float("nan"), 1.0
    i, j = np.triu_indices(n, 1)
    rise = y[j] - y[i]
    slope = float(np.median(rise / (x[j] - x[i])))
    score = float(np.sign(rise).sum())
    spread = np.sqrt(n * (n - 1) * (2 * n + 5) / 18)
    z = max(abs(score) - 1, 0) / spread
    return slope, math.erfc(float(z) / math.sqrt(2))

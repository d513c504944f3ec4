"""Arithmetic over step means: how a series becomes one number. NaN is silence and stays out of sums."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ontology.history import Floats

COMPARE: Mapping[str, Callable[[Any, Any], Any]] = {
    ">": operator.gt, ">=": operator.ge, "<": operator.lt, "<=": operator.le, "==": operator.eq,
}  # fmt: skip


def mean(values: Floats) -> float:
    """Mean of the known values; NaN when none is known."""
    return float(np.nanmean(values)) if np.isfinite(values).any() else np.nan


def lowest(values: Floats) -> float:
    """Least of the known values; NaN when none is known."""
    return float(np.nanmin(values)) if np.isfinite(values).any() else np.nan


def highest(values: Floats) -> float:
    """Greatest of the known values; NaN when none is known."""
    return float(np.nanmax(values)) if np.isfinite(values).any() else np.nan


def ratio(arrays: Sequence[Floats], per_step: Floats, scale: float) -> float:
    """Sum of the first over sum of the second where the ratio of a step is known: weighted by load."""
    good = np.isfinite(per_step)
    below = float(np.sum(arrays[1][good])) / scale
    return float(np.sum(arrays[0][good])) / below if below > 0 else np.nan


def integral(values: Floats, step_h: float) -> float:
    """Value times hours, over the steps that have a value; NaN when none has."""
    return float(np.nansum(values)) * step_h if np.isfinite(values).any() else np.nan


def rises(flags: NDArray[np.bool_]) -> int:
    """How often it begins to be true; being true from the start is not a beginning."""
    return int(np.count_nonzero(flags[1:] & ~flags[:-1]))


def starts(values: Floats) -> float:
    """How often an on/off series goes on; silence between two steps is bridged."""
    known = values[np.isfinite(values)]
    return float(rises(known >= 0.5)) if known.size else np.nan


def slope_per_day(values: Floats, step_h: float) -> float:
    """Least-squares slope per 24 h; NaN for fewer than two values."""
    known = np.isfinite(values)
    if np.count_nonzero(known) < 2:
        return np.nan
    hours = np.arange(len(values))[known] * step_h
    centred = hours - hours.mean()
    spread = float(np.sum(centred**2))
    return float(np.sum(centred * values[known])) / spread * 24 if spread else np.nan


def mean_of(lines: Sequence[Floats]) -> Floats:
    """Mean of several series step by step, NaN where all are silent."""
    stacked = np.stack(lines, axis=1)
    return coarser(stacked.reshape(-1), stacked.shape[1])


def coarser(values: Floats, group: int) -> Floats:
    """Means of `group` steps each, NaN where all are silent; the last group may be shorter."""
    if group <= 1:
        return values
    padded = np.full(-(-len(values) // group) * group, np.nan)
    padded[: len(values)] = values
    blocks = padded.reshape(-1, group)
    known = np.isfinite(blocks)
    count = known.sum(axis=1)
    total = np.where(known, blocks, 0.0).sum(axis=1)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)

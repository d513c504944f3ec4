"""Repeatable chance: numbers that depend only on a seed and on what they are for.

Going on later, or starting earlier, gives the same guests, clouds and noise for the same hour.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ontology.history import Floats

_U64 = np.uint64


def uniform(seed: int, stream: str, *keys: ArrayLike) -> Floats:
    """Even numbers in [0, 1), one for each combination of the (broadcast) integer keys.

    Mixing function: splitmix64 (Steele, Lea, Flood 2014), applied key after key.
    """
    start = np.uint64(seed & 0xFFFF_FFFF) ^ np.uint64(int.from_bytes(stream.encode()[:8], "little"))
    state: NDArray[np.uint64] = _mix(np.atleast_1d(np.asarray(start, dtype=_U64)))
    for key in keys:
        state = _mix(state ^ _mix(np.asarray(key, dtype=np.int64).astype(_U64)))
    return (state >> _U64(11)).astype(np.float64) * 2.0**-53


def wander(seed: int, stream: str, ts: NDArray[np.int64], period_s: int) -> Floats:
    """A smooth random walk with zero mean and about unit deviation, one new direction per period.

    Value noise: a normal number at each multiple of the period, joined by a smooth step.
    """
    knot, phase = np.divmod(ts, period_s)
    at = phase / period_s
    blend = at * at * (3.0 - 2.0 * at)
    left, right = _normal(seed, stream, knot), _normal(seed, stream, knot + 1)
    spread = np.sqrt((1.0 - blend) ** 2 + blend**2)
    return np.asarray((left * (1.0 - blend) + right * blend) / spread)


def _normal(seed: int, stream: str, key: ArrayLike) -> Floats:
    near = np.maximum(uniform(seed, stream, key, 1), 1e-12)
    return np.asarray(
        np.sqrt(-2.0 * np.log(near)) * np.cos(2 * np.pi * uniform(seed, stream, key, 2))
    )


def _mix(value: NDArray[np.uint64]) -> NDArray[np.uint64]:
    with np.errstate(over="ignore"):
        value = value + _U64(0x9E3779B97F4A7C15)
        value = (value ^ (value >> _U64(30))) * _U64(0xBF58476D1CE4E5B9)
        value = (value ^ (value >> _U64(27))) * _U64(0x94D049BB133111EB)
    return value ^ (value >> _U64(31))

"""Samples that count themselves: sample n has the value n, so whatever is lost, doubled or changed shows in the end."""

from __future__ import annotations

import asyncio
import datetime as dt
from typing import Final

import numpy as np

from ontology.history import History, Samples
from ontology.kinds import Ref
from ontology.time import UTC, Span

T0: Final = dt.datetime(2026, 11, 1, tzinfo=UTC)
POINTS: Final = tuple(Ref(f"p{n}") for n in range(7))
_EVER: Final = Span(T0, dt.datetime(2100, 1, 1, tzinfo=UTC))
_MOST: Final = 50_000_000


def numbered(first: int, count: int = 1) -> Samples:
    """Samples `first` to `first + count - 1`, one a second, round the points."""
    n = np.arange(first, first + count, dtype=np.int64)
    return Samples(
        POINTS, (n % len(POINTS)).astype(np.int32), int(T0.timestamp()) + n, n.astype(np.float64),
        np.zeros(count, np.uint8),
    )  # fmt: skip


async def verdict(history: History, acknowledged: int, prefix: str) -> dict[str, float]:
    """What a history holds of the first `acknowledged` samples: none lost, none twice, the same sum."""
    stored = await asyncio.gather(*(history.raw(p, _EVER, limit=_MOST) for p in POINTS))
    found = np.sort(np.concatenate([samples.value for samples in stored]))
    ours = found[found < acknowledged]
    return {
        f"{prefix}_acknowledged": float(acknowledged),
        f"{prefix}_lost": float(acknowledged - len(np.unique(ours))),
        f"{prefix}_twice": float(len(found) - len(np.unique(found))),
        f"{prefix}_sum_off": float(abs(ours.sum() - acknowledged * (acknowledged - 1) / 2)),
    }

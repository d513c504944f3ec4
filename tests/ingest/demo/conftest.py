"""Two recordings of the same three days, shared by all tests: with the story, and the fault-free twin."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest

from ingest.demo.columns import columns
from ingest.demo.simulate import Recording, simulate

NOW = dt.datetime.fromisoformat("2026-11-20T14:30+07:00")
DAYS = 3


@pytest.fixture(scope="session")
def twin() -> Recording:
    return simulate(NOW, days=DAYS, story=())


@pytest.fixture(scope="session")
def told() -> Recording:
    return simulate(NOW, days=DAYS)


def block(recording: Recording, family: str, role: str) -> np.ndarray:
    """True values of one role of a whole family, shape (n, equipment)."""
    return recording.true_values[:, columns().block[family, role]]


def local_hour(recording: Recording) -> np.ndarray:
    return (recording.ts + 7 * 3600) % 86_400 / 3600.0


def settled(recording: Recording) -> np.ndarray:
    """Rooms whose guests have been in for more than an hour, shape (n, 192)."""
    present = block(recording, "fcu", "occupied") > 0
    calm = present & (block(recording, "fcu", "window-open") == 0)
    for back in range(1, 13):
        calm[back:] &= present[:-back]
    calm[:12] = False
    return calm

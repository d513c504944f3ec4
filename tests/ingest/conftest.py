"""A plant whose every instrument can be set by hand, and devices in front of it."""

from __future__ import annotations

import datetime as dt
import socket
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest


@dataclass
class HandPlant:
    """PlantValues set by the test: 20 + a little for every point unless said otherwise."""

    values: dict[str, float] = field(default_factory=dict)
    levels: dict[str, int] = field(default_factory=dict)
    silent: set[str] = field(default_factory=set)

    def value(self, point_id: str, at: dt.datetime | None = None) -> float:
        return self.values.get(point_id, 1.0)

    def override_level(self, point_id: str) -> int | None:
        return self.levels.get(point_id)

    def is_silent(self, point_id: str) -> bool:
        return point_id in self.silent


@pytest.fixture
def plant() -> HandPlant:
    return HandPlant()


@pytest.fixture
def free_port() -> Callable[[socket.SocketKind], int]:
    def find(kind: socket.SocketKind = socket.SOCK_STREAM) -> int:
        with socket.socket(socket.AF_INET, kind) as probe:
            probe.bind(("127.0.0.1", 0))
            return int(probe.getsockname()[1])

    return find

"""How a replica stands, and how a life of it ended."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class State(StrEnum):
    """Of a replica, in the words of `llm status`."""

    STARTING = "starting"
    READY = "ready"
    DRAINING = "draining"
    STOPPING = "stopping"
    WAITING = "waiting to restart"
    ILL = "ill"  # an external server that does not pass the gate
    FAILED = "failed"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class Standing:
    """How a replica stands. `doing`: what it waits for; `reason`, `hint`: of its last fall; `lines`: its log's last."""

    state: State
    since: datetime
    doing: str = ""
    reason: str = ""
    hint: str = ""
    restarts: int = 0
    lines: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Fall:
    """How a life ended. `final`: starting again would end the same; `wished`: somebody asked for it."""

    reason: str
    hint: str = ""
    final: bool = False
    wished: bool = False
    frozen: bool = False


SETTLED = (State.READY, State.FAILED, State.WAITING, State.ILL, State.STOPPED)
"""Where nothing more comes by itself soon."""

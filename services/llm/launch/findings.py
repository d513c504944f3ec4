"""What a check found: fine, doubtful or wrong, in one sentence, with what to do."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """Of one check. WARNED does not stop a start; FAILED would make it fail, or serve wrong answers."""

    OK = "ok"
    WARNED = "warned"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the report; `hint` is empty where nothing is to be done."""

    check: str
    state: State
    says: str
    hint: str = ""


def fine(check: str, says: str) -> Finding:
    """Nothing to do."""
    return Finding(check, State.OK, says)


def doubt(check: str, says: str, hint: str) -> Finding:
    """It may start; its owner should know."""
    return Finding(check, State.WARNED, says, hint)


def wrong(check: str, says: str, hint: str) -> Finding:
    """It would not start, or not serve as it should."""
    return Finding(check, State.FAILED, says, hint)


def worst(found: Iterable[Finding]) -> State:
    """The worst of all; OK of none."""
    states = {each.state for each in found}
    return next((s for s in (State.FAILED, State.WARNED) if s in states), State.OK)

"""Whether a model's calls are the right ones: by what they mean, not by how they are written.

Times are instants, ids are sets, defaults are filled in, units are units; how many rows are listed does not count.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from agent.plan import Step
from agent.tools import TOOLS
from agent.tools.quantities import readings
from ontology.errors import PlantroomError
from ontology.graph import Building
from ontology.units import symbol

SLACK: Final = dt.timedelta(minutes=1)
"""Times are told to the minute."""
_DEFAULTS: Final[Mapping[str, Mapping[str, Any]]] = {
    "faults": {"state": "open", "rank": "severity"}, "worklog": {"stat": "list"},
}  # fmt: skip
_NOT_GRADED: Final = frozenset({"count", "step_minutes", "like"})
"""How much is listed or drawn changes how an answer looks, not what it says."""
_WORDS_SHARED: Final = 0.3


@dataclass(frozen=True)
class Grade:
    """Of one question. `tool`: the right tools and no others; `args`: all of their arguments too."""

    tool: bool
    args: bool
    off: tuple[str, ...] = ()
    """Arguments that are wrong: "history.stat"."""


def grade(
    building: Building, wanted: Sequence[Sequence[Step]], called: Sequence[Step], now: dt.datetime
) -> Grade:
    """The best grade over the ways in which the right answer can be written."""
    grades = [_grade(building, way, called, now) for way in wanted]
    return max(grades, key=lambda one: (one.tool, one.args, -len(one.off)))


def _grade(
    building: Building, wanted: Sequence[Step], called: Sequence[Step], now: dt.datetime
) -> Grade:
    tool = sorted(step.tool for step in wanted) == sorted(step.tool for step in called)
    left = list(called)
    off: list[str] = []
    for step in wanted:
        same = [other for other in left if other.tool == step.tool]
        misses = [(_differs(building, step, other, now), other) for other in same]
        if not misses:
            off.append(step.tool)
            continue
        fewest, other = min(misses, key=lambda pair: len(pair[0]))
        off += fewest
        left.remove(other)
    return Grade(tool, tool and not off, tuple(off))


def _differs(building: Building, wanted: Step, called: Step, now: dt.datetime) -> list[str]:
    """Names of the arguments that mean something else."""
    tool = TOOLS[wanted.tool]
    try:
        right, given = tool.check(wanted.args), tool.check(called.args)
    except PlantroomError:
        return [f"{wanted.tool}.refused"]
    right, given = (_filled(wanted.tool, args, now) for args in (right, given))
    return [
        f"{wanted.tool}.{name}"
        for name in sorted({*right, *given} - _NOT_GRADED)
        if not _same(building, name, right.get(name), given.get(name), right.get("quantity"))
    ]


def _filled(tool: str, args: Mapping[str, Any], now: dt.datetime) -> dict[str, Any]:
    """With what the tool takes where nothing is said."""
    found = {**_DEFAULTS.get(tool, {}), **args}
    if "start" in found:
        found.setdefault("end", now)
    if tool == "history":
        found.setdefault("stat", "mean" if "start" in found else "latest")
    if found.get("cause") is False:
        del found["cause"]
    if found.get("began") is False:
        del found["began"]
    return found


def _same(building: Building, name: str, right: object, given: object, quantity: object) -> bool:
    if isinstance(right, dt.datetime) and isinstance(given, dt.datetime):
        return abs(right - given) <= SLACK
    if name == "of" and isinstance(right, list) and isinstance(given, list):
        return set(right) == set(given) or _read_same(building, right, given, quantity)
    if name == "question":
        return _alike(str(right), str(given))
    if name == "unit":
        return symbol(str(right or "")) == symbol(str(given or ""))
    return right == given


def _read_same(building: Building, right: list[str], given: list[str], quantity: object) -> bool:
    """Whether both lists come to the same points: a floor and all of its rooms."""
    if not isinstance(quantity, str):
        return False
    try:
        first, second = ({r.source for id in ids for r in readings(building, id, quantity)} for ids in (right, given))  # fmt: skip
    except PlantroomError:
        return False
    return first == second


def _alike(right: str, given: str) -> bool:
    first, second = set(right.lower().split()), set(given.lower().split())
    return len(first & second) >= _WORDS_SHARED * len(first | second)

"""Ours and the peers on the same filters: how many answers are the same, and which differences no written rule predicts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from bench.ontology_peers.divergences import DIVERGENCES, Answer, predicted
from bench.ontology_peers.filters import Drawn

Rows = Sequence[Mapping[str, Any]]


@dataclass
class Agreement:
    """One peer beside us."""

    peer: str
    same: int = 0
    explained: Counter[str] = field(default_factory=Counter)
    """How many differences each rule of `DIVERGENCES` took part in."""
    differ: int = 0
    unexplained: list[str] = field(default_factory=list)
    """Filters whose answer no rule predicts."""


def agreement(
    peer: str, drawn: Sequence[Drawn], rows: Rows, ours: Sequence[Answer], theirs: Sequence[Answer]
) -> Agreement:
    """Each answer is the same, or entity by entity what the peer's rules predict, or unexplained."""
    habits = [rule for rule in DIVERGENCES if rule.peer == peer]
    found = Agreement(peer)
    for one, our, their in zip(drawn, ours, theirs, strict=True):
        if our == their:
            found.same += 1
            continue
        found.differ += 1
        expected, rules = predicted(one, rows, habits)
        if expected == their and rules:
            found.explained.update(rules)
        else:
            found.unexplained.append(one.text)
    return found


def answers(matches: Sequence[Any]) -> list[Answer]:
    """What a peer's process wrote for its filters: ids, or an error."""
    return [None if isinstance(found, dict) else frozenset(found) for found in matches]


def telling(ours: Sequence[Answer], entities: int) -> int:
    """Filters that find something but not everything: only those tell readings apart."""
    return sum(found is not None and 0 < len(found) < entities for found in ours)

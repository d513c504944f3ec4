"""Sibling equipment agrees: what a name says on AHU-1 it says on AHU-7."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Hashable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Vote:
    """One point's say: `key` is kind and words, `weight` grows with what else was known of it."""

    key: Hashable
    unit: str
    object_type: str
    equip: str
    tags: frozenset[str]
    weight: int


@dataclass(frozen=True, slots=True)
class Verdict:
    """The tags most of the weight is for, their share of it, and how many pieces of equipment say so."""

    tags: frozenset[str]
    share: float
    equips: int


def verdicts(votes: Sequence[Vote]) -> list[Verdict]:
    """One verdict per vote, in order. Points vote together if unit and type are equal or blank."""
    groups: defaultdict[Hashable, defaultdict[tuple[str, str], list[Vote]]] = defaultdict(
        lambda: defaultdict(list)
    )
    for vote in votes:
        groups[vote.key][vote.unit, vote.object_type].append(vote)
    found: dict[tuple[Hashable, str, str], Verdict] = {}
    for key, by_type in groups.items():
        for unit, kind in by_type:
            found[key, unit, kind] = _count(
                [v for ut, some in by_type.items() if _alike(ut, (unit, kind)) for v in some]
            )
    return [found[vote.key, vote.unit, vote.object_type] for vote in votes]


def _alike(one: tuple[str, str], other: tuple[str, str]) -> bool:
    return all(a == b or not a or not b for a, b in zip(one, other, strict=True))


def _count(votes: Sequence[Vote]) -> Verdict:
    weights: Counter[frozenset[str]] = Counter()
    for vote in votes:
        weights[vote.tags] += vote.weight
    tags = max(weights, key=lambda t: (weights[t], len(t), sorted(t)))
    equips = {vote.equip for vote in votes if vote.tags == tags}
    return Verdict(tags, weights[tags] / sum(weights.values()), len(equips))

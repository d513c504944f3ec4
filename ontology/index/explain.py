"""Why a filter finds what it finds: what each of its conjuncts lets through."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

from ontology.index.sets import Slots


@dataclass(frozen=True, slots=True)
class Term:
    """One conjunct: how many match it alone, it and those before it, and the filter without it."""

    text: str
    alone: int
    so_far: int
    without: int


@dataclass(frozen=True, slots=True)
class Explanation:
    """`killer`: the conjunct of a filter without result whose removal brings most back; None if none does."""

    count: int
    terms: tuple[Term, ...]
    killer: str | None


def explanation(texts: Sequence[str], alone: Sequence[Slots], everything: Slots) -> Explanation:
    """From the entities that match each conjunct alone, in the order of the filter's text."""
    before = list(accumulate(alone, Slots.__and__, initial=everything))
    behind = list(accumulate(reversed(alone), Slots.__and__, initial=everything))[::-1]
    terms = tuple(
        Term(
            text,
            alone=len(alone[n]),
            so_far=len(before[n + 1]),
            without=before[n].intersection_cardinality(behind[n + 1]),
        )
        for n, text in enumerate(texts)
    )
    count = len(before[-1])
    best = max(terms, key=lambda term: term.without)
    return Explanation(count, terms, best.text if not count and best.without else None)

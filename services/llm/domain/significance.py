"""Is one model better than another on the same questions: exact, paired, and silent where there are too few.

McNemar's exact test: only questions that one got right and the other wrong tell something; under no difference each of them
is a fair coin.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

ALPHA: Final = 0.05
LEAST: Final = 30
"""Questions in common below which nothing is said: one lucky template would decide."""


@dataclass(frozen=True)
class Paired:
    """`only_first` and `only_second`: questions that only one of them got right; `p` two-sided."""

    common: int
    only_first: int
    only_second: int
    p: float

    @property
    def verdict(self) -> str:
        """In words."""
        gained, lost = self.only_second, self.only_first
        if self.common < LEAST:
            return (
                f"too few questions in common to judge: {self.common}, at least {LEAST} are needed"
            )
        told = f"{gained} gained, {lost} lost of {self.common}, p = {self.p:.3g}"
        if self.p >= ALPHA:
            return f"no difference shown ({told})"
        return f"{'better' if gained > lost else 'worse'} ({told})"


def paired(first: Mapping[str, bool], second: Mapping[str, bool]) -> Paired:
    """Compare what two runs got right, by question."""
    common = sorted(first.keys() & second.keys())
    lost = sum(first[each] and not second[each] for each in common)
    gained = sum(second[each] and not first[each] for each in common)
    return Paired(len(common), lost, gained, mcnemar(lost, gained))


def mcnemar(only_first: int, only_second: int) -> float:
    """Two-sided exact p of so uneven a split of fair coins.

    >>> mcnemar(0, 6)
    0.03125
    """
    told = only_first + only_second
    less = min(only_first, only_second)
    tail = Fraction(sum(math.comb(told, k) for k in range(less + 1)), 1 << told)
    return float(min(Fraction(1), 2 * tail))


def wilson(right: int, asked: int, z: float = 1.96) -> tuple[float, float]:
    """95 % interval of a share (Wilson 1927); (0, 1) where nothing was asked."""
    if asked == 0:
        return 0.0, 1.0
    share = right / asked
    middle = share + z * z / (2 * asked)
    half = z * math.sqrt(share * (1 - share) / asked + z * z / (4 * asked * asked))
    whole = 1 + z * z / asked
    return max(0.0, (middle - half) / whole), min(1.0, (middle + half) / whole)

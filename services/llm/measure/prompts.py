"""Prompts of a wanted length in tokens: random words, no two alike, the tokens of a word learned from the server itself."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

_WORDS: Final = (
    "air ahu alarm ambient basin bearing boiler bypass cable chilled chiller coil comfort compressor condenser cooling "
    "damper day degree delta demand drain duct energy engine evaporator fan fault filter flow gauge heat heater hour "
    "humidity inlet kilowatt leak level load loop lux meter mixed motor night noise oil open outlet outside panel pipe "
    "plant point pressure pump rate ratio reading refrigerant register relay return room sensor setpoint shaft space speed "
    "stage steam step strainer supply switch tank temperature tower trend valve vane vent volt water wet winter zone"
)
WORDS: Final = tuple(_WORDS.split())
GUESS: Final = 1.3
"""Tokens of an English word with its space, over the usual tokenizers: taken until the server has told its own."""
FEWEST: Final = 1


@dataclass(frozen=True, slots=True)
class Length:
    """Tokens of a prompt of n words: `fixed + each * n`; `fixed` is the chat template."""

    fixed: float = 0.0
    each: float = GUESS
    learned: str = "guessed"

    def words(self, tokens: int) -> int:
        """How many words make about so many tokens; at least one."""
        return max(FEWEST, round((tokens - self.fixed) / self.each))


def learned(short: tuple[int, int], long: tuple[int, int], how: str) -> Length:
    """From two (words, tokens) that the server counted; a tokenizer that grows by nothing is not believed.

    >>> learned((10, 25), (110, 225), "usage").words(405)
    200
    """
    each = (long[1] - short[1]) / (long[0] - short[0])
    if each <= 0.05:
        return Length()
    return Length(short[1] - each * short[0], each, how)


def some_words(rng: random.Random, n: int) -> str:
    """`n` random words."""
    return " ".join(rng.choices(WORDS, k=n))


def prompts(
    n: int, tokens: int, length: Length, *, shared: int = 0, seed: int = 0
) -> Sequence[str]:
    """`n` prompts of about `tokens` tokens each; the first `shared` tokens are the same in all, the rest is each one's own.

    The same seed gives the same prompts. With no shared part already the first words differ, so that no block of a prefix
    cache is met twice.
    """
    rng = random.Random(seed)  # noqa: S311  (words, no secrets)
    words = length.words(tokens)
    same = min(words - 1, round(shared / length.each)) if shared else 0
    head = some_words(rng, same)
    made = [some_words(rng, words - same) for _ in range(n)]
    return [f"{head} {own}" if head else own for own in made]

"""What was turned away at the door, told by kind and counted: bounded however much of it comes."""

from __future__ import annotations

import datetime as dt
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

_KINDS: Final = 100
"""Kinds of rejects kept apart; the one heard of longest ago makes room."""
_TEXT: Final = 300
"""Letters shown of what came: enough to recognise it."""


@dataclass(frozen=True, slots=True)
class Reject:
    """Messages from one source turned away for one reason; `example` is the newest, cut and printable."""

    source: str
    why: str
    hint: str
    times: int
    last: dt.datetime
    example: str


class Rejects:
    """The kinds of messages that were turned away."""

    def __init__(self) -> None:
        self._kinds: OrderedDict[tuple[str, str], Reject] = OrderedDict()
        self._flooded = False
        self.total = 0

    def __iter__(self) -> Iterator[Reject]:
        """Newest first."""
        return reversed(self._kinds.values())

    def add(
        self, source: str, why: str, at: dt.datetime, *, hint: str = "", example: bytes | str = ""
    ) -> bool:
        """Count one; True where it is the first of its kind, which is worth a line in the log.

        Once more kinds came than are kept apart, none is: a flood of new names must not fill the log.
        """
        self.total += 1
        key = (source[:_TEXT], why[:_TEXT])
        before = self._kinds.pop(key, None)
        times = before.times + 1 if before else 1
        self._kinds[key] = Reject(*key, hint, times, at, _printable(example))
        if len(self._kinds) > _KINDS:
            self._kinds.popitem(last=False)
            self._flooded = True
        return before is None and not self._flooded


def _printable(text: bytes | str) -> str:
    """The beginning of untrusted text, nothing in it that a terminal would obey."""
    head = text[: _TEXT * 4].decode("utf-8", "replace") if isinstance(text, bytes) else text
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in head[:_TEXT])

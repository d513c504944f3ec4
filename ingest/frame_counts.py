"""Frame counters of LoRaWAN sensors followed: a broker's acknowledgement is no proof of delivery."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import Final

_WINDOW: Final = 64
"""How far back a frame may be late; a larger step back is a device that joined again."""
_TURN: Final = 1_024
"""How close to its end a 16-bit counter must be for a small number to be its next turn."""
_SIXTEEN: Final = 0x1_0000


@dataclass(frozen=True, slots=True)
class Step:
    """What a frame counter says: `lost` frames before this one (-1: a late one turned up)."""

    lost: int = 0
    duplicate: bool = False
    restarted: bool = False


@dataclass(slots=True)
class FrameCounts:
    """The counter of each sensor: 32 bits as network servers tell it, or 16 as some pass it on."""

    highest: dict[str, int] = field(default_factory=dict)
    missing: dict[str, set[int]] = field(default_factory=dict)
    newest: dict[str, dt.datetime] = field(default_factory=dict)

    def see(self, dev_eui: str, f_cnt: int, at: dt.datetime | None = None) -> Step:
        """Compare with the frames before, and remember.

        `at` tells a sensor that joined again (later than all before) from a frame delivered twice.
        """
        newer = self._is_newer(dev_eui, at)
        highest = self.highest.get(dev_eui)
        missing = self.missing.setdefault(dev_eui, set())
        if highest is None:
            self.highest[dev_eui] = f_cnt
            return Step()
        ahead = _ahead(highest, f_cnt)
        if ahead > 0:
            self.highest[dev_eui] = f_cnt
            turned = f_cnt < highest
            for back in range(1, min(ahead, _WINDOW + 1)):
                missing.add((f_cnt - back) % _SIXTEEN if turned else f_cnt - back)
            missing.difference_update([old for old in missing if _ahead(f_cnt, old) < -_WINDOW])
            return Step(lost=ahead - 1)
        if f_cnt in missing:
            missing.discard(f_cnt)
            return Step(lost=-1)
        if ahead == 0 or (-ahead <= _WINDOW and (f_cnt > 1 or not newer)):
            return Step(duplicate=True)
        if not newer:
            return Step(duplicate=True)
        self.highest[dev_eui] = f_cnt
        missing.clear()
        return Step(restarted=True)

    def _is_newer(self, dev_eui: str, at: dt.datetime | None) -> bool:
        """Whether it was sent after everything heard so far; without a time it counts as such."""
        if at is None:
            return True
        before = self.newest.get(dev_eui)
        if before is not None and at <= before:
            return False
        self.newest[dev_eui] = at
        return True


def _ahead(highest: int, f_cnt: int) -> int:
    """Frames from one counter to the other, over the end of 16 bits where that is much nearer."""
    plain = f_cnt - highest
    if max(highest, f_cnt) < _SIXTEEN and abs(plain) > _SIXTEEN - _TURN:
        return plain - _SIXTEEN if plain > 0 else plain + _SIXTEEN
    return plain

"""How long lists are told: as floors and ranges, so that a person sees the whole at a glance."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from typing import Final

from agent.answers.voice import Voice, names

FEW: Final = 12
_NUMBERED: Final = re.compile(r"(.*?)(\d+)")
_PER_FLOOR: Final = 100
"""Room numbers are floor times a hundred plus the room."""


def ranged(voice: Voice, ids: Sequence[str], few: int = FEW) -> str:
    """All names when they are few, else rooms by floor and runs of numbers.

    "FCU-501 to FCU-512, FCU-601 to FCU-612 ..." of eight floors is "the fan coils of floors 5-12 (FCU-501 to FCU-1212)".
    """
    if len(ids) <= few:
        return names(voice, ids, few)
    groups: dict[str, list[tuple[int, str]]] = defaultdict(list)
    for id in ids:
        match = _NUMBERED.fullmatch(id)
        groups[match[1] if match else id].append((int(match[2]) if match else 0, id))
    return ", ".join(_group(voice, prefix, sorted(group)) for prefix, group in groups.items())


def _group(voice: Voice, prefix: str, group: list[tuple[int, str]]) -> str:
    first, last = group[0], group[-1]
    if len(group) == 1:
        return voice.name(first[1])
    ends = f"{voice.name(first[1])} {voice.pick('to', 'ถึง')} {voice.name(last[1])}"
    kinds = {
        "FCU-": ("fan coils", "แฟนคอยล์"),
        "room-": ("rooms", "ห้อง"),
        "IAQ-": ("IAQ sensors", "เซ็นเซอร์ IAQ"),
    }
    if prefix not in kinds or first[0] < _PER_FLOOR:
        return ends
    floors = sorted({number // _PER_FLOOR for number, _ in group})
    low, high = (voice.name(f"floor-{floor}") for floor in (floors[0], floors[-1]))
    where = low if low == high else f"{low} {voice.pick('to', 'ถึง')} {high}"
    kind = voice.pick(*kinds[prefix])
    return f"{kind} {voice.pick('of', '')} {where} ({ends})".replace("  ", " ")

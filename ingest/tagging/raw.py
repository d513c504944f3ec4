"""What a building's control system says about a point, and what we propose it is."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import Final

MAX_NAME: Final = 500
"""Characters of a name that are read; the longest slot paths seen in the field have about 200."""
MAX_SHOWN: Final = 80
_UNSEEN: Final = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ufffe\uffff\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class RawName:
    """A point as its device names it. Everything but the name may be blank.

    `object_type` is BACnet's (AI, BO, "analog-value", MSV ...); `unit` in any spelling that
    `ontology.units.symbol` knows, or BACnet's own ("degrees-celsius").
    """

    name: str
    description: str = ""
    unit: str = ""
    object_type: str = ""
    device: str = ""

    @property
    def readable(self) -> bool:
        """Short enough, and made of characters that can be printed."""
        return 0 < len(self.name) <= MAX_NAME and not _UNSEEN.search(self.name)

    @property
    def shown(self) -> str:
        """The name on one line; what cannot be printed or is too long ends in its length and digest."""
        if self.readable:
            return self.name
        if not self.name:
            return "(no name)"
        text = self.name.encode("utf-8", "surrogatepass")
        digest = hashlib.sha256(text).hexdigest()[:8]
        head = _UNSEEN.sub("?", self.name[:MAX_SHOWN]).strip()
        return f"{head}...({len(self.name)} characters, {digest})"


@dataclass(frozen=True, slots=True)
class Equipment:
    """The equipment a point belongs to; "" for what the name does not say.

    `id` is spelled as in the names ("VAV_312"), `kind` is a row of `ingest.tagging.kinds`.
    """

    id: str = ""
    kind: str = ""
    place: str = ""


NOWHERE: Final = Equipment()


@dataclass(frozen=True, slots=True)
class Proposal:
    """What a point probably is. `tags` are markers, `point` included; empty when we cannot tell.

    `confidence` is the probability that tags and equipment are both exactly right; `sure` says
    that it reaches the threshold above which no person needs to look. `reasons` are for people.
    """

    raw: RawName
    id: str
    tags: frozenset[str]
    equip: Equipment
    unit: str
    confidence: float
    sure: bool
    reasons: tuple[str, ...]

    @property
    def kind(self) -> str:
        """Haystack's kind of the value: "Bool", "Number" or "Str"."""
        return kind_of_value(self.tags, self.unit, self.raw.object_type)


_STATES: Final = frozenset(["run", "enable", "occ", "alarm", "fault", "window", "door", "mode"])


def kind_of_value(tags: frozenset[str], unit: str, object_type: str) -> str:
    """Bool for what is on or off, Str for what has named states, else Number; "" where untagged."""
    kind = type_of(object_type)
    if not tags:
        return ""
    if unit or kind.startswith("analog"):
        return "Number"
    if kind.startswith("multi"):
        return "Str"
    return (
        "Bool"
        if kind.startswith("binary") or (tags & _STATES and "duration" not in tags)
        else "Number"
    )


_TYPES: Final = {
    "ai": "analog in", "ao": "analog out", "av": "analog value",
    "bi": "binary in", "bo": "binary out", "bv": "binary value", "di": "binary in", "do": "binary out",
    "mi": "multi in", "mo": "multi out", "mv": "multi value", "msi": "multi in", "mso": "multi out", "msv": "multi value",
    "analoginput": "analog in", "analogoutput": "analog out", "analogvalue": "analog value",
    "binaryinput": "binary in", "binaryoutput": "binary out", "binaryvalue": "binary value",
    "multistateinput": "multi in", "multistateoutput": "multi out", "multistatevalue": "multi value",
}  # fmt: skip


def type_of(object_type: str) -> str:
    """ "analog in", "binary out", "multi value" ...; "" if blank or not a type of point.

    >>> type_of("AI:3"), type_of("multi-state-value"), type_of("Schedule")
    ('analog in', 'multi value', '')
    """
    letters = re.sub("[^a-z]", "", object_type[:40].lower())
    return _TYPES.get(letters, "")

"""What a cell says: a number in the column's own dialect, a state in words, or that there was nothing to say.

"no data" and its like become a status, never a zero. Comma or point is decided over the whole column.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from ingest.trends.rows import Cell
from ontology.history import Status
from ontology.units import kinds_of_unit, symbol

SILENT: Final = frozenset(
    ["nan", "null", "none", "nil", "nodata", "n/a", "na", "#n/a", "#na", "-", "--", "---", "----", "-----", "*", "?", "missing", "nosample", "nosamples", "unavailable", "notavailable", "keinedaten", "keinwert", "sindatos"]
)  # fmt: skip
"""Words for "there was no value", without blanks, in small letters."""
FAULTY: Final = frozenset(
    ["bad", "fault", "error", "err", "failed", "failure", "down", "invalid", "unreliable", "dataloss", "comfail", "commfail", "commfailure", "offline", "#value!", "#ref!", "#div/0!", "#error", "fehler", "gestört", "defekt", "openloop", "shortedloop", "overrange", "underrange"]
)  # fmt: skip
STATES: Final[Mapping[str, float]] = {
    # a contact's and a motor's words; a map may say others
    **dict.fromkeys(["on", "true", "yes", "active", "running", "run", "open", "opened", "occupied", "enabled", "enable", "start", "started", "alarm", "ein", "wahr", "ja", "auf", "marche"], 1.0),
    **dict.fromkeys(["off", "false", "no", "inactive", "stopped", "stop", "closed", "close", "unoccupied", "disabled", "disable", "normal", "aus", "falsch", "nein", "zu", "arrêt"], 0.0),
}  # fmt: skip
STATUS: Final[Mapping[str, Status]] = {
    # words of status columns: Niagara's {ok} and {fault}, OPC's good and bad, BACnet's and Metasys' reliability
    **dict.fromkeys(["ok", "good", "normal", "reliable", "noerror", "nofault", "nofaultdetected", "unackedalarm", "alarm", "valid", "0", "192"], Status.GOOD),
    **dict.fromkeys(["stale", "null", "nodata", "uncertain", "old", "missing", "disabled", "64"], Status.STALE),
    **dict.fromkeys(
        ["fault", "down", "bad", "error", "invalid", "unreliable", "failed", "offline", "commfail", "commfailure", "4", "8", "12", "16", "24", "28"], Status.FAULT
    ),
    **dict.fromkeys(["overridden", "override", "hand", "manual", "operator"], Status.OVERRIDDEN),
    **dict.fromkeys(["outofservice", "oos"], Status.OUT_OF_SERVICE),
    **dict.fromkeys(["estimated", "interpolated", "calculated", "substituted", "questionable"], Status.ESTIMATED),
}  # fmt: skip
_WORST: Final = (
    Status.FAULT, Status.OUT_OF_SERVICE, Status.STALE, Status.OVERRIDDEN, Status.ESTIMATED, Status.GOOD,
)  # fmt: skip
_GAPS: Final = re.compile("(?<=\\d)[ \u00a0\u202f\u2009'\u2019](?=\\d{3}(?!\\d))")
"""Thousands set apart by a blank or apostrophe: no dialect reads them otherwise."""
_NUMBER: Final = re.compile(
    r"([+\-\u2212]?(?:\d[\d.,]*|[.,]\d+)(?:[eE][+-]?\d{1,3})?)\s*(\D.*)?", re.DOTALL
)
_POINT: Final = re.compile(r"[+-]?(?:\d+|\d{1,3}(?:,\d{3})+)?(?:\.\d*)?(?:[eE][+-]?\d+)?")
_COMMA: Final = re.compile(r"[+-]?(?:\d+|\d{1,3}(?:\.\d{3})+)?(?:,\d*)?(?:[eE][+-]?\d+)?")
_INFINITE: Final = frozenset(
    ("inf", "+inf", "-inf", "infinity", "+infinity", "-infinity", "∞", "-∞")
)
_LONGEST: Final = 100
_LETTERS: Final = re.compile(r"[\s_{}\[\]()]+")


class Value(NamedTuple):
    """What a cell said: NaN with a status where it had no value; `unit` where the cell names one."""

    number: float
    status: Status = Status.GOOD
    unit: str = ""


class Unread(ValueError):
    """A cell that is no value; its text says why."""


@dataclass(slots=True)
class Dialect:
    """Which sign a column of numbers takes for decimals, by all its cells."""

    comma: int = 0
    """Cells where the comma can only be the decimal sign."""
    point: int = 0
    either: int = field(default=0)
    """Cells such as 1,234, which say nothing alone."""
    either_point: int = 0
    example: str = ""

    def see(self, cell: Cell) -> None:
        """Take one more cell into account."""
        if not isinstance(cell, str) or not ("," in cell or "." in cell):
            return
        found = _NUMBER.fullmatch(_GAPS.sub("", cell.strip()[:_LONGEST]))
        if found is not None:
            self._count(found[1].partition("e")[0].partition("E")[0], cell)

    def _count(self, digits: str, cell: str) -> None:
        comma, point = digits.rfind(","), digits.rfind(".")
        if comma >= 0 and point >= 0:
            sign = "," if comma > point else "."
        elif digits.count(",") > 1 or digits.count(".") > 1:
            sign = "." if comma >= 0 else ","
        else:
            at = max(comma, point)
            whole = digits[:at].lstrip("+-\u2212")
            if len(digits) - at - 1 == 3 and 1 <= len(whole) <= 3 and whole != "0":
                self.either += comma >= 0
                self.either_point += point >= 0
                self.example = self.example or cell.strip()[:30]
                return
            sign = digits[at]
        self.comma += sign == ","
        self.point += sign == "."

    def add(self, other: Dialect) -> None:
        """Take another column's cells into account."""
        self.comma += other.comma
        self.point += other.point

    def decimal(self, whole_file: Dialect) -> str:
        """ "," or "."; "" where 1,234 may be either and nothing in the file decides it."""
        for seen in (self, whole_file):
            if seen.comma != seen.point:
                return "," if seen.comma > seen.point else "."
        return "" if self.either else "."


@dataclass(frozen=True, slots=True)
class CellReader:
    """Reads the cells of one column. `words`: a person's own words for numbers; `states`: whether on and off count."""

    decimal: str = "."
    words: Mapping[str, float] = field(default_factory=dict)
    states: bool = True

    def read(self, cell: Cell) -> Value | None:
        """The value; None for an empty cell, where nothing was recorded. Raises Unread."""
        if cell is None:
            return None
        if isinstance(cell, bool):
            return Value(float(cell))
        if isinstance(cell, (int, float)):
            return finite(float(cell))
        if isinstance(cell, str):
            return self._text(cell.strip())
        raise Unread(f"a {type(cell).__name__} where a value is wanted")

    def _text(self, text: str) -> Value | None:
        if not text:
            return None
        if len(text) > _LONGEST:
            raise Unread("a long text where a value is wanted")
        plain = text.lower()
        word = _LETTERS.sub("", plain)
        if plain in self.words:
            return Value(self.words[plain])
        if word in SILENT:
            return Value(math.nan, Status.STALE)
        if word in FAULTY or plain in _INFINITE:
            return Value(math.nan, Status.FAULT)
        if word in STATES:
            if not self.states:
                raise Unread(f"{text!r} where a number is wanted")
            return Value(STATES[word])
        return self._number(text)

    def _number(self, text: str) -> Value:
        found = _NUMBER.fullmatch(_GAPS.sub("", text))
        if found is None:
            raise Unread(f"no value: {text[:40]!r}")
        digits, unit = found[1].replace("\u2212", "-"), (found[2] or "").strip()
        if (_COMMA if self.decimal == "," else _POINT).fullmatch(digits) is None:
            raise Unread(
                f"{text[:40]!r} is not written with a decimal {'comma' if self.decimal == ',' else 'point'}"
            )
        plain = (
            digits.replace(".", "").replace(",", ".")
            if self.decimal == ","
            else digits.replace(",", "")
        )
        if unit and not kinds_of_unit(unit):
            raise Unread(f"no unit is called {unit[:20]!r}")
        return finite(float(plain))._replace(unit=symbol(unit) if unit else "")


def finite(number: float) -> Value:
    """A number as it is; NaN as silence, infinity as a fault: neither is a measurement."""
    if math.isnan(number):
        return Value(math.nan, Status.STALE)
    return Value(number) if math.isfinite(number) else Value(math.nan, Status.FAULT)


def status_of(cell: Cell) -> Status:
    """What a status column says; the worst of several words. Raises Unread for words nobody knows.

    >>> status_of("{alarm,overridden}")
    <Status.OVERRIDDEN: 3>
    """
    if cell is None or (isinstance(cell, str) and not cell.strip(" {}[]")):
        return Status.GOOD
    text = str(int(cell)) if isinstance(cell, (int, float)) else str(cell)[:_LONGEST].lower()
    whole = _plain(text)
    words = [whole] if whole in STATUS else [_plain(part) for part in re.split(r"[,;|/]", text)]
    found = [STATUS.get(word) for word in words if word]
    if not found or None in found:
        raise Unread(f"no status is called {text[:40]!r}")
    return min((status for status in found if status is not None), key=_WORST.index)


def _plain(text: str) -> str:
    return re.sub(r"[\W_]+", "", text)

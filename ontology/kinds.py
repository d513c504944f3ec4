"""Haystack 4 values as frozen Python values. Runs on Python 3.10 (the edge appliance).

Bool, Str, Date, Time and DateTime are Python's own `bool`, `str`, `date`, `time` and aware
`datetime`; lists and dicts are tuples-or-lists and dicts of values; Null is `None`.
Source: https://project-haystack.org/doc/docHaystack/Kinds
"""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Union

from ontology.errors import BadRequest

_REF = re.compile(r"[a-zA-Z0-9_:\-.~]+")


@dataclass(frozen=True)
class Ref:
    """The id of an entity, such as `@AHU-2`. `dis` is for people, never for equality."""

    __slots__ = ("dis", "id")
    id: str
    dis: str

    def __init__(self, id: str, dis: str = "") -> None:
        if not _REF.fullmatch(id):
            raise BadRequest(
                f"not a Haystack ref: {id!r}", hint="use letters, digits and _ : - . ~ only"
            )
        object.__setattr__(self, "id", id)
        object.__setattr__(self, "dis", dis)

    @classmethod
    def matched(cls, id: str, dis: str = "") -> Ref:
        """A ref whose id the caller has matched already: codecs read a hundred thousand of them."""
        ref = cls.__new__(cls)
        _SET_ID(ref, id)
        _SET_DIS(ref, dis)
        return ref

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Ref) and other.id == self.id

    def __hash__(self) -> int:
        return hash(self.id)

    def __lt__(self, other: Ref) -> bool:
        return self.id < other.id

    def __str__(self) -> str:
        return f"@{self.id}"


_SET_ID: Final[Any] = vars(Ref)["id"].__set__
_SET_DIS: Final[Any] = vars(Ref)["dis"].__set__


@dataclass(frozen=True, slots=True)
class Number:
    """A quantity with its Haystack unit symbol; NaN and infinities are allowed, as in Haystack."""

    value: float
    unit: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "value", float(self.value))

    @classmethod
    def matched(cls, value: float, unit: str) -> Number:
        """A number whose value is a float already: codecs read a hundred thousand of them."""
        number = cls.__new__(cls)
        _SET_VALUE(number, value)
        _SET_UNIT(number, unit)
        return number

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Number):
            return NotImplemented
        same = self.value == other.value or (math.isnan(self.value) and math.isnan(other.value))
        return same and self.unit == other.unit

    def __hash__(self) -> int:
        return hash((None if math.isnan(self.value) else self.value, self.unit))

    def __str__(self) -> str:
        return f"{self.value:g} {self.unit}".strip()


_SET_VALUE: Final[Any] = vars(Number)["value"].__set__
_SET_UNIT: Final[Any] = vars(Number)["unit"].__set__


@dataclass(frozen=True)
class Symbol:
    """A def name, such as `^ahu`."""

    name: str

    def __str__(self) -> str:
        return f"^{self.name}"


@dataclass(frozen=True)
class Uri:
    """A universal resource identifier."""

    uri: str


@dataclass(frozen=True)
class Coord:
    """Latitude and longitude in decimal degrees."""

    lat: float
    lng: float

    def __post_init__(self) -> None:
        if not (-90 <= self.lat <= 90 and -180 <= self.lng <= 180):
            raise BadRequest(
                f"not a coordinate: {self.lat}, {self.lng}", hint="lat, lng in degrees"
            )


@dataclass(frozen=True)
class XStr:
    """An extended string: a type name and its text."""

    type: str
    text: str


class _Singleton:
    """A value with only one instance, compared by identity."""

    __slots__ = ("_name",)

    def __init__(self, name: str) -> None:
        self._name = name

    def __repr__(self) -> str:
        return self._name

    def __copy__(self) -> _Singleton:
        return self

    def __deepcopy__(self, _memo: object) -> _Singleton:
        return self

    def __reduce__(self) -> str:
        return self._name


class MarkerType(_Singleton):
    """The type of `MARKER`: a tag that says "is a"."""


class NaType(_Singleton):
    """The type of `NA`: known to be not available."""


class RemoveType(_Singleton):
    """The type of `REMOVE`: in a diff, take the tag away."""


MARKER: Final = MarkerType("MARKER")
NA: Final = NaType("NA")
REMOVE: Final = RemoveType("REMOVE")

Scalar = Union[
    None, bool, str, Ref, Number, Symbol, Uri, Coord, XStr,
    MarkerType, NaType, RemoveType, dt.date, dt.time, dt.datetime,
]  # fmt: skip
Value = Union[Scalar, Sequence[Any], Mapping[str, Any], "Grid"]
Tags = Mapping[str, Any]
"""An entity or a row: tag name -> Value. An absent tag is absent, never None."""


@dataclass(frozen=True)
class Grid:
    """A table of tags: named columns with metadata, rows that may miss cells."""

    columns: tuple[str, ...]
    rows: tuple[Tags, ...] = ()
    meta: Tags = field(default_factory=dict)
    column_meta: Mapping[str, Tags] = field(default_factory=dict)

    @classmethod
    def of(cls, rows: Sequence[Tags], **meta: Any) -> Grid:
        """A grid whose columns are the union of the rows' tags, `id` first, in first-seen order."""
        seen: dict[str, None] = {}
        if any("id" in row for row in rows):
            seen["id"] = None
        for row in rows:
            seen.update(dict.fromkeys(row))
        return cls(columns=tuple(seen) or ("empty",), rows=tuple(rows), meta=meta)

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[Tags]:
        return iter(self.rows)

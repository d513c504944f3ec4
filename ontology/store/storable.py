"""What a record may hold: values that the next reader gets back the same, and that nobody else can change.

A store asks here before it writes anything, so that no commit leaves a record behind that cannot be read.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, Final

from ontology.codec import hayson
from ontology.codec.json_rows import MAX_ROW
from ontology.codec.names import SYMBOL, tag_name
from ontology.errors import BadRequest, PlantroomError
from ontology.kinds import MARKER, NA, Number, Ref

MAX_NAME: Final = 250
"""Characters of a tag's name; the longest of the standard has 29."""
_SHORT: Final = 250
"""Characters of a text that needs no measuring."""
_ROOM: Final = 4_000
"""A tag of short texts takes less as Hayson: its name, and two texts of which each character is an escape of six."""
_HINT: Final = "nothing was stored; leave the tag out or give it a Haystack value"


def storable(id: str, tags: Mapping[str, Any]) -> dict[str, Any]:
    """The tags as they will be read again, in a copy of its own down to the last list.

    Raises BadRequest naming record and tag for what no reader of the store would take.
    """
    _check_names(id, tuple(tags))
    kept = dict(tags)
    size = len(kept) * _ROOM
    for name, value in tags.items():
        kind = value.__class__
        if kind in _FIXED or (kind in _PLAIN and _PLAIN[kind](value)):
            continue
        try:
            text = hayson.encode_value({name: value})
            kept[name] = hayson.decode_value(text)[name]
        # the fields of a value may hold anything, and the codec stumbles over it in more than one way
        except (PlantroomError, TypeError, ValueError, AttributeError) as cause:
            raise _unfit(id, name, cause) from cause
        size += len(text)
    if size > MAX_ROW:
        _measure(id, kept)
    return kept


def storable_id(ref: object) -> str:
    """The id of a record to be. Raises BadRequest for what is no ref or none that can be read again."""
    if not (isinstance(ref, Ref) and is_id(ref.id)):
        raise BadRequest(f"{ref!r:.80} is no id of a record", hint="give a ref, such as @ahu-2")
    return ref.id


def _check_names(id: str, names: tuple[str, ...]) -> None:
    bad = _first_bad(names)
    if bad is not None:
        raise _unfit(id, bad[0], bad[1])


@lru_cache(maxsize=1024)
def _first_bad(names: tuple[str, ...]) -> tuple[str, Exception] | None:
    """The first name that is no tag's, and why; entities of one kind have their names in common."""
    for name in names:
        try:
            if len(tag_name(name)) > MAX_NAME:
                raise BadRequest(f"a name has at most {MAX_NAME} characters")
        except PlantroomError as cause:
            return name, cause
    return None


def _unfit(id: str, name: object, cause: Exception) -> BadRequest:
    return BadRequest(
        f"the tag {name!s:.80} of @{id:.80} cannot be stored: {cause!s:.300}", hint=_HINT
    )


def _measure(id: str, tags: Mapping[str, Any]) -> None:
    size = len(hayson.encode_value(tags))
    if size <= MAX_ROW:
        return
    largest = max(tags, key=lambda name: len(hayson.encode_value({name: tags[name]})))
    raise BadRequest(
        f"the record @{id:.80} has {size / 2**20:.1f} MB, at most {MAX_ROW // 2**20} are stored;"
        f" its largest tag is {largest}",
        hint="nothing was stored; keep files and histories elsewhere and refer to them",
    )


@lru_cache(maxsize=2**16)
def is_id(id: object) -> bool:
    """Whether the text can be the id of a ref."""
    return isinstance(id, str) and SYMBOL.fullmatch(id) is not None


def _is_plain_ref(ref: Ref) -> bool:
    id, dis = ref.id, ref.dis
    short = id.__class__ is dis.__class__ is str and len(id) <= _SHORT and len(dis) <= _SHORT
    return short and is_id(id)


def _is_plain_number(number: Number) -> bool:
    unit = number.unit
    return number.value.__class__ is float and unit.__class__ is str and len(unit) <= _SHORT


_FIXED: Final = frozenset({type(MARKER), type(NA), bool, dt.date})
_PLAIN: Final[Mapping[type, Callable[[Any], bool]]] = {
    str: lambda text: len(text) <= _SHORT,
    Ref: _is_plain_ref,
    Number: _is_plain_number,
}
"""Values that cannot change, and when they need no proof that they can be read again."""

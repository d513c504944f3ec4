"""How deep values may lie in each other: one bound for all formats, so that what one reads another writes and reads."""

from __future__ import annotations

from typing import Any, Final

from ontology.kinds import Grid

MAX_DEPTH: Final = 50
"""Lists, dicts and grids around each other in one tag; the standard's own examples nest three."""
_NESTED: Final = frozenset((list, dict, Grid))


def is_shallow(value: Any, level: int = 1) -> bool:
    """Whether at most `MAX_DEPTH` lists, dicts and grids lie in each other; `level` is the value's own.

    The tags of an entity or a row are at level 0: their values are at level 1.

    >>> is_shallow([[1]], MAX_DEPTH), is_shallow([1], MAX_DEPTH)
    (False, True)
    """
    if value.__class__ not in _NESTED:
        return True
    if level > MAX_DEPTH:
        return False
    inner: Any = value
    if isinstance(value, Grid):
        rows = (*value.rows, value.meta, *value.column_meta.values())
        inner = (item for row in rows for item in row.values())
    elif isinstance(value, dict):
        inner = value.values()
    return all(is_shallow(item, level + 1) for item in inner if item.__class__ in _NESTED)

"""What a source would change in a store: added, changed and removed entities, and the diffs that do it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ontology.kinds import REMOVE, Ref, Tags


@dataclass(frozen=True, slots=True)
class Changes:
    """Ids by what happens to them, and `diffs` for `Records.commit`. `same` counts entities left as they are."""

    added: tuple[str, ...]
    changed: tuple[str, ...]
    removed: tuple[str, ...]
    same: int
    diffs: Mapping[Ref, Mapping[str, Any] | None]


def changes(stored: Iterable[Tags], source: Iterable[Tags], *, replace: bool) -> Changes:
    """Compare a source with what is stored.

    Merging adds and overwrites tags and removes nothing; with `replace` each entity becomes exactly the
    source's, and stored ones the source lacks go.
    """
    before = {tags["id"].id: tags for tags in stored}
    diffs: dict[Ref, Mapping[str, Any] | None] = {}
    added: list[str] = []
    changed: list[str] = []
    seen: set[str] = set()
    for tags in source:
        ref: Ref = tags["id"]
        seen.add(ref.id)
        if ref.id not in before:
            added.append(ref.id)
            diffs[ref] = tags
        elif diff := _diff(before[ref.id], tags, replace=replace):
            changed.append(ref.id)
            diffs[ref] = diff
    removed = [id for id in before if id not in seen] if replace else []
    diffs.update({Ref(id): None for id in removed})
    same = len(seen) - len(added) - len(changed)
    return Changes(tuple(added), tuple(changed), tuple(removed), same, diffs)


def _diff(before: Tags, after: Tags, *, replace: bool) -> dict[str, Any]:
    diff = {
        tag: value
        for tag, value in after.items()
        if tag not in before or _plain(before[tag]) != _plain(value)
    }
    if replace:
        diff.update({tag: REMOVE for tag in before if tag not in after})
    return diff


def _plain(value: Any) -> Any:
    """Lists and tuples of values mean the same."""
    return list(value) if isinstance(value, tuple) else value

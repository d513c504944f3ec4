"""An entity: typed views over its tags."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, cast

from ontology.defs import Role, kind_of, role_of
from ontology.errors import Corrupt
from ontology.kinds import Ref, Tags

MAX_DIS: Final = 120
"""Characters of a name; longer ones are texts."""
PLACES: Final = ("spaceRef", "roomRef", "zoneRef", "floorRef", "buildingRef")
"""Tags that lead to a space, from near to far; all but the first are of Haystack 3 and its servers."""
_NO_ENTITIES: Final = frozenset({"id", "spec"})
"""Tags whose refs lead to no other entity: `spec` names an Xeto spec."""
_UNSEEN: Final = re.compile("[\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_PLAIN: Final = str.maketrans("[]<>`", "()()'")


@dataclass(frozen=True)
class Entity:
    """A site, space, equip, point or any other record, seen through its tags."""

    tags: Tags

    @cached_property
    def ref(self) -> Ref:
        ref = self.tags.get("id")
        if not isinstance(ref, Ref):
            raise Corrupt(f"an entity has no id: {dict(self.tags)!r:.80}", hint="add an `id` tag")
        return ref

    @property
    def id(self) -> str:
        return self.ref.id

    @cached_property
    def dis(self) -> str:
        """Its name for people, on one line. Names come from devices: nothing in one formats, links or cites."""
        given = str(self.tags.get("dis") or self.ref.dis or self.id)
        line = " ".join(_UNSEEN.sub(" ", given).split())
        return line[:MAX_DIS].translate(_PLAIN) or self.id

    @cached_property
    def kind(self) -> str | None:
        """Kind of equipment or space ("ahu", "room"); None for points and unknown kinds."""
        if self.is_point:
            return None
        return kind_of(self.tags) or ("floor" if self.is_space and "floor" in self else None)

    @cached_property
    def role(self) -> Role | None:
        """What a point does on its equipment; None for anything else."""
        return role_of(self.tags)

    @property
    def is_point(self) -> bool:
        return "point" in self.tags

    @property
    def is_equip(self) -> bool:
        return "equip" in self.tags

    @property
    def is_space(self) -> bool:
        """A floor of Haystack 3 has no `space` tag."""
        return "space" in self.tags or (
            "floor" in self.tags and not (self.is_point or self.is_equip)
        )

    @property
    def unit(self) -> str:
        """The unit of the point's history; "" where it has none."""
        return str(self.tags.get("unit", ""))

    def get_ref(self, tag: str) -> Ref | None:
        value = self.tags.get(tag)
        return value if isinstance(value, Ref) else None

    def __getitem__(self, tag: str) -> Any:
        return self.tags[tag]

    def __contains__(self, tag: str) -> bool:
        return tag in self.tags

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Entity) and other.tags == self.tags

    def __hash__(self) -> int:
        return hash(self.ref)

    def __repr__(self) -> str:
        return f"<{self.kind or (self.role and self.role.name) or 'entity'} {self.id}>"


def refs_of(tags: Tags) -> Iterator[tuple[str, Ref]]:
    """Each ref that leads to another entity, with its tag: not the own `id`, and no name of an Xeto spec."""
    for tag, value in tags.items():
        if tag not in _NO_ENTITIES and isinstance(value, (Ref, list, tuple)):
            # no id of an entity has two colons: `ph::Vav` is a spec wherever it stands
            yield from ((tag, ref) for ref in refs_in(value) if "::" not in ref.id)


def refs_in(value: object) -> tuple[Ref, ...]:
    """The refs of a tag's value: one, a list of them, or none."""
    if isinstance(value, Ref):
        return (value,)
    if isinstance(value, (list, tuple)):
        return tuple(item for item in cast("list[object]", value) if isinstance(item, Ref))
    return ()

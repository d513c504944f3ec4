"""Filters drawn from the whole grammar over the sample's own tags and values, the same ones on every run."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any, Final

from bench.ontology_peers.files import zinc_value
from ontology.kinds import Number, Ref, Symbol, Uri

Rows = Sequence[Mapping[str, Any]]
_UNITS: Final = ("", "°C", "°F", "kW", "%", "Pa")
_ORDERS: Final = ("==", "!=", "<", "<=", ">", ">=")
_DEFS: Final = (
    "^ahu", "^vav", "^point", "^hot-water", "^chilled-water", "^air", "^site", "Vav", "ph::Vav", "ph.points::Point",
)  # fmt: skip


@dataclass(frozen=True)
class Drawn:
    """A filter as it was put together, so that its answer can be put together from its leaves' answers."""

    text: str
    joined: str = ""
    """"and", "or", or "" for a leaf."""
    parts: tuple[Drawn, ...] = ()

    def leaves(self) -> tuple[str, ...]:
        """The texts of the terms that are no conjunction, disjunction or parenthesis."""
        return (
            tuple(leaf for part in self.parts for leaf in part.leaves())
            if self.parts
            else (self.text,)
        )

    def answer(self, of_leaf: Callable[[str], frozenset[str]]) -> frozenset[str]:
        """Ids that match, given the ids that match each leaf."""
        if not self.parts:
            return of_leaf(self.text)
        found = [part.answer(of_leaf) for part in self.parts]
        return frozenset.intersection(*found) if self.joined == "and" else frozenset.union(*found)


def draw(rows: Rows, count: int, *, seed: int = 4) -> list[Drawn]:
    """So many different filters: every kind of leaf alone at least once, then mixtures."""
    chance = Random(seed)
    found: dict[str, Drawn] = {text: Drawn(text) for text in _DEFS}
    author = _Author(rows, chance)
    for kind in _LEAVES:
        for _ in range(4):
            leaf = kind(author, author.entity())
            if leaf is not None:
                found.setdefault(leaf, Drawn(leaf))
    while len(found) < count:
        drawn = author.filter(depth=0)
        found.setdefault(drawn.text, drawn)
    return list(found.values())[:count]


class _Author:
    """Writes filters; most terms of a conjunction are true of one entity, so that it finds something."""

    def __init__(self, rows: Rows, chance: Random) -> None:
        self._rows, self.chance = rows, chance
        self._by_id = {row["id"]: row for row in rows}

    def entity(self) -> Mapping[str, Any]:
        odd = self.chance.random() < 0.3  # the oddities are few and matter most
        return self.chance.choice(self._rows[-50:] if odd else self._rows)

    def filter(self, depth: int, seed: Mapping[str, Any] | None = None) -> Drawn:
        entity = seed or self.entity()
        joined = "or" if self.chance.random() < 0.3 else "and"
        parts = []
        for _ in range(self.chance.randint(1, 4)):
            if depth < 2 and self.chance.random() < 0.25:
                inner = self.filter(depth + 1, entity if self.chance.random() < 0.7 else None)
                parts.append(
                    Drawn(f"({inner.text})", inner.joined, inner.parts) if inner.parts else inner
                )
                continue
            if joined == "or" and self.chance.random() < 0.3:
                parts.append(self._conjunction(entity))  # `a and b or c`: and binds more tightly
                continue
            parts.append(self._leaf(entity))
        if len(parts) == 1:
            return parts[0]
        return Drawn(f" {joined} ".join(part.text for part in parts), joined, tuple(parts))

    def follow(self, entity: Mapping[str, Any]) -> tuple[list[str], Mapping[str, Any]]:
        """A path of one or two arrows and what it leads to; an empty path where nothing leads on."""
        path: list[str] = []
        for _ in range(self.chance.randint(1, 2)):
            # an id leads to its own entity: allowed, but seldom written
            names = [name for name in entity if name != "id" or self.chance.random() < 0.05]
            ways = [(name, way) for name in names for way in self._ways(entity[name])]
            if not ways:
                break
            name, entity = self.chance.choice(ways)
            path.append(name)
        return path, entity

    def _ways(self, value: Any) -> list[Mapping[str, Any]]:
        if isinstance(value, dict):
            return [value]
        refs = value if isinstance(value, list) else [value]
        return [self._by_id[ref] for ref in refs if isinstance(ref, Ref) and ref in self._by_id]

    def _conjunction(self, entity: Mapping[str, Any]) -> Drawn:
        parts = (self._leaf(entity), self._leaf(entity))
        return Drawn(" and ".join(part.text for part in parts), "and", parts)

    def _leaf(self, entity: Mapping[str, Any]) -> Drawn:
        chosen = entity if self.chance.random() < 0.8 else self.entity()
        kinds = self.chance.choices(tuple(_LEAVES), tuple(_LEAVES.values()), k=40)
        texts = (kind(self, chosen) for kind in kinds)
        return Drawn(next(text for text in texts if text is not None))


def _has(author: _Author, entity: Mapping[str, Any]) -> str:
    return author.chance.choice(list(entity))


def _missing(author: _Author, _: Mapping[str, Any]) -> str:
    return f"not {author.chance.choice(list(author.entity()))}"


def _has_path(author: _Author, entity: Mapping[str, Any]) -> str | None:
    path, target = author.follow(entity)
    return "->".join([*path, author.chance.choice(list(target))]) if path else None


def _missing_path(author: _Author, entity: Mapping[str, Any]) -> str | None:
    path, _ = author.follow(entity)
    return (
        f"not {'->'.join([*path, author.chance.choice(list(author.entity()))])}" if path else None
    )


def _compare(author: _Author, entity: Mapping[str, Any]) -> str | None:
    return _compared(author, [], entity)


def _compare_path(author: _Author, entity: Mapping[str, Any]) -> str | None:
    path, target = author.follow(entity)
    return _compared(author, path, target) if path else None


def _compare_other_kind(author: _Author, entity: Mapping[str, Any]) -> str:
    """The tag of one entity with the value of another: most often of another kind or unit."""
    name = author.chance.choice(list(entity))
    literals = [_literal(value) for value in author.entity().values()]
    literal = author.chance.choice([text for text in literals if text is not None])
    return f"{name} {author.chance.choice(_ORDERS)} {literal}"


def _part_of_instant(author: _Author, entity: Mapping[str, Any]) -> str | None:
    if "ts" not in entity:
        return None
    op = author.chance.choice(_ORDERS)
    if author.chance.random() < 0.5:
        return f"ts->date {op} {entity['ts'].date().isoformat()}"
    return f"ts->time {op} {entity['ts'].time().isoformat()}"


def _definition(author: _Author, _: Mapping[str, Any]) -> str:
    return author.chance.choice(_DEFS)


def _compared(author: _Author, path: list[str], entity: Mapping[str, Any]) -> str | None:
    chance = author.chance
    names = [name for name, value in entity.items() if _literal(value) is not None]
    if not names:
        return None
    name = chance.choice(names)
    value = entity[name]
    op = chance.choice(_ORDERS)
    if isinstance(value, (Ref, list, Uri, Symbol, bool)):
        op = (
            "!=" if chance.random() < 0.2 else "=="
        )  # those kinds have no order that the standard names
    if isinstance(value, Number) and chance.random() < 0.3:
        value = Number(value.value, chance.choice(_UNITS))
    gap = chance.choice(("", " "))
    return f"{'->'.join([*path, name])}{gap}{op}{gap}{_literal(value)}"


def _literal(value: Any) -> str | None:
    """The value as a filter writes it; None where filters have no such literal."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Ref):
        return f"@{value.id}"
    if isinstance(value, list):
        return next((f"@{item.id}" for item in value if isinstance(item, Ref)), None)
    plain = isinstance(value, (str, Number, Uri, Symbol, dt.time)) or type(value) is dt.date
    return zinc_value(value) if plain else None


_LEAVES: Final[dict[Callable[[_Author, Mapping[str, Any]], str | None], int]] = {
    _has: 6, _missing: 3, _has_path: 4, _missing_path: 2, _compare: 8, _compare_path: 5, _compare_other_kind: 2,
    _part_of_instant: 1, _definition: 1,
}  # fmt: skip

"""What a filter is made of: the nodes of its tree. `str(node)` is filter text again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

from ontology.codec.zinc import encode_value

Path: TypeAlias = tuple[str, ...]
"""Tag names joined by `->`."""


@dataclass(frozen=True, slots=True)
class Has:
    """The path leads to a value."""

    path: Path

    def __str__(self) -> str:
        return "->".join(self.path)


@dataclass(frozen=True, slots=True)
class Missing:
    """The path leads to no value."""

    path: Path

    def __str__(self) -> str:
        return f"not {'->'.join(self.path)}"


@dataclass(frozen=True, slots=True)
class Compare:
    """The path leads to a value that stands in this relation to a literal. `op` is == != < <= > or >=."""

    path: Path
    op: str
    value: Any

    def __str__(self) -> str:
        literal = "true" if self.value is True else "false" if self.value is False else ""
        return f"{'->'.join(self.path)} {self.op} {literal or encode_value(self.value)}"


@dataclass(frozen=True, slots=True)
class IsA:
    """The entity is of a kind: a def (`^ahu`, `^hot-water`) or a Xeto spec (`Vav`, `ph::Vav`)."""

    name: str

    @property
    def is_spec(self) -> bool:
        return "::" in self.name or self.name[0].isupper()

    def __str__(self) -> str:
        return self.name if self.is_spec else f"^{self.name}"


@dataclass(frozen=True, slots=True)
class And:
    """All terms hold."""

    terms: tuple[Node, ...]

    def __str__(self) -> str:
        return " and ".join(f"({t})" if isinstance(t, Or) else str(t) for t in self.terms)


@dataclass(frozen=True, slots=True)
class Or:
    """At least one term holds."""

    terms: tuple[Node, ...]

    def __str__(self) -> str:
        return " or ".join(str(term) for term in self.terms)


Node: TypeAlias = Has | Missing | Compare | IsA | And | Or

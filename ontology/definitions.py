"""What is a kind of what: defs, their supertypes, and the markers that make an entity one of them."""

from __future__ import annotations


class Definitions:
    """An immutable taxonomy."""

    def is_a(self, name: str, base: str) -> bool:
        """Whether a def is another, or a subtype of it."""
        return name == base

    def alternatives(self, _name: str) -> tuple[frozenset[str], ...]:
        """Sets of marker tags, each of which suffices to be a `name`; () for a name nobody knows."""
        return ()


STANDARD = Definitions()

"""A kind of question: its plain form, and how it is really said.

The plain form is never trained on; it is what the playbook reads without fail, and its plan is the right answer to all the
others. {s} is a thing, {q} a quantity of it, {w} a time, {n} a limit, {k} a kind in plural,
{f} a place, {u} a unit.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Family:
    """`about`: kinds of things it is asked of. `intent`: what the plain form must be read as. `weight`: how often."""

    name: str
    intent: str
    plain: str
    english: tuple[str, ...]
    thai: tuple[str, ...] = ()
    about: str = ""
    weight: float = 1.0


def lines(text: str) -> tuple[str, ...]:
    """One form a line."""
    return tuple(line.strip() for line in text.strip().splitlines())

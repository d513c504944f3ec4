"""What may be written: names of tags, types, symbols and units have their alphabets in every format."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from ontology.errors import Corrupt

NAME: Final = re.compile(r"[a-z][A-Za-z0-9_]*")
TYPE: Final = re.compile(r"[A-Z][A-Za-z0-9_]*")
SYMBOL: Final = re.compile(r"[a-zA-Z0-9_:\-.~]+")
UNIT: Final = re.compile("[%$/_a-zA-Z\u0080-\U0010ffff]*")


@lru_cache(maxsize=4096)
def tag_name(name: str) -> str:
    """The name itself. Raises Corrupt where no other program could read it."""
    return _matching(NAME, name, "a tag name", "start with a-z, go on with letters, digits and _")


@lru_cache(maxsize=256)
def type_name(name: str) -> str:
    """The name of an XStr's type itself. Raises Corrupt."""
    return _matching(TYPE, name, "a type name", "start with A-Z, go on with letters, digits and _")


@lru_cache(maxsize=4096)
def symbol_name(name: str) -> str:
    """The name of a symbol itself, without its ^. Raises Corrupt."""
    return _matching(SYMBOL, name, "a symbol", "use letters, digits and _ : - . ~")


@lru_cache(maxsize=1024)
def unit_symbol(unit: str) -> str:
    """A unit without digits and spaces: only such a one can stand right after a number."""
    return _matching(UNIT, unit, "a unit", "use the symbol of the unit database, such as m² or kWh")


def _matching(pattern: re.Pattern[str], text: str, what: str, hint: str) -> str:
    if not isinstance(text, str) or not pattern.fullmatch(text):
        raise Corrupt(f"{text!r:.80} cannot be written as {what}", hint=hint)
    return text

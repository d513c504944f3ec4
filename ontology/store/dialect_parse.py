"""Our SQL read: DuckDB's grammar with every function left as its plain name, for our own tables to judge."""

from __future__ import annotations

import re
from typing import Any, ClassVar

import sqlglot
from sqlglot import exp
from sqlglot.dialects.duckdb import DuckDB
from sqlglot.errors import SqlglotError

from ontology.errors import BadRequest, Refused

MAX_TEXT = 8_000
MAX_DEPTH = 60
HINT = "ask one SELECT over the views, `samples`, `latest` or `points`"
_NESTED = re.compile(r"/\*(?:(?!\*/).)*/\*", re.DOTALL)
"""Engines do not agree where such a comment ends."""
_MISTAKES = tuple(
    (re.compile(form, re.IGNORECASE), hint)
    for form, hint in (
        (r"^\s*(show|describe|desc|pragma)\b", "SELECT role, unit, dis FROM points WHERE equip = 'CH-2' lists what there is"),
        (r"\b(from|join)\s+[a-z]+-[0-9a-z]", "a view's name has _ where the id has -: FROM ch_2"),
        (r"=\s*[a-z]+-[0-9]", "a text stands in single quotes: equip = 'CH-2'"),
        (r"`|\[[a-z_]+\]", "names stand without ` and [ ]; one with other signs in double quotes"),
        (r"\bselect\s+top\b", "write LIMIT 10 at the end"),
    )
)  # fmt: skip


class _Plain(DuckDB):
    """No function means anything to the parser: what it does not rename, it cannot change."""

    class Parser(DuckDB.Parser):  # type: ignore[valid-type, misc]  # sqlglot makes it while it runs
        FUNCTIONS: ClassVar[dict[str, Any]] = {}
        FUNCTION_PARSERS: ClassVar = {
            word: DuckDB.Parser.FUNCTION_PARSERS[word] for word in ("CAST", "TRY_CAST", "EXTRACT")
        }
        NO_PAREN_FUNCTION_PARSERS: ClassVar = {
            word: DuckDB.Parser.NO_PAREN_FUNCTION_PARSERS[word] for word in ("CASE", "IF")
        }


def parsed(text: str) -> exp.Query:
    """The one SELECT of the text. BadRequest where it cannot be read, Refused where it is none."""
    _check_text(text)
    try:
        statements = [s for s in sqlglot.parse(text, dialect=_Plain) if s is not None]
    except SqlglotError as cause:
        raise BadRequest(
            f"not understood: {_bare(str(cause).splitlines()[0]):.200}", hint=_hint(text)
        ) from cause
    if not statements:
        raise BadRequest("no SQL in the query", hint=HINT)
    if len(statements) > 1:
        raise Refused(f"{len(statements)} statements", hint="ask one SELECT at a time")
    tree = statements[0]
    if not isinstance(tree, (exp.Select, exp.SetOperation)):
        raise Refused(f"{tree.key.upper()} is not allowed", hint=_hint(text))
    return tree


def _hint(text: str) -> str:
    """What a text that is no SELECT of ours was probably meant to be."""
    return next((hint for form, hint in _MISTAKES if form.search(text)), HINT)


def _check_text(text: str) -> None:
    if len(text) > MAX_TEXT:
        raise BadRequest(f"{len(text)} characters of SQL", hint=f"{MAX_TEXT} are possible")
    if any("\ud800" <= character <= "\udfff" for character in text):
        raise BadRequest("half a character in the query", hint="write the text anew")
    if _depth(text) > MAX_DEPTH:
        raise BadRequest(f"more than {MAX_DEPTH} nested parentheses", hint="write it flatter")
    if _NESTED.search(text):
        raise Refused("a comment inside a comment", hint="leave the comments out")


def shown(tree: exp.Expr) -> str:
    """The tree as text of our dialect, for people, and to be asked again."""
    return tree.sql(dialect=_Plain, normalize_functions=False, comments=False)


def _bare(text: str) -> str:
    return re.sub(r"\x1b\[[0-9;]*m", "", text)


def _depth(text: str) -> int:
    """Deepest nesting of brackets, by counting; CASE nests without them, but text length bounds it."""
    depth = deepest = 0
    for character in text:
        depth += (character in "([{") - (character in ")]}")
        deepest = max(deepest, depth)
    return max(deepest, len(re.findall(r"\bcase\b", text, re.IGNORECASE)))

"""What a tool is called, takes and gives: one row per tool, one schema for people and language models."""

from __future__ import annotations

import datetime as dt
import difflib
import math
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from agent.evidence import ToolResult
from ontology.errors import BadRequest
from ontology.time import parse_instant

MAX_TEXT: Final = 2_000
"""Characters of a text argument; a question to a manual or a SELECT is shorter."""
MAX_IDS: Final = 400
"""Entities in one call: every guest room twice."""

OPERATORS: Final = (">", ">=", "<", "<=", "==")


@dataclass(frozen=True)
class Arg:
    """One argument. `kind`: text, ids, integer, time, flag, choice or condition."""

    name: str
    kind: str
    says: str
    choices: tuple[str, ...] = ()
    required: bool = False
    low: int = 1
    high: int = 500


@dataclass(frozen=True)
class Tool:
    """A read-only verb: `run(box, **args)` with the checked arguments that were given."""

    name: str
    says: str
    args: tuple[Arg, ...]
    run: Callable[..., Awaitable[ToolResult]]

    def check(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Arguments as Python values, None left out. Raises BadRequest that lists what is allowed."""
        allowed = {arg.name: arg for arg in self.args}
        for name in given:
            if name not in allowed:
                near = difflib.get_close_matches(name, allowed, n=1)
                guess = f"did you mean {near[0]}? " if near else ""
                raise BadRequest(
                    f"{self.name} has no argument {name!r:.60}",
                    hint=f"{guess}allowed: {', '.join(allowed)}",
                )
        missing = [a.name for a in self.args if a.required and given.get(a.name) is None]
        if missing:
            raise BadRequest(
                f"{self.name} needs {', '.join(missing)}",
                hint=f"{missing[0]}: {allowed[missing[0]].says}",
            )
        return {
            name: _CHECKS[allowed[name].kind](allowed[name], value)
            for name, value in given.items()
            if value is not None
        }

    def json_schema(self) -> dict[str, Any]:
        """Strict function schema: every argument required, the optional ones nullable, no others."""
        properties = {arg.name: _schema(arg) for arg in self.args}
        return {
            "type": "function",
            "function": {
                "name": self.name,
                "description": self.says,
                "strict": True,
                "parameters": {
                    "type": "object",
                    "properties": properties,
                    "required": list(properties),
                    "additionalProperties": False,
                },
            },
        }

    def lean_schema(self) -> dict[str, Any]:
        """The same without descriptions, and what is optional may be left out: calls and prompts are shorter.

        vLLM constrains to it; OpenAI's own strict mode wants `json_schema`.
        """
        properties = {arg.name: _json_type(arg) for arg in self.args}
        return {
            "type": "function",
            "function": {
                "name": self.name,
                "strict": True,
                "parameters": {
                    "type": "object",
                    "properties": properties,
                    "required": [arg.name for arg in self.args if arg.required],
                    "additionalProperties": False,
                },
            },
        }


def _schema(arg: Arg) -> dict[str, Any]:
    base: dict[str, Any] = {"description": arg.says}
    plain = _json_type(arg)
    if arg.kind == "condition":
        return base | {"anyOf": [plain, {"type": "null"}]}
    if not arg.required:
        plain["type"] = [plain["type"], "null"]
        if "enum" in plain:
            plain["enum"] = [*plain["enum"], None]
    return base | plain


def _json_type(arg: Arg) -> dict[str, Any]:
    """What a given argument looks like."""
    if arg.kind == "condition":
        return {
            "type": "object",
            "properties": {
                "op": {"type": "string", "enum": list(OPERATORS)},
                "value": {"type": "number"},
            },
            "required": ["op", "value"],
            "additionalProperties": False,
        }
    json_type = {"ids": "array", "integer": "integer", "flag": "boolean"}.get(arg.kind, "string")
    plain: dict[str, Any] = {"type": json_type}
    if arg.kind == "ids":
        plain["items"] = {"type": "string"}
    if arg.kind == "choice":
        plain["enum"] = [*arg.choices]
    return plain


def _text(arg: Arg, value: object) -> str:
    if not isinstance(value, str) or not value.strip():
        raise _wrong(arg, value, "a text")
    if len(value) > MAX_TEXT:
        raise BadRequest(f"{arg.name} has {len(value)} characters", hint=f"use at most {MAX_TEXT}")
    return value.strip()


def _ids(arg: Arg, value: object) -> list[str]:
    items = [value] if isinstance(value, str) else value
    if not isinstance(items, Sequence) or not items:
        raise _wrong(arg, value, "a list of entity ids")
    if len(items) > MAX_IDS:
        raise BadRequest(
            f"{len(items)} entities in {arg.name}", hint=f"name at most {MAX_IDS}, or their floor"
        )
    ids = [str(item).strip().removeprefix("@") for item in items]
    if not all(ids):
        raise _wrong(arg, value, "a list of entity ids")
    return list(dict.fromkeys(ids))


def _integer(arg: Arg, value: object) -> int:
    whole = isinstance(value, int) or (isinstance(value, float) and value.is_integer())
    if isinstance(value, bool) or not whole or not arg.low <= value <= arg.high:  # type: ignore[operator]
        raise _wrong(arg, value, f"a whole number from {arg.low} to {arg.high}")
    return int(value)  # type: ignore[call-overload,no-any-return]


def _time(arg: Arg, value: object) -> dt.datetime:
    if isinstance(value, dt.datetime) and value.tzinfo is not None:
        return value
    return parse_instant(_text(arg, value))


def _flag(arg: Arg, value: object) -> bool:
    if not isinstance(value, bool):
        raise _wrong(arg, value, "true or false")
    return value


def _choice(arg: Arg, value: object) -> str:
    if value not in arg.choices:
        raise _wrong(arg, value, f"one of: {', '.join(arg.choices)}")
    return str(value)


def _condition(arg: Arg, value: object) -> tuple[str, float]:
    if isinstance(value, Mapping) and set(value) == {"op", "value"} and value["op"] in OPERATORS:
        limit = value["value"]
        if isinstance(limit, (int, float)) and not isinstance(limit, bool) and math.isfinite(limit):
            return str(value["op"]), float(limit)
    raise _wrong(arg, value, '{"op": ">", "value": 26} with op one of ' + " ".join(OPERATORS))


def _wrong(arg: Arg, value: object, wanted: str) -> BadRequest:
    return BadRequest(f"{arg.name} is {value!r:.80}", hint=f"{arg.name}: {wanted}")


_CHECKS: Mapping[str, Callable[[Arg, Any], Any]] = {
    "text": _text, "ids": _ids, "integer": _integer, "time": _time, "flag": _flag,
    "choice": _choice, "condition": _condition,
}  # fmt: skip

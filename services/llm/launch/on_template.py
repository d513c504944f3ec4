"""Run as a script: renders an untrusted chat template with a tool, in Jinja's sandbox and with little memory and time.

Standard input: JSON {"template"}; standard output: JSON {"text"} or {"error"}.
"""

from __future__ import annotations

import datetime as dt
import json
import resource
import sys
from typing import Any, NoReturn

from jinja2 import TemplateError
from jinja2.ext import loopcontrols
from jinja2.sandbox import ImmutableSandboxedEnvironment

MOST_MEMORY = 1 << 30
MOST_CPU_S = 2
TOOL = {"type": "function", "function": {
    "name": "canary_tool", "description": "Says that tools arrive.",
    "parameters": {"type": "object", "properties": {"ok": {"type": "boolean"}}, "required": ["ok"]},
}}  # fmt: skip


def refuse(message: str) -> NoReturn:
    """What templates call `raise_exception`."""
    raise TemplateError(message)


def main() -> None:
    """As transformers renders templates: the same options, the same functions."""
    resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (MOST_CPU_S, MOST_CPU_S))
    template = json.load(sys.stdin)["template"]
    room = ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=[loopcontrols]
    )
    room.filters["tojson"] = lambda value, **more: json.dumps(
        value, ensure_ascii=False, indent=more.get("indent")
    )
    room.globals |= {
        "raise_exception": refuse,
        "strftime_now": lambda form: dt.datetime.now(dt.UTC).strftime(form),
    }
    said: dict[str, Any]
    try:
        text = room.from_string(template).render(
            messages=[{"role": "user", "content": "ping"}], tools=[TOOL], add_generation_prompt=True, bos_token="", eos_token="",
        )  # fmt: skip
        said = {"text": text[:100_000]}
    except (
        TemplateError,
        ArithmeticError,
        AttributeError,
        LookupError,
        TypeError,
        ValueError,
        MemoryError,
        RecursionError,
    ) as error:
        said = {"error": f"{type(error).__name__}: {error}"[:300]}
    json.dump(said, sys.stdout)


if __name__ == "__main__":
    main()

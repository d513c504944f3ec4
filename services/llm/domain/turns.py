"""From a conversation to what is learnt of it: the text a chat template makes, and the stretches the model says itself.

Everything that is not said by the assistant is context and bears no loss. Only the standard library: this runs beside torch.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

IGNORED = -100
"""What torch's cross entropy passes over."""
MOST_LINE = 2_000_000
"""Characters of one example; more is no conversation."""


class Render(Protocol):
    """A chat template: messages to text; `opened`: up to where the assistant begins to speak."""

    def __call__(self, messages: Sequence[Mapping[str, Any]], *, opened: bool) -> str: ...


@dataclass(frozen=True)
class Lesson:
    """A text and the half-open stretches of characters that bear the loss."""

    text: str
    said: tuple[tuple[int, int], ...]


class BadExample(ValueError):
    """What is wrong with an example, and where."""


def examples(folder: Path, split: str) -> Iterator[dict[str, Any]]:
    """The examples of a split, from all .jsonl files of the folder in the order of their names."""
    for path in sorted(folder.glob("*.jsonl")):
        with path.open(encoding="utf-8") as file:
            for number, line in enumerate(file, 1):
                if line.strip():
                    found = _example(line, f"{path.name}:{number}")
                    if found.get("split", "train") == split:
                        yield found


def _example(line: str, at: str) -> dict[str, Any]:
    if len(line) > MOST_LINE:
        raise BadExample(f"{at}: longer than {MOST_LINE:,} characters")
    try:
        found = json.loads(line)
    except (ValueError, RecursionError) as cause:
        raise BadExample(f"{at}: not JSON") from cause
    messages = found.get("messages") if isinstance(found, dict) else None
    if not isinstance(messages, list) or not all(isinstance(m, dict) for m in messages):
        raise BadExample(f'{at}: no list of "messages"')
    if not any(message.get("role") == "assistant" for message in messages):
        raise BadExample(f"{at}: the assistant says nothing in it")
    return {**found, "messages": [_plain(message, at) for message in messages]}


def _plain(message: Mapping[str, Any], at: str) -> dict[str, Any]:
    """The message as templates want it: arguments as objects, as servers hand them over, not as text."""
    calls = message.get("tool_calls")
    if not calls:
        return dict(message)
    try:
        return {**message, "tool_calls": [_call(call) for call in calls]}
    except (ValueError, KeyError, TypeError) as cause:
        raise BadExample(f"{at}: a tool call without name or arguments") from cause


def _call(call: Mapping[str, Any]) -> dict[str, Any]:
    function = call["function"]
    arguments = function["arguments"]
    if isinstance(arguments, str):
        arguments = json.loads(arguments)
    return {**call, "function": {**function, "name": function["name"], "arguments": arguments}}


def lessons(messages: Sequence[Mapping[str, Any]], render: Render) -> list[Lesson]:
    """One lesson per conversation; one per turn where a template rewrites what came before.

    Raises BadExample where the template does not open the assistant's turn as it then writes it.
    """
    found: list[Lesson] = []
    text, said = "", list[tuple[int, int]]()
    for place, message in enumerate(messages):
        if message.get("role") != "assistant":
            continue
        asked = render(messages[:place], opened=True)
        whole = render(messages[: place + 1], opened=False)
        if not whole.startswith(asked):
            raise BadExample(
                "the chat template opens the assistant's turn otherwise than it writes it"
            )
        if text and not asked.startswith(text):
            found.append(Lesson(text, tuple(said)))
            said = []
        said.append((len(asked), len(whole)))
        text = whole
    return [*found, Lesson(text, tuple(said))]


def labels(lesson: Lesson, ids: Sequence[int], offsets: Sequence[tuple[int, int]]) -> list[int]:
    """The tokens to be learnt, IGNORED elsewhere. `offsets`: characters of each token, as tokenizers give them."""
    return [
        id if any(first <= start < last for first, last in lesson.said) else IGNORED
        for id, (start, _) in zip(ids, offsets, strict=True)
    ]

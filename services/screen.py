"""How the command line shows plans, answers and checks to a person."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.markdown import Markdown
from rich.text import Text

from services.doctor import Check
from services.terminal import readable

MOST_IDS = 12
MARKS = {"ok": ("✓", "green"), "degraded": ("!", "yellow"), "missing": ("✗", "red")}


def plan(console: Console, shown: Mapping[str, Any]) -> None:
    """How a question was understood."""
    for key in ("intent", "entities", "quantity", "time", "question_back"):
        value = shown[key]
        if isinstance(value, list):
            value = ", ".join(value)
        if isinstance(value, dict):
            value = f"{value['start']} to {value['end']}"
        console.print(Text(readable(f"{key:14}{value or '-'}")))
    for step in shown["steps"]:
        args = ", ".join(f"{name}={_short(value)}" for name, value in step["args"].items())
        console.print(Text(readable(f"{'step':14}{step['tool']}({args})")))


def _short(value: Any) -> str:
    """A list of ids in one line: its beginning and its length."""
    if isinstance(value, list) and len(value) > MOST_IDS:
        return f"[{', '.join(map(repr, value[:3]))} ... {len(value)} in all]"
    return repr(value)


def answer(console: Console, found: Mapping[str, Any]) -> None:
    """An answer with its evidence."""
    lines = readable(str(found["answer"])).replace("\n", "  \n")  # a line stays a line in Markdown
    console.print(Markdown(lines, hyperlinks=False), soft_wrap=False)
    console.print()
    for item in found["evidence"]:
        said = f"[{item['id']}] {item['kind']}: {item['source']}"
        console.print(Text(readable(said), style="dim"))
    how = (
        "no language model was used"
        if found["mode"] == "playbook"
        else "written by the language model"
    )
    console.print(Text(f"{found['elapsed_s']:.1f} s, {how}", style="dim"))


def live(console: Console) -> Callable[[Mapping[str, Any]], None]:
    """Shows the steps of a run as they happen."""

    def show(event: Mapping[str, Any]) -> None:
        if event["type"] == "step_started":
            console.print(Text(readable(f"… {event['says']}"), style="dim"))
        elif event["type"] == "note":
            console.print(Text(readable(f"! {event['text']}"), style="yellow"))

    return show


def checks(console: Console, found: Sequence[Check]) -> None:
    """What the doctor found, one line each; the mark says it without colour too."""
    for check in found:
        mark, style = MARKS[check.state]
        line = Text(f"{mark} {check.name:16}", style=style) + Text(check.says, style="default")
        console.print(line)
        if check.hint:
            console.print(Text(f"  {'':16}{check.hint}", style="dim"))

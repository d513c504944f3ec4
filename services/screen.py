"""How the command line shows plans, answers and checks to a person."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.markdown import Markdown
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.text import Text

from services.doctor import Check
from services.terminal import readable

MOST_IDS = 12
MOST_NOTES = 20
WIDEST = 44
"""Characters of a table's cell; what is longer is cut, and whole in --json."""
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


@contextmanager
def working(console: Console, says: str) -> Iterator[Callable[[int], None]]:
    """A bar while something long is done, on a terminal only; call it with the count so far."""
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(pulse_style="cyan"),
               TextColumn("{task.fields[count]}"), TimeElapsedColumn())  # fmt: skip
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as bar:
        task = bar.add_task(readable(says), total=None, count="")
        yield lambda count: bar.update(task, count=f"{count:,} entities")


def brought(console: Console, found: Mapping[str, Any], *, dry_run: bool) -> None:
    """What an import did or would do, with examples, and what people should know about it."""
    done = "would be " if dry_run else ""
    _changed(console, found, done=done, mark="@")
    if dry_run:
        console.print(Text("nothing was written: this was a dry run"))
    notes(console, found["notes"])


def proposed(
    console: Console, found: Mapping[str, Any], *, then: str = "plantroom ontology tag --accept"
) -> None:
    """How sure a tagging is, and what to do with its review: `then` is the command that takes it."""
    _, name = counted(found["names"], "name").split()
    console.print(Text(f"{found['names']:>8,} {name}"))
    console.print(Text(f"{found['sure']:>8,} sure: marked yes"))
    console.print(
        Text(
            f"{found['doubtful']:>8,} doubtful: marked ?, {found['nothing']:,} of them without a proposal"
        )
    )
    if found["taught"]:
        taught = counted(found["taught"], "row")
        console.print(Text(f"learnt from {taught} accepted here before"))
    for doubt in found["examples"]:
        says = f"  {doubt['confidence']:.2f}  {doubt['name']}  {doubt['tags'] or '-'}"
        console.print(Text(readable(says), style="dim"))
    review = readable(found["review"])
    console.print(Text(readable(f"read {review}, write yes or no, then: {then} {review}")))
    notes(console, found["notes"])


def defined(console: Console, found: Mapping[str, Any]) -> None:
    """What a folder of definitions brought, or would bring."""
    done = "would be " if found["file"] is None else ""
    defs, specs = counted(found["defs"], "def"), counted(found["specs"], "Xeto spec")
    says = f"{defs} and {specs} in {found['folder']}, {found['new']:,} not in the standard"
    console.print(Text(readable(says)))
    _changed(console, found, done=done, mark="")
    for note in found["notes"]:
        console.print(Text(readable(f"note: {note}")))
    if found["file"] is None:
        console.print(Text("nothing was written: this was a dry run"))
        return
    console.print(
        Text(readable(f"kept in {found['file']}; a running server knows them after a restart"))
    )


def _changed(console: Console, found: Mapping[str, Any], *, done: str, mark: str) -> None:
    """How much was added, changed, removed and left, with examples; `mark` stands before a name."""
    for kind in ("added", "changed", "removed"):
        ids = ", ".join(f"{mark}{id}" for id in found["examples"][kind])
        more = ", ..." if found[kind] > len(found["examples"][kind]) else ""
        says = f"{found[kind]:>8,} {done}{kind:8}" + (f"  {ids}{more}" if ids else "")
        console.print(Text(readable(says.rstrip())))
    console.print(Text(f"{found['same']:>8,} as they were"))


def no_such_tags(console: Console, found: Mapping[str, Sequence[str]]) -> None:
    """Names that are no tag here, with the nearest that are."""
    for name, near in found.items():
        like = f"; nearest: {', '.join(near)}" if near else ""
        console.print(Text(readable(f"nothing here has the tag {name}{like}")))


def counted(count: int, one: str, many: str = "") -> str:
    """A number with its word, in the singular for one.

    >>> counted(1, "def"), counted(2_000, "entity"), counted(0, "warning")
    ('1 def', '2,000 entities', '0 warnings')
    """
    if count != 1:
        one = many or (f"{one[:-1]}ies" if one.endswith("y") else f"{one}s")
    return f"{count:,} {one}"


def notes(console: Console, found: Sequence[Mapping[str, str]]) -> None:
    """Remarks, one line each, with what to do below."""
    for note in found[:MOST_NOTES]:
        console.print(Text(readable(f"! {note['place']}: {note['says']}"), style="yellow"))
        if note["hint"]:
            console.print(Text(readable(f"  {note['hint']}"), style="dim"))
    if len(found) > MOST_NOTES:
        console.print(Text(f"! {len(found) - MOST_NOTES} more: see --json", style="yellow"))


def table(console: Console, head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Columns as wide as they need to be, left aligned; empty columns are left out."""
    shown = [at for at in range(len(head)) if any(row[at] for row in rows)]
    if not shown:
        return
    cells = [[_cut(readable(row[at])) for at in shown] for row in rows]
    names = [head[at] for at in shown]
    wide = [max(map(len, column)) for column in zip(names, *cells, strict=True)]
    console.print(Text(_line(names, wide), style="bold"))
    for row in cells:
        console.print(Text(_line(row, wide)))


def _line(cells: Sequence[str], wide: Sequence[int]) -> str:
    return "  ".join(cell.ljust(width) for cell, width in zip(cells, wide, strict=True)).rstrip()


def _cut(cell: str) -> str:
    cell = " ".join(cell.split())
    return cell if len(cell) <= WIDEST else cell[: WIDEST - 1] + "…"


def explanation(console: Console, found: Mapping[str, Any]) -> None:
    """What each part of a filter lets through, and which one leaves nothing."""
    rows = [
        [term["term"], f"{term['alone']:,}", f"{term['so_far']:,}", f"{term['without']:,}"]
        for term in found["terms"]
    ]
    table(console, ("part", "alone", "so far", "without it"), rows)
    if found["killer"]:
        console.print(Text(readable(f"nothing is left because of: {found['killer']}")))
    no_such_tags(console, found["unknown"])
    for hint in found["hints"]:
        console.print(Text(readable(f"{hint['part']}: {hint['says']}")))


def related(console: Console, found: Mapping[str, Any]) -> None:
    """Relations of an entity, one group each."""
    console.print(Text(readable(f"@{found['id']}  {found['dis']}"), style="bold"))
    for name, items in found.items():
        if not isinstance(items, list):
            continue
        console.print(Text(f"{name.replace('_', ' ')} ({len(items)})", style="bold"))
        for item in items[:MOST_NOTES]:
            flow = f"  {item['medium']}" if "medium" in item else ""
            far = f"  {item['hops']} hops" if item.get("hops", 1) > 1 else ""
            console.print(Text(readable(f"  @{item['id']}  {item['dis']}{flow}{far}")))
        if len(items) > MOST_NOTES:
            console.print(Text(f"  {len(items) - MOST_NOTES:,} more: see --json", style="dim"))


def way(console: Console, found: Mapping[str, Any]) -> None:
    """A way hop by hop."""
    if not found["hops"] and found["from"] != found["to"]:
        console.print(Text(readable(f"nothing joins @{found['from']} and @{found['to']}")))
        return
    console.print(Text(readable(f"@{found['from']}")))
    for hop in found["hops"]:
        flow = f" ({hop['medium']})" if hop["medium"] else ""
        console.print(Text(readable(f"  {hop['direction']}{flow}  @{hop['id']}  {hop['dis']}")))


def problems(console: Console, found: Mapping[str, Any]) -> None:
    """What is wrong with a model, one line each with what to do below."""
    for problem in found["problems"]:
        mark, style = _SEVERITIES[problem["severity"]]
        at = f"@{problem['entity']}: " if problem["entity"] else ""
        line = Text(f"{mark} {problem['code']:20}", style=style)
        console.print(line + Text(readable(f" {at}{problem['says']}"), style="default"))
        if problem["hint"]:
            console.print(Text(readable(f"  {'':20} {problem['hint']}"), style="dim"))
    console.print(
        Text(
            f"{counted(found['entities'], 'entity')}: {counted(found['error'], 'error')},"
            f" {counted(found['warning'], 'warning')}, {counted(found['info'], 'remark')}"
        )
    )


_SEVERITIES = {"error": ("✗", "red"), "warning": ("!", "yellow"), "info": ("·", "dim")}

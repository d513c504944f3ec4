"""How every line is doing: asked of the running server, else read from what the polling process wrote."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any, Final

import httpx2
from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from ingest.status import FILE, read_status
from ontology.errors import Corrupt, PlantroomError
from ontology.time import UTC, parse_instant
from services import screen
from services.home import running_server
from services.settings import Settings
from services.terminal import readable

OLD_S: Final = 60.0
"""A status older than this was written by a process that is gone: it writes every five seconds."""
EVERY_S: Final = 2.0
_MOST_ASIDE: Final = 10
_HEAD: Final = (
    "line",
    "state",
    "seen",
    "rate",
    "errors",
    "lag",
    "faults",
    "lost",
    "aside",
    "what to do",
)
_NUMBERS: Final = frozenset({"seen", "rate", "errors", "lag", "faults", "lost", "aside"})
_STYLES: Final = {
    "good": "green",
    "silent": "red",
    "failing": "red",
    "starting": "dim",
    "stale": "yellow",
}


async def status(settings: Settings) -> dict[str, Any]:
    """How it does, with `source`, `age_s`, and `running`. Raises NotFound where nothing has polled here."""
    url = await running_server(settings)
    told = await _asked(url) if url else None
    source = url if told is not None else FILE
    found = told if told is not None else await asyncio.to_thread(read_status, settings.home / FILE)
    age_s = _age_s(found.get("at"))
    running = age_s is not None and abs(age_s) <= OLD_S  # far ahead: the clock was set back since
    return {
        **found,
        "source": source,
        "age_s": None if age_s is None else max(0.0, age_s),
        "running": running,
        "ok": running and _well(found),
    }


async def _asked(url: str) -> dict[str, Any] | None:
    """What the server says; None where it is older than this route, or polls nothing."""
    try:
        async with httpx2.AsyncClient(timeout=10.0, trust_env=False) as client:
            answer = await client.get(f"{url}/api/ingest/status")
            told = answer.json() if answer.status_code == httpx2.codes.OK else None
    except (httpx2.HTTPError, ValueError):
        return None
    return told if isinstance(told, dict) else None


def _well(found: Mapping[str, Any]) -> bool:
    lines = found.get("lines", [])
    forward = found.get("forward", {})
    return all(
        line.get("health") in ("good", "starting") and not line.get("stale") for line in lines
    ) and not (forward.get("error") or forward.get("aside") or forward.get("refused"))


def _age_s(at: object) -> float | None:
    """Seconds since then; below zero where the clock was set back meanwhile."""
    if not isinstance(at, str):
        return None
    try:
        return (dt.datetime.now(UTC) - parse_instant(at)).total_seconds()
    except PlantroomError:
        return None


async def watch(settings: Settings, console: Console) -> None:
    """Show it again and again until told to stop."""
    with Live(console=console, auto_refresh=False, screen=console.is_terminal) as shown:
        while True:
            try:
                shown.update(view(await status(settings)), refresh=True)
            except Corrupt:
                pass  # half a second later it is whole
            except PlantroomError as error:
                shown.update(Text(readable(f"{error}: {error.hint}"), style="yellow"), refresh=True)
            await asyncio.sleep(EVERY_S)


# --- for people -----------------------------------------------------------------------------------


def show(console: Console, found: Mapping[str, Any]) -> None:
    """Once."""
    console.print(view(found))


def view(found: Mapping[str, Any]) -> Group:
    """Lines that need a person first, then the way on, what is kept aside, and who says so."""
    lines = sorted(found.get("lines", []), key=_urgency)
    rows = [_cells(line) for line in lines]
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    shown = [n for n, _ in enumerate(_HEAD) if n < 2 or any(row[n].plain for row in rows)]
    for n in shown:
        right = _HEAD[n] in _NUMBERS
        table.add_column(_HEAD[n], justify="right" if right else "left", no_wrap=n < len(_HEAD) - 1)
    for row in rows:
        table.add_row(*(row[n] for n in shown))
    counts = [f"{screen.counted(len(lines), 'line')}"]
    counts += [f"{n:,} {state}" for state, n in _counted_states(lines)]
    parts: list[Any] = [table, Text(""), Text(", ".join(counts))]
    parts += [*_way_on(found.get("forward", {})), *_aside(found.get("quarantine", []))]
    return Group(*parts, *_senders(found.get("senders", [])), _who(found))


def _state(line: Mapping[str, Any]) -> str:
    return "stale" if line.get("stale") else str(line.get("health", ""))


def _urgency(line: Mapping[str, Any]) -> tuple[int, str]:
    order = ("failing", "silent", "stale")
    state = _state(line)
    worth = order.index(state) if state in order else (3 if line.get("advice") else 4)
    return worth, str(line.get("name", ""))


def _counted_states(lines: Sequence[Mapping[str, Any]]) -> list[tuple[str, int]]:
    states = [_state(line) for line in lines]
    return sorted(
        ((state, states.count(state)) for state in set(states)), key=lambda pair: -pair[1]
    )


def _cells(line: Mapping[str, Any]) -> list[Text]:
    state = _state(line)
    advice = str(line.get("advice") or "")
    error = str(line.get("error") or "")
    says = f"{error}: {advice}" if error and advice else error or advice
    lag_s = float(line.get("lag_s") or 0.0)
    cells = [
        str(line.get("name", "")), "listening" if state == "good" and line.get("listening") else state,
        _ago(line.get("last_seen")), f"{float(line.get('rate') or 0.0):.1f}/s", _few(line.get("failures")),
        f"{lag_s:.1f} s" if lag_s >= 0.05 else "", _few(line.get("faults")), _few(line.get("lost")),
        _few(line.get("aside")), says,
    ]  # fmt: skip
    shown = [Text(readable(cell)) for cell in cells]
    shown[1].stylize(_STYLES.get(state, ""))
    return shown


def _few(count: object) -> str:
    return f"{count:,}" if isinstance(count, int) and count else ""


def _ago(at: object) -> str:
    """How long ago, in the unit a person would say."""
    age_s = _age_s(at)
    if age_s is None:
        return "never"
    for unit, seconds in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if age_s >= 2 * seconds:
            return f"{age_s / seconds:.0f} {unit}"
    return f"{max(0.0, age_s):.0f} s"


def _way_on(forward: Mapping[str, Any]) -> list[Text]:
    """The outbox and where it goes."""
    if not forward:
        return []
    said = [f"{int(forward.get('moved') or 0):,} samples moved to {forward.get('to', 'history')}"]
    said += [
        f"{forward[key]:,} {key}" for key in ("waiting", "dropped", "refused") if forward.get(key)
    ]
    found = [Text(readable(", ".join(said)))]
    warnings = [forward[key] for key in ("error", "advice") if forward.get(key)]
    return [*found, *(Text(readable(f"! {warning}"), style="yellow") for warning in warnings)]


def _aside(quarantine: Sequence[Mapping[str, Any]]) -> list[Text]:
    """What is kept aside, the newest first."""
    found = [
        Text(readable(f"! kept aside: {_few(batch.get('rows')) or '?'} samples: {batch.get('why', '')}"), style="yellow")
        for batch in quarantine[:_MOST_ASIDE]
    ]  # fmt: skip
    more = len(quarantine) - _MOST_ASIDE
    return found + ([Text(f"  {more:,} more batches: see --json", style="dim")] if more > 0 else [])


def _senders(senders: Sequence[Mapping[str, Any]]) -> list[Text]:
    return [
        Text(readable(f"pushed by {s.get('name', s.get('sender', '?'))}: {_few(s.get('samples') or s.get('stored')) or 0} samples"))
        for s in senders[:_MOST_ASIDE]
    ]  # fmt: skip


def _who(found: Mapping[str, Any]) -> Text:
    """Who says so, and whether it is true any more."""
    age = _ago(found.get("at"))
    if not found.get("running"):
        return Text(
            readable(f"! nothing polls here: written {age} ago by process {found.get('pid')}, which is gone."
                     " Start it with plantroom serve, or plantroom ingest run"), style="yellow",
        )  # fmt: skip
    return Text(readable(f"from {found['source']}, {age} old"), style="dim")

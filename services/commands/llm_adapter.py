"""`plantroom llm adapter list|load|unload|rollback`: adapters in a running server, switched without a restart."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer

from ontology.errors import BadRequest
from services.commands.llm_gateway import ADMIN_KEY, state_folder
from services.commands.options import AsJson, note, print_json, say
from services.llm.box import reachable, read_box
from services.llm.domain.served import Adapters, Servers, replicas_of
from services.llm.gateway.keys import read_key
from services.llm.launch.command import room_for_rank
from services.llm.lora import HOT_RANK, read_adapter

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Adapters of a running server: load, switch, roll back.")  # fmt: skip

Name = Annotated[str, typer.Argument(help="the adapter's own name, such as chief-2026-11-21")]
Folder = Annotated[Path, typer.Argument(help="RUN/adapter of a training run", exists=True, file_okay=False)]  # fmt: skip
BoxFile = Annotated[Path | None, typer.Option("--box", help="the box file: its replicas and its gateway")]  # fmt: skip
Urls = Annotated[list[str] | None, typer.Option("--url", help="a vLLM server; once for each, in place of --box")]  # fmt: skip
State = Annotated[Path | None, typer.Option("--state", help="folder with the gateway's admin key and the history; else BOX.state", file_okay=False)]  # fmt: skip
UpstreamKey = Annotated[Path | None, typer.Option("--upstream-key", help="file (mode 600) with the key that replicas want")]  # fmt: skip
Alias = Annotated[str, typer.Option("--alias", help="what clients ask for, such as chief: means this adapter from now on")]  # fmt: skip
Base = Annotated[str, typer.Option("--base", help="with --url: the served model's folder or repository, to check against")]  # fmt: skip
MostRank = Annotated[int | None, typer.Option("--max-lora-rank", help="of the server; else as the box says, 16 where it says nothing", min=1, max=512)]  # fmt: skip

HISTORY = "adapters.jsonl"
T = TypeVar("T")


@app.command("list")
def list_(
    *, box: BoxFile = None, url: Urls = None, state: State = None, upstream_key: UpstreamKey = None, as_json: AsJson = False
) -> None:  # fmt: skip
    """What each replica serves, what aliases mean, and what was done when."""
    adapters = _adapters(box, url, state, upstream_key)

    async def look(opened: Adapters) -> dict[str, Any]:
        return {"replicas": await opened.listed(), "aliases": await opened.aliases(), "history": opened.history()}  # fmt: skip

    found = _asked(adapters, look)
    if as_json:
        print_json(found)
        return
    for replica, names in found["replicas"].items():
        say(f"{replica}: {', '.join(names)}")
    for alias, model in found["aliases"].items():
        say(f"{alias} means {model}")
    for step in found["history"][-20:]:
        say(f"{step.get('when')}  {step.get('step')} {step.get('name')} {step.get('why') or ''}".rstrip())  # fmt: skip


@app.command()
def load(
    name: Name,
    folder: Folder,
    *,
    box: BoxFile = None,
    url: Urls = None,
    state: State = None,
    alias: Alias = "",
    base: Base = "",
    most_rank: MostRank = None,
    upstream_key: UpstreamKey = None,
    as_json: AsJson = False,
) -> None:
    """Load an adapter into every replica, try it on each, then let an alias mean it.

    What fails on one replica is taken back on all, and the alias means what it meant. Replicas forget adapters when they
    start anew: list one that stays under [served.adapters] of the box file.
    """
    read = read_box(box) if box else None
    rank = most_rank or (room_for_rank(read) if read else HOT_RANK)
    adapter = read_adapter(folder, base=read.served.path if read else base, most_rank=rank)
    adapters = _adapters(box, url, state, upstream_key)
    _asked(adapters, lambda opened: opened.load(name, adapter, alias=alias))
    if as_json:
        print_json({"loaded": name, "alias": alias or None, "rank": adapter.rank, "sha256": adapter.digest})  # fmt: skip
    else:
        say(f"{name} answers on every replica" + (f"; {alias} means it now" if alias else ""))
        note(f'to keep it over restarts: [served.adapters] "{name}" = "{adapter.folder}" in the box file')  # fmt: skip


@app.command()
def unload(
    name: Name, *, box: BoxFile = None, url: Urls = None, state: State = None, upstream_key: UpstreamKey = None, as_json: AsJson = False
) -> None:  # fmt: skip
    """Take an adapter out of every replica; refused while an alias means it."""
    adapters = _adapters(box, url, state, upstream_key)
    _asked(adapters, lambda opened: opened.unload(name))
    print_json({"unloaded": name}) if as_json else say(f"{name} is unloaded")


@app.command()
def rollback(
    alias: Annotated[str, typer.Argument(help="such as chief")],
    *,
    box: BoxFile = None,
    state: State = None,
    upstream_key: UpstreamKey = None,
    as_json: AsJson = False,
) -> None:
    """Let an alias mean what it meant before; nothing is loaded, so that it takes no time."""
    adapters = _adapters(box, None, state, upstream_key)
    before, took_s = _asked(adapters, lambda opened: opened.roll_back(alias))
    if as_json:
        print_json({"alias": alias, "model": before, "took_s": round(took_s, 3)})
    else:
        say(f"{alias} means {before} again, after {took_s * 1e3:.0f} ms")


def _adapters(
    box: Path | None, urls: list[str] | None, state: Path | None, upstream_key: Path | None
) -> tuple[Servers, Path]:  # fmt: skip
    """Whom to ask and where the history is kept."""
    if (box is None) == (not urls):
        raise BadRequest("which servers?", hint="give either --box BOX or --url URL, once for each server")  # fmt: skip
    key = read_key(upstream_key) if upstream_key else ""
    if box is None:
        return Servers(replicas_of(urls or []), key=key), (state or Path()) / HISTORY
    read, folder = read_box(box), state_folder(box, state)
    if read.engine.kind != "vllm":
        raise BadRequest(f"adapters are loaded into vLLM, and the box runs {read.engine.kind}", hint="list the vLLM servers with --url")  # fmt: skip
    admin = folder / ADMIN_KEY if folder else None
    if admin is None or not admin.exists():
        raise BadRequest("the gateway has no admin key here", hint="name its state folder with --state; it is made when the gateway first starts")  # fmt: skip
    gateway = f"http://{reachable(read.gateway.host)}:{read.gateway.port}"
    servers = Servers({r.name: r.base for r in read.replicas}, gateway, read_key(admin), key)
    return servers, admin.with_name(HISTORY)


def _asked(found: tuple[Servers, Path], ask: Callable[[Adapters], Awaitable[T]]) -> T:
    async def asking() -> T:
        async with Adapters(*found) as opened:
            return await ask(opened)

    return asyncio.run(asking())

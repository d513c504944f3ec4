"""`plantroom llm serve|status|stop|restart`: the replicas of a box started, watched and told about; the gateway before them."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from ontology.errors import BadRequest
from services.commands.llm_gateway import ALIASES, ClientKey, gateway_keys, state_folder
from services.commands.options import AsJson, err, note, out, print_json, say
from services.llm.box import Box, Replica, reachable, read_box
from services.llm.gateway.aliases import Aliases
from services.llm.gateway.app import serving
from services.llm.gateway.far import FarGateway
from services.llm.gateway.keys import Keys
from services.llm.gateway.pool import Pool
from services.llm.launch import control
from services.llm.launch.fleet import Fleet, all_ready
from services.llm.launch.standing import Standing
from services.llm.launch.standing import State as Stands
from services.llm.traffic import Traffic

BoxFile = Annotated[Path, typer.Argument(help="the box file, such as box.toml")]
Name = Annotated[str | None, typer.Option("--replica", help="only this one")]
State = Annotated[Path | None, typer.Option("--state", help="folder of keys, logs and sockets; default: BOX.state beside the box file", file_okay=False)]  # fmt: skip
UPSTREAM_KEYS = {"vllm": "VLLM_API_KEY", "llama.cpp": "LLAMA_API_KEY", "external": "OPENAI_API_KEY"}
"""Variables of the environment by which each kind of server is given its key; none is asked where they are unset."""
NOT_RUNNING = 3
STOP_SPARE_S = 120.0


def serve(
    box: BoxFile,
    *,
    replica: Name = None,
    gateway: Annotated[bool, typer.Option("--gateway/--no-gateway", help="serve the gateway too; one replica alone never does")] = True,
    client_key: ClientKey = None,
    state: State = None,
) -> None:  # fmt: skip
    """Start every replica of a box and its gateway, watch them, restart what dies; until SIGTERM or Ctrl-C."""
    asked = read_box(box)
    folder = _folder(box, state)
    own = gateway and replica is None
    upstream = os.environ.get(UPSTREAM_KEYS[asked.engine.kind], "")
    keys = replace(gateway_keys(folder, client_key, None), upstream=upstream)
    asyncio.run(_serve(asked, _chosen(asked, replica), folder, keys, own=own))


def status(box: BoxFile, state: State = None, as_json: AsJson = False) -> None:
    """How each replica stands. Ends with 0: all ready, 1: some are not, 3: nothing runs."""
    asked, folder = read_box(box), _folder(box, state)
    told = [one for answer in control.status(folder) for one in answer["replicas"]]
    missing = [r.name for r in asked.replicas if r.name not in {one["name"] for one in told}]
    if as_json:
        print_json({"running": bool(told), "replicas": told, "missing": missing})
    elif not told:
        say(f"nothing serves {box}; `plantroom llm serve {box}` starts it")
    else:
        out.print(_table(told))
        _explain(told)
        for name in missing:
            say(f"{name}: no program serves it")
    ready = all_ready(told) and not missing
    raise typer.Exit(0 if ready else 1 if told else NOT_RUNNING)


def stop(box: BoxFile, state: State = None, as_json: AsJson = False) -> None:
    """Let answers end, end every replica and the gateway; returns when all are gone."""
    asked, folder = read_box(box), _folder(box, state)
    names = control.stop(folder, asked.watch.drain_s + STOP_SPARE_S)
    if as_json:
        print_json({"stopped": names})
    else:
        say(f"stopped: {', '.join(names)}" if names else f"nothing serves {box}")
    raise typer.Exit(0 if names else NOT_RUNNING)


def restart(
    box: BoxFile,
    replica: Name = None,
    rolling: Annotated[bool, typer.Option("--rolling", help="one by one; stops where one does not come back")] = False,
    state: State = None,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """Restart one replica, or all; each is drained first and ready again only behind the gate."""
    asked, folder = read_box(box), _folder(box, state)
    if rolling and replica:
        raise BadRequest("--rolling restarts all, --replica one", hint="give one of the two")
    names = [each.name for each in _chosen(asked, replica)]
    if len(names) > 1 and not rolling:
        err.print("several replicas: they are restarted one after the other, even where one fails; --rolling stops there")  # fmt: skip
    came = control.rolling(folder, asked) if rolling else control.restart(folder, names, control.longest_s(asked))  # fmt: skip
    told = []
    for one in came:
        told.append(one)
        if not as_json:
            say(f"{one['name']}: {one['state']}" + (f": {one['reason']}" if one["state"] != "ready" else ""))  # fmt: skip
            _explain([one])
    left = names[len(told) :]
    if as_json:
        print_json({"replicas": told, "left": left})
    elif left:
        say(f"left as they were: {', '.join(left)}")
    raise typer.Exit(0 if all_ready(told) and not left else 1)


async def _serve(
    box: Box, replicas: Sequence[Replica], folder: Path, keys: Keys, *, own: bool
) -> None:
    async with control.held(folder, [one.name for one in replicas]), _gateway(box, keys, folder, own=own) as traffic:  # fmt: skip
        fleet = Fleet(box, replicas, folder, traffic, key=keys.upstream, heard=_heard)
        async with control.Control(fleet, folder).listening():
            with _signals(fleet):
                await fleet.run()


@asynccontextmanager
async def _gateway(box: Box, keys: Keys, folder: Path, *, own: bool) -> AsyncIterator[Traffic]:
    """The gateway in this program, or one in another that has its admin key in the same folder; it may come later."""
    if own:
        pool = Pool(box)
        async with serving(pool, keys, aliases=Aliases(folder / ALIASES)) as url:
            err.print(f"the gateway listens at {url}/v1", markup=False)
            yield pool
    else:
        async with FarGateway(f"http://{reachable(box.gateway.host)}:{box.gateway.port}", keys.admin) as far:  # fmt: skip
            yield far


def _folder(box: Path, given: Path | None) -> Path:
    """Where keys, logs, notes and sockets of a box lie: what `llm gateway` uses too. Raises BadRequest."""
    folder = state_folder(box, given)
    if folder is None:
        raise BadRequest(f"no folder can be made beside {box}", hint="give one with --state FOLDER")
    return folder.absolute()


@contextmanager
def _signals(fleet: Fleet) -> Iterator[None]:
    """The first SIGTERM or Ctrl-C drains and ends; a second one does not wait for answers."""
    loop = asyncio.get_running_loop()

    def ask() -> None:
        err.print("stops: answers in flight may end; once more to end them")
        for number in _STOPS:
            loop.remove_signal_handler(number)
            signal.signal(number, signal.default_int_handler)
        fleet.stop()

    for number in _STOPS:
        loop.add_signal_handler(number, ask)
    try:
        yield
    finally:
        for number in _STOPS:
            loop.remove_signal_handler(number)


_STOPS = (signal.SIGINT, signal.SIGTERM)


def _chosen(box: Box, name: str | None) -> Sequence[Replica]:
    return [box.replica(name)] if name else box.replicas


def _heard(name: str, standing: Standing) -> None:
    """A line per change, for the terminal or the journal; what brought a replica down is told when it fell, once."""
    fell = standing.state in {Stands.WAITING, Stands.FAILED, Stands.ILL}
    parts = [standing.state, standing.doing, *((standing.reason, standing.hint) if fell else ())]
    note(f"{datetime.now(UTC):%H:%M:%SZ} {name} {'; '.join(part for part in parts if part)}")  # fmt: skip


def _table(told: list[dict[str, Any]]) -> Table:
    table = Table(box=None)
    for head in ("replica", "state", "for", "restarts", "in flight", "running", "waiting", "cache used"):  # fmt: skip
        table.add_column(head, no_wrap=True)
    for one in told:
        used = one.get("kv_used")
        figures = [_figure(one.get(name)) for name in ("in_flight", "running", "waiting")]
        table.add_row(
            one["name"], one["state"], _lasting(one["since"]), str(one["restarts"]), *figures,
            "" if used is None else f"{used:.0%}",
        )  # fmt: skip
    return table


def _explain(told: list[dict[str, Any]]) -> None:
    """What each waits for, or why it fell; of a failed one its log's last lines too."""
    for one in told:
        if one["doing"]:
            say(f"{one['name']}: {one['doing']}")
        if one["reason"]:
            say(f"{one['name']} fell: {one['reason']}")
            if one["hint"]:
                say(f"  {one['hint']}")
        for line in one["lines"]:
            say(f"  | {line}")


def _lasting(since: str) -> str:
    """Until now, in whole seconds or more."""
    lasting = datetime.now(UTC).replace(microsecond=0) - datetime.fromisoformat(since)
    return str(lasting)


def _figure(value: float | None) -> str:
    return "" if value is None else f"{value:.0f}"

"""`plantroom llm gateway`: one URL for the replicas of a box whose servers run elsewhere or under another watch."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import stat
from pathlib import Path
from typing import Annotated

import typer

from ontology.errors import BadRequest, NotFound
from services.commands.options import AsJson, err, print_json, say
from services.llm.box import Box, read_box
from services.llm.gateway.aliases import Aliases
from services.llm.gateway.app import serving
from services.llm.gateway.keys import Keys, key_kept, read_key
from services.llm.gateway.looking import look
from services.llm.gateway.pool import Pool
from services.llm.traffic import Turn

BoxFile = Annotated[Path, typer.Argument(help="the box file")]
StateFolder = Annotated[Path | None, typer.Option("--state", help="folder for the admin key and the aliases; default: BOX.state beside the box file", file_okay=False)]  # fmt: skip
ClientKey = Annotated[Path | None, typer.Option("--client-key", help="file (mode 600) with the key that clients must send; none: everybody may ask")]  # fmt: skip
UpstreamKey = Annotated[Path | None, typer.Option("--upstream-key", help="file (mode 600) with the key that replicas want")]  # fmt: skip

ALIASES, ADMIN_KEY = "aliases.json", "admin.key"


def gateway(
    box: BoxFile,
    *,
    state: StateFolder = None,
    client_key: ClientKey = None,
    upstream_key: UpstreamKey = None,
    unwatched: Annotated[bool, typer.Option("--unwatched/--supervised", help="find out which replicas are ready by asking for their models; supervised: a supervisor tells")] = True,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """Serve one OpenAI-compatible URL for all replicas of a box, until Ctrl-C or SIGTERM.

    Sends each request to the replica that has read most of its prompt and has room; holds deadlines; asks another
    replica where the first failed before its first byte. `GET /health` is 200 once a replica is ready.
    """
    read = read_box(box)
    folder = state_folder(box, state)
    keys = gateway_keys(folder, client_key, upstream_key)
    aliases = Aliases(folder / ALIASES if folder else None)
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_gateway(read, keys, aliases, folder, unwatched=unwatched, as_json=as_json))


def state_folder(box: Path, given: Path | None) -> Path | None:
    """Where a running gateway keeps what must outlive it; made where it is missing, for its owner only.

    None where the box file lies in a folder that cannot be written to, as in a container, and no other was given.
    Raises BadRequest where somebody else could put files or sockets of their own there.
    """
    folder = given or box.with_suffix(".state")
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as cause:
        if given is not None:
            raise NotFound(
                f"{folder}: {cause.strerror}", hint="give a folder you can write to"
            ) from cause
        return None
    if not os.access(folder, os.W_OK):
        return None
    known = folder.stat()
    if known.st_uid != os.getuid():
        raise BadRequest(f"{folder} belongs to somebody else", hint="run as its owner, or give another with --state")  # fmt: skip
    if known.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise BadRequest(f"others may write in {folder}, where keys and sockets lie", hint=f"chmod go-w {folder}")  # fmt: skip
    return folder


def gateway_keys(folder: Path | None, client: Path | None, upstream: Path | None) -> Keys:
    """The keys of a gateway; the admin key is made at the first start, where there is a folder for it."""
    return Keys(
        client=read_key(client) if client else "",
        admin=key_kept(folder / ADMIN_KEY) if folder else "",
        upstream=read_key(upstream) if upstream else "",
    )


async def _gateway(read: Box, keys: Keys, aliases: Aliases, folder: Path | None, *, unwatched: bool, as_json: bool) -> None:  # fmt: skip
    pool, stop = Pool(read, at_start=Turn.DOWN), asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with serving(pool, keys, aliases=aliases, stop_s=read.watch.drain_s) as url, asyncio.TaskGroup() as tasks:  # fmt: skip
        looking = tasks.create_task(look(pool, keys.upstream, read.watch.look_every_s)) if unwatched else None  # fmt: skip
        _started(read, url, folder, as_json=as_json)
        await stop.wait()
        err.print("ending: what is in flight may finish")
        if looking is not None:
            looking.cancel()


def _started(read: Box, url: str, folder: Path | None, *, as_json: bool) -> None:
    key = str(folder / ADMIN_KEY) if folder else None
    if as_json:
        print_json(
            {"url": f"{url}/v1", "admin_key": key, "replicas": [r.name for r in read.replicas]}
        )
        return
    admin = (
        f"the admin key is in {key}"
        if key
        else "no folder for an admin key: nobody can turn a replica; see --state"
    )
    say(f"{len(read.replicas)} replicas behind {url}/v1; {admin}")

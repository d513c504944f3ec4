"""One box file rendered to what starts it: a shell script, systemd units, compose or Kubernetes manifests."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path

from ontology.errors import BadRequest, Conflict
from services.llm.box import Box, Replica
from services.llm.launch.command import Command, command, ray_head, ray_worker
from services.llm.launch.planned import write_new
from services.llm.launch.render_compose import compose
from services.llm.launch.render_kubernetes import kubernetes
from services.llm.launch.render_systemd import systemd


class To(StrEnum):
    """What a box is rendered to."""

    COMMAND = "command"
    SYSTEMD = "systemd"
    COMPOSE = "compose"
    KUBERNETES = "kubernetes"


def render(box: Box, to: To) -> dict[str, str]:
    """File name to text. Raises BadRequest where this box cannot be run that way."""
    return _WAYS[to](box)


def write_all(folder: Path, files: dict[str, str], *, force: bool = False) -> None:
    """Write the files; all names are looked at first, so that none is written where one is in the way."""
    there = [name for name in files if (folder / name).exists()]
    if there and not force:
        raise Conflict(f"{folder} holds {', '.join(there[:5])} already", hint="give another folder, or --force to replace them")  # fmt: skip
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        write_new(folder / name, text, force=True)


def shell(made: Command) -> str:
    """One line for a POSIX shell."""
    return shlex.join(["env", *(f"{k}={v}" for k, v in sorted(made.env.items())), *made.argv])


def commands(box: Box) -> dict[str, str]:
    """One line per replica, and Ray's where it spans machines."""
    if box.engine.kind == "external":
        raise BadRequest("external servers are started by others", hint="only the gateway is yours: plantroom llm gateway BOX")  # fmt: skip
    lines = [
        "#!/bin/sh",
        "# Started and not watched; `plantroom llm serve` starts the same and watches it.",
    ]
    for replica in box.replicas:
        lines += _lines(box, replica)
    return {"commands.sh": "\n".join([*lines, "wait"]) + "\n"}


def _lines(box: Box, replica: Replica) -> list[str]:
    """As comments and commands; names are of a plain alphabet."""
    own = [f"# {replica.name}", f"{shell(command(box, replica))} &"]
    if replica.nodes == 1:
        return own
    return [
        f"# {replica.name}: Ray on the first machine", f"{shell(ray_head(box, replica))} &",
        f"# {replica.name}: Ray on each further machine, with VLLM_HOST_IP set to its own address",
        f"# {shell(ray_worker(box, replica))}", *own,
    ]  # fmt: skip


_WAYS: dict[To, Callable[[Box], dict[str, str]]] = {
    To.COMMAND: commands, To.SYSTEMD: systemd, To.COMPOSE: compose, To.KUBERNETES: kubernetes,
}  # fmt: skip

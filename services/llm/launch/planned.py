"""A plan made a box file: replicas with their GPUs and ports, vLLM's arguments, and the figures as a comment."""

from __future__ import annotations

import math
import os
import textwrap
from pathlib import Path

from ontology.errors import BadRequest, Conflict, NotFound, OutOfSpace, Unavailable
from services.llm.box import Box, Engine, Gateway, Replica, Served
from services.llm.launch.tool_parsers import by_name
from services.llm.sizing.fit import both
from services.llm.sizing.gpus import Inventory
from services.llm.sizing.launch_line import serve_arguments
from services.llm.sizing.plan import Plan
from services.llm.sizing.speed import Workload
from services.llm.sizing.topology import NODE

FIRST_PORT = 8001
LETTERS = "abcdefghijklmnopqrstuvwxyz"


def chosen(ranked: list[Plan], number: int) -> Plan:
    """The plan of this place in the ranking, from 1. Raises NotFound or BadRequest where it cannot start."""
    if not 1 <= number <= len(ranked):
        raise NotFound(f"there is no plan {number}", hint=f"1 to {len(ranked)} are ranked")
    plan = ranked[number - 1]
    if plan.speed.refused:
        raise BadRequest(f"plan {number} ({plan.title}) cannot start: {plan.speed.refused}", hint="choose another, more GPUs or smaller weights (--quant)")  # fmt: skip
    return plan


def box_of(
    plan: Plan, load: Workload, inventory: Inventory, *, where: str = "", head: str = ""
) -> Box:
    """The box of a plan. `where`: folder or repository of the weights; `head`: address of the first of several machines.

    Raises BadRequest for plans that span machines and cannot be one box.
    """
    layout, shape = plan.setup.layout, plan.setup.shape
    each = layout.tp * layout.pp
    path, *arguments = serve_arguments(plan.setup, load, where=where)
    nodes = math.ceil(each / NODE)
    if layout.gpus > NODE and layout.dp > 1:
        raise BadRequest(
            f"{layout.gpus} GPUs are several machines, and a box file is one machine or one replica over several",
            hint="plan for one machine, make a box file on each, and name them all in one of kind external",
        )
    if nodes > 1 and not head:
        raise BadRequest(
            f"a replica over {nodes} machines is met at its first",
            hint="say where: --head 10.0.0.1",
        )
    before = _before(plan, inventory)
    replicas = tuple(
        Replica(
            name=_letter(i), port=FIRST_PORT + i, nodes=nodes, host=head if nodes > 1 else "127.0.0.1",
            gpus=tuple(range(NODE)) if nodes > 1 else tuple(range(before + i * each, before + (i + 1) * each)),
        )
        for i in range(layout.dp)
    )  # fmt: skip
    served = Served(path=path, tool_parser=by_name(f"{shape.name} {path}", shape.architecture))
    return Box(
        served=served,
        engine=Engine(arguments=tuple(arguments)),
        replicas=replicas,
        gateway=Gateway(),
    )


def heading(plan: Plan, load: Workload, box: Box, number: int = 1) -> str:
    """The comment at the top: the figures, in both units, the reason and what to know."""
    speed, room = plan.speed, plan.speed.room
    says = [
        plan.title,
        f"Predicted at {load.concurrency} conversations of {load.isl:,} + {load.osl:,} tokens:",
        f"first token {speed.ttft_s * 1e3:,.0f} ms, {speed.tpot_s * 1e3:.1f} ms per token, {speed.tok_s:,.0f} tok/s.",
        f"Per GPU: weights {both(room.weights)}, cache {both(room.kv)}; {room.kv_tokens:,} tokens per replica.",
        f"{'Why' if number == 1 else f'Plan {number}; against the best'}: {plan.reason}.",
        *(f"Know: {warning}." for warning in plan.warnings),
        "" if box.served.tool_parser else "No tool parser is known for this model: set served.tool_parser, or the agent's tools stay unused.",
        "Check it with: plantroom llm preflight THIS_FILE",
    ]  # fmt: skip
    lines = [line for each in says if each for line in textwrap.wrap(each, 110)]
    return "".join(f"# {line}\n" for line in lines if line.isprintable())


def write_new(path: Path, text: str, *, force: bool = False) -> None:
    """Write a whole file or none; one that is there is kept unless forced. Raises Conflict, OutOfSpace, Unavailable."""
    if path.exists() and not force:
        raise Conflict(
            f"{path} is there already", hint="give another name, or --force to replace it"
        )
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        draft.write_text(text, encoding="utf-8")
        draft.replace(path)
    except OSError as cause:
        draft.unlink(missing_ok=True)
        kind = OutOfSpace if cause.errno == 28 else Unavailable  # ENOSPC
        raise kind(
            f"{path}: {cause.strerror}", hint="write where you may and there is room"
        ) from cause


def _before(plan: Plan, inventory: Inventory) -> int:
    """Index of the first GPU of the plan's kind in a mixed box."""
    first = 0
    for gpu, count in inventory.groups:
        if gpu.id == plan.setup.gpu.id:
            return first
        first += count
    return 0


def _letter(index: int) -> str:
    return LETTERS[index] if index < len(LETTERS) else str(index + 1)

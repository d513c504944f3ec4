"""What is typed to start a replica: its arguments and its environment, made from the box file."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from services.llm.box import Box, Replica
from services.llm.lora import HOT_RANK, rank_of, room
from services.llm.offline import OFFLINE

MOST_IN_A_BATCH = 8
"""Adapters that one batch may mix; each costs room on the GPU (`--max-loras`)."""


@dataclass(frozen=True, slots=True)
class Command:
    """A program to start. `argv` is empty where there is none: an external server; `env` is added to the surroundings."""

    argv: tuple[str, ...]
    env: dict[str, str]


def command(box: Box, replica: Replica) -> Command:
    """The server of a replica. Reads nothing but the rank in its adapters' files, where the box does not say it.

    Raises NotFound or BadRequest where an adapter's rank cannot be read.
    """
    if box.engine.kind == "external":
        return Command((), {})
    own = _vllm(box, replica) if box.engine.kind == "vllm" else _llama_cpp(box, replica)
    return Command((*box.engine.command, *own, *box.engine.arguments), environment(box, replica))


def environment(box: Box, replica: Replica) -> dict[str, str]:
    """What a replica's processes are told by variables, Ray's included; the box's own words win."""
    found = dict(OFFLINE)
    if replica.gpus:
        # nvidia-smi counts by bus; CUDA by speed, unless told
        found["CUDA_DEVICE_ORDER"] = "PCI_BUS_ID"
        found["CUDA_VISIBLE_DEVICES"] = ",".join(str(gpu) for gpu in replica.gpus)
    if box.engine.kind == "vllm":
        found |= _vllm_environment(box, replica)
    return {**found, **box.engine.env, **replica.env}


def ray_head(box: Box, replica: Replica) -> Command:
    """Ray on the first node of a replica over several; it stays in the foreground."""
    return Command((
        _ray(box), "start", "--head", f"--node-ip-address={replica.host}", f"--port={replica.ray_port}",
        f"--num-gpus={len(replica.gpus)}", "--disable-usage-stats", "--include-dashboard=false", "--block",
    ), environment(box, replica))  # fmt: skip


def ray_worker(box: Box, replica: Replica) -> Command:
    """Ray on each further node. Its own address (VLLM_HOST_IP) is that node's business and not in here."""
    env = environment(box, replica)
    env.pop("VLLM_HOST_IP", None)
    return Command((
        _ray(box), "start", f"--address={_address(replica)}", f"--num-gpus={len(replica.gpus)}",
        "--disable-usage-stats", "--block",
    ), env)  # fmt: skip


def room_for_rank(box: Box) -> int:
    """The rank vLLM makes room for: the box's word, else the largest of its adapters."""
    served = box.served
    return room(served.most_rank or max((rank_of(Path(each)) for each in served.adapters.values()), default=HOT_RANK))  # fmt: skip


def _vllm(box: Box, replica: Replica) -> list[str]:
    served = box.served
    found = [served.path, "--served-model-name", served.name, "--host", replica.host, "--port", str(replica.port)]  # fmt: skip
    if served.tool_parser:
        # without the level, named and required calls are not held to their schema
        found += ["--enable-auto-tool-choice", "--tool-call-parser", served.tool_parser, "--tool-strict-level", "parameter"]  # fmt: skip
    if served.adapters or served.hot_adapters:
        batch = min(MOST_IN_A_BATCH, len(served.adapters) + served.hot_adapters)
        found += [
            "--enable-lora",
            "--max-lora-rank",
            str(room_for_rank(box)),
            "--max-loras",
            str(batch),
        ]
    if served.adapters:
        # as JSON: in the short form a path with a comma would be read as JSON
        found += ["--lora-modules", *(json.dumps({"name": n, "path": p}) for n, p in served.adapters.items())]  # fmt: skip
    if replica.nodes > 1 and "--distributed-executor-backend" not in box.engine.arguments:
        found += ["--distributed-executor-backend", "ray"]
    return found


def _vllm_environment(box: Box, replica: Replica) -> dict[str, str]:
    found = {}
    if box.served.hot_adapters:
        found["VLLM_ALLOW_RUNTIME_LORA_UPDATING"] = "True"
    if replica.nodes > 1:
        return {**found, "VLLM_HOST_IP": replica.host, "RAY_ADDRESS": _address(replica)}
    # the group's processes meet on loopback; otherwise vLLM asks the routes for an address and Gloo the name of the machine
    return {**found, "VLLM_HOST_IP": "127.0.0.1", "GLOO_SOCKET_IFNAME": "lo"}


def _llama_cpp(box: Box, replica: Replica) -> list[str]:
    return [
        "--model", box.served.path, "--alias", box.served.name, "--host", replica.host, "--port", str(replica.port),
        "--jinja", "--metrics", "--offline",
    ]  # fmt: skip


def _ray(box: Box) -> str:
    """Ray's program lies beside the engine's."""
    first = Path(box.engine.command[0])
    return str(first.with_name("ray")) if len(first.parts) > 1 else "ray"


def _address(replica: Replica) -> str:
    host = f"[{replica.host}]" if ":" in replica.host else replica.host
    return f"{host}:{replica.ray_port}"

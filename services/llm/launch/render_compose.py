"""Compose: one container per replica with its own GPUs and no way out, and the gateway before them.

Compose watches health and does nothing about it, so the health check itself, a canary completion, ends a container whose engine
is dead three times in a row; `restart` then starts the whole group. `init` makes that possible: the first program is not the engine.
"""

from __future__ import annotations

import math
from typing import Any

from ontology.errors import BadRequest
from services.llm.box import Box, Replica, reachable
from services.llm.launch.containers import (
    CACHE,
    CANARY,
    SCRIPTS,
    USER,
    gateway_box,
    image,
    inside,
    label,
    mounts,
    probe,
)
from services.llm.launch.manifests import yaml_file

FAILURES = 3
_LIMITS = {"memlock": -1, "nofile": 1_048_576}


def compose(box: Box) -> dict[str, str]:
    """File name to text. Raises BadRequest for replicas over several machines: compose is one machine."""
    if any(replica.nodes > 1 for replica in box.replicas):
        raise BadRequest("a replica spans machines, and compose is one machine", hint="render it --to systemd or --to kubernetes")  # fmt: skip
    own = [] if box.engine.kind == "external" else list(box.replicas)
    services = {label(replica): _replica(box, replica) for replica in own}
    found = {
        "name": "plantroom-llm",
        "services": {"gateway": _gateway(box, list(services)), **services},
        "networks": {"inside": {"internal": True}, "outside": {}},
    }
    says = (
        "# docker compose up -d; docker compose ps shows who is healthy. Keys: VLLM_API_KEY=... in llm.env beside this file, mode 600.\n"
        "# Restart one replica: docker compose restart SERVICE\n"
    )  # fmt: skip
    return {
        "compose.yaml": says + yaml_file([doubled(found)]),
        "gateway.toml": gateway_box(box).to_toml(),
        "canary.py": CANARY.read_text(encoding="utf-8"),
    }


def doubled(value: Any) -> Any:
    """Every dollar doubled: compose would fill in variables otherwise."""
    if isinstance(value, dict):
        return {str(k).replace("$", "$$"): doubled(v) for k, v in value.items()}
    if isinstance(value, list):
        return [doubled(each) for each in value]
    return value.replace("$", "$$") if isinstance(value, str) else value


def _replica(box: Box, replica: Replica) -> dict[str, Any]:
    made = inside(box, replica)
    return {
        "image": image(box),
        "entrypoint": list(made.argv),
        "command": [],
        "environment": made.env,
        "env_file": [{"path": "./llm.env", "required": False}],
        "init": True,
        "user": f"{USER}:{USER}",
        "read_only": True,
        "cap_drop": ["ALL"],
        "security_opt": ["no-new-privileges:true"],
        "shm_size": f"{box.deploy.shm_gib}gb",
        "ulimits": _LIMITS,
        "tmpfs": ["/tmp:mode=1777,exec", f"{CACHE}:mode=1777,exec"],  # noqa: S108  (the container's own, gone with it)
        "volumes": [
            *(_mount(path, path) for path in mounts(box)),
            _mount("./canary.py", f"{SCRIPTS}/canary.py"),
        ],
        "networks": ["inside"],
        "deploy": {"resources": {"reservations": {"devices": [
            {"driver": "nvidia", "device_ids": [str(gpu) for gpu in replica.gpus], "capabilities": ["gpu"]},
        ]}}} if replica.gpus else {},
        "healthcheck": {
            "test": ["CMD", *probe(box, replica, "--end-after", str(FAILURES), "--start-within", f"{box.watch.start_s:g}")],
            "interval": f"{math.ceil(box.watch.canary_every_s)}s",
            "timeout": f"{math.ceil(box.watch.canary_s) + 10}s",
            "retries": FAILURES,
            "start_period": f"{math.ceil(box.watch.start_s)}s",
        },
        "restart": "unless-stopped",
        "stop_grace_period": f"{math.ceil(box.watch.drain_s)}s",
        "logging": {"driver": "local", "options": {"max-size": "50m", "max-file": "5"}},
    }  # fmt: skip


def _gateway(box: Box, before: list[str]) -> dict[str, Any]:
    port = box.gateway.port
    alive = f"import urllib.request as u; u.urlopen('http://127.0.0.1:{port}/health', timeout=5)"
    return {
        "image": box.deploy.plantroom_image,
        "entrypoint": ["plantroom", "llm", "gateway", "/etc/plantroom/box.toml"],
        "command": [],
        "env_file": [{"path": "./llm.env", "required": False}],
        "user": f"{USER}:{USER}",
        "read_only": True,
        "cap_drop": ["ALL"],
        "security_opt": ["no-new-privileges:true"],
        "tmpfs": ["/tmp:mode=1777"],  # noqa: S108  (the container's own, gone with it)
        "volumes": [_mount("./gateway.toml", "/etc/plantroom/box.toml")],
        "ports": [f"{_published(box.gateway.host)}{port}:{port}"],
        "networks": ["inside", "outside"],
        **({"depends_on": {name: {"condition": "service_started"} for name in before}} if before else {}),
        "healthcheck": {"test": ["CMD", "python3", "-c", alive], "interval": "10s", "timeout": "10s", "retries": 3},
        "restart": "unless-stopped",
        "stop_grace_period": f"{math.ceil(box.watch.drain_s)}s",
        "logging": {"driver": "local", "options": {"max-size": "50m", "max-file": "5"}},
    }  # fmt: skip


def _published(host: str) -> str:
    """The address of the machine that the gateway's port is published on; all of them where it listens to all."""
    if host in {"0.0.0.0", "::"}:
        return ""
    return f"{reachable('127.0.0.1' if host == 'localhost' else host)}:"


def _mount(source: str, target: str) -> dict[str, Any]:
    return {"type": "bind", "source": source, "target": target, "read_only": True, "bind": {"create_host_path": False}}  # fmt: skip

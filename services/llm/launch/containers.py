"""A box inside containers: what its engine is told there, what the gateway is told, and how things are named."""

from __future__ import annotations

import hashlib
from pathlib import Path, PurePosixPath

from ontology.errors import BadRequest
from services.llm.box import Box, Engine, Gateway, Replica
from services.llm.launch.command import Command, command

IMAGES = {"vllm": "vllm/vllm-openai:v0.32.0"}
"""The engine's image where the box names none: the version whose flags are proven here."""
PROGRAMS = {"vllm": ("vllm", "serve"), "llama.cpp": ("/app/llama-server",)}
"""Where the engine is in the makers' own images."""
CANARY = Path(__file__).with_name("canary.py")
SCRIPTS = "/opt/plantroom"
CACHE = "/cache"
USER = 10001
LONGEST_LABEL = 40
_OF_THE_HOST = ("CUDA_VISIBLE_DEVICES", "CUDA_DEVICE_ORDER")
"""A container sees its own GPUs only, counted from 0: the host's numbers would name others or none."""


def inside(box: Box, replica: Replica) -> Command:
    """The engine in its container: it listens to the container's network and sees its own GPUs.

    Raises BadRequest where the weights are a repository: containers have no way out.
    """
    for path in mounts(box):
        if not path.startswith("/") or ".." in PurePosixPath(path).parts:
            raise BadRequest(
                f"{path!r} is no absolute folder, and a container downloads nothing",
                hint="fetch the weights once (hf download REPOSITORY --local-dir /srv/models/NAME) and set served.path to that folder",
            )
    engine = box.engine.model_copy(update={"command": PROGRAMS[box.engine.kind]})
    there = replica.model_copy(update={"host": "0.0.0.0"})
    made = command(box.model_copy(update={"engine": engine}), there)
    env = {
        k: v
        for k, v in made.env.items()
        if k not in _OF_THE_HOST or k in box.engine.env or k in replica.env
    }
    # caches are written; the user of the container has no line in /etc/passwd, which torch would ask
    return Command(made.argv, {"HOME": CACHE, "USER": "plantroom", **env})


def image(box: Box) -> str:
    """The engine's image, pinned. Raises BadRequest where none is known or it moves."""
    found = box.deploy.image or IMAGES.get(box.engine.kind, "")
    if not found:
        raise BadRequest(f"no image is known for {box.engine.kind}", hint='set deploy.image, such as image = "registry.site/llama.cpp:b7000"')  # fmt: skip
    if found.endswith(":latest"):
        raise BadRequest(
            f"{found} is another program tomorrow", hint="pin deploy.image to a version"
        )
    return found


def gateway_box(box: Box) -> Box:
    """The box as the gateway's container needs it: each replica an external server at its service's name."""
    if box.engine.kind == "external":
        replicas = box.replicas
    else:
        replicas = tuple(Replica(name=r.name, url=f"http://{label(r)}:{r.port}") for r in box.replicas)  # fmt: skip
    return Box(
        served=box.served, engine=Engine(kind="external"), replicas=replicas, watch=box.watch, deploy=box.deploy,
        gateway=Gateway.model_validate({**box.gateway.model_dump(), "host": "0.0.0.0"}),
    )  # fmt: skip


def mounts(box: Box) -> list[str]:
    """Folders and files the engine reads."""
    return list(dict.fromkeys([box.served.path, *box.served.adapters.values()]))


def label(replica: Replica) -> str:
    """A name every cluster takes (RFC 1035, with room for what it appends), and no two replicas share."""
    plain = f"llm-{replica.name}"
    if "." not in plain and len(plain) <= LONGEST_LABEL:
        return plain
    mark = hashlib.sha256(replica.name.encode()).hexdigest()[:8]
    return f"{plain.replace('.', '-')[:LONGEST_LABEL].rstrip('-')}-x{mark}"


def probe(box: Box, replica: Replica, *more: str, tool: bool = False) -> list[str]:
    """The canary's command line inside the engine's container."""
    asks = ["--tool"] if tool and box.served.tool_parser else []
    return [
        "python3", f"{SCRIPTS}/canary.py", f"http://127.0.0.1:{replica.port}", box.served.name,
        "--patience", f"{box.watch.canary_s:g}", *asks, *more,
    ]  # fmt: skip

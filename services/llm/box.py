"""The box file: one TOML that says what is served, by which groups of GPUs, how it is routed and watched.

Commands, systemd units, compose and Kubernetes manifests are rendered from it; the supervisor and the gateway read it.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from ontology.errors import BadRequest, NotFound

MOST_BYTES = 1_000_000
Port = Annotated[int, Field(ge=1, le=65_535)]
Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9.-]{0,62}$")]
Seconds = Annotated[float, Field(gt=0, le=86_400)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Served(_Part):
    """The model. `path`: a folder or a repository; `name`: what clients ask for; `adapters`: alias to LoRA folder."""

    path: str = Field(min_length=1)
    name: Name = "chief"
    tool_parser: str = Field(default="", pattern=r"^[a-z0-9_]*$")
    adapters: dict[Name, str] = Field(default_factory=dict)


class Engine(_Part):
    """Who serves. The model's path follows `command`, then what the box itself needs, then `arguments`."""

    kind: Literal["vllm", "llama.cpp", "external"] = "vllm"
    command: tuple[str, ...] = ("vllm", "serve")
    arguments: tuple[str, ...] = ()
    env: dict[str, str] = Field(default_factory=dict)


class Replica(_Part):
    """One independent group of GPUs with a server of its own. `url`: an external server; `nodes` > 1: over Ray."""

    name: Name
    gpus: tuple[Annotated[int, Field(ge=0, lt=1024)], ...] = ()
    host: str = "127.0.0.1"
    port: Port = 8001
    url: str = Field(default="", pattern=r"^(https?://[^\s]+)?$")
    nodes: int = Field(default=1, ge=1, le=64)
    env: dict[str, str] = Field(default_factory=dict)

    @property
    def base(self) -> str:
        """Its URL without /v1 and without a slash at the end."""
        return self.url.rstrip("/").removesuffix("/v1") or f"http://{self.host}:{self.port}"


class Gateway(_Part):
    """Where clients ask. `wait_s`: longest wait for a place; `first_s`: for the first byte; `idle_s`: between two."""

    host: str = "127.0.0.1"
    port: Port = 8000
    most_in_flight: int = Field(default=256, ge=1, le=100_000)
    most_waiting: int = Field(default=512, ge=0, le=100_000)
    wait_s: Seconds = 30.0
    first_s: Seconds = 120.0
    idle_s: Seconds = 30.0
    request_s: Seconds = 900.0


class Watch(_Part):
    """When a replica counts as dead. A canary is a completion of one token, asked where nothing else is in flight."""

    start_s: Seconds = 1800.0
    look_every_s: Seconds = 1.0
    quiet_s: Seconds = 10.0
    canary_every_s: Seconds = 5.0
    canary_s: Seconds = 8.0
    drain_s: Seconds = 120.0
    most_restarts: int = Field(default=5, ge=0, le=1000)
    restarts_within_s: Seconds = 3600.0


class Box(_Part):
    """A whole server: one model, its replicas, the gateway before them."""

    format: Literal[1] = 1
    served: Served
    engine: Engine = Engine()
    replicas: tuple[Replica, ...] = Field(min_length=1, max_length=64)
    gateway: Gateway = Gateway()
    watch: Watch = Watch()

    @model_validator(mode="after")
    def _apart(self) -> Self:
        """No two replicas share a name, a GPU of a machine or a port; only external ones have a URL."""
        names = [replica.name for replica in self.replicas]
        if len(set(names)) < len(names):
            raise ValueError(f"two replicas have one name: {', '.join(names)}")
        own = [r for r in self.replicas if not r.url]
        gpus = [(r.host, gpu) for r in own for gpu in r.gpus]
        if len(set(gpus)) < len(gpus):
            raise ValueError("two replicas share a GPU; give each its own `gpus`")
        ports = [(r.host, r.port) for r in own] + [(self.gateway.host, self.gateway.port)]
        if len(set(ports)) < len(ports):
            raise ValueError("two servers share a port; the gateway needs one of its own too")
        external = self.engine.kind == "external"
        if any(bool(replica.url) != external for replica in self.replicas):
            raise ValueError('`url` belongs to replicas of the engine kind "external", and to each')
        return self

    def replica(self, name: str) -> Replica:
        """The replica of this name. Raises NotFound."""
        for replica in self.replicas:
            if replica.name == name:
                return replica
        named = ", ".join(replica.name for replica in self.replicas)
        raise NotFound(f"the box has no replica {name!r}", hint=f"it has: {named}")


def read_box(path: Path) -> Box:
    """The box in a TOML file. Raises NotFound or BadRequest naming the key."""
    try:
        with path.open("rb") as file:
            text = file.read(MOST_BYTES + 1)
    except OSError as cause:
        raise NotFound(f"{path}: {cause.strerror}", hint="make one: plantroom llm plan MODEL --gpus 8xH100-80 -o box.toml") from cause  # fmt: skip
    if len(text) > MOST_BYTES:
        raise BadRequest(f"{path}: larger than {MOST_BYTES:,} bytes", hint="this is no box file")
    try:
        return Box.model_validate(tomllib.loads(text.decode()))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as cause:
        raise BadRequest(f"{path}: {cause}", hint="it must be TOML in UTF-8") from cause
    except ValidationError as cause:
        first = cause.errors()[0]
        at = ".".join(str(part) for part in first["loc"])
        raise BadRequest(f"{path}: {at + ': ' if at else ''}{first['msg']}", hint="see docs/how-to/run-a-gpu-box.md") from cause  # fmt: skip

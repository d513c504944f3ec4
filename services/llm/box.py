"""The box file: one TOML that says what is served, by which groups of GPUs, how it is routed and watched.

Commands, systemd units, compose and Kubernetes manifests are rendered from it; the supervisor and the gateway read it.
"""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from ontology.errors import BadRequest, NotFound

MOST_BYTES = 1_000_000
_LINE = r"^[^\x00-\x1f\x7f-\x9f\u2028\u2029]*$"
"""One line of text: what is written into units and manifests cannot end its line there."""
Port = Annotated[int, Field(ge=1, le=65_535)]
Name = Annotated[str, Field(pattern=r"^[a-z0-9]([a-z0-9.-]{0,61}[a-z0-9])?$")]
Host = Annotated[str, Field(pattern=r"^([A-Za-z0-9][A-Za-z0-9._-]{0,252}|[0-9A-Fa-f:.]{2,45})$")]
Seconds = Annotated[float, Field(gt=0, le=86_400, allow_inf_nan=False)]
Line = Annotated[str, Field(max_length=4096, pattern=_LINE)]
Where = Annotated[
    str,
    Field(
        min_length=1, max_length=4096, pattern=r"^[^-\x00-\x1f\x7f-\x9f\u2028\u2029]" + _LINE[1:]
    ),
]
"""A path or a repository; it begins with no dash, so that no program takes it for a flag."""
Env = dict[Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,127}$")], Line]
_IMAGE = (
    r"^([a-z0-9][a-z0-9./:_-]{0,200}:[A-Za-z0-9_][A-Za-z0-9._-]{0,127}(@sha256:[0-9a-f]{64})?)?$"
)
_SECRET = re.compile(r"(_|^)(TOKEN|SECRET|PASSWORD|PASSWD|API_?KEY|ACCESS_KEY)$", re.IGNORECASE)
_SHORT = {
    "-tp": "--tensor-parallel-size",
    "-pp": "--pipeline-parallel-size",
    "-q": "--quantization",
}
_COMMANDS = {"vllm": ("vllm", "serve"), "llama.cpp": ("llama-server",), "external": ()}


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


def _refuse_secrets(env: dict[str, str]) -> None:
    for name in env:
        if _SECRET.search(name):
            raise ValueError(
                f"{name}: a secret does not belong in this file; set it in the service's environment"
            )


class Served(_Part):
    """The model. `path`: a folder or a repository; `name`: what clients ask for; `adapters`: alias to LoRA folder.

    `most_rank`: room for adapters up to this rank; None: what the adapters' own files say. `hot_adapters`: adapters may be
    loaded and unloaded while it serves (anyone who reaches the replica's port may then do so: keep it on loopback).
    """

    path: Where
    name: Name = "chief"
    tool_parser: str = Field(default="", max_length=64, pattern=r"^([a-z0-9_][a-z0-9_-]*)?$")
    adapters: dict[Name, Where] = Field(default_factory=dict, max_length=64)
    most_rank: int | None = Field(default=None, ge=1, le=512)
    hot_adapters: bool = False

    @model_validator(mode="after")
    def _aliases(self) -> Self:
        if self.name in self.adapters:
            raise ValueError(f"{self.name!r} names both the model and an adapter")
        return self


class Engine(_Part):
    """Who serves. The model's path follows `command`, then what the box itself needs, then `arguments`."""

    kind: Literal["vllm", "llama.cpp", "external"] = "vllm"
    command: tuple[Line, ...] = Field(default=_COMMANDS["vllm"], max_length=64)
    arguments: tuple[Line, ...] = Field(default=(), max_length=512)
    env: Env = Field(default_factory=dict)

    @model_validator(mode="before")
    @classmethod
    def _own_command(cls, given: Any) -> Any:
        """Each kind has its own command where none is said."""
        if isinstance(given, dict) and "command" not in given:
            return {**given, "command": _COMMANDS.get(str(given.get("kind", "vllm")), ())}
        return given

    @model_validator(mode="after")
    def _startable(self) -> Self:
        if self.kind != "external" and not (self.command and self.command[0]):
            raise ValueError("`command` names no program")
        _refuse_secrets(self.env)
        if any(a == "--api-key" or a.startswith("--api-key=") for a in self.arguments):
            raise ValueError(
                "a key does not belong in this file; set VLLM_API_KEY in the service's environment"
            )
        return self

    @property
    def flags(self) -> dict[str, str]:
        """`arguments` by their long names, with what follows a blank or `=`; "" for a bare one."""
        found = {}
        for word, after in zip(self.arguments, (*self.arguments[1:], "-"), strict=True):
            if word.startswith("-"):
                name, equals, value = word.partition("=")
                follows = "" if after.startswith("-") else after
                found[_SHORT.get(name, name)] = value if equals else follows
        return found

    def number(self, flag: str, default: int) -> int:
        """The positive whole number that a flag gives; `default` where it gives none."""
        text = self.flags.get(flag, "")
        whole = text.isascii() and text.isdigit() and len(text) <= 8
        return (int(text) if whole else 0) or default


class Replica(_Part):
    """One independent group of GPUs with a server of its own. `url`: an external server; `nodes` > 1: over Ray.

    With `nodes` > 1 `gpus` are those of each node, `host` is the first node's address, and Ray listens there on `ray_port`.
    """

    name: Name
    gpus: tuple[Annotated[int, Field(ge=0, lt=1024)], ...] = ()
    host: Host = "127.0.0.1"
    port: Port = 8001
    url: str = Field(default="", max_length=2048, pattern=r"^(https?://[^\s\x00-\x1f\x7f-\x9f]+)?$")
    nodes: int = Field(default=1, ge=1, le=64)
    ray_port: Port = 6379
    env: Env = Field(default_factory=dict)

    @model_validator(mode="after")
    def _no_secrets(self) -> Self:
        _refuse_secrets(self.env)
        return self

    @property
    def base(self) -> str:
        """Its URL without /v1 and without a slash at the end."""
        return (
            self.url.rstrip("/").removesuffix("/v1") or f"http://{reachable(self.host)}:{self.port}"
        )


class Gateway(_Part):
    """Where clients ask. `wait_s`: longest wait for a place; `first_s`: for the first byte; `idle_s`: between two."""

    host: Host = "127.0.0.1"
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


class Deploy(_Part):
    """What units and manifests need besides. `image`: of the engine, with a tag; `plantroom_image`: of the gateway.

    `plantroom`: the program on the machine; `user`: who runs it there; `claim`: the volume claim of the weights in
    Kubernetes, `claim_root` the folder it holds; `shm_gib`: shared memory of one replica, which NCCL and vLLM talk through.
    """

    image: Annotated[str, Field(pattern=_IMAGE)] = ""
    plantroom_image: Annotated[str, Field(pattern=_IMAGE)] = "plantroom:0.1.0"
    plantroom: Annotated[str, Field(pattern=r"^/[A-Za-z0-9._/+-]{1,250}$")] = (
        "/usr/local/bin/plantroom"
    )
    user: Annotated[str, Field(pattern=r"^[a-z_][a-z0-9_-]{0,30}$")] = "plantroom"
    claim: Name = "models"
    claim_root: Annotated[str, Field(max_length=4096, pattern=r"^/" + _LINE[1:])] = "/srv/models"
    shm_gib: int = Field(default=16, ge=1, le=4096)


class Box(_Part):
    """A whole server: one model, its replicas, the gateway before them."""

    format: Literal[1] = 1
    served: Served
    engine: Engine = Engine()
    replicas: tuple[Replica, ...] = Field(min_length=1, max_length=64)
    gateway: Gateway = Gateway()
    watch: Watch = Watch()
    deploy: Deploy = Deploy()

    @model_validator(mode="after")
    def _apart(self) -> Self:
        """No two replicas share a name, a GPU of a machine or a port; only external ones have a URL."""
        names = [replica.name for replica in self.replicas]
        if len(set(names)) < len(names):
            raise ValueError(f"two replicas have one name: {', '.join(names)}")
        own = [r for r in self.replicas if not r.url]
        gpus = [(_machine(r.host), gpu) for r in own for gpu in r.gpus]
        if len(set(gpus)) < len(gpus):
            raise ValueError("two replicas share a GPU; give each its own `gpus`")
        ports = [(_machine(r.host), r.port) for r in own] + [
            (_machine(self.gateway.host), self.gateway.port)
        ]
        ports += [(_machine(r.host), r.ray_port) for r in own if r.nodes > 1]
        if len(set(ports)) < len(ports):
            raise ValueError("two servers share a port; the gateway needs one of its own too")
        external = self.engine.kind == "external"
        if any(bool(replica.url) != external for replica in self.replicas):
            raise ValueError('`url` belongs to replicas of the engine kind "external", and to each')
        if self.engine.kind == "llama.cpp" and (self.served.adapters or self.served.hot_adapters):
            raise ValueError(
                "llama-server has no adapters by name; merge them into the GGUF, or serve by vLLM"
            )
        if any(r.nodes > 1 and self.engine.kind != "vllm" for r in self.replicas):
            raise ValueError("only vLLM spans nodes")
        return self

    def replica(self, name: str) -> Replica:
        """The replica of this name. Raises NotFound."""
        for replica in self.replicas:
            if replica.name == name:
                return replica
        named = ", ".join(replica.name for replica in self.replicas)
        raise NotFound(f"the box has no replica {name!r}", hint=f"it has: {named}")

    def to_toml(self) -> str:
        """The file that `read_box` reads back to an equal box; what is as usual is left out."""
        parts = self.model_dump(exclude_defaults=True, exclude={"replicas"})
        lines = [f"format = {self.format}"]
        for name in ("served", "engine", "gateway", "watch", "deploy"):
            if said := parts.get(name):
                lines += ["", f"[{name}]", *_keys(said)]
        for replica in self.replicas:
            said = {"name": replica.name, **replica.model_dump(exclude_defaults=True)}
            lines += ["", "[[replicas]]", *_keys(said)]
        return "\n".join(lines) + "\n"


def _toml(value: Any) -> str:
    """A value in TOML; a JSON string of one line is a TOML string."""
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{_key(k)} = {_toml(v)}" for k, v in value.items()) + " }"
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(_toml(each) for each in value)}]"
    return repr(value) if isinstance(value, float) else json.dumps(value, ensure_ascii=False)


def _keys(said: dict[str, Any]) -> list[str]:
    return [f"{_key(name)} = {_toml(value)}" for name, value in said.items()]


def _key(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else json.dumps(name)


def _machine(host: str) -> str:
    """Which machine a host is: all names of this one are one."""
    return "" if host in {"127.0.0.1", "localhost", "0.0.0.0", "::1", "::"} else host.lower()


def reachable(host: str) -> str:
    """A host as a URL names it: every address is reached by loopback, IPv6 stands in brackets."""
    if host in {"0.0.0.0", "::"}:
        return "127.0.0.1" if host == "0.0.0.0" else "[::1]"
    return f"[{host}]" if ":" in host else host


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
    except ValidationError as cause:
        first = cause.errors()[0]
        at = ".".join(str(part) for part in first["loc"])
        raise BadRequest(f"{path}: {at + ': ' if at else ''}{first['msg']}", hint="see docs/how-to/run-a-gpu-box.md") from cause  # fmt: skip
    except (
        ValueError,
        RecursionError,
    ) as cause:  # besides its own TOMLDecodeError, of long numbers and deep lists
        raise BadRequest(f"{path}: {str(cause)[:200]}", hint="it must be TOML in UTF-8") from cause

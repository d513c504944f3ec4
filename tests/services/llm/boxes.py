"""Boxes of every kind for property tests: odd names, odd paths, one machine and several."""

from __future__ import annotations

import string
from typing import Any

from hypothesis import strategies as st
from pydantic import ValidationError

from services.llm.box import Box, Deploy, Engine, Gateway, Replica, Served

LETTERS = string.ascii_lowercase + string.digits
NAMES = st.builds(
    lambda first, mid, last: first + mid + last,
    st.sampled_from(LETTERS), st.text(LETTERS + ".-", max_size=20), st.sampled_from(LETTERS),
)  # fmt: skip
NASTY = st.sampled_from([
    "a b", "$HOME", "$(reboot)", "`id`", "%n%h", "';--", '"', "\\", "{{x}}", "#", ": ", "- ", "!!python/object", "&a *a",
    "\u00e9\u0e01", "\U0001f525", "$$", "${x}", "yes", "~", "|", ">", "@", "%", "a=b,c", "[", "null", "'", "\\n", "\\x0a",
])  # fmt: skip
WORDS = st.one_of(NASTY, st.text(st.characters(exclude_categories=("C", "Zl", "Zp")), max_size=12))
PATHS = st.lists(WORDS, max_size=3).map(
    lambda parts: "/srv/models/" + "".join(parts).replace("..", "__")
)
ENVS = st.dictionaries(
    st.sampled_from(["NCCL_DEBUG", "OMP_NUM_THREADS", "odd_one"]), WORDS, max_size=2
)


@st.composite
def boxes(
    draw: st.DrawFn,
    *,
    kinds: tuple[str, ...] = ("vllm", "llama.cpp", "external"),
    most_nodes: int = 3,
) -> Box:
    """A valid box."""
    kind = draw(st.sampled_from(kinds))
    names = draw(st.lists(NAMES, min_size=1, max_size=4, unique=True))
    per = draw(st.integers(0, 4))
    nodes = draw(st.integers(1, most_nodes)) if kind == "vllm" else 1
    replicas = [
        _replica(draw, i, name=name, kind=kind, per=per, nodes=nodes)
        for i, name in enumerate(names)
    ]
    adapters = draw(st.dictionaries(NAMES, PATHS, max_size=2)) if kind == "vllm" else {}
    served = Served(
        path=draw(PATHS), name="chief-of-all", tool_parser=draw(st.sampled_from(["", "hermes", "granite-20b-fc"])),
        adapters=adapters, most_rank=16, hot_adapters=kind == "vllm" and draw(st.booleans()),
    )  # fmt: skip
    words = tuple(draw(st.lists(WORDS, max_size=3)))
    return Box(
        served=served, engine=Engine(kind=kind, arguments=words, env=draw(ENVS)), replicas=tuple(replicas),  # type: ignore[arg-type]
        gateway=Gateway(port=draw(st.integers(7000, 7999)), wait_s=draw(st.floats(0.01, 80_000))),
        deploy=Deploy(image="registry.site:5000/engine:b7000", shm_gib=draw(st.integers(1, 64))),
    )  # fmt: skip


def _replica(draw: st.DrawFn, i: int, *, name: str, kind: str, per: int, nodes: int) -> Replica:
    if kind == "external":
        return Replica(name=name, url=f"http://10.0.0.{i + 1}:8000/v1")
    host = (
        f"10.0.1.{i + 1}" if nodes > 1 else draw(st.sampled_from(["127.0.0.1", "::1", "localhost"]))
    )
    gpus = tuple(range(i * per, (i + 1) * per))
    return Replica(name=name, gpus=gpus, host=host, port=8001 + i, nodes=nodes, env=draw(ENVS))


def refusal(given: dict[str, Any]) -> str:
    """What the box says against these values."""
    try:
        Box.model_validate(given)
    except ValidationError as error:
        return str(error)
    return ""

"""What is trained on what and how: the recipe that a run folder keeps, so that a run can be told, resumed and made again."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

from agent.model import CANARY, PING
from ontology.errors import BadRequest, Conflict, NotFound
from services.llm.domain.turns import BadExample, examples
from services.llm.files import refuse_pipe

RECIPE: Final = "recipe.json"
SPLITS: Final = ("train", "valid", "test")
SMALL: Final[Mapping[str, int]] = {"hidden": 256, "layers": 4, "feed_forward": 640}
"""Widths that two CPU cores train in minutes; the heads are 64 wide, vLLM's CPU attention wants at least 32."""


class How(StrEnum):
    """Which weights are trained: adapters beside 16-bit or 4-bit ones, all of a base, or a small model's from nothing."""

    LORA = "lora"
    QLORA = "qlora"
    FULL = "full"
    SCRATCH = "scratch"


@dataclass(frozen=True)
class Recipe:
    """`batch`: examples per device and step, `accumulate` steps of gradients; None: `minutes` or `epochs` end it.

    `batch_tokens`, `vocabulary` and `shape` are those of a model from nothing.
    """

    method: How
    data: str
    base: str = ""
    seed: int = 7
    lr: float = 2e-4
    rank: int = 16
    epochs: float = 3.0
    steps: int | None = None
    minutes: float | None = None
    batch: int = 4
    accumulate: int = 4
    max_length: int = 4096
    threads: int = 0
    batch_tokens: int = 1536
    vocabulary: int = 3072
    shape: Mapping[str, int] = field(default_factory=lambda: dict(SMALL))
    tools: Sequence[Mapping[str, Any]] = ()
    """Schemas of the tools offered in every example, as the agent offers them."""
    canaries: Sequence[Sequence[Mapping[str, Any]]] = ()
    """Conversations that a model from nothing learns besides."""
    resume: bool = False

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def canaries() -> tuple[tuple[Mapping[str, Any], ...], ...]:
    """What an agent tries a model with before it trusts it with tools: a model of calls alone has never seen the like."""
    ok = {"ok": True}
    call = {"type": "function", "function": {"name": PING["function"]["name"], "arguments": ok}}
    return (
        (*CANARY, {"role": "assistant", "content": None, "tool_calls": [call]}),
        (*CANARY, {"role": "assistant", "content": json.dumps(ok)}),
    )


@dataclass(frozen=True)
class Data:
    """A folder of examples: how many each split has, and a hash over their bytes."""

    folder: Path
    counts: Mapping[str, int]
    digest: str


def read_data(folder: Path) -> Data:
    """Look through all of it before anything is started. Raises NotFound, or BadRequest naming the bad line."""
    files = sorted(folder.glob("*.jsonl"))
    if not files:
        raise NotFound(
            f"{folder} has no .jsonl files", hint=f"make some: plantroom llm data -o {folder}"
        )
    try:
        digest = _digest(files)
        counts = {split: sum(1 for _ in examples(folder, split)) for split in SPLITS}
    except BadExample as wrong:
        raise BadRequest(str(wrong), hint='one JSON object a line with "messages" and "split"') from wrong  # fmt: skip
    except UnicodeDecodeError as wrong:
        raise BadRequest(f"a file in {folder} is not UTF-8: {wrong.reason}", hint="save it as UTF-8") from wrong  # fmt: skip
    except OSError as wrong:
        raise BadRequest(f"{wrong.filename}: {wrong.strerror}", hint=f"let only files that can be read end with .jsonl in {folder}") from wrong  # fmt: skip
    if not counts["train"]:
        raise BadRequest(f"{folder} has no example of the split train", hint="see `plantroom llm data`")  # fmt: skip
    return Data(folder, counts, digest)


def _digest(files: Sequence[Path]) -> str:
    """Over names and bytes. Raises OSError, and BadRequest for a pipe."""
    digest = hashlib.sha256()
    for path in files:
        refuse_pipe(path)
        digest.update(path.name.encode() + b"\0")
        with path.open("rb") as file:
            while block := file.read(1 << 20):
                digest.update(block)
    return digest.hexdigest()


def keep(recipe: Recipe, folder: Path, data: Data) -> Recipe:
    """Write the recipe into a run's folder; with `resume` go on with the one that lies there.

    Raises Conflict for a folder that holds another run, or data that is no longer what it was.
    """
    path = folder / RECIPE
    if recipe.resume:
        return _resumed(path, data)
    if path.exists():
        raise Conflict(f"{folder} holds a run", hint="--resume goes on with it; or name another folder")  # fmt: skip
    folder.mkdir(parents=True, exist_ok=True)
    _write(path, recipe, data)
    return recipe


def _resumed(path: Path, data: Data) -> Recipe:
    try:
        kept = json.loads(path.read_text(encoding="utf-8"))
        digest = kept.pop("data_digest")
        recipe = Recipe(**{**kept, "method": How(kept["method"])})
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError) as cause:
        raise NotFound(
            f"{path.parent} holds no run to resume", hint="leave out --resume"
        ) from cause
    if digest != data.digest:
        raise Conflict(f"{data.folder} has changed since the run began", hint="start anew with another -o")  # fmt: skip
    resumed = replace(recipe, resume=True)
    _write(path, resumed, data)
    return resumed


def _write(path: Path, recipe: Recipe, data: Data) -> None:
    fresh = path.with_suffix(".new")
    fresh.write_text(json.dumps({**recipe.to_json(), "data_digest": data.digest}, indent=1), encoding="utf-8")  # fmt: skip
    fresh.replace(path)

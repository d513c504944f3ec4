"""A real vLLM on this CPU with the flags that the agent needs, on loopback and offline."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from services.llm.measure.engine import on_cpu, serving

PYTHON = Path(__file__).parents[2] / ".venv-llm" / "bin" / "python"
START_TIMEOUT_S = 240
FLAGS = (
    "--served-model-name", "tiny", "--dtype", "float32", "--max-model-len", "16384", "--enforce-eager",
    "--enable-auto-tool-choice", "--tool-call-parser", "hermes", "--tool-strict-level", "parameter",
)  # fmt: skip


@contextmanager
def vllm_server(model: Path, log: Path) -> Iterator[str]:
    """Serves the checkpoint as "tiny"; gives its URL with /v1."""
    with serving(PYTHON, ["--model", str(model), *FLAGS], log, env=on_cpu(1), start_s=START_TIMEOUT_S) as server:  # fmt: skip
        yield f"{server.url}/v1"

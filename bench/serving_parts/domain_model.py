"""The whole chain of a model of the trade: examples, a small Qwen3 from nothing, real vLLM over two ranks, the real agent.

The questions are the test half of the bundled bank: words that nobody trained on. It proves the chain and no engineer.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from bench.serving_parts.parallel import vllm
from services.llm.domain.bank import UNSEEN, questions
from services.llm.domain.examples import plain_text

HALF = "test"
MINUTES, QUICK_MINUTES = 19.0, 8.0
"""Of training; reading the examples before and 200 judged lessons after it do not count into them."""
SLACK_S = 900.0
"""Beyond the minutes of training."""
TOOLS = ("--enable-auto-tool-choice", "--tool-call-parser", "hermes", "--tool-strict-level", "parameter")  # fmt: skip


def plantroom(*words: str, seconds: float = SLACK_S) -> dict[str, Any]:
    """One command of the product, and the JSON it ends with. Raises AssertionError with what it said instead."""
    done = subprocess.run(
        [sys.executable, "-m", "services.cli", "llm", *words, "--json"], capture_output=True, text=True, timeout=seconds, check=False,
    )  # fmt: skip
    assert done.returncode == 0, f"plantroom llm {words[0]}: {done.stderr[-2000:]}"
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def trained_on(data: Path) -> set[str]:
    """The questions of the training split, without capitals, marks and spacing."""
    with (data / "train.jsonl").open(encoding="utf-8") as lines:
        return {plain_text(json.loads(line)["messages"][1]["content"]) for line in lines}


def judged(folder: Path, model: Path, *, limit: int = 10_000) -> dict[str, Any]:
    """The model served over two ranks, and what `llm evaluate` says of it."""
    more = (*TOOLS, "--dtype", "float32")
    with vllm(model, "tp2", folder / "vllm.log", *more) as server:
        return plantroom(
            "evaluate", "--url", f"{server.url}/v1", "--calls-only", "--half", HALF, "--at-once", "2",
            "--limit", str(limit), "--output", str(folder / "judged"),
        )  # fmt: skip


def measure(quick: bool) -> dict[str, float]:
    """Shares of 1, counts, minutes. Quick: 8 minutes of training in place of 19."""
    minutes = QUICK_MINUTES if quick else MINUTES
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        data, run = folder / "data", folder / "run"
        plantroom("data", "-o", str(data))
        made_by = plantroom(
            "train", "--scratch", "--data", str(data), "-o", str(run), "--minutes", str(minutes),
            seconds=minutes * 60 + SLACK_S,
        )  # fmt: skip
        found = judged(folder, run / "model")
        known = trained_on(data)
    whole, result = found["summary"]["all"], made_by["result"]
    return {
        "domain_parameters": result["parameters"],
        "domain_training_min": result["elapsed_s"] / 60,
        "domain_tokens_m": result["tokens"] / 1e6,
        "domain_valid_exact": result["valid_exact"],
        "domain_questions": whole["questions"],
        "domain_questions_trained_on": sum(plain_text(q.asked) in known for q in questions(UNSEEN, HALF)),
        "domain_tool_right": whole["tool_right"] / whole["questions"],
        "domain_right": whole["share"],
        "domain_playbook_right": whole["playbook_right"] / whole["questions"],
    }  # fmt: skip


if __name__ == "__main__":
    for name, value in measure("--quick" in sys.argv).items():
        print(f"{name:>28}  {value:14,.4f}")

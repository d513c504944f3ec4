"""Is an engine alive? Run as a script beside it: `canary.py URL MODEL [--tool] [--patience S] [--end-after N]`; 0 is yes.

It asks for one token, because /health answers 200 over frozen workers. Where no answer comes in time but the engine's
counters moved meanwhile, it is busy and not dead. `--end-after` ends the container after N failures in a row, for container
engines that only watch and do not restart. It knows the standard library alone and is copied beside the manifests.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import signal
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

COUNTERS = (
    "vllm:iteration_tokens_total_count", "vllm:generation_tokens_total", "vllm:prompt_tokens_total",
    "vllm:kv_cache_usage_perc", "vllm:num_requests_running", "vllm:num_preemptions_total",
    "vllm:prefix_cache_queries_total", "llamacpp:n_decode_total", "llamacpp:tokens_predicted_total",
    "llamacpp:prompt_tokens_total",
)  # fmt: skip
PROGRESS = re.compile(rf"^((?:{'|'.join(COUNTERS)})\S*) (\S+)$".encode(), re.MULTILINE)
MOST_BYTES = 4_000_000
LOOK_S = 3.0
TOOL = {"type": "function", "function": {
    "name": "ping", "description": "Say that you can call a tool.", "strict": True,
    "parameters": {"type": "object", "properties": {"ok": {"type": "boolean"}}, "required": ["ok"], "additionalProperties": False},
}}  # fmt: skip


def main(argv: list[str]) -> int:
    """0: alive, or busy; 1: not."""
    parser = argparse.ArgumentParser(prog="canary")
    parser.add_argument("url")
    parser.add_argument("model")
    parser.add_argument("--tool", action="store_true")
    parser.add_argument("--patience", type=float, default=8.0)
    parser.add_argument("--end-after", type=int, default=0)
    parser.add_argument("--start-within", type=float, default=1800.0)
    given = parser.parse_args(argv)
    why = wrong(given.url.rstrip("/"), given.model, tool=given.tool, patience_s=given.patience)
    sys.stderr.write(f"{why or 'alive'}\n")
    if given.end_after:
        count(failed=bool(why), most=given.end_after, start_within_s=given.start_within)
    return 1 if why else 0


def wrong(url: str, model: str, *, tool: bool, patience_s: float) -> str:
    """What is wrong with it; "" where it answers, or works too hard to answer in time."""
    before = progress(url)
    try:
        answer = ask(f"{url}/v1/chat/completions", body(model, tool=tool), patience_s)
    except urllib.error.HTTPError as error:
        return f"answers {error.code}"
    except (OSError, ValueError) as error:
        moved = before is not None and progress(url) not in {before, None}
        return "" if moved else f"no answer within {patience_s:g} s and no work done: {error}"
    return speaks(answer, tool=tool)


def body(model: str, *, tool: bool) -> dict[str, Any]:
    """One token, or a call of the one tool."""
    asked: dict[str, Any] = {"model": model, "messages": [{"role": "user", "content": "ping"}], "temperature": 0,
                             "max_tokens": 256 if tool else 1}  # fmt: skip
    if tool:
        asked |= {
            "tools": [TOOL],
            "tool_choice": {"type": "function", "function": {"name": "ping"}},
        }
    return asked


def speaks(answer: Any, *, tool: bool) -> str:
    """What is wrong with an answer: no choice, or no call whose arguments are JSON."""
    try:
        message = answer["choices"][0]["message"]
        if tool:
            json.loads(message["tool_calls"][0]["function"]["arguments"])
    except (LookupError, TypeError, ValueError, RecursionError):
        return "answers, but calls no tool as asked" if tool else "answers what is no completion"
    return ""


def progress(url: str) -> bytes | None:
    """The counters that move only when the engine takes a step; None where they cannot be read."""
    try:
        with urllib.request.urlopen(f"{url}/metrics", timeout=LOOK_S) as opened:  # noqa: S310  (the URL of our own engine)
            return b"\n".join(
                b" ".join(found) for found in PROGRESS.findall(opened.read(MOST_BYTES))
            )
    except (OSError, ValueError):
        return None


def ask(url: str, asked: dict[str, Any], timeout_s: float) -> Any:
    """The JSON answer. Raises OSError or ValueError."""
    headers = {"Content-Type": "application/json"}
    if key := os.environ.get("VLLM_API_KEY"):
        headers["Authorization"] = f"Bearer {key}"
    request = urllib.request.Request(url, json.dumps(asked).encode(), headers)  # noqa: S310  (as above)
    with urllib.request.urlopen(request, timeout=timeout_s) as opened:  # noqa: S310
        return json.loads(opened.read(MOST_BYTES))


def count(*, failed: bool, most: int, start_within_s: float, file: Path | None = None) -> None:
    """Remember failures in a row; at `most`, once it was alive or is late in starting, end all programs of the container."""
    file = file or Path(tempfile.gettempdir()) / "canary.json"
    try:
        known = json.loads(file.read_text())
    except (OSError, ValueError):
        known = {"since": time.time(), "lived": False, "failures": 0}
    known["failures"] = known["failures"] + 1 if failed else 0
    known["lived"] = known["lived"] or not failed
    file.write_text(json.dumps(known))
    may = known["lived"] or time.time() - known["since"] > start_within_s
    if may and known["failures"] >= most:
        file.unlink(missing_ok=True)
        end_container()


def end_container() -> None:
    """Everything but the first program and this one; the first ends with its child, and the container starts again."""
    if not in_container(Path("/proc/1/comm").read_text()):
        sys.stderr.write("the first program is no container's init: nothing is ended\n")
        return
    os.kill(-1, signal.SIGKILL)


def in_container(first_program: str) -> bool:
    """Whether the first program is the small init that container engines put before ours (`init: true`)."""
    return first_program.strip() in {"docker-init", "tini", "catatonit", "podman-init", "dumb-init"}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""vLLM as a child process for the time of a measurement: started, waited for, ended with its whole group."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import httpx2

from ontology.errors import Unavailable
from services.llm.offline import OFFLINE

ENTRY: Final = ("-m", "vllm.entrypoints.openai.api_server")
"""Rather than the `vllm` command, which builds for CPUs install under another distribution's name."""
ON_CPU: Final = {"VLLM_CPU_KVCACHE_SPACE": "1", "VLLM_HOST_IP": "127.0.0.1", "GLOO_SOCKET_IFNAME": "lo"}  # fmt: skip
STAGED_ON_CPU: Final = ("--compilation-config", '{"mode":1,"backend":"eager"}')
"""Pipeline stages on a CPU die on their first request with --enforce-eager; compiled ones take 20 s longer to start."""
MOST_LOG: Final = 3_000
STOP_S: Final = 20.0


@dataclass(frozen=True, slots=True)
class Serving:
    """A server that answers: its address without /v1, the id of its process group, seconds it took to start."""

    url: str
    group: int
    start_s: float


def on_cpu(ranks: int) -> dict[str, str]:
    """Environment of vLLM on a CPU: one core for each rank, as far as there are any."""
    cores = [str(rank % (os.cpu_count() or 1)) for rank in range(ranks)]
    return {**OFFLINE, **ON_CPU, "VLLM_CPU_OMP_THREADS_BIND": "|".join(cores)}


@contextmanager
def serving(
    python: Path, arguments: Sequence[str], log: Path, *, env: Mapping[str, str], start_s: float = 900.0
) -> Iterator[Serving]:  # fmt: skip
    """A vLLM of this interpreter on a free port of loopback. Raises Unavailable with the end of its log."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [str(python), *ENTRY, *arguments, "--host", "127.0.0.1", "--port", str(port)]
    began = time.monotonic()
    with log.open("wb") as out:
        child = subprocess.Popen(  # noqa: S603  (the interpreter that the user named)
            command, stdin=subprocess.DEVNULL, stdout=out, stderr=out, env={**os.environ, **env}, start_new_session=True,
        )  # fmt: skip
        try:
            url = f"http://127.0.0.1:{port}"
            _wait(child, url, log, began + start_s)
            yield Serving(url, child.pid, time.monotonic() - began)
        finally:
            _end(child)


def last_words(log: Path) -> str:
    """The end of a log."""
    with log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - MOST_LOG))
        return file.read(MOST_LOG).decode(errors="replace").strip()


def _wait(child: subprocess.Popen[bytes], url: str, log: Path, deadline: float) -> None:
    with httpx2.Client(timeout=2.0, trust_env=False) as client:
        while time.monotonic() < deadline:
            if child.poll() is not None:
                raise Unavailable(f"vLLM ended with {child.returncode}", hint=last_words(log))
            try:
                if client.get(f"{url}/v1/models").status_code == 200:
                    return
            except httpx2.TransportError:
                pass  # not yet
            time.sleep(0.5)
    raise Unavailable("vLLM did not start in time", hint=last_words(log))


def _end(child: subprocess.Popen[bytes]) -> None:
    """End the whole group, its workers too, whether or not the first process still lives."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGTERM)
    with contextlib.suppress(subprocess.TimeoutExpired):
        child.wait(timeout=STOP_S)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)
    child.wait(timeout=STOP_S)


def group_bytes(group: int) -> float:
    """Memory of a process group: what is its own, and its share of what is shared; NaN where /proc does not tell."""
    total = 0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError, ValueError, IndexError):
            if int(stat.read_text().rpartition(")")[2].split()[2]) != group:
                continue
            rollup = stat.with_name("smaps_rollup").read_text()
            total += 1024 * next(int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Pss:"))  # fmt: skip
    return float(total) if total else float("nan")

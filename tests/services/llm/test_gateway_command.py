"""`plantroom llm gateway` as people run it: a program that starts, answers, is turned with its key, and ends."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
import pytest

from tests.services.llm.replicas import Stub, box_of, stubs
from tests.services.told import Run

PROGRAM = Path(sys.executable).with_name("plantroom")


@contextmanager
def gateway(box: Path, *flags: str) -> Iterator[tuple[subprocess.Popen[str], dict[str, object]]]:
    """The program and what it said at its start."""
    command = [str(PROGRAM), "llm", "gateway", str(box), "--json", *flags]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield process, json.loads(process.stdout.readline())
    finally:
        process.terminate()
        process.communicate(timeout=60)


def boxed(folder: Path, replicas: list[Stub]) -> Path:
    file = folder / "box.toml"
    box = box_of(replicas)
    lines = ["[served]", 'path = "model"', "[engine]", 'kind = "external"', "[gateway]", f"port = {box.gateway.port}", "[watch]", "look_every_s = 0.1"]  # fmt: skip
    for stub in replicas:
        lines += ["[[replicas]]", f'name = "{stub.name}"', f'url = "{stub.url}/v1"']
    file.write_text("\n".join(lines))
    return file


def until(status: int, url: str) -> None:
    end = time.monotonic() + 10
    while httpx2.get(url, trust_env=False).status_code != status:
        assert time.monotonic() < end
        time.sleep(0.05)


@pytest.mark.long
def test_it_serves_a_box_of_external_servers_until_it_is_told_to_end(tmp_path: Path) -> None:
    with stubs("ab") as replicas, gateway(box := boxed(tmp_path, replicas)) as (process, said):
        url = str(said["url"]).removesuffix("/v1")
        assert said["replicas"] == ["a", "b"]
        until(200, f"{url}/health")
        asked = {
            "model": "chief",
            "messages": [{"role": "user", "content": "hello"}],
            "max_tokens": 3,
        }
        answer = httpx2.post(f"{url}/v1/chat/completions", json=asked, trust_env=False)
        assert answer.json()["usage"]["completion_tokens"] == 3
        key = {
            "Authorization": f"Bearer {(box.with_suffix('.state') / 'admin.key').read_text().strip()}"
        }
        for name in "ab":
            turned = httpx2.post(
                f"{url}/replicas/{name}/turn", json={"to": "draining"}, headers=key, trust_env=False
            )
            assert turned.json()["turn"] == "draining"
        until(503, f"{url}/health")
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=60) == 0


@pytest.mark.long
def test_a_port_that_is_taken_is_said_with_what_to_do(tmp_path: Path) -> None:
    with stubs("a") as replicas, gateway(box := boxed(tmp_path, replicas)):
        second = subprocess.run([str(PROGRAM), "llm", "gateway", str(box)], capture_output=True, text=True, timeout=90, check=False)  # fmt: skip
        assert second.returncode == 1
        assert "is taken" in second.stderr
        assert "gateway.port" in second.stderr
        assert "Traceback" not in second.stderr


def test_a_key_file_that_others_can_read_is_refused(tmp_path: Path, say: Run) -> None:
    box, key = tmp_path / "box.toml", tmp_path / "key"
    box.write_text('[served]\npath = "m"\n[[replicas]]\nname = "a"\n')
    key.write_text("a-key-that-everybody-can-read")
    key.chmod(0o644)
    told = say("llm", "gateway", box, "--client-key", key)
    assert told.code == 2
    assert "chmod 600" in told.err
    assert "a-key-that" not in told.err


@pytest.mark.parametrize("box", ["", "nonsense =", '[served]\npath = "m"'])
def test_a_box_file_that_is_none_is_refused(tmp_path: Path, say: Run, box: str) -> None:
    file = tmp_path / "box.toml"
    file.write_text(box)
    assert say("llm", "gateway", file).code == 2
    assert say("llm", "gateway", tmp_path / "none.toml").code == 4


@pytest.mark.parametrize(
    "command", [("gateway",), ("serve",), ("status",), ("stop",), ("restart",)]
)
def test_a_state_folder_that_others_may_write_in_is_refused(
    tmp_path: Path, say: Run, command: tuple[str, ...]
) -> None:
    box, state = tmp_path / "box.toml", tmp_path / "box.state"
    box.write_text(
        '[served]\npath = "m"\n[engine]\nkind = "external"\n[[replicas]]\nname = "a"\nurl = "http://127.0.0.1:9"\n'
    )
    state.mkdir()
    state.chmod(0o777)
    told = say("llm", *command, box)
    assert told.code == 2
    assert "others may write" in told.err
    assert f"chmod go-w {state}" in told.err
    assert not list(state.iterdir())

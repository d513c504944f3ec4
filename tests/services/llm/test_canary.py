"""The canary script beside an engine in a container: run as a real program against real sockets."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from services.llm.launch import canary
from services.llm.launch.backends import DIALECTS
from services.llm.launch.containers import CANARY

COMPLETION = json.dumps({"choices": [{"message": {"content": "p"}}]})
CALL = json.dumps(
    {
        "choices": [
            {
                "message": {
                    "tool_calls": [{"function": {"name": "ping", "arguments": '{"ok": true}'}}]
                }
            }
        ]
    }
)


@contextmanager
def engine(
    answer: Callable[[], tuple[int, str]], counter: Callable[[], int] = lambda: 1
) -> Iterator[str]:
    """An engine that answers so and counts so."""

    class Speaks(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._send(
                200,
                f'# HELP x\nvllm:iteration_tokens_total_count{{engine="0"}} {counter()}\nvllm:num_requests_running 1\n',
            )

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self._send(*answer())

        def _send(self, code: int, text: str) -> None:
            try:
                self.send_response(code)
                self.end_headers()
                self.wfile.write(text.encode())
            except OSError:
                return

        def log_message(self, *_: object) -> None:
            return

    with ThreadingHTTPServer(("127.0.0.1", 0), Speaks) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def ran(url: str, *more: str) -> tuple[int, str]:
    made = subprocess.run(
        [sys.executable, "-I", str(CANARY), url, "chief", "--patience", "0.6", *more],
        capture_output=True, text=True, timeout=20, check=False,
    )  # fmt: skip
    return made.returncode, made.stderr.strip()


def late() -> tuple[int, str]:
    time.sleep(1.5)
    return 200, COMPLETION


def test_an_engine_that_completes_is_alive() -> None:
    with engine(lambda: (200, COMPLETION)) as url:
        assert ran(url) == (0, "alive")


@pytest.mark.parametrize(("code", "text", "says"), [
    (200, "<html>", "no answer"), (200, "{}", "no completion"), (503, "", "answers 503"), (200, COMPLETION, ""),
])  # fmt: skip
def test_what_is_no_completion_is_not_alive(code: int, text: str, says: str) -> None:
    with engine(lambda: (code, text)) as url:
        assert (
            says in (canary.wrong(url, "chief", tool=False, patience_s=2) or "")
            if says
            else not canary.wrong(url, "chief", tool=False, patience_s=2)
        )


def test_tools_are_asked_for_at_the_start_only_where_wished() -> None:
    with engine(lambda: (200, CALL)) as url:
        assert ran(url, "--tool") == (0, "alive")
    with engine(lambda: (200, COMPLETION)) as url:
        assert ran(url, "--tool") == (1, "answers, but calls no tool as asked")


def test_a_frozen_engine_is_dead_and_a_busy_one_is_not() -> None:
    steps = iter(range(1000))
    with engine(late) as url:
        code, says = ran(url)
        assert (code, "no work done" in says) == (1, True)
    with engine(late, lambda: next(steps)) as url:
        assert ran(url) == (0, "alive")


def test_an_engine_that_is_not_there_is_not_alive() -> None:
    code, says = ran("http://127.0.0.1:9")
    assert (code, "Connection refused" in says) == (1, True)


def test_only_an_engine_that_lived_or_is_late_is_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended: list[float] = []
    monkeypatch.setattr(canary, "end_container", lambda: ended.append(time.time()))
    file = tmp_path / "canary.json"
    for _ in range(5):
        canary.count(failed=True, most=3, start_within_s=1000, file=file)
    assert ended == []
    canary.count(failed=False, most=3, start_within_s=1000, file=file)
    for _ in range(2):
        canary.count(failed=True, most=3, start_within_s=1000, file=file)
    assert ended == []
    canary.count(failed=True, most=3, start_within_s=1000, file=file)
    assert len(ended) == 1
    canary.count(failed=True, most=1, start_within_s=-1, file=file)
    assert len(ended) == 2


@pytest.mark.parametrize(
    ("first", "inside"),
    [
        ("docker-init\n", True),
        ("tini\n", True),
        ("systemd\n", False),
        ("init\n", False),
        ("bash\n", False),
        ("", False),
    ],
)
def test_programs_are_ended_only_behind_a_containers_own_init(first: str, inside: bool) -> None:
    assert canary.in_container(first) is inside


def test_the_script_and_the_watchdog_take_the_same_counters_for_work() -> None:
    assert set(canary.COUNTERS) == {name for one in DIALECTS.values() for name in one.progress}

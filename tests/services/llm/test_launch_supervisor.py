"""A replica is started, gated, watched and restarted as a whole: real child programs, real sockets, every kind of server."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from ontology.errors import NotFound
from services.llm.box import Box
from services.llm.launch.standing import Standing, State
from services.llm.launch.supervisor import Supervisor
from services.llm.traffic import Seen, Turn
from tests.services.llm.stubs import STUB, StubAt, free_port, stub

QUICK = {
    "start_s": 30.0, "look_every_s": 0.1, "quiet_s": 0.8, "canary_every_s": 0.4, "canary_s": 0.6, "drain_s": 2.0,
    "most_restarts": 3, "restarts_within_s": 60.0,
}  # fmt: skip
FROZEN_S, KILLED_S = 15.0, 5.0
"""What is promised of a worker that is stopped, and of one that is killed; a busy machine keeps to it too."""


def box(*flags: str, kind: str = "vllm", watch: dict[str, Any] | None = None, **served: str) -> Box:
    port = free_port()
    engine: dict[str, Any] = {
        "kind": kind,
        "command": [sys.executable, str(STUB)],
        "arguments": list(flags),
    }
    replica: dict[str, Any] = {"name": "a", "port": port}
    if kind == "external":
        engine = {"kind": kind}
        replica = {"name": "a", "url": f"http://127.0.0.1:{port}"}
    return Box.model_validate({
        "served": {"path": "weights", "tool_parser": "hermes", **served}, "engine": engine, "replicas": [replica],
        "gateway": {"port": free_port()}, "watch": {**QUICK, **(watch or {})},
    })  # fmt: skip


class Told:
    """A gateway's memory without a gateway: what it was told, and what it would say."""

    def __init__(self) -> None:
        self.turns: list[tuple[str, Turn, str]] = []
        self.in_flight = 0
        self.quiet_s: float | None = None

    async def seen(self, replica: str) -> Seen:
        if replica != "a":
            raise NotFound(replica)
        return Seen(self.turns[-1][1], self.in_flight, self.quiet_s)

    async def turn(self, replica: str, to: Turn, reason: str = "") -> None:
        self.turns.append((replica, to, reason))


class House:
    """One supervisor at work."""

    def __init__(self, box: Box, folder: Path) -> None:
        self.told = Told()
        self.history: list[Standing] = []
        self.box = box
        self.one = Supervisor(
            box, box.replicas[0], folder, self.told, heard=lambda _, s: self.history.append(s)
        )

    async def until(self, *states: State, within_s: float = 30.0) -> Standing:
        deadline = time.monotonic() + within_s
        while self.one.standing.state not in states:
            assert time.monotonic() < deadline, self.one.standing
            await asyncio.sleep(0.02)
        return self.one.standing

    @property
    def stub(self) -> StubAt:
        return StubAt(self.box.replicas[0].port, None)  # type: ignore[arg-type]

    async def worker(self) -> int:
        return int((await self.stub.told())["workers"][0])


@asynccontextmanager
async def housed(box: Box, folder: Path) -> AsyncIterator[House]:
    house = House(box, folder)
    life = asyncio.create_task(house.one.run())
    try:
        yield house
    finally:
        house.one.stop()
        await asyncio.wait_for(life, 40)


def runs(pid: int) -> bool:
    """Whether it runs; a zombie does not."""
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False


@asynccontextmanager
async def serving(kind: str, folder: Path) -> AsyncIterator[House]:
    """A ready replica of any kind; an external server is somebody else's child."""
    asked = box("--llama" if kind == "llama.cpp" else "--workers=1", kind=kind)
    outside = stub(port=int(asked.replicas[0].base.rpartition(":")[2])) if kind == "external" else contextlib.nullcontext()  # fmt: skip
    async with outside, housed(asked, folder) as house:
        await house.until(State.READY)
        yield house


KINDS = (pytest.param("vllm", marks=pytest.mark.long), "llama.cpp", "external")


@pytest.mark.parametrize("kind", KINDS)
async def test_every_kind_is_ready_only_behind_the_gate_and_down_when_it_hangs(kind: str, tmp_path: Path) -> None:  # fmt: skip
    async with serving(kind, tmp_path) as house:
        assert house.told.turns[-1][1] is Turn.READY
        assert all(turn is Turn.DOWN for _, turn, _ in house.told.turns[:-1])
        port = int(house.box.replicas[0].base.rpartition(":")[2])
        server = StubAt(port, None)  # type: ignore[arg-type]
        assert (await server.told())["requests"] == 2  # a completion and a tool call
        await server.mode("hang")
        began = time.monotonic()
        await house.until(State.ILL if kind == "external" else State.WAITING)
        assert time.monotonic() - began < FROZEN_S
        assert house.told.turns[-1][1] is Turn.DOWN
        assert "frozen" in house.told.turns[-1][2]
        if kind == "external":
            await server.mode("ok")
        await house.until(State.READY)
        assert house.told.turns[-1][1] is Turn.READY
        assert house.one.standing.restarts == (kind != "external")


@pytest.mark.parametrize(
    ("mode", "says", "do"),
    [("html", "web page", "URL leads to something else"), ("malformed", "tool call is malformed", "tool_parser"), ("hang", "gave no answer in 0.6 s", "engine hangs")],
)  # fmt: skip
async def test_the_gate_says_within_seconds_what_is_wrong_and_what_to_do(
    mode: str, says: str, do: str, tmp_path: Path
) -> None:
    asked = box(kind="external")
    port = int(asked.replicas[0].base.rpartition(":")[2])
    async with stub(port=port) as server:
        await server.mode(mode)
        async with housed(asked, tmp_path) as house:
            standing = await house.until(State.ILL, within_s=FROZEN_S)
    assert says in standing.reason
    assert do in standing.hint


@pytest.mark.parametrize(("listens", "do"), [(True, "engine hangs"), (False, "nothing listens")])
async def test_an_external_server_that_lists_no_models_is_ill_and_not_waited_for(
    listens: bool, do: str, tmp_path: Path
) -> None:
    asked = box(kind="external")
    port = int(asked.replicas[0].base.rpartition(":")[2])
    silent = socket.create_server(("127.0.0.1", port)) if listens else contextlib.nullcontext()
    with silent:
        async with housed(asked, tmp_path) as house:
            assert do in (await house.until(State.ILL, within_s=FROZEN_S)).hint


async def test_a_server_of_ours_that_calls_tools_wrongly_fails_for_good(tmp_path: Path) -> None:
    async with housed(box("--mode", "malformed"), tmp_path) as house:
        standing = await house.until(State.FAILED)
        assert "malformed" in standing.reason
        assert house.one.pids() == []


@pytest.mark.long
async def test_without_a_tool_parser_only_the_completion_is_asked(tmp_path: Path) -> None:
    async with housed(box("--mode", "malformed", tool_parser=""), tmp_path) as house:
        await house.until(State.READY)
        assert any("cannot be asked to call tools" in one.doing for one in house.history)


@pytest.mark.long
async def test_another_model_on_the_port_is_named(tmp_path: Path) -> None:
    asked = box(kind="external")
    async with stub("--model", "other", port=int(asked.replicas[0].base.rpartition(":")[2])), housed(asked, tmp_path) as house:  # fmt: skip
        assert "serves other, not chief" in (await house.until(State.ILL)).reason


async def test_a_killed_worker_is_seen_though_the_api_program_lives(tmp_path: Path) -> None:
    async with housed(box("--workers", "2"), tmp_path) as house:
        await house.until(State.READY)
        before = house.one.pids()
        began = time.monotonic()
        os.kill(await house.worker(), signal.SIGKILL)
        standing = await house.until(State.WAITING)
        assert time.monotonic() - began < KILLED_S
        assert "503" in standing.reason
        await house.until(State.READY)
        assert not set(before) & set(house.one.pids())
        assert not any(runs(pid) for pid in before)


@pytest.mark.long
async def test_a_stopped_worker_is_seen_though_health_says_200_and_its_group_is_ended(tmp_path: Path) -> None:  # fmt: skip
    async with housed(box("--workers", "2"), tmp_path) as house:
        await house.until(State.READY)
        before = house.one.pids()
        began = time.monotonic()
        os.kill(await house.worker(), signal.SIGSTOP)
        standing = await house.until(State.WAITING)
        assert time.monotonic() - began < FROZEN_S
        assert "frozen" in standing.reason
        assert not any(runs(pid) for pid in before)
        await house.until(State.READY)


@pytest.mark.long
async def test_in_flight_silence_with_still_counters_is_frozen_too(tmp_path: Path) -> None:
    patient = {"canary_every_s": 0.7, "canary_s": 30.0}
    async with housed(box("--workers", "1", watch=patient), tmp_path) as house:
        await house.until(State.READY)
        os.kill(await house.worker(), signal.SIGSTOP)
        house.told.in_flight, house.told.quiet_s = 3, 1.0
        assert "3 requests in flight" in (await house.until(State.WAITING)).reason


@asynccontextmanager
async def asking(url: str, many: int, words: int, tokens: int) -> AsyncIterator[None]:
    import httpx2

    body = {
        "model": "chief",
        "messages": [{"role": "user", "content": "w " * words}],
        "max_tokens": tokens,
    }
    async with httpx2.AsyncClient(trust_env=False, timeout=60) as client:
        asked = [
            asyncio.create_task(client.post(f"{url}/v1/chat/completions", json=body))
            for _ in range(many)
        ]
        yield
        for task in asked:
            task.cancel()
        await asyncio.gather(*asked, return_exceptions=True)


@pytest.mark.long
@pytest.mark.parametrize(
    ("flags", "many", "words", "tokens"),
    [(("--prefill-ms", "120"), 1, 40_000, 8), (("--slots", "1", "--latency-ms", "40"), 40, 3, 200)],
    ids=["a long prompt is read", "the queue is long"],
)
async def test_a_server_that_works_hard_is_not_taken_for_frozen(
    flags: tuple[str, ...], many: int, words: int, tokens: int, tmp_path: Path
) -> None:
    """Both would keep a canary waiting for longer than `canary_s`, and the gateway hears nothing."""
    async with housed(box(*flags), tmp_path) as house:
        await house.until(State.READY)
        async with asking(house.stub.url, many, words, tokens):
            house.told.in_flight, house.told.quiet_s = many, 5.0
            await asyncio.sleep(3)
            assert house.one.standing.state is State.READY
            assert (await house.stub.told())["in_flight"] >= many


async def test_a_crash_loop_ends_in_failed_with_its_cause_its_last_lines_and_what_to_do(tmp_path: Path) -> None:  # fmt: skip
    why = "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB"
    async with housed(box("--fail", why, watch={"most_restarts": 1}), tmp_path) as house:
        standing = await house.until(State.FAILED)
        assert standing.restarts == 1
        assert "a GPU ran out of memory" in standing.reason
        assert "--gpu-memory-utilization" in standing.hint
        assert why in standing.lines
        assert not (tmp_path / "a.json").exists()


async def test_what_would_end_the_same_way_is_not_tried_again(tmp_path: Path) -> None:
    why = "ValueError: No available memory for the cache blocks."
    async with housed(box("--fail", why), tmp_path) as house:
        assert (await house.until(State.FAILED)).restarts == 0


@pytest.mark.long
async def test_a_failed_replica_comes_back_when_asked(tmp_path: Path) -> None:
    flag = tmp_path / "broken"
    flag.touch()
    script = f'[ -e {flag} ] && echo No available memory for the cache blocks && exit 1; exec "$@"'
    asked = box()
    engine = asked.engine.model_copy(
        update={"command": ("sh", "-c", script, "sh", *asked.engine.command)}
    )
    async with housed(asked.model_copy(update={"engine": engine}), tmp_path) as house:
        await house.until(State.FAILED)
        flag.unlink()
        assert (await asyncio.wait_for(house.one.restart(), 30)).state is State.READY


@pytest.mark.long
async def test_a_taken_port_is_said_before_anything_is_started(tmp_path: Path) -> None:
    asked = box()
    async with stub(port=asked.replicas[0].port), housed(asked, tmp_path) as house:
        standing = await house.until(State.WAITING, within_s=FROZEN_S)
        assert f"port {asked.replicas[0].port}" in standing.reason
        assert "ss -ltnp" in standing.hint


async def test_a_program_that_is_not_there_is_said(tmp_path: Path) -> None:
    asked = box()
    gone = asked.engine.model_copy(update={"command": ("/no/such/program",)})
    async with housed(asked.model_copy(update={"engine": gone}), tmp_path) as house:
        standing = await house.until(State.FAILED)
        assert "program is not there" in standing.reason


@pytest.mark.long
async def test_a_restart_lets_answers_end_first_and_new_requests_go_elsewhere(tmp_path: Path) -> None:  # fmt: skip
    async with housed(box(), tmp_path) as house:
        await house.until(State.READY)
        before = house.one.pids()
        house.told.in_flight, house.told.quiet_s = 1, 0.0
        asked = asyncio.create_task(house.one.restart())
        await house.until(State.DRAINING)
        assert house.told.turns[-1][1] is Turn.DRAINING
        await asyncio.sleep(0.4)
        assert set(before) <= set(house.one.pids())
        house.told.in_flight, house.told.quiet_s = 0, None
        assert (await asyncio.wait_for(asked, 30)).state is State.READY
        assert not set(before) & set(house.one.pids())


@pytest.mark.long
async def test_a_group_that_ignores_sigterm_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    monkeypatch.setattr("services.llm.launch.supervisor.GRACE_S", 0.5)
    async with housed(box("--deaf"), tmp_path) as house:
        await house.until(State.READY)
        before = house.one.pids()
    assert not any(runs(pid) for pid in before)

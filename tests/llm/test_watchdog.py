"""Real vLLM, two tensor-parallel workers: one stopped, one killed, a long prompt; the group comes back, no new request is lost."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from services.llm.launch.standing import State
from tests.llm.server import PYTHON
from tests.llm.tiny_model import write_tiny_model
from tests.llm.watched import Watched, real_box, watched
from tests.services.llm.test_launch_supervisor import runs

pytestmark = [
    pytest.mark.llm,
    pytest.mark.timeout(600),
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.skipif(not PYTHON.exists(), reason="no .venv-llm: run `make llm-env`"),
]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def at_work(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Watched]:
    folder = tmp_path_factory.mktemp("watch")
    async with watched(real_box(write_tiny_model(folder / "tiny")), folder) as one:
        yield one


async def test_a_long_prompt_is_work(at_work: Watched) -> None:
    """15,000 tokens in chunks of 512: no token for a while, and no restart."""
    assert await at_work.ask(words=7_000, tokens=2) == 200
    assert at_work.history[-1][2].state is State.READY


@pytest.mark.parametrize(
    ("number", "within_s", "says"), [(signal.SIGSTOP, 15.0, "frozen"), (signal.SIGKILL, 5.0, "gone: VLLM::Worker")], ids=["stopped", "killed"]
)  # fmt: skip
async def test_a_worker_is_missed_in_time_and_new_requests_wait_for_the_new_group(
    at_work: Watched, number: signal.Signals, within_s: float, says: str
) -> None:
    workers = await at_work.workers()
    began = time.monotonic()
    os.kill(workers[0], number)
    at, fallen = await at_work.until(State.STOPPING, since=began)
    assert at - began <= within_s
    new = asyncio.create_task(at_work.ask())
    _, waiting = await at_work.until(State.WAITING, since=began)
    assert says in waiting.reason
    assert not any(runs(pid) for pid in workers)
    await at_work.until(State.READY, since=at)
    assert await new == 200
    assert fallen.state is State.STOPPING

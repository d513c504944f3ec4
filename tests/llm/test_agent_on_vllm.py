"""The agent in model mode against a real vLLM server. Its model knows nothing: this proves the wire, not wisdom."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from agent.engineer import Engineer
from agent.events import Answer, Done, StepDone, StepStarted, Token
from agent.model import HttpModel, Patience, Text
from agent.plan import Question
from agent.playbooks.planner import PlaybookPlanner
from agent.tools import TOOLS
from tests.agent.tower import BUILDING, NOW, tower
from tests.llm.server import PYTHON, vllm_server
from tests.llm.tiny_model import write_tiny_model

pytestmark = [
    pytest.mark.llm,
    pytest.mark.timeout(420),
    pytest.mark.skipif(not PYTHON.exists(), reason="no .venv-llm: run `make llm-env`"),
]


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("vllm")
    with vllm_server(write_tiny_model(folder / "tiny"), folder / "vllm.log") as served:
        yield served


def model(url: str) -> HttpModel:
    return HttpModel(url, patience=Patience(first_s=60, idle_s=30))


async def test_the_server_is_seen_to_call_tools_and_to_follow_a_schema(url: str) -> None:
    async with model(url) as chat:
        able = await chat.probe()
    assert able.tools
    assert able.json_schema
    assert able.context == 16_384
    assert able.model == "tiny"


async def test_text_streams_in_pieces(url: str) -> None:
    async with model(url) as chat:
        await chat.probe()
        messages = [{"role": "user", "content": "why is 807 hot?"}]
        pieces = [piece async for piece in chat.stream(messages, max_tokens=64)]
    assert sum(isinstance(piece, Text) for piece in pieces) >= 2


async def test_the_agent_looks_with_valid_tool_calls_and_ends_with_an_answer(url: str) -> None:
    """The first round forces a call, and strict schemas make even random weights call validly."""
    async with model(url) as chat:
        engineer = Engineer(await tower(), PlaybookPlanner(BUILDING), chat)
        events = [event async for event in engineer.run(Question("power of ch-2 now?", NOW))]
    (answer,) = [event for event in events if isinstance(event, Answer)]
    assert isinstance(events[-1], Done)
    assert any(isinstance(event, Token) for event in events)
    started = [event for event in events if isinstance(event, StepStarted)]
    assert started
    assert {event.tool for event in started} <= {tool.name for tool in TOOLS.values()}
    assert len([event for event in events if isinstance(event, StepDone)]) == len(started)
    assert answer.answer

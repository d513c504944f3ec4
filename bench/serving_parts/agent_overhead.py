"""What the agent costs over its model: the real agent in model mode, and its very requests replayed without it.

The model is vLLM with 119 M random weights on core 0, the agent runs beside it: the model's work dominates, as on a GPU.
It knows nothing, so each chat is a forced tool call and an answer of a set length. The server's prefix cache would serve
the replay what the agent had read: for first tokens both find their prompts read, for throughput neither does.
"""

from __future__ import annotations

import asyncio
import cProfile
import math
import pstats
import re
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import fmean, median
from typing import Any

import httpx2

from agent.engineer import Engineer
from agent.events import Answer, Event
from agent.model import Capabilities, HttpModel, Patience
from agent.opening import PromptStyle
from agent.plan import Question
from agent.playbooks.planner import PlaybookPlanner
from bench.serving_parts.parallel import vllm
from services.llm.measure.answer import ask
from services.llm.measure.how import How
from services.llm.measure.load import session
from services.llm.measure.random_model import SIZES, write_random_model
from services.llm.measure.timed import Api, Limits, Timed
from tests.agent.tower import BUILDING, NOW, tower

CHATS, SINGLES = 32, 8
WRITTEN, FEW = 96, 6
"""Tokens that a call or an answer may have, since random weights never end by themselves; and where only the first counts."""
ASKED = (
    "power of ch-2 now?", "why is room 807 hot?", "which chillers run?", "chilled water supply temperature of ch-2",
    "compare ch-1 with ch-2 today", "is the cooling valve of ahu-2 open?", "efficiency of ch-1 yesterday", "open faults",
)  # fmt: skip
WAIT = Limits(first_s=240, idle_s=120, request_s=400)


@dataclass
class Sent:
    """One request of the agent: its body, when its run began and when the first token came."""

    body: Mapping[str, Any]
    at: float
    first: float | None = None


@dataclass
class Recording(HttpModel):
    """The agent's own client with shorter answers, keeping what it sends."""

    base: str
    most: int = WRITTEN
    sent: list[Sent] = field(default_factory=list)

    def __post_init__(self) -> None:
        HttpModel.__init__(self, self.base, name="tiny", patience=Patience(first_s=240, idle_s=120))

    async def probe(self) -> Capabilities:
        """As an engineer knows its server that has run since the morning: no canary is measured."""
        return Capabilities(tools=True, json_schema=True, context=16_384, model="tiny")

    async def _deltas(self, body: Mapping[str, Any]) -> AsyncIterator[Mapping[str, Any]]:
        body = {**body, "max_tokens": min(body["max_tokens"], self.most)}
        sent = Sent(body, time.perf_counter())
        self.sent.append(sent)
        async for delta in super()._deltas(body):
            sent.first = sent.first or time.perf_counter()
            yield delta


@dataclass
class Chat:
    """One question put to the agent: when, and all that it sent for it."""

    began: float
    sent: list[Sent]
    events: list[Event]


async def ready(url: str, most: int = WRITTEN) -> tuple[Engineer, Recording]:
    model = Recording(url, most)
    return Engineer(await tower(), PlaybookPlanner(BUILDING), model, style=PromptStyle.SHORT), model


async def chat(engineer: Engineer, model: Recording, text: str) -> Chat:
    model.sent.clear()
    began = time.perf_counter()
    events = [event async for event in engineer.run(Question(text, NOW))]
    return Chat(began, list(model.sent), events)


async def replay(url: str, chats: Sequence[Sequence[Mapping[str, Any]]]) -> list[list[Timed]]:
    """The same requests without the agent: as many conversations, each its requests one after the other."""
    clock = asyncio.get_running_loop().time
    async with session(How(limits=WAIT)) as client:

        async def one(bodies: Sequence[Mapping[str, Any]]) -> list[Timed]:
            return [await ask(client, url, Api.CHAT, body, limits=WAIT, began=clock()) for body in bodies]  # fmt: skip

        return list(await asyncio.gather(*(one(bodies) for bodies in chats)))


async def alone(client: httpx2.AsyncClient, body: Mapping[str, Any]) -> float:
    """Seconds to the first delta of one request, as the agent's client counts it: a call's first tokens show no text.

    `client` has a connection open, as the agent has.
    """
    began, first = time.perf_counter(), math.nan
    async with client.stream("POST", "/v1/chat/completions", json=dict(body)) as answer:
        answer.raise_for_status()
        async for line in answer.aiter_lines():
            if line.startswith("data: {") and math.isnan(first):
                first = time.perf_counter() - began
    assert not math.isnan(first), "the stream ended without a delta"
    return first


async def first_tokens(url: str) -> dict[str, float]:
    """One chat at a time: from question to first token, against the same request alone, twice after it."""
    engineer, model = await ready(url, FEW)
    added, before = [], []
    async with httpx2.AsyncClient(base_url=url, trust_env=False, timeout=WAIT.request_s) as client:
        (await client.get("/v1/models")).raise_for_status()
        for n in range(SINGLES):
            await chat(engineer, model, ASKED[n % len(ASKED)])  # its prompt is read now
            found = await chat(engineer, model, ASKED[n % len(ASKED)])
            first = found.sent[0]
            assert first.first is not None
            raw = [await alone(client, first.body) for _ in range(2)]
            added.append(first.first - found.began - fmean(raw))
            before.append(first.at - found.began)
    await model.close()
    return {
        "agent_added_ttft_ms": median(added) * 1e3,
        "agent_before_request_ms": median(before) * 1e3,
        "agent_before_request_worst_ms": max(before) * 1e3,
    }


async def throughput(url: str, rounds: int) -> dict[str, float]:
    """32 chats at once by the agent, and their requests replayed; tokens as the server counts them."""
    agents = [await ready(url) for _ in range(CHATS)]
    ours, raws, requests = [], [], 0
    for turn in range(rounds):
        await forget(url)
        counted, began = await generated(url), time.perf_counter()
        chats = await asyncio.gather(*(
            chat(engineer, model, ASKED[(n + turn) % len(ASKED)]) for n, (engineer, model) in enumerate(agents)
        ))  # fmt: skip
        ours.append((await generated(url) - counted) / (time.perf_counter() - began))
        assert all(any(isinstance(e, Answer) for e in each.events) for each in chats)
        bodies = [[sent.body for sent in each.sent] for each in chats]
        requests += sum(len(each) for each in bodies)
        await forget(url)
        counted, began = await generated(url), time.perf_counter()
        replayed = await replay(url, bodies)
        raws.append((await generated(url) - counted) / (time.perf_counter() - began))
        wrong = [timed for each in replayed for timed in each if timed.wrong]
        assert not wrong, wrong[0]
    for _, model in agents:
        await model.close()
    return {
        "agent_chats": CHATS, "agent_requests": requests, "agent_tok_s": sum(ours) / rounds, "raw_tok_s": sum(raws) / rounds,
        "agent_throughput_share": sum(ours) / sum(raws),
    }  # fmt: skip


async def generated(url: str) -> float:
    """Tokens that the server has written since it started."""
    async with httpx2.AsyncClient(trust_env=False, timeout=30) as client:
        text = (await client.get(f"{url}/metrics")).text
    return sum(float(v) for v in re.findall(r"^vllm:generation_tokens_total\{[^}]*\} (\S+)$", text, re.MULTILINE))  # fmt: skip


async def forget(url: str) -> None:
    """Empty the server's prefix cache."""
    async with httpx2.AsyncClient(trust_env=False, timeout=30) as client:
        (await client.post(f"{url}/reset_prefix_cache")).raise_for_status()


def measure(quick: bool) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        model = write_random_model(folder / "119m", SIZES["119m"])
        tools = ("--enable-auto-tool-choice", "--tool-call-parser", "hermes", "--tool-strict-level", "parameter")  # fmt: skip
        more = (*tools, "--dtype", "bfloat16", "--enable-prefix-caching", "--max-model-len", "16384")  # fmt: skip
        with vllm(model, "tp1", folder / "vllm.log", *more) as server:
            found = asyncio.run(first_tokens(server.url))
            return found | asyncio.run(throughput(server.url, 1 if quick else 2))


async def _profiled(url: str) -> None:
    engineer, model = await ready(url)
    for text in ASKED:
        await chat(engineer, model, text)


if __name__ == "__main__":
    if "--profile" in sys.argv:  # of the agent against a server that runs already: --profile URL
        profile = cProfile.Profile()
        profile.runcall(asyncio.run, _profiled(sys.argv[-1]))
        pstats.Stats(profile).sort_stats("tottime").print_stats(25)
    else:
        for name, value in measure("--quick" in sys.argv).items():
            print(f"{name:>32}  {value:12,.4f}")

"""A language-model server on its worst days: the run ends with the playbook's answer and a note that says why."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from agent.engineer import Engineer
from agent.events import Answer, Done, Event, Failed, Note, Token
from agent.model import HttpModel, Patience
from agent.plan import Question
from agent.playbooks.planner import PlaybookPlanner
from tests.agent.tower import BUILDING, NOW, tower

QUESTION = "what is the power of CH-2 now?"
PATIENCE = Patience(connect_s=1.0, first_s=0.6, idle_s=0.6)
OK = {"choices": [{"delta": {"content": '{"ok": true}'}}]}
PING = {"index": 0, "id": "c", "function": {"name": "ping", "arguments": '{"ok": true}'}}
LOOK = {"index": 0, "id": "c", "function": {"name": "overview", "arguments": '{"of": "CH-2"}'}}
DEEP = "[" * 100_000


class Fake:
    """An OpenAI-compatible server: sound while it is probed, then as `manner` says."""

    def __init__(self, manner: str, models: str = "") -> None:
        self.manner, self.models = manner, models or '{"data": [{"id": "tiny"}]}'
        self.asked = 0
        self.talks: set[asyncio.Task[None]] = set()

    def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.talks.add(asyncio.ensure_future(self.talk(reader, writer)))

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await self.serve(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # the client has gone
        finally:
            writer.close()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        length = next((line[16:] for line in head.split("\r\n") if line.lower().startswith("content-length: ")), "0")  # fmt: skip
        body = json.loads(await reader.readexactly(int(length)) or "{}")
        if head.startswith("GET"):
            self.say(writer, self.models, "application/json")
        elif body["max_tokens"] == 200:  # the canaries of the probe
            call = {"choices": [{"delta": {"tool_calls": [PING]}}]}
            self.stream(writer, [json.dumps(call if "tools" in body else OK), "[DONE]"])
        else:
            self.asked += 1
            await getattr(self, self.manner)(writer)
        await writer.drain()

    def say(self, writer: asyncio.StreamWriter, text: str, kind: str) -> None:
        writer.write(f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nConnection: close\r\n\r\n{text}".encode())  # fmt: skip

    def stream(self, writer: asyncio.StreamWriter, data: list[str]) -> None:
        self.say(writer, "".join(f"data: {item}\n\n" for item in data), "text/event-stream")

    async def dies(self, writer: asyncio.StreamWriter) -> None:
        """Looks first; is killed in the middle of its answer."""
        if self.asked == 1:
            call = {"choices": [{"delta": {"tool_calls": [LOOK]}}]}
            self.stream(writer, [json.dumps(call), "[DONE]"])
            return
        self.stream(writer, [json.dumps({"choices": [{"delta": {"content": "CH-2 draws 999 "}}]})])
        await writer.drain()
        writer.transport.abort()

    async def hangs(self, writer: asyncio.StreamWriter) -> None:
        self.stream(writer, [json.dumps({"choices": [{"delta": {"content": "CH-2 "}}]})])
        await writer.drain()
        await asyncio.sleep(3)

    async def html(self, writer: asyncio.StreamWriter) -> None:
        self.say(writer, "<html>502 Bad Gateway</html>", "text/html")

    async def odd_types(self, writer: asyncio.StreamWriter) -> None:
        """JSON whose every place holds another type than agreed."""
        odd: list[Any] = [
            {"choices": {"delta": 1}}, {"choices": ["x"]}, {"choices": [{"delta": "x"}]},
            {"choices": [{"delta": {"tool_calls": ["x", {"index": "NaN", "function": "f"}]}}]},
            {"choices": [{"delta": {"content": ["a"], "tool_calls": {"a": 1}}}]}, {},
        ]  # fmt: skip
        self.stream(writer, [*map(json.dumps, odd), "[DONE]"])

    async def deep(self, writer: asyncio.StreamWriter) -> None:
        """JSON nested deeper than a parser goes."""
        self.stream(writer, [DEEP, "[DONE]"])

    async def wrong_tools(self, writer: asyncio.StreamWriter) -> None:
        """Calls of tools that do not exist, with arguments that are none, for ever."""
        calls = [{"index": n, "id": f"c{n}", "function": {"name": name, "arguments": args}}
                 for n, (name, args) in enumerate([("rm -rf", "{}"), ("sql", '{"query": "DROP TABLE samples"}'),
                                                   ("history", "{broken"), ("", DEEP)])]  # fmt: skip
        self.stream(writer, [json.dumps({"choices": [{"delta": {"tool_calls": calls}}]}), "[DONE]"])


@asynccontextmanager
async def serving(fake: Fake) -> AsyncIterator[HttpModel]:
    server = await asyncio.start_server(fake.accept, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
    async with server, HttpModel(url, patience=PATIENCE) as model:
        yield model
    for talk in fake.talks:
        talk.cancel()
    await asyncio.gather(*fake.talks, return_exceptions=True)
    await asyncio.sleep(0.05)  # closed transports let go of their sockets


async def asked(fake: Fake) -> list[Event]:
    async with serving(fake) as model:
        engineer = Engineer(await tower(), PlaybookPlanner(BUILDING), model)
        async with asyncio.timeout(20):
            return [event async for event in engineer.run(Question(QUESTION, NOW))]


def answer_of(events: list[Event]) -> Answer:
    assert isinstance(events[-1], Done)
    assert not [event for event in events if isinstance(event, Failed)]
    (answer,) = [event for event in events if isinstance(event, Answer)]
    return answer


@pytest.mark.parametrize("manner", ["dies", "hangs", "html", "odd_types", "deep", "wrong_tools"])
async def test_whatever_the_model_server_does_the_playbook_answers_and_says_so(manner: str) -> None:
    fake = Fake(manner)
    events = await asked(fake)
    answer = answer_of(events)
    assert fake.asked >= 1
    assert answer.mode == "playbook"
    assert "325 kW" in answer.answer
    assert "999" not in answer.answer
    assert any(isinstance(e, Note) and "playbook" in e.text for e in events)


async def test_what_a_dead_model_had_begun_to_say_is_taken_back() -> None:
    shown = ""
    for event in await asked(Fake("dies")):
        if isinstance(event, Token):
            shown = event.text if event.restart else shown + event.text
    assert "999" not in shown


@pytest.mark.parametrize(
    "models",
    ["<html>", '{"data": ["x"]}', '{"data": {"id": 1}}', "[]", '{"data": []}', DEEP,
     '{"data": [{"id": "tiny", "max_model_len": "many"}]}'],
)  # fmt: skip
async def test_a_list_of_models_that_is_none_leaves_the_playbook_in_charge(models: str) -> None:
    answer = answer_of(await asked(Fake("html", models)))
    assert answer.mode == "playbook"
    assert "325 kW" in answer.answer

"""A chat model streams text, thoughts and tool calls, or says that it is silent: scripted and over HTTP."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest
import uvicorn

from agent.model import (
    PING,
    Capabilities,
    ChatModel,
    HttpModel,
    Patience,
    Piece,
    ScriptedModel,
    Text,
    Thought,
    ToolCall,
)
from ontology.errors import BadRequest, ModelSilent, PlantroomError

ASK = [{"role": "user", "content": "why is 807 hot?"}]
CALL = ToolCall("c1", "ping", {"ok": True}, '{"ok": true}')
BROKEN = ToolCall("c2", "ping", None, '{"ok": tr')
GOOD: list[Piece | PlantroomError] = [
    Thought("hm"),
    Text("CH-2 "),
    Text("draws ๓ kW"),
    CALL,
    BROKEN,
]
DYING: list[Piece | PlantroomError] = [Text("CH-2 "), ModelSilent("gone")]
PATIENCE = Patience(connect_s=1, first_s=0.6, idle_s=0.6)


class Server:
    """An OpenAI-compatible server that speaks a script, or misbehaves as told."""

    def __init__(
        self, replies: Sequence[Sequence[Piece | PlantroomError]] = (), *, manner: str = ""
    ) -> None:
        self.replies, self.manner, self.bodies = list(replies), manner, list[Mapping[str, Any]]()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        body = b""
        while True:
            message = await receive()
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        if scope["path"].endswith("/models"):
            await self._send(
                send,
                "application/json",
                json.dumps({"data": [{"id": "tiny", "max_model_len": 4096}]}),
            )
            return
        self.bodies.append(json.loads(body))
        await _MANNERS.get(self.manner, Server.speak)(self, send)

    async def _send(self, send: Any, kind: str, text: str, status: int = 200) -> None:
        await send(
            {
                "type": "http.response.start",
                "status": status,
                "headers": [(b"content-type", kind.encode())],
            }
        )
        await send({"type": "http.response.body", "body": text.encode()})

    async def html(self, send: Any) -> None:
        await self._send(send, "text/html", "<html>nginx</html>")

    async def refuse(self, send: Any) -> None:
        await self._send(send, "application/json", '{"error": {"message": "too long"}}', 400)

    async def broken(self, send: Any) -> None:
        await self._send(send, "application/json", "upstream", 502)

    async def whole(self, send: Any) -> None:
        await self._send(
            send, "application/json", json.dumps({"choices": [{"message": {"content": "hello"}}]})
        )

    async def hang(self, send: Any) -> None:
        await send(
            {
                "type": "http.response.start",
                "status": 200,
                "headers": [(b"content-type", b"text/event-stream")],
            }
        )
        for _ in range(100):  # keep-alives are not an answer
            await send({"type": "http.response.body", "body": b": ping\n\n", "more_body": True})
            await asyncio.sleep(0.05)

    async def garbage(self, send: Any) -> None:
        await self._send(send, "text/event-stream", "data: {not json\n\n")

    async def speak(self, send: Any) -> None:
        await send(
            {
                "type": "http.response.start",
                "status": 200,
                "headers": [(b"content-type", b"text/event-stream")],
            }
        )
        calls = 0
        for piece in self.replies.pop(0):
            if isinstance(piece, PlantroomError):
                await send({"type": "http.response.body", "body": b"", "more_body": False})
                return
            for delta in _deltas(piece, calls):
                event = json.dumps({"choices": [{"delta": delta}]})
                await send(
                    {
                        "type": "http.response.body",
                        "body": f"data: {event}\n\n".encode(),
                        "more_body": True,
                    }
                )
            calls += isinstance(piece, ToolCall)
        await send({"type": "http.response.body", "body": b"data: [DONE]\n\n"})


_MANNERS: dict[str, Any] = {
    name: getattr(Server, name) for name in ("html", "refuse", "broken", "whole", "hang", "garbage")
}


def _deltas(piece: Piece, index: int) -> list[dict[str, Any]]:
    if isinstance(piece, Text):
        return [{"content": piece.text}]
    if isinstance(piece, Thought):
        return [{"reasoning_content": piece.text}]
    half = len(piece.raw) // 2
    head = {
        "index": index,
        "id": piece.id,
        "function": {"name": piece.name, "arguments": piece.raw[:half]},
    }
    return [
        {"tool_calls": [head]},
        {"tool_calls": [{"index": index, "function": {"arguments": piece.raw[half:]}}]},
    ]


@asynccontextmanager
async def serving(server: Server) -> AsyncIterator[HttpModel]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        config = uvicorn.Config(
            server, log_level="critical", lifespan="off", ws="none", timeout_graceful_shutdown=1
        )
        runner = uvicorn.Server(config)
        task = asyncio.create_task(runner.serve(sockets=[listener]))
        try:
            async with HttpModel(
                f"http://127.0.0.1:{listener.getsockname()[1]}/v1", patience=PATIENCE
            ) as model:
                yield model
        finally:
            runner.should_exit = True
            await task


@asynccontextmanager
async def scripted(server: Server) -> AsyncIterator[ScriptedModel]:
    yield ScriptedModel(server.replies)


@pytest.fixture(params=[scripted, serving], ids=["scripted", "http"])
def door(request: pytest.FixtureRequest) -> Any:
    return request.param


async def pieces(model: ChatModel, **how: Any) -> list[Piece]:
    return [piece async for piece in model.stream(ASK, **how)]


async def test_pieces_come_in_order_and_broken_arguments_are_kept_as_text(door: Any) -> None:
    async with door(Server([GOOD])) as model:
        assert await pieces(model, tools=[PING]) == GOOD


async def test_a_model_that_dies_in_the_middle_says_so_after_what_it_said(door: Any) -> None:
    async with door(Server([DYING])) as model:
        heard: list[Piece] = []

        async def listen() -> None:
            async for piece in model.stream(ASK):
                heard.append(piece)  # noqa: PERF401  (what was heard before the death counts)

        with pytest.raises(ModelSilent):
            await listen()
        assert heard == [Text("CH-2 ")]


async def test_a_server_is_probed_by_trying() -> None:
    able: list[Piece | PlantroomError] = [CALL]
    async with serving(Server([able, [Text('{"ok": true}')]])) as model:
        assert await model.probe() == Capabilities(
            tools=True, json_schema=True, context=4096, model="tiny"
        )
    async with serving(Server(manner="refuse")) as model:
        able = await model.probe()
        assert not able.usable
        assert "too long" in able.why


async def test_a_model_that_never_ends_its_json_is_told_by_what_it_said() -> None:
    blanks = '{"ok"' + " " * 150
    async with serving(Server([[ToolCall("c", "ping", None, blanks)], [Text(blanks)]])) as model:
        able = await model.probe()
    assert not able.usable
    assert """it said '{"ok"  """ in able.why
    assert len(able.why) < 150


@pytest.mark.parametrize("manner", ["broken", "html", "hang"])
async def test_a_server_too_busy_to_be_tried_is_silent_and_not_unable(manner: str) -> None:
    async with serving(Server(manner=manner)) as model:
        with pytest.raises(ModelSilent):
            await model.probe()


async def test_what_is_asked_for_reaches_the_server() -> None:
    server = Server([[Text("a")], [Text("b")], [Text("c")]])
    async with serving(server) as model:
        await pieces(model, tools=[PING], choice="required")
        await pieces(model, tools=[PING], choice="ping", schema={"type": "object"})
        await pieces(model, tools=[PING], choice="none")
    first, second, third = server.bodies
    assert first["tool_choice"] == "required"
    assert second["tool_choice"]["function"]["name"] == "ping"
    assert second["response_format"]["json_schema"]["strict"] is True
    assert "tools" not in third


@pytest.mark.parametrize(
    ("manner", "error", "says"),
    [
        ("html", ModelSilent, "a web page"),
        ("broken", ModelSilent, "HTTP 502"),
        ("refuse", BadRequest, "too long"),
        ("garbage", ModelSilent, "sent"),
        ("hang", ModelSilent, "quiet"),
    ],
)
async def test_a_server_that_misbehaves_is_named(
    manner: str, error: type[PlantroomError], says: str
) -> None:
    async with serving(Server(manner=manner)) as model:
        with pytest.raises(error, match=says):
            await pieces(model)


async def test_a_server_that_does_not_stream_is_heard_all_the_same() -> None:
    async with serving(Server(manner="whole")) as model:
        assert await pieces(model) == [Text("hello")]


async def test_nobody_there_is_silence_with_a_hint() -> None:
    async with HttpModel("http://127.0.0.1:9", patience=PATIENCE) as model:
        for attempt in (model.probe(), pieces(model)):
            with pytest.raises(ModelSilent) as silence:
                await attempt
            assert "playbooks" in silence.value.hint

"""A model server that answers from a rule: it reads the prompt it was sent and calls what it is told to. Real sockets."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web

from agent.plan import Step

Rule = Callable[[Sequence[Mapping[str, Any]]], Sequence[Step] | str]
"""Messages -> the calls to make, or a text to say."""


@asynccontextmanager
async def oracle(rule: Rule, heard: list[Mapping[str, Any]] | None = None) -> AsyncIterator[str]:
    """Serves on a free port; gives the URL. `heard` collects the bodies it was sent."""

    async def models(_request: web.Request) -> web.Response:
        return web.json_response({"data": [{"id": "oracle", "max_model_len": 16_384}]})

    async def complete(request: web.Request) -> web.Response:
        body = await request.json()
        if heard is not None:
            heard.append(body)
        return web.json_response({"choices": [{"message": _message(rule, body)}]})

    app = web.Application(client_max_size=4_000_000)
    app.add_routes([web.get("/v1/models", models), web.post("/v1/chat/completions", complete)])
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/v1"
    finally:
        await runner.cleanup()


def _message(rule: Rule, body: Mapping[str, Any]) -> dict[str, Any]:
    named = body.get("tool_choice")
    if isinstance(named, dict):  # the probe
        return _calling([Step(named["function"]["name"], {"ok": True})])
    if "response_format" in body:
        return {"role": "assistant", "content": '{"ok": true}'}
    said = rule(body["messages"])
    if isinstance(said, str):
        return {"role": "assistant", "content": said}
    return _calling(said)


def _calling(steps: Sequence[Step]) -> dict[str, Any]:
    calls = [
        {"id": f"c{n}", "index": n, "type": "function", "function": {"name": s.tool, "arguments": json.dumps(s.args)}}
        for n, s in enumerate(steps)
    ]  # fmt: skip
    return {"role": "assistant", "content": None, "tool_calls": calls}

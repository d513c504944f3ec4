"""The ChatModel port: an OpenAI-compatible server over HTTP, or a script.

A model streams pieces: text, thoughts and, at the end, whole tool calls. It raises ModelSilent when
the server cannot be reached, dies, hangs or answers with something that is not a completion.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Final, Protocol, Self, TypeAlias

import httpx2

from ontology.errors import BadRequest, ModelSilent, PlantroomError

Message: TypeAlias = Mapping[str, Any]
"""A chat message in OpenAI's shape: role, content, tool_calls, tool_call_id."""

MAX_ANSWER: Final = 200_000
"""Characters of one completion, thoughts included; more is a runaway model."""
MAX_ERROR: Final = 2_000
TEMPERATURE: Final = 0.2
"""Low: an engineer's answer is to be the same tomorrow."""


@dataclass(frozen=True)
class Text:
    """A piece of what the model says."""

    text: str


@dataclass(frozen=True)
class Thought:
    """A piece of its reasoning: a sign of life, never shown as an answer."""

    text: str


@dataclass(frozen=True)
class ToolCall:
    """A call the model wants. `args` is None when its arguments are not a JSON object: see `raw`."""

    id: str
    name: str
    args: Mapping[str, Any] | None
    raw: str


Piece: TypeAlias = Text | Thought | ToolCall


@dataclass(frozen=True)
class Capabilities:
    """What a server was seen to do. `context` is in tokens, 0 where it does not say; `why`: it calls no tools."""

    tools: bool
    json_schema: bool
    context: int
    model: str = ""
    why: str = ""

    @property
    def usable(self) -> bool:
        """Whether an agent can plan with it."""
        return self.tools or self.json_schema


class ChatModel(Protocol):
    """Streams one completion at a time."""

    async def probe(self) -> Capabilities:
        """What it can do, found by trying once. Raises ModelSilent."""

    def stream(
        self,
        messages: Sequence[Message],
        *,
        tools: Sequence[Mapping[str, Any]] = (),
        choice: str = "auto",
        schema: Mapping[str, Any] | None = None,
        max_tokens: int = 1_200,
    ) -> AsyncIterator[Piece]:
        """Pieces in order. `choice`: auto, required, none or a tool's name. `schema`: JSON only."""


@dataclass(frozen=True)
class Patience:
    """Seconds to wait for a connection, for the first piece, and between two pieces."""

    connect_s: float = 5.0
    first_s: float = 90.0
    idle_s: float = 30.0


class HttpModel:
    """A chat model behind an OpenAI-compatible URL, such as vLLM's; use as an async context manager."""

    def __init__(
        self, url: str, *, name: str = "", key: str = "", patience: Patience | None = None
    ) -> None:
        self._url = url.rstrip("/").removesuffix("/v1")
        self._name = name
        self._patience = patience or Patience()
        self._client = httpx2.AsyncClient(
            timeout=httpx2.Timeout(
                max(self._patience.first_s, self._patience.idle_s), connect=self._patience.connect_s
            ),
            headers={"Authorization": f"Bearer {key}"} if key else {},
            follow_redirects=False,
            trust_env=False,
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:  # fmt: skip
        await self.close()

    async def close(self) -> None:
        """Give connections back."""
        await self._client.aclose()

    async def probe(self) -> Capabilities:
        found = await self._models()
        self._name = self._name or str(found.get("id", ""))
        context = found.get("max_model_len")
        tokens = context if isinstance(context, int) and context > 0 else 0
        no_tools = await self._fault(tools=(PING,), choice="ping")
        no_schema = await self._fault(schema=_OK_SCHEMA)
        silences = [f for f in (no_tools, no_schema) if isinstance(f, ModelSilent)]
        if no_tools and no_schema and silences:
            raise silences[0]  # a server that is too busy to answer is not one that cannot
        return Capabilities(
            tools=no_tools is None, json_schema=no_schema is None, context=tokens, model=self._name, why=str(no_tools or ""),
        )  # fmt: skip

    async def stream(
        self,
        messages: Sequence[Message],
        *,
        tools: Sequence[Mapping[str, Any]] = (),
        choice: str = "auto",
        schema: Mapping[str, Any] | None = None,
        max_tokens: int = 1_200,
    ) -> AsyncIterator[Piece]:
        body: dict[str, Any] = {
            "model": self._name, "messages": list(messages), "stream": True,
            "temperature": TEMPERATURE, "max_tokens": max_tokens,
        } | _wanted(tools, choice, schema)  # fmt: skip
        calls: dict[int, _Draft] = {}
        said = 0
        async for delta in self._deltas(body):
            for piece in _said(delta):
                said += len(piece.text)
                yield piece
            for call in _objects(delta.get("tool_calls")):
                place = call.get("index")
                said += calls.setdefault(
                    place if isinstance(place, int) else len(calls), _Draft()
                ).add(call)
            if said > MAX_ANSWER:
                raise ModelSilent("the model does not stop talking", hint="lower its temperature")
        for place in sorted(calls):
            yield calls[place].done(place)

    async def _models(self) -> Mapping[str, Any]:
        try:
            answer = await self._client.get(f"{self._url}/v1/models")
            served = _objects(answer.json()["data"])
        except httpx2.HTTPError as cause:
            raise self._silent(type(cause).__name__) from cause
        except (ValueError, LookupError, TypeError, RecursionError) as cause:
            raise self._silent("its list of models is not JSON") from cause
        named = [m for m in served if not self._name or m.get("id") == self._name]
        if not named:
            raise self._silent(f"it does not serve {self._name!r}")
        return dict(named[0])

    async def _fault(self, **how: Any) -> PlantroomError | None:
        """What is wrong with a canary completion; None where it comes back as asked."""
        try:
            pieces = [p async for p in self.stream(CANARY, max_tokens=200, **how)]
        except PlantroomError as error:
            return error
        if "tools" in how:
            right = any(isinstance(p, ToolCall) and p.args is not None for p in pieces)
        else:
            right = _object("".join(p.text for p in pieces if isinstance(p, Text))) is not None
        said = "".join(p.raw if isinstance(p, ToolCall) else p.text for p in pieces)
        return None if right else BadRequest(f"tried with a short request it said {said[:80]!r}")

    async def _deltas(self, body: Mapping[str, Any]) -> AsyncIterator[Mapping[str, Any]]:
        """The `delta` of each event; a server that does not stream gives one."""
        try:
            async with self._client.stream(
                "POST", f"{self._url}/v1/chat/completions", json=body
            ) as answer:
                kind = answer.headers.get("content-type", "")
                if answer.status_code != 200 or not ("event-stream" in kind or "json" in kind):
                    raise await self._refused(answer, kind)
                if "json" in kind:
                    async with asyncio.timeout(self._patience.first_s):
                        yield _choice(await answer.aread(), "message")
                    return
                async for data in self._events(answer):
                    yield _choice(data, "delta")
        except TimeoutError as cause:
            raise self._silent("it went quiet in the middle of an answer") from cause
        except httpx2.HTTPError as cause:
            raise self._silent(type(cause).__name__) from cause

    async def _events(self, answer: httpx2.Response) -> AsyncIterator[bytes]:
        """The data of server-sent events up to [DONE]; comments do not count as life."""
        lines = answer.aiter_lines()
        wait = self._patience.first_s
        while True:
            async with asyncio.timeout(wait):
                data = await _next_data(lines)
            if data is None:
                raise self._silent("the stream ended early")
            if data == "[DONE]":
                return
            wait = self._patience.idle_s
            yield data.encode()

    async def _refused(self, answer: httpx2.Response, kind: str) -> PlantroomError:
        text = (await answer.aread())[:MAX_ERROR].decode(errors="replace")
        if answer.status_code in (400, 422):
            return BadRequest(
                f"the model server refused the request: {text:.300}", hint="see its log"
            )
        page = "a web page" if "html" in kind else f"HTTP {answer.status_code} {kind}"
        return self._silent(f"it answered with {page}")

    def _silent(self, found: str) -> ModelSilent:
        return ModelSilent(
            f"model server {self._url}: {found}",
            hint="answers come from playbooks until it is back; check the server and its URL",
        )


@dataclass
class _Draft:
    """A tool call in the making."""

    id: str = ""
    name: str = ""
    raw: str = ""

    def add(self, delta: Mapping[str, Any]) -> int:
        self.id = str(delta.get("id") or self.id)
        function = _fields(delta.get("function"))
        self.name += str(function.get("name") or "")
        more = str(function.get("arguments") or "")
        self.raw += more
        return len(more)

    def done(self, place: int) -> ToolCall:
        return ToolCall(self.id or f"call-{place}", self.name, _object(self.raw or "{}"), self.raw)


def _object(text: str) -> Mapping[str, Any] | None:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _fields(value: object) -> Mapping[str, Any]:
    """The object, {} where a server sent anything else in its place."""
    return value if isinstance(value, dict) else {}


def _objects(value: object) -> list[Mapping[str, Any]]:
    return [_fields(item) for item in value] if isinstance(value, list) else []


def _said(delta: Mapping[str, Any]) -> list[Text | Thought]:
    thought = delta.get("reasoning_content") or delta.get("reasoning")
    pieces: list[Text | Thought] = [Thought(thought)] if isinstance(thought, str) else []
    text = delta.get("content")
    return [*pieces, Text(text)] if isinstance(text, str) and text else pieces


async def _next_data(lines: AsyncIterator[str]) -> str | None:
    async for line in lines:
        if line.startswith("data:"):
            return line[5:].strip()
    return None


def _choice(data: bytes, part: str) -> Mapping[str, Any]:
    """The first choice's delta or message; {} for events without one. Raises ModelSilent."""
    found = _object(data.decode(errors="replace"))
    if found is None or "error" in found:
        raise ModelSilent(f"the model server sent {data[:200]!r}", hint="see its log")
    choices = _objects(found.get("choices"))
    return _fields(choices[0].get(part)) if choices else {}


def _wanted(
    tools: Sequence[Mapping[str, Any]], choice: str, schema: Mapping[str, Any] | None
) -> dict[str, Any]:
    """What shape the reply must have, in OpenAI's words."""
    body: dict[str, Any] = {}
    if tools and choice != "none":
        body["tools"] = list(tools)
        word = choice in ("auto", "required")
        body["tool_choice"] = choice if word else {"type": "function", "function": {"name": choice}}
    if schema is not None:
        wanted = {"name": "reply", "strict": True, "schema": dict(schema)}
        body["response_format"] = {"type": "json_schema", "json_schema": wanted}
    return body


_OK_SCHEMA: Final = {
    "type": "object",
    "properties": {"ok": {"type": "boolean"}},
    "required": ["ok"],
    "additionalProperties": False,
}
CANARY: Final[Sequence[Message]] = ({"role": "user", "content": "Reply with ok: true."},)
"""What a server is asked before it is trusted with tools: a call of PING, or an object {"ok": true}."""
PING: Final[Mapping[str, Any]] = {
    "type": "function",
    "function": {
        "name": "ping",
        "description": "Say ok.",
        "strict": True,
        "parameters": _OK_SCHEMA,
    },
}


@dataclass
class ScriptedModel:
    """Replies written in advance, one per completion; an exception in a reply is raised there."""

    replies: Sequence[Sequence[Piece | PlantroomError]]
    able: Capabilities = field(
        default=Capabilities(tools=True, json_schema=True, context=8_192, model="script")
    )
    heard: list[Sequence[Message]] = field(default_factory=list)
    choices: list[str] = field(default_factory=list)

    async def probe(self) -> Capabilities:
        return self.able

    async def stream(
        self,
        messages: Sequence[Message],
        *,
        tools: Sequence[Mapping[str, Any]] = (),
        choice: str = "auto",
        schema: Mapping[str, Any] | None = None,
        max_tokens: int = 1_200,
    ) -> AsyncIterator[Piece]:
        del schema, max_tokens
        self.heard.append(list(messages))
        self.choices.append(choice if tools else "none")
        if len(self.heard) > len(self.replies):
            raise ModelSilent("the script has ended", hint="write another reply")
        for piece in self.replies[len(self.heard) - 1]:
            await asyncio.sleep(0)
            if isinstance(piece, PlantroomError):
                raise piece
            yield piece

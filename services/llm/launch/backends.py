"""How the kinds of server are spoken to: models, canaries, health and the counters that prove that work goes on."""

from __future__ import annotations

import asyncio
import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Final, Self

import httpx2

from agent.model import CANARY, PING
from ontology.errors import ModelSilent, PlantroomError
from services.llm.box import Box, Replica

MOST_BODY: Final = 4_000_000
"""Bytes of an answer; vLLM's metrics with many adapters are about 300 kB."""
SHOWN: Final = 200
LOOK_S: Final = 2.0
"""Patience for routes that need no GPU; longer, and looking once a second would not be once a second."""
TOOL: Final = "ping"
"""The tool of `agent.model.PING`: one argument, ok, a boolean."""
CANARY_TOKENS: Final = 256
"""Of the tool call: {"ok": true} is eight; a model that thinks first needs room."""


@dataclass(frozen=True, slots=True)
class Dialect:
    """Names of one kind's metrics. `progress`: each changes only when the engine itself has taken a step."""

    progress: tuple[str, ...]
    running: str
    waiting: str
    kv_used: str
    health: str = ""
    vital: str = ""
    """How the titles of programs begin without which the engine cannot go on."""


DIALECTS: Final = {
    # A step that only reads a chunk of a long prompt counts no iteration; the cache it fills is told all the same.
    "vllm": Dialect(
        ("vllm:iteration_tokens_total_count", "vllm:generation_tokens_total", "vllm:prompt_tokens_total",
         "vllm:kv_cache_usage_perc", "vllm:num_requests_running", "vllm:num_preemptions_total",
         "vllm:prefix_cache_queries_total"),
        "vllm:num_requests_running", "vllm:num_requests_waiting", "vllm:kv_cache_usage_perc", "/health", "VLLM::",
    ),
    # n_decode_total counts calls of llama_decode, those that read a prompt too
    "llama.cpp": Dialect(
        ("llamacpp:n_decode_total", "llamacpp:tokens_predicted_total", "llamacpp:prompt_tokens_total"),
        "llamacpp:requests_processing", "llamacpp:requests_deferred", "llamacpp:kv_cache_usage_ratio", "/health",
    ),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Counters:
    """What a server says of its work. `kv_used` is a share, 0 to 1; None: it does not tell."""

    progress: tuple[float, ...]
    running: float | None
    waiting: float | None
    kv_used: float | None


class WrongAnswer(ModelSilent):
    """It answered, and not as such a server answers: waiting or starting it again seldom helps."""

    code = "wrong-answer"


class Busy(ModelSilent):
    """It refused the request and is alive: 4xx."""

    code = "busy"


class Backend:
    """One replica's server over HTTP, past any gateway. Use as an async context manager."""

    def __init__(self, box: Box, replica: Replica, *, key: str = "") -> None:
        self.name = box.served.name
        self.base = replica.base
        self._kind = box.engine.kind
        self._http = httpx2.AsyncClient(
            headers={"Authorization": f"Bearer {key}"} if key else {}, timeout=LOOK_S,
            follow_redirects=False, trust_env=False,
        )  # fmt: skip

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:  # fmt: skip
        await self._http.aclose()

    async def healthy(self) -> bool | None:
        """False: it says itself that its engine is dead, or nobody listens; True proves nothing; None: it does not tell."""
        dialect = DIALECTS.get(self._kind)
        if dialect is None:
            return None
        try:
            answer = await self._http.get(self.base + dialect.health)
        except httpx2.ConnectError:
            return False
        except httpx2.HTTPError:
            return None
        return {200: True, 503: False}.get(answer.status_code)

    async def counters(self) -> Counters | None:
        """None: silence, or a server that tells no counters of its engine."""
        try:
            status, _, body = await self._ask("GET", "/metrics", None, LOOK_S)
        except PlantroomError:
            return None
        told = samples(body) if status == 200 else {}
        for dialect in DIALECTS.values():
            if dialect.progress[0] in told:
                return Counters(
                    tuple(told.get(name, math.nan) for name in dialect.progress if name in told),
                    told.get(dialect.running), told.get(dialect.waiting), told.get(dialect.kv_used),
                )  # fmt: skip
        return None

    async def models(self) -> tuple[str, ...]:
        """Names it serves. Raises ModelSilent while it is silent or loading, WrongAnswer for anything else."""
        found = await self._json("GET", "/v1/models", None, LOOK_S)
        listed = found.get("data")
        if not isinstance(listed, list):
            raise WrongAnswer(f"{self.base}/v1/models gave no list of models", hint=_NOT_A_MODEL_SERVER)  # fmt: skip
        return tuple(str(one["id"]) for one in listed if isinstance(one, Mapping) and "id" in one)

    async def complete(self, within_s: float) -> None:
        """A completion of one token. Raises ModelSilent, WrongAnswer, Busy."""
        await self._canary({"max_tokens": 1}, within_s)

    async def call_tool(self, within_s: float) -> None:
        """A call of a tool that is named, with arguments of its schema. Raises as `complete`."""
        choice = {"type": "function", "function": {"name": TOOL}}
        said = await self._canary(
            {"max_tokens": CANARY_TOKENS, "tools": [PING], "tool_choice": choice}, within_s
        )
        calls = (said.get("message") or {}).get("tool_calls") or []
        if not calls:
            text = _shown(json.dumps(said.get("message")))
            raise WrongAnswer(f"asked to call a tool, it gave {text}", hint=_PARSER)
        function = calls[0].get("function") or {}
        arguments = function.get("arguments")
        if function.get("name") != TOOL or not _holds_ok(arguments):
            raise WrongAnswer(f"its tool call is malformed: {_shown(json.dumps(function))}", hint=_PARSER)  # fmt: skip

    async def _canary(self, more: Mapping[str, Any], within_s: float) -> Mapping[str, Any]:
        """The first choice of a short chat."""
        asked = list(CANARY)
        body = {"model": self.name, "messages": asked, "temperature": 0, "stream": False, **more}
        found = await self._json("POST", "/v1/chat/completions", body, within_s)
        choices = found.get("choices")
        if not (isinstance(choices, list) and choices and isinstance(choices[0], dict)):
            raise WrongAnswer(f"{self.base} answered without a choice: {_shown(json.dumps(found))}", hint=_NOT_A_MODEL_SERVER)  # fmt: skip
        return dict(choices[0])

    async def _json(
        self, verb: str, path: str, body: Mapping[str, Any] | None, within_s: float
    ) -> Mapping[str, Any]:
        status, kind, text = await self._ask(verb, path, body, within_s)
        where = f"{self.base}{path}"
        if status >= 500:
            raise ModelSilent(f"{where} answered {status}: {_shown(text)}", hint="its log says why")
        if status in (408, 409, 425, 429):
            raise Busy(f"{where} answered {status}: {_shown(text)}")
        if "html" in kind or text.lstrip()[:1] == "<":
            raise WrongAnswer(f"{where} gave a web page (HTTP {status}, {kind or 'no type'}) instead of JSON", hint=_NOT_A_MODEL_SERVER)  # fmt: skip
        if status != 200:
            raise WrongAnswer(f"{where} answered {status}: {_shown(text)}", hint=_REFUSALS.get(status, _TEMPLATE))  # fmt: skip
        try:
            found = json.loads(text)
        except (ValueError, RecursionError) as cause:
            raise WrongAnswer(f"{where} gave no JSON: {_shown(text)}", hint=_NOT_A_MODEL_SERVER) from cause  # fmt: skip
        if not isinstance(found, dict):
            raise WrongAnswer(f"{where} gave {_shown(text)}", hint=_NOT_A_MODEL_SERVER)
        return found

    async def _ask(
        self, verb: str, path: str, body: Mapping[str, Any] | None, within_s: float
    ) -> tuple[int, str, str]:
        """Status, content type and text. Raises ModelSilent for silence, WrongAnswer for a body without end."""
        pieces, size = [], 0
        try:
            async with asyncio.timeout(within_s), self._http.stream(
                verb, self.base + path, json=body, timeout=within_s
            ) as answer:  # fmt: skip
                async for piece in answer.aiter_bytes():
                    pieces.append(piece)
                    size += len(piece)
                    if size > MOST_BODY:
                        raise WrongAnswer(f"{self.base}{path} answers without end", hint=_NOT_A_MODEL_SERVER)  # fmt: skip
                kind = answer.headers.get("content-type", "")
                return answer.status_code, kind, b"".join(pieces).decode(errors="replace")
        except (TimeoutError, httpx2.TimeoutException) as cause:
            raise ModelSilent(f"{self.base}{path} gave no answer in {within_s:g} s", hint=_HANGS) from cause  # fmt: skip
        except httpx2.HTTPError as cause:
            raise ModelSilent(f"{self.base}{path}: {type(cause).__name__}", hint="nothing listens there, or it hung up") from cause  # fmt: skip


_SAMPLE: Final = re.compile(
    r"^([A-Za-z_:][\w:]*)(?:\{[^\n]*\})? ([-+.\w]+)(?: \d+)?$", re.MULTILINE
)


def samples(text: str) -> dict[str, float]:
    """Metrics in Prometheus' text format: each name's sum over its labels; what is no number is left out.

    >>> samples('a{x="1"} 2\\na{x="2"} 3\\n# HELP b it\\nb 0.5')
    {'a': 5.0, 'b': 0.5}
    """
    if text[:1] == '"':  # some builds of llama.cpp's server send the text as a JSON string
        try:
            text = str(json.loads(text))
        except ValueError:
            return {}
    found: dict[str, float] = {}
    for name, value in _SAMPLE.findall(text):
        try:
            number = float(value)
        except ValueError:
            continue
        if math.isfinite(number):
            found[name] = found.get(name, 0.0) + number
    return found


_NOT_A_MODEL_SERVER: Final = (
    "the URL leads to something else, or a proxy answers for it: check host, port and path"
)
_HANGS: Final = "it accepts and does not answer: its engine hangs, or its queue is longer than that"
_TEMPLATE: Final = "the model may have no chat template: give --chat-template"
_PARSER: Final = (
    "set `served.tool_parser` to the model's own (hermes, llama3_json, mistral, ...); vLLM also needs "
    "--tool-strict-level parameter, llama.cpp --jinja and a template with tools"
)
_REFUSALS: Final = {
    401: "it wants a key: set VLLM_API_KEY (LLAMA_API_KEY, OPENAI_API_KEY) in the environment of `plantroom llm serve`",
    403: "the key is not allowed there",
    404: "it serves no such model or route: check `served.name` and the URL",
}  # fmt: skip


def _shown(text: str) -> str:
    return " ".join(text.split())[:SHOWN] or "nothing"


def _holds_ok(arguments: object) -> bool:
    try:
        found = json.loads(arguments) if isinstance(arguments, str) else arguments
    except (ValueError, RecursionError):
        return False
    return isinstance(found, dict) and isinstance(found.get("ok"), bool)

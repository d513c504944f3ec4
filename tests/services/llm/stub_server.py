"""A small honest OpenAI-compatible server with an engine of its own: steps, slots, workers that really are child processes.

    python tests/services/llm/stub_server.py --port 8001 [--model NAME] [--latency-ms 5] [--workers 2] ...

As in vLLM each step of the engine waits for every worker: one that is stopped freezes completions while /health stays
200 and the counters stand still; one that is killed makes /health 503 while this process lives on. POST /stub
{"mode": ...} changes how it behaves, GET /stub tells what it has seen. Flags that it does not know are ignored, so that
a launch line of a real server starts it too.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import sys
import time
from collections import deque
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

MODES = ("ok", "hang", "html", "malformed", "die", "slow", "error", "cut", "unhealthy")
CHUNK = 512  # prompt tokens read per step
KV_TOKENS = 100_000
HTML = "<html><body><h1>502 Bad Gateway</h1></body></html>"


@dataclass
class Asked:
    """One request in the engine; `out` gives an index per token and None at its end."""

    prompt: int
    tokens: int
    out: asyncio.Queue[int | None] = field(default_factory=asyncio.Queue)
    read: int = 0
    said: int = 0

    @property
    def held(self) -> int:
        return min(self.read, self.prompt) + self.said


class Engine:
    """Takes steps while something runs; each step is one token for all that run, once their prompts are read."""

    def __init__(self, flags: argparse.Namespace) -> None:
        self.flags = flags
        self.mode = flags.mode
        self.waiting: deque[Asked] = deque()
        self.running: list[Asked] = []
        self.workers: list[asyncio.subprocess.Process] = []
        self.dead = False
        self.wake = asyncio.Event()
        self.iterations = self.generated = self.prompted = self.steps = self.aborted = 0
        self.shown = (0, 0, 0.0)  # running, waiting, KV use: as last told by a finished step

    async def start(self) -> None:
        for _ in range(self.flags.workers):
            self.workers.append(
                await asyncio.create_subprocess_exec(
                    sys.executable, "-c", WORKER, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
                )
            )  # fmt: skip

    async def live(self) -> None:
        while True:
            if not (self.running or self.waiting):
                self.wake.clear()
                await self.wake.wait()
            while self.waiting and len(self.running) < self.flags.slots:
                self.running.append(self.waiting.popleft())
            await self._step()

    async def _step(self) -> None:
        reading = any(one.read < one.prompt for one in self.running)
        slow = 20.0 if self.mode == "slow" else 1.0
        pause = self.flags.prefill_ms if reading else self.flags.latency_ms
        await asyncio.sleep(pause * slow / 1e3)
        try:
            await asyncio.gather(*(self._worker(one) for one in self.workers))
        except OSError:
            self.dead = True
            for one in [*self.running, *self.waiting]:
                one.out.put_nowait(None)
            self.running.clear()
            self.waiting.clear()
            return
        self.steps += 1
        told = [self._advance(one) for one in list(self.running)]
        self.iterations += any(told)  # as vLLM: a step that only reads prompts is not counted
        held = sum(one.held for one in self.running)
        self.shown = (len(self.running), len(self.waiting), min(1.0, held / KV_TOKENS))

    def _advance(self, one: Asked) -> bool:
        if one.read < one.prompt:
            one.read += CHUNK
            if one.read < one.prompt:
                return False
            self.prompted += one.prompt
        one.said += 1
        self.generated += 1
        one.out.put_nowait(one.said - 1)
        if one.said >= one.tokens:
            one.out.put_nowait(None)
            self.running.remove(one)
        return True

    async def _worker(self, worker: asyncio.subprocess.Process) -> None:
        assert worker.stdin is not None
        assert worker.stdout is not None
        worker.stdin.write(b".\n")
        await worker.stdin.drain()
        if not await worker.stdout.readline():
            raise BrokenPipeError

    def ask(self, prompt: int, tokens: int) -> Asked:
        one = Asked(prompt, tokens)
        self.waiting.append(one)
        self.wake.set()
        return one

    def drop(self, one: Asked) -> None:
        """The client left before its end."""
        for place in (self.running, self.waiting):
            if one in place:
                place.remove(one)
                self.aborted += 1

    @property
    def broken(self) -> bool:
        return self.dead or any(worker.returncode is not None for worker in self.workers)


WORKER = """\
import sys
for line in sys.stdin:
    sys.stdout.write(line)
    sys.stdout.flush()
"""


class Stub:
    """The HTTP side."""

    def __init__(self, flags: argparse.Namespace) -> None:
        self.flags = flags
        self.engine = Engine(flags)
        self.loaded: dict[str, str] = {}
        self.requests: deque[dict[str, Any]] = deque(maxlen=5_000)
        self.open = 0
        self.total = 0

    def app(self) -> web.Application:
        app = web.Application(client_max_size=64 * 2**20)
        app.add_routes([
            web.get("/health", self.health), web.get("/v1/models", self.models), web.get("/metrics", self.metrics),
            web.get("/slots", self.slots), web.get("/stub", self.seen), web.post("/stub", self.change),
            web.post("/v1/chat/completions", self.chat), web.post("/v1/completions", self.completions),
            web.post("/v1/load_lora_adapter", self.load), web.post("/v1/unload_lora_adapter", self.unload),
        ])  # fmt: skip
        app.cleanup_ctx.append(self._living)
        return app

    async def _living(self, _: web.Application) -> Any:
        await self.engine.start()
        loop = asyncio.create_task(self.engine.live())
        yield
        loop.cancel()
        for worker in self.engine.workers:
            if worker.returncode is None:
                worker.kill()
                await worker.wait()

    async def health(self, _: web.Request) -> web.Response:
        ill = self.engine.broken or self.engine.mode == "unhealthy"
        return web.Response(status=503 if ill else 200)

    async def models(self, _: web.Request) -> web.Response:
        names = [self.flags.served_model_name or self.flags.model, *self.loaded]
        listed = [{"id": name, "object": "model", "max_model_len": self.flags.context} for name in names]  # fmt: skip
        return web.json_response({"object": "list", "data": listed})

    async def metrics(self, _: web.Request) -> web.Response:
        engine = self.engine
        running, waiting, used = engine.shown
        label = f'{{engine="0",model_name="{self.flags.served_model_name or self.flags.model}"}}'
        shown = [
            ("vllm:num_requests_running", "gauge", float(running)),
            ("vllm:num_requests_waiting", "gauge", float(waiting)),
            ("vllm:kv_cache_usage_perc", "gauge", used),
            ("vllm:generation_tokens_total", "counter", float(engine.generated)),
            ("vllm:prompt_tokens_total", "counter", float(engine.prompted)),
        ]
        lines = [f"# TYPE {name} {kind}\n{name}{label} {value}" for name, kind, value in shown]
        lines.append(
            "# TYPE vllm:iteration_tokens_total histogram\n"
            f"vllm:iteration_tokens_total_sum{label} {float(engine.generated)}\n"
            f"vllm:iteration_tokens_total_count{label} {float(engine.iterations)}"
        )
        if self.flags.llama:
            lines = [
                f"llamacpp:n_decode_total {engine.steps}", f"llamacpp:tokens_predicted_total {engine.generated}",
                f"llamacpp:requests_processing {running}", f"llamacpp:requests_deferred {waiting}",
            ]  # fmt: skip
        return web.Response(text="\n".join(lines) + "\n")

    async def slots(self, _: web.Request) -> web.Response:
        busy = len(self.engine.running)
        return web.json_response([{"id": i, "is_processing": i < busy} for i in range(self.flags.slots)])  # fmt: skip

    async def seen(self, _: web.Request) -> web.Response:
        engine = self.engine
        return web.json_response({
            "mode": engine.mode, "requests": self.total, "last": list(self.requests)[-50:], "in_flight": self.open,
            "aborted": engine.aborted, "workers": [worker.pid for worker in engine.workers], "pid": os.getpid(),
            "steps": engine.steps, "adapters": self.loaded,
        })  # fmt: skip

    async def change(self, request: web.Request) -> web.Response:
        mode = (await request.json()).get("mode")
        if mode not in MODES:
            return web.json_response({"error": f"mode must be one of {', '.join(MODES)}"}, status=400)  # fmt: skip
        if mode == "die":
            os._exit(1)
        self.engine.mode = mode
        return web.json_response({"mode": mode})

    async def chat(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        prompt = sum(len(str(m.get("content") or "").split()) for m in body.get("messages", []))
        return await self._answer(request, body, prompt, chat=True)

    async def completions(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        return await self._answer(request, body, len(str(body.get("prompt", "")).split()), chat=False)  # fmt: skip

    async def _answer(
        self, request: web.Request, body: dict[str, Any], prompt: int, *, chat: bool
    ) -> web.StreamResponse:
        self.total += 1
        self.open += 1
        self.requests.append({
            "at": time.time(), "model": body.get("model"), "prompt": prompt, "path": request.path,
            "headers": {k.lower(): v for k, v in request.headers.items() if k.lower().startswith("x-")},
        })  # fmt: skip
        try:
            return await self._refused(body) or await self._said(request, body, prompt, chat=chat)
        finally:
            self.open -= 1

    async def _refused(self, body: dict[str, Any]) -> web.Response | None:
        mode = self.engine.mode
        if mode == "hang":
            await asyncio.sleep(3600)
        if mode == "html":
            return web.Response(text=HTML, content_type="text/html")
        if mode == "error" or self.engine.broken:
            return _error(500, "EngineCore encountered an issue. See stack trace above for the root cause.")  # fmt: skip
        known = (self.flags.served_model_name or self.flags.model, *self.loaded)
        if body.get("model") not in (None, "", *known):
            return _error(404, f"The model `{body.get('model')}` does not exist.")
        if body.get("tools") and body.get("tool_choice", "auto") == "auto" and self.flags.no_tools:
            return _error(400, '"auto" tool choice requires --enable-auto-tool-choice and --tool-call-parser to be set')  # fmt: skip
        return None

    async def _said(
        self, request: web.Request, body: dict[str, Any], prompt: int, *, chat: bool
    ) -> web.StreamResponse:
        pieces = self._pieces(body)
        tokens = len(pieces) if pieces else int(body.get("max_tokens") or body.get("max_completion_tokens") or 16)  # fmt: skip
        one = self.engine.ask(prompt, tokens)
        shape = _Shape(str(body.get("model") or self.flags.model), chat, bool(pieces and body.get("tools")), _tool(body))  # fmt: skip
        try:
            if body.get("stream"):
                return await self._streamed(request, one, pieces, shape, body)
            text = ""
            while (index := await one.out.get()) is not None:
                text += pieces[index] if pieces else f"t{index} "
            if self.engine.broken:
                return _error(500, "EngineCore encountered an issue.")
            return web.json_response(shape.whole(text, prompt, tokens))
        finally:
            self.engine.drop(one)

    async def _streamed(
        self,
        request: web.Request,
        one: Asked,
        pieces: list[str],
        shape: _Shape,
        body: dict[str, Any],
    ) -> web.StreamResponse:
        answer = web.StreamResponse(headers={"Content-Type": "text/event-stream; charset=utf-8"})
        index = await one.out.get()  # as vLLM: headers leave with the first token
        await answer.prepare(request)
        while index is not None:
            text = pieces[index] if pieces else f"t{index} "
            await answer.write(_event(shape.delta(text, first=index == 0)))
            if self.engine.mode == "cut" and index >= 1:
                assert request.transport is not None
                request.transport.abort()
                return answer
            index = await one.out.get()
        if self.engine.broken:
            await answer.write(_event({"error": {"message": "EngineCore died", "code": 500}}))
            return answer
        await answer.write(_event(shape.end()))
        if (body.get("stream_options") or {}).get("include_usage"):
            await answer.write(_event(shape.usage(one.prompt, one.said)))
        await answer.write(b"data: [DONE]\n\n")
        return answer

    def _pieces(self, body: dict[str, Any]) -> list[str]:
        """The answer where its text is given: a tool's arguments, JSON of a schema; else none: t0 t1 t2 ..."""
        tool = _tool(body)
        if tool is not None:
            text = json.dumps(_sample(tool.get("parameters") or {}))
            if self.engine.mode == "malformed":
                text = text[:-1] + ', "cut": '
            return [text[at : at + 6] for at in range(0, len(text), 6)]
        wanted = body.get("response_format") or {}
        if wanted.get("type") == "json_schema":
            return [json.dumps(_sample(wanted["json_schema"].get("schema", {})))]
        return []

    async def load(self, request: web.Request) -> web.Response:
        body = await request.json()
        name, path = body.get("lora_name"), body.get("lora_path")
        if not name or not path:
            return _error(400, "Both 'lora_name' and 'lora_path' must be provided.")
        if name in self.loaded and not body.get("load_inplace"):
            return _error(400, f"The lora adapter '{name}' has already been loaded.")
        if not os.path.isdir(path):  # noqa: ASYNC240, PTH112  (a folder on this disk, of a test)
            return _error(404, f"Loading lora {name} failed: No adapter found for {path}")
        self.loaded[name] = path
        return web.Response(text=f"Success: LoRA adapter '{name}' added successfully.")

    async def unload(self, request: web.Request) -> web.Response:
        name = (await request.json()).get("lora_name")
        if name not in self.loaded:
            return _error(404, f"The lora adapter '{name}' cannot be found.")
        del self.loaded[name]
        return web.Response(text=f"Success: LoRA adapter '{name}' removed successfully.")


@dataclass
class _Shape:
    """OpenAI's JSON around the text."""

    model: str
    chat: bool
    called: bool
    tool: dict[str, Any] | None

    def _head(self, kind: str) -> dict[str, Any]:
        return {"id": "chatcmpl-stub", "object": kind, "created": int(time.time()), "model": self.model}  # fmt: skip

    def whole(self, text: str, prompt: int, tokens: int) -> dict[str, Any]:
        used = {"prompt_tokens": prompt, "completion_tokens": tokens, "total_tokens": prompt + tokens}  # fmt: skip
        choice: dict[str, Any] = {"index": 0, "finish_reason": "stop" if self.called else "length"}
        if not self.chat:
            choice["text"] = text
        elif self.called and self.tool:
            call = {"id": "call-1", "type": "function", "function": {"name": self.tool["name"], "arguments": text}}  # fmt: skip
            choice["message"] = {"role": "assistant", "content": None, "tool_calls": [call]}
        else:
            choice["message"] = {"role": "assistant", "content": text}
        kind = "chat.completion" if self.chat else "text_completion"
        return {**self._head(kind), "choices": [choice], "usage": used}

    def delta(self, text: str, *, first: bool) -> dict[str, Any]:
        if not self.chat:
            choice: dict[str, Any] = {"index": 0, "text": text, "finish_reason": None}
            return {**self._head("text_completion"), "choices": [choice]}
        if self.called and self.tool:
            call: dict[str, Any] = {"index": 0, "function": {"arguments": text}}
            if first:
                call |= {"id": "call-1", "type": "function"}
                call["function"]["name"] = self.tool["name"]
            said: dict[str, Any] = {"tool_calls": [call]}
        else:
            said = {"content": text}
        if first:
            said["role"] = "assistant"
        choice = {"index": 0, "delta": said, "finish_reason": None}
        return {**self._head("chat.completion.chunk"), "choices": [choice]}

    def end(self) -> dict[str, Any]:
        last: dict[str, Any] = {"delta": {}} if self.chat else {"text": ""}
        choice = {"index": 0, "finish_reason": "stop" if self.called else "length", **last}
        kind = "chat.completion.chunk" if self.chat else "text_completion"
        return {**self._head(kind), "choices": [choice]}

    def usage(self, prompt: int, tokens: int) -> dict[str, Any]:
        used = {"prompt_tokens": prompt, "completion_tokens": tokens, "total_tokens": prompt + tokens}  # fmt: skip
        kind = "chat.completion.chunk" if self.chat else "text_completion"
        return {**self._head(kind), "choices": [], "usage": used}


def _tool(body: dict[str, Any]) -> dict[str, Any] | None:
    """The function that must be called: the one named, or the first of those required."""
    choice, tools = body.get("tool_choice", "auto"), body.get("tools") or []
    known = {tool["function"]["name"]: tool["function"] for tool in tools}
    if isinstance(choice, dict):
        return known.get(choice["function"]["name"])
    return next(iter(known.values()), None) if choice == "required" else None


def _sample(schema: dict[str, Any]) -> Any:
    """A value that the schema allows, for the small schemas of tools."""
    if "enum" in schema:
        return schema["enum"][0]
    kind = schema.get("type", "object")
    plain = {"string": "x", "integer": 1, "number": 1.0, "boolean": True, "array": [], "null": None}
    if kind in plain:
        return plain[kind]
    needed = schema.get("required", [])
    return {name: _sample(s) for name, s in schema.get("properties", {}).items() if name in needed}


def _event(body: dict[str, Any]) -> bytes:
    return f"data: {json.dumps(body)}\n\n".encode()


def _error(status: int, message: str) -> web.Response:
    kind = {400: "BadRequestError", 404: "NotFoundError"}.get(status, "InternalServerError")
    return web.json_response({"error": {"message": message, "type": kind, "param": None, "code": status}}, status=status)  # fmt: skip


def flags_of(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(allow_abbrev=False)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--model", default="chief")
    parser.add_argument("--served-model-name", "--alias", default="")
    parser.add_argument("--latency-ms", type=float, default=2.0, help="per step of one token")
    parser.add_argument("--prefill-ms", type=float, default=2.0, help=f"per step of {CHUNK} prompt tokens")  # fmt: skip
    parser.add_argument("--slots", type=int, default=256, help="requests that run at once; others wait")  # fmt: skip
    parser.add_argument("--workers", type=int, default=0, help="child processes each step waits for")  # fmt: skip
    parser.add_argument("--context", type=int, default=16_384)
    parser.add_argument("--load-s", type=float, default=0.0, help="before the port opens")
    parser.add_argument("--fail", default="", help="print this and end with 1 instead of serving")
    parser.add_argument("--mode", choices=MODES, default="ok")
    parser.add_argument("--no-tools", action="store_true", help='refuse tool_choice "auto"')
    parser.add_argument("--llama", action="store_true", help="metrics in llama.cpp's names")
    parser.add_argument("--deaf", action="store_true", help="ignore SIGTERM")
    return parser.parse_known_args(arguments)[0]


def main() -> None:
    flags = flags_of(sys.argv[1:])
    sys.stdout.write(f"stub: loading {flags.model}\n")
    sys.stdout.flush()
    time.sleep(flags.load_s)
    if flags.fail:
        sys.exit(flags.fail)
    app = Stub(flags).app()
    if flags.deaf:
        app.on_startup.append(_deafen)
    web.run_app(app, host=flags.host, port=flags.port, print=None, handle_signals=not flags.deaf, access_log=None, shutdown_timeout=1.0)  # fmt: skip


async def _deafen(_: web.Application) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)


if __name__ == "__main__":
    main()

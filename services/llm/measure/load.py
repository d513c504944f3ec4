"""A load on any OpenAI-compatible server, closed (so many at once) or open (so many a second), and what it answered."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any, Final

import aiohttp

from ontology.errors import BadRequest, ModelSilent
from services.llm.measure.answer import ask
from services.llm.measure.figures import Measured, Tally, plain
from services.llm.measure.how import How
from services.llm.measure.prompts import Length, learned, prompts, some_words
from services.llm.measure.timed import Api, Timed, Wrong
from services.llm.sizing.speed import Workload

MOST_AT_ONCE: Final = 4_096
"""Requests in flight: above it an open loop measures this client's sockets, not the server."""
SHORT, LONG = 16, 144
"""Words of the two prompts whose tokens the server is asked to count."""
MOST_BODY: Final = 4_000_000
_HELD_BACK: Final = (
    "a server with a parser of tool calls holds back what may become one; "
    "--api completions measures without the parser"
)
ONE_TOKEN: Final = {"ignore_eos": True, "min_tokens": 1}

Tick = Callable[[int, int], None]
"""Told after each request: how many have ended, and of how many."""


@dataclass(frozen=True, slots=True)
class Server:
    """A server as it showed itself: `exact` whether it takes ignore_eos, `length` how its tokenizer counts words."""

    url: str
    model: str
    api: Api
    length: Length
    exact: bool
    notes: tuple[str, ...] = ()


async def load(
    url: str, model: str, workload: Workload, how: How | None = None, *, tick: Tick | None = None
) -> Measured:
    """Meet the server, make prompts of the workload's length, send them, give the figures.

    `model` "": the first that the server lists. What single requests meet (a hang, a web page, a torn stream) is counted
    and told in the figures. Raises ModelSilent where nothing listens or the server lists no model, BadRequest where it
    does not know the model or the load is beyond bounds.
    """
    how = how or How()
    async with session(how) as client:
        server = await meet(client, url, model, how)
        return await put(client, server, workload, how, tick=tick)


@asynccontextmanager
async def session(how: How) -> AsyncIterator[aiohttp.ClientSession]:
    """A client whose connections are as many as the load needs; it looks at no proxy of the environment."""
    head = {"Authorization": f"Bearer {how.key}"} if how.key else {}
    wait = aiohttp.ClientTimeout(total=None, sock_connect=how.limits.connect_s)
    connector = aiohttp.TCPConnector(limit=MOST_AT_ONCE, keepalive_timeout=60)
    async with aiohttp.ClientSession(connector=connector, timeout=wait, headers=head, auto_decompress=False) as made:  # fmt: skip
        yield made


async def meet(client: aiohttp.ClientSession, url: str, model: str, how: How) -> Server:
    """Find the model, learn how the server counts tokens and whether it writes on past the end of a text."""
    url = url.rstrip("/").removesuffix("/v1")
    model = await _model(client, url, model, how)
    unknown = Server(url, model, how.api, Length(), exact=True)
    rng = random.Random(how.seed ^ 0x5EED)  # noqa: S311  (words, no secrets)
    texts = [some_words(rng, n) for n in (SHORT, LONG)]
    first, exact = await _first(client, unknown, texts[0], how)
    server = replace(unknown, exact=exact)
    notes = [] if exact else ["the server refuses ignore_eos: answers may be shorter than asked"]
    length = await _length(client, server, texts, first, how)
    if length is None:
        notes.append(
            "the server counts no tokens: lengths of prompts are guessed, tokens are chunks"
        )
    return replace(server, length=length or Length(), notes=tuple(notes))


async def _length(
    client: aiohttp.ClientSession, server: Server, texts: Sequence[str], first: Timed, how: How
) -> Length | None:
    """How the tokenizer counts words: by /tokenize, else by the usage of two requests; None where it tells neither."""
    counted = await _tokenized(client, server, texts)
    if counted is not None:
        return learned((SHORT, counted[0]), (LONG, counted[1]), "/tokenize")
    second = await _try(client, server, texts[1], how)
    if first.prompt_tokens is None or second.prompt_tokens is None:
        return None
    return learned((SHORT, first.prompt_tokens), (LONG, second.prompt_tokens), "usage")


async def put(
    client: aiohttp.ClientSession, server: Server, workload: Workload, how: How, *, tick: Tick | None = None
) -> Measured:  # fmt: skip
    """The load itself: a warm-up that is not counted, then the requests."""
    count = how.count(workload)
    warm = min(32, workload.concurrency) if how.warm is None else how.warm
    texts = prompts(count + warm, workload.isl, server.length, shared=how.shared, seed=how.seed + workload.concurrency)  # fmt: skip
    bodies = [body(server, text, workload.osl) for text in texts]
    if warm:
        await send(client, server, bodies[:warm], replace(how, rate_s=None), max(1, warm))
    tally, seconds = await send(client, server, bodies[warm:], how, workload.concurrency, tick=tick)
    notes = [*server.notes]
    if len(tally.done) < count:
        notes.append(f"ended after {how.most_s:.0f} s: {count - len(tally.done)} requests were not measured")  # fmt: skip
    return tally.measured(workload, seconds, slo=how.slo, rate_s=how.rate_s, notes=notes)


async def send(
    client: aiohttp.ClientSession,
    server: Server,
    bodies: Sequence[Mapping[str, Any]],
    how: How,
    at_once: int,
    *,
    tick: Tick | None = None,
) -> tuple[Tally, float]:
    """Send these bodies, so many at once or at the rate of `how`; the answers and the seconds it took.

    Ends after `how.most_s`: what has not ended by then is left out.
    """
    clock = asyncio.get_running_loop().time
    tally, began = Tally(), clock()

    async def one(body: Mapping[str, Any]) -> None:
        tally.done.append(await ask(client, server.url, server.api, body, limits=how.limits, began=began))  # fmt: skip
        if tick:
            tick(len(tally.done), len(bodies))

    try:
        async with asyncio.timeout(how.most_s):
            if how.rate_s is None:
                await _closed(one, bodies, min(at_once, MOST_AT_ONCE))
            else:
                await _open(one, bodies, how.rate_s, how.seed)
    except TimeoutError:
        pass  # said by who counts: fewer have ended than were sent
    return tally, max(clock() - began, 1e-9)


One = Callable[[Mapping[str, Any]], Any]


async def _closed(one: One, bodies: Iterable[Mapping[str, Any]], at_once: int) -> None:
    """So many conversations: each asks again when it was answered."""
    rest = iter(bodies)

    async def conversation() -> None:
        for body in rest:
            await one(body)

    async with asyncio.TaskGroup() as group:
        for _ in range(at_once):
            group.create_task(conversation())


async def _open(one: One, bodies: Sequence[Mapping[str, Any]], rate_s: float, seed: int) -> None:
    """Requests at random instants, whether or not earlier ones were answered; never more than MOST_AT_ONCE in flight."""
    rng = random.Random(seed)  # noqa: S311  (instants, no secrets)
    clock = asyncio.get_running_loop().time
    room, due = asyncio.Semaphore(MOST_AT_ONCE), clock()

    async def held(body: Mapping[str, Any]) -> None:
        try:
            await one(body)
        finally:
            room.release()

    async with asyncio.TaskGroup() as group:
        for body in bodies:
            await asyncio.sleep(max(0.0, due - clock()))
            await room.acquire()
            group.create_task(held(body))
            due += rng.expovariate(rate_s)


def body(server: Server, text: str, osl: int) -> dict[str, Any]:
    """One request: greedy, streamed, with usage at its end; of exactly `osl` tokens where the server can."""
    made: dict[str, Any] = {
        "model": server.model, "stream": True, "stream_options": {"include_usage": True},
        "max_tokens": osl, "temperature": 0.0,
    }  # fmt: skip
    if server.api is Api.CHAT:
        made["messages"] = [{"role": "user", "content": text}]
    else:
        made["prompt"] = text
    return made | ({**ONE_TOKEN, "min_tokens": osl} if server.exact else {})


async def _model(client: aiohttp.ClientSession, url: str, model: str, how: How) -> str:
    """The model's name; where none was given the first of the list. Raises ModelSilent or BadRequest."""
    found = await _json(client, "GET", f"{url}/v1/models", None, how.limits.connect_s)
    listed = found.get("data") if isinstance(found, dict) else None
    names = [str(m.get("id")) for m in listed if isinstance(m, dict)] if isinstance(listed, list) else []  # fmt: skip
    if not model and not names:
        raise ModelSilent(f"{url}/v1/models lists no model", hint="is this an OpenAI-compatible server? name the model with --model")  # fmt: skip
    if model and names and model not in names:
        raise BadRequest(f"{url} does not serve {model[:80]!r}", hint=f"it serves {', '.join(names[:8])}")  # fmt: skip
    return model or names[0]


async def _first(client: aiohttp.ClientSession, server: Server, text: str, how: How) -> tuple[Timed, bool]:  # fmt: skip
    """The first request, with and where refused without ignore_eos. Raises ModelSilent where neither is answered."""
    timed = await _try(client, server, text, how)
    exact = True
    if timed.wrong is Wrong.REFUSED and timed.status in {400, 422}:
        exact = False
        timed = await _try(client, replace(server, exact=False), text, how)
    if timed.wrong is not None:
        raise ModelSilent(
            f"{server.url}{server.api.route}: {timed.wrong}: {timed.says}",
            hint=_HELD_BACK
            if timed.wrong is Wrong.EMPTY
            else "a first request of one token was not answered; look at the server's log",
        )
    return timed, exact


async def _try(client: aiohttp.ClientSession, server: Server, text: str, how: How) -> Timed:
    began = asyncio.get_running_loop().time()
    return await ask(client, server.url, server.api, body(server, text, 1), limits=how.limits, began=began)  # fmt: skip


async def _tokenized(client: aiohttp.ClientSession, server: Server, texts: Sequence[str]) -> tuple[int, int] | None:  # fmt: skip
    """Tokens of both texts by the server's /tokenize; None where it has none."""
    counts = []
    for text in texts:
        asked: dict[str, Any] = {"model": server.model}
        asked |= {"messages": [{"role": "user", "content": text}]} if server.api is Api.CHAT else {"prompt": text}  # fmt: skip
        try:
            found = await _json(client, "POST", f"{server.url}/tokenize", asked, 10.0)
        except ModelSilent:
            return None
        count = found.get("count") if isinstance(found, dict) else None
        if not isinstance(count, int):
            return None
        counts.append(count)
    return counts[0], counts[1]


async def _json(client: aiohttp.ClientSession, method: str, url: str, sent: Any, wait_s: float) -> Any:  # fmt: skip
    """A JSON answer of at most MOST_BODY bytes. Raises ModelSilent."""
    try:
        async with asyncio.timeout(wait_s), client.request(method, url, json=sent) as answer:
            text = b""
            async for piece in answer.content.iter_any():
                text += piece
                if len(text) > MOST_BODY:
                    raise ModelSilent(
                        f"{url}: more than {MOST_BODY:,} bytes", hint="this is no model server"
                    )
            if answer.status == 200:
                return plain(text.decode(errors="replace"))
            says = f"HTTP {answer.status}"
    except (ValueError, RecursionError):
        says = "the answer is not JSON"
    except TimeoutError:
        says = f"no answer within {wait_s:.0f} s"
    except aiohttp.ClientError as cause:
        says = f"{type(cause).__name__}: {cause}"
    raise ModelSilent(f"{url}: {says}", hint="is the server up, and is this its address?")

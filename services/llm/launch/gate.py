"""The start-up gate: a replica is ready when it has completed and has called a tool, not when it says so."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable

from ontology.errors import ModelSilent
from services.llm.box import Box
from services.llm.launch.backends import Backend, Busy, WrongAnswer

LOOK_S = 0.5
FIRST_S = 60.0
"""The first completion of a fresh engine may compile kernels; it gets this long, or what is left of `start_s`."""
WRONG_S = 3.0
"""A server that listens and gives a wrong answer is given this long: some open their port before their routes."""
TRIES = 2


async def pass_gate(box: Box, backend: Backend, say: Callable[[str], None]) -> None:
    """Returns once it serves. `say` is told what it waits for.

    Raises WrongAnswer where starting again would not help (a web page, another model, malformed tool calls)
    and ModelSilent where it stays silent for `watch.start_s`. An external server must answer as fast as a canary: nobody
    here is starting it.
    """
    external = box.engine.kind == "external"
    deadline = time.monotonic() + (box.watch.canary_s if external else box.watch.start_s)
    say("waits for its list of models")
    await _listed(box, backend, deadline)
    left = max(1.0, deadline - time.monotonic())
    patience = box.watch.canary_s if external else min(FIRST_S, left)
    say("waits for a first completion")
    await _again(lambda: backend.complete(patience))
    if box.served.tool_parser or box.engine.kind != "vllm":
        say("waits for a first tool call")
        await _again(lambda: backend.call_tool(patience))
    else:
        say("completes; no `served.tool_parser` is set, so that it cannot be asked to call tools")


async def _listed(box: Box, backend: Backend, deadline: float) -> None:
    """Until the model is listed; silence is waited for until the deadline, a wrong answer for WRONG_S."""
    wrong_since: float | None = None
    while True:
        try:
            return await _lists_it(box, backend)
        except WrongAnswer:
            wrong_since = wrong_since or time.monotonic()
            if time.monotonic() - wrong_since > WRONG_S:
                raise
        except ModelSilent as error:
            wrong_since = None
            if time.monotonic() > deadline:
                if box.engine.kind == "external":
                    raise
                raise ModelSilent(
                    f"not ready after {box.watch.start_s:g} s: {error}",
                    hint="see the log; large weights on slow disks need a longer `watch.start_s`",
                ) from error
        await asyncio.sleep(LOOK_S)


async def _lists_it(box: Box, backend: Backend) -> None:
    names = await backend.models()
    if box.served.name not in names:
        shown = ", ".join(names[:5]) or "no model"
        raise WrongAnswer(f"{backend.base} serves {shown}, not {box.served.name}", hint="correct `served.name` or the port")  # fmt: skip


async def _again(ask: Callable[[], Awaitable[None]]) -> None:
    """A canary may be answered wrongly once: another client's burst, a proxy's hiccup."""
    for _ in range(TRIES - 1):
        with contextlib.suppress(Busy, WrongAnswer):
            return await ask()
        await asyncio.sleep(LOOK_S)
    return await ask()

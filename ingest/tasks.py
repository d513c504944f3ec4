"""Stopping tasks for certain."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any, Final

_TRIES: Final = 50
_WAIT_S: Final = 0.1


async def stop_all(tasks: Iterable[asyncio.Task[Any]]) -> None:
    """Cancel tasks until they have ended, whatever they end with; at most about 5 s.

    Once is not enough: before Python 3.12, `asyncio.wait_for` (which MQTT and Modbus clients
    use) swallows a cancellation that arrives together with its result.
    """
    left = set(tasks)
    for _ in range(_TRIES):
        if not left:
            break
        for task in left:
            task.cancel()
        ended, left = await asyncio.wait(left, timeout=_WAIT_S)
        for task in ended:
            if not task.cancelled():
                task.exception()  # seen, so that asyncio does not report it as forgotten

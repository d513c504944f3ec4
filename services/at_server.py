"""What the command line asks of the server that owns the home; its refusals are told as its own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import httpx2

from ontology.errors import Unavailable
from services.asking import error_of
from services.home import owner_key
from services.settings import Settings


async def get(settings: Settings, url: str, path: str) -> dict[str, Any]:
    """The JSON at this path, asked for as the home's owner."""
    answer = await _sent(settings, url, path, None, 30.0)
    found: dict[str, Any] = answer.json()
    return found


async def post(
    settings: Settings, url: str, path: str, body: Mapping[str, Any], timeout_s: float
) -> httpx2.Response:
    """The answer to this JSON, sent as the home's owner. Raises what the server says, or Unavailable."""
    return await _sent(settings, url, path, body, timeout_s)


async def _sent(
    settings: Settings, url: str, path: str, body: Mapping[str, Any] | None, timeout_s: float
) -> httpx2.Response:  # fmt: skip
    key = owner_key(settings)
    try:
        async with httpx2.AsyncClient(base_url=url, timeout=timeout_s, trust_env=False) as client:
            answer = await client.request(
                "GET" if body is None else "POST", path, json=dict(body) if body is not None else None,
                headers={"X-Plantroom-Owner": key} if key else {},
            )  # fmt: skip
    except httpx2.TransportError as cause:
        raise Unavailable(
            f"the server at {url} went away: {cause}", hint="start it again, then ask again"
        ) from cause
    if answer.is_error:
        raise error_of(answer.json())
    return answer

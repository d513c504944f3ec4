"""A gateway in this process and one over HTTP keep the same promises to who watches the replicas."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import pytest

from ontology.errors import NotFound, Refused, Unavailable
from services.llm.gateway.far import FarGateway
from services.llm.gateway.keys import Keys
from services.llm.traffic import Seen, Traffic, Turn
from tests.services.llm.replicas import ADMIN, House, Stub, ask, house, stubs
from tests.services.llm.stubs import free_port


@pytest.fixture(scope="module")
def pair() -> Iterator[list[Stub]]:
    with stubs("ab", "--workers", "1", "--latency-ms", "5") as replicas:
        yield replicas


@asynccontextmanager
async def traffic(kind: str, h: House) -> AsyncIterator[Traffic]:
    if kind == "pool":
        yield h.pool
    else:
        async with FarGateway(h.url, ADMIN) as far:
            yield far


both = pytest.mark.parametrize("kind", ["pool", "far"])


@both
async def test_an_idle_replica_says_nothing_of_its_health(kind: str, pair: list[Stub]) -> None:
    async with house(pair, at_start=Turn.DOWN) as h, traffic(kind, h) as told:
        assert await told.seen("a") == Seen(Turn.DOWN, 0, None)
        await told.turn("a", Turn.READY)
        assert await told.seen("a") == Seen(Turn.READY, 0, None)


@both
async def test_what_is_in_flight_is_counted_and_its_quiet_measured(
    kind: str, pair: list[Stub]
) -> None:
    async with house(pair[:1]) as h, traffic(kind, h) as told:
        asked = asyncio.create_task(ask(h.http, h.url, tokens=60))
        await asyncio.sleep(0.15)
        await pair[0].freeze()
        await asyncio.sleep(0.3)
        seen = await told.seen("a")
        assert seen.in_flight == 1
        assert seen.quiet_s is not None
        assert 0.2 < seen.quiet_s < 2
        await pair[0].thaw()
        assert (await asked).whole
        assert (await told.seen("a")).quiet_s is None


@both
async def test_a_turn_decides_who_gets_requests_and_down_ends_what_is_there(
    kind: str, pair: list[Stub]
) -> None:
    async with house(pair) as h, traffic(kind, h) as told:
        await told.turn("b", Turn.DRAINING, "restart")
        before = await h.asked()
        asked = asyncio.create_task(ask(h.http, h.url, tokens=400))
        await asyncio.sleep(0.3)
        assert [now - was for now, was in zip(await h.asked(), before, strict=True)] == [1, 0]
        await told.turn("a", Turn.DOWN, "its GPU fell off the bus")
        got = await asyncio.wait_for(asked, 2)
        assert "fell off the bus" in got.text
        assert await told.seen("a") == Seen(Turn.DOWN, 0, None)


@both
async def test_a_name_that_the_box_does_not_have_is_not_found(kind: str, pair: list[Stub]) -> None:
    async with house(pair) as h, traffic(kind, h) as told:
        for name in ("c", "", "../a", "a/turn", "é?x=1"):
            with pytest.raises(NotFound):
                await told.seen(name)
            with pytest.raises(NotFound):
                await told.turn(name, Turn.DOWN)


async def test_a_far_gateway_that_is_away_or_is_none_is_unavailable(pair: list[Stub]) -> None:
    async with FarGateway(f"http://127.0.0.1:{free_port()}", ADMIN) as away:
        with pytest.raises(Unavailable):
            await away.seen("a")
    async with FarGateway(pair[0].url, ADMIN) as other:
        with pytest.raises((Unavailable, NotFound)):
            await other.seen("a")


async def test_a_far_gateway_wants_its_key(pair: list[Stub]) -> None:
    async with house(pair) as h, FarGateway(h.url, "another-key-of-tests") as far:
        with pytest.raises(Refused):
            await far.turn("a", Turn.DOWN)
    async with house(pair, keys=Keys()) as h, FarGateway(h.url, ADMIN) as far:
        with pytest.raises(Refused, match="no admin key"):
            await far.turn("a", Turn.DOWN)


async def test_aliases_are_pointed_and_taken_back_from_afar(pair: list[Stub]) -> None:
    async with house(pair) as h, FarGateway(h.url, ADMIN) as far:
        await far.point("engineer", "chief")
        assert await far.aliases() == {"engineer": "chief"}
        assert (await ask(h.http, h.url, model="engineer")).whole
        assert await far.roll_back("engineer") == "engineer"
        assert (await far.listed())["waiting"] == 0

"""Adapters in running servers: what is refused before, what is taken back after a failure, what rolls back at once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from ontology.errors import BadRequest, Conflict, NotFound, Unavailable
from services.llm.domain.served import Adapters, Servers
from services.llm.gateway.aliases import Aliases
from services.llm.lora import Adapter, read_adapter
from tests.services.llm.lora_folder import adapter_at
from tests.services.llm.replicas import ADMIN, House, Stub, house, stubs


@pytest.fixture
def good(tmp_path: Path) -> Adapter:
    return read_adapter(adapter_at(tmp_path / "good"), base="model")


@pytest.fixture(scope="module")
def replicas() -> Iterator[list[Stub]]:
    with stubs("ab") as started:
        yield started


@asynccontextmanager
async def served(replicas: list[Stub], folder: Path) -> AsyncIterator[tuple[Adapters, House]]:
    async with house(replicas, aliases=Aliases(folder / "aliases.json")) as gateway:
        servers = Servers({one.name: one.url for one in replicas}, gateway.url, ADMIN)
        async with Adapters(servers, folder / "adapters.jsonl") as opened:
            yield opened, gateway
            for names in (await opened.listed()).values():
                for name in set(names) - {"chief"}:
                    await opened._taken_back(name)


def test_a_good_adapter_is_known_by_its_rank_and_the_hash_of_its_weights(good: Adapter) -> None:
    assert (good.rank, good.targets) == (8, ("q_proj",))
    assert len(good.digest) == 64


@pytest.mark.parametrize(
    ("config", "why"),
    [
        ({"peft_type": "IA3"}, "no LoRA"), ({"use_dora": True}, "DoRA"), ({"modules_to_save": ["lm_head"]}, "whole modules"),
        ({"bias": "all"}, "biases"), ({"base_model_name_or_path": "/models/other"}, "trained on"), ({"r": 4}, "the rank is 4"),
        ({"r": 32}, "rank 32"),
    ],
)  # fmt: skip
def test_what_the_server_would_refuse_or_leave_out_is_refused_before(tmp_path: Path, config: dict[str, Any], why: str) -> None:  # fmt: skip
    with pytest.raises(BadRequest, match=why):
        read_adapter(adapter_at(tmp_path, **config), base="model")


def test_a_rank_of_its_own_for_some_modules_is_counted(tmp_path: Path) -> None:
    folder = adapter_at(tmp_path, r=4, rank_pattern={"q_proj": 8})
    assert read_adapter(folder).rank == 8


def test_a_weights_file_that_was_cut_off_is_named(tmp_path: Path) -> None:
    weights = adapter_at(tmp_path) / "adapter_model.safetensors"
    whole = weights.read_bytes()
    for size, why in (
        (len(whole) - 7, "truncated"),
        (20, "no safetensors"),
        (3, "no safetensors"),
    ):
        weights.write_bytes(whole[:size])
        with pytest.raises(BadRequest, match=why):
            read_adapter(tmp_path)
    weights.unlink()
    with pytest.raises(NotFound):
        read_adapter(tmp_path)


async def test_an_adapter_is_loaded_tried_and_meant_and_rolled_back_within_a_second(replicas: list[Stub], tmp_path: Path, good: Adapter) -> None:  # fmt: skip
    async with served(replicas, tmp_path) as (adapters, gateway):
        await adapters.load("chief-1", good, alias="engineer")
        await adapters.load("chief-2", good, alias="engineer")
        assert await adapters.listed() == {name: ["chief", "chief-1", "chief-2"] for name in "ab"}
        assert await adapters.aliases() == {"engineer": "chief-2"}
        before, took_s = await adapters.roll_back("engineer")
        assert before == "chief-1"
        assert took_s < 1
        asked = {"model": "engineer", "messages": [{"role": "user", "content": "x"}], "max_tokens": 2}  # fmt: skip
        async with gateway.http.post(f"{gateway.url}/v1/chat/completions", json=asked) as answer:
            assert answer.status == 200
        steps = [(step["step"], step["name"]) for step in adapters.history()]
    assert steps == [("loaded", "chief-1"), ("loaded", "chief-2"), ("rolled back", "chief-1")]


async def test_a_load_that_fails_on_one_replica_is_taken_back_on_all(replicas: list[Stub], tmp_path: Path, good: Adapter) -> None:  # fmt: skip
    async with served(replicas, tmp_path) as (adapters, _):
        await replicas[1].mode("error")
        with pytest.raises((Unavailable, BadRequest), match="b"):
            await adapters.load("chief-1", good, alias="engineer")
        await replicas[1].mode("ok")
        assert await adapters.listed() == {"a": ["chief"], "b": ["chief"]}
        assert await adapters.aliases() == {}
        assert [step["step"] for step in adapters.history()] == ["failed"]


async def test_an_adapter_that_calls_no_tool_is_not_switched_to(replicas: list[Stub], tmp_path: Path, good: Adapter) -> None:  # fmt: skip
    async with served(replicas, tmp_path) as (adapters, _):
        await replicas[0].mode("malformed")
        with pytest.raises(Unavailable, match="calls no tool on a"):
            await adapters.load("chief-1", good, alias="engineer")
        await replicas[0].mode("ok")
        assert await adapters.listed() == {"a": ["chief"], "b": ["chief"]}


async def test_an_alias_is_a_name_whatever_it_looks_like(replicas: list[Stub], tmp_path: Path, good: Adapter) -> None:  # fmt: skip
    async with served(replicas, tmp_path) as (adapters, _):
        await adapters.load("chief-1", good, alias="team")
        await adapters.load("chief-2", good, alias="team/rollback")
        assert await adapters.aliases() == {"team": "chief-1", "team/rollback": "chief-2"}


async def test_what_an_alias_means_is_not_unloaded(replicas: list[Stub], tmp_path: Path, good: Adapter) -> None:  # fmt: skip
    async with served(replicas, tmp_path) as (adapters, _):
        await adapters.load("chief-1", good, alias="engineer")
        with pytest.raises(Conflict, match="engineer means"):
            await adapters.unload("chief-1")
        await adapters.load("chief-2", good, alias="engineer")
        await adapters.unload("chief-1")
        with pytest.raises(Conflict, match="no longer serve 'chief-1'"):
            await adapters.roll_back("engineer")
        assert await adapters.aliases() == {"engineer": "chief-2"}


async def test_a_name_that_is_served_already_is_not_loaded_over(replicas: list[Stub], tmp_path: Path, good: Adapter) -> None:  # fmt: skip
    async with served(replicas, tmp_path) as (adapters, _):
        await adapters.load("chief-1", good)
        with pytest.raises(Conflict, match="already serve"):
            await adapters.load("chief-1", good)
        assert "chief-1" in (await adapters.listed())["a"]


async def test_without_a_gateway_no_alias_is_moved(replicas: list[Stub], tmp_path: Path, good: Adapter) -> None:  # fmt: skip
    async with served(replicas, tmp_path) as (_, _house):
        servers = Servers({one.name: one.url for one in replicas})
        async with Adapters(servers, tmp_path / "history.jsonl") as adapters:
            with pytest.raises(BadRequest, match="gateway"):
                await adapters.load("chief-1", good, alias="engineer")
            assert await adapters.listed() == {"a": ["chief"], "b": ["chief"]}


async def test_a_server_that_never_stops_talking_is_not_listened_to_for_ever(
    tmp_path: Path,
) -> None:
    async def talk(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n")
        with suppress(ConnectionError):
            for _ in range(3_000):
                writer.write(b" " * 10_000)
                await writer.drain()
        writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    async with server, Adapters(Servers({"a": f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"}), tmp_path / "h") as adapters:  # fmt: skip
        with pytest.raises(Unavailable, match="does not list its models") as told:
            await adapters.listed()
    assert "1,000,000 bytes" in str(told.value.__cause__)

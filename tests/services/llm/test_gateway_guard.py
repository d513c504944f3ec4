"""Who may ask the gateway what: keys, limits, names, and what never gets through."""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from ontology.errors import BadRequest, Conflict, Corrupt, NotFound
from services.llm.gateway import app
from services.llm.gateway.aliases import MOST_ALIASES, MOST_STEPS, Aliases
from services.llm.gateway.ask import MOST_BODY_BYTES, Room
from services.llm.gateway.keys import Keys, admits, key_kept, read_key
from tests.services.llm.replicas import ADMIN, Stub, ask, house, stubs

CLIENT, UPSTREAM = "a-client-key-of-tests", "an-upstream-key-of-tests"
MAY = {"Authorization": f"Bearer {ADMIN}"}


@pytest.fixture(scope="module")
def pair() -> Iterator[list[Stub]]:
    with stubs("ab") as replicas:
        yield replicas


async def test_only_who_has_the_key_may_ask_and_the_replicas_never_see_it(pair: list[Stub]) -> None:
    async with house(pair, keys=Keys(client=CLIENT, admin=ADMIN, upstream=UPSTREAM)) as h:
        assert (await ask(h.http, h.url)).status == 401
        assert (
            await ask(h.http, h.url, headers={"Authorization": f"Bearer {CLIENT}x"})
        ).status == 401
        assert (
            await ask(h.http, h.url, headers={"Authorization": f"Basic {CLIENT}"})
        ).status == 401
        assert (await ask(h.http, h.url, headers=MAY)).status == 401, (
            "an admin key is no client key"
        )
        secret = {
            "Authorization": f"Bearer {CLIENT}",
            "X-Api-Key": CLIENT,
            "Cookie": f"k={CLIENT}",
            "X-Session-Id": "s",
        }
        assert (await ask(h.http, h.url, headers=secret)).whole
        seen = json.dumps([await stub.seen() for stub in pair])
        assert CLIENT not in seen
        async with h.http.get(f"{h.url}/v1/models") as answer:
            assert answer.status == 401
        for path in ("/health", "/metrics"):
            async with h.http.get(h.url + path) as answer:
                assert answer.status == 200


@pytest.mark.parametrize("path", ["/replicas", "/replicas/a", "/aliases", "/%72eplicas"])
async def test_only_the_admin_key_turns_replicas(pair: list[Stub], path: str) -> None:
    async with house(pair, keys=Keys(client=CLIENT, admin=ADMIN)) as h:
        for headers, status in (
            ({}, 401),
            ({"Authorization": f"Bearer {CLIENT}"}, 401),
            (MAY, 200),
        ):
            async with h.http.get(h.url + path, headers=headers) as answer:
                assert answer.status == status
    async with (
        house(pair, keys=Keys()) as h,
        h.http.get(h.url + path, headers={"Authorization": "Bearer "}) as answer,
    ):
        assert answer.status == 403, "no admin key: nobody, not even with an empty one"


@pytest.mark.parametrize("path", ["/v1/load_lora_adapter", "/v1/unload_lora_adapter", "/sleep", "/reset_prefix_cache", "/stub", "/", "/v1/../stub"])  # fmt: skip
async def test_routes_of_a_replica_that_are_not_for_clients_are_refused(
    pair: list[Stub], path: str
) -> None:
    async with house(pair) as h:
        before = await h.asked()
        got = await ask(h.http, h.url, path=path)
        assert (got.status, json.loads(got.text)["error"]["code"]) == (404, "not-found")
        assert await h.asked() == before


@pytest.mark.parametrize(
    "body",
    [b"", b"hello", b"[]", b"\xff\xfe", b'{"model": 7}', b'{"model": "' + b"x" * 300 + b'"}', b"[" * 100_000, b'{"a":' * 50_000, b'{"n": ' + b"9" * 5000 + b"}"],
    ids=["empty", "text", "list", "not UTF-8", "number", "long name", "deep list", "deep object", "long number"],
)  # fmt: skip
async def test_a_body_that_is_no_request_is_refused_with_a_reason(
    pair: list[Stub], body: bytes
) -> None:
    async with house(pair) as h:
        before = await h.asked()
        async with h.http.post(f"{h.url}/v1/chat/completions", data=body) as answer:
            assert answer.status == 400
            assert (await answer.json())["error"]["message"]
        assert await h.asked() == before


async def test_a_body_too_large_is_refused_before_it_is_read(pair: list[Stub]) -> None:
    async with house(pair) as h:
        body = io.BytesIO(b'{"model": "chief", "prompt": "' + b"x" * MOST_BODY_BYTES + b'"}')
        async with h.http.post(f"{h.url}/v1/completions", data=body) as answer:
            assert answer.status == 413
            assert (await answer.json())["error"]["code"] == "too-large"


async def test_a_prompt_of_a_million_tokens_passes(pair: list[Stub]) -> None:
    async with house(pair) as h:
        body = io.BytesIO(
            b'{"model": "chief", "max_tokens": 2, "prompt": "' + b"x" * 4_000_000 + b'"}'
        )
        async with h.http.post(f"{h.url}/v1/completions", data=body) as answer:
            assert answer.status == 200


async def test_many_large_bodies_at_once_find_no_room(
    pair: list[Stub], monkeypatch: pytest.MonkeyPatch
) -> None:
    rooms: list[Room] = []
    monkeypatch.setattr(app, "Room", lambda: rooms.append(Room(3000)) or rooms[-1])
    async with house(pair) as h:
        got = await asyncio.gather(*(ask(h.http, h.url, "x" * 1000, tokens=30) for _ in range(6)))
        assert sorted(one.status for one in got) == [200, 200, 429, 429, 429, 429]
        assert rooms[0].held == 0
        assert (await ask(h.http, h.url, "x" * 1000)).whole


async def test_headers_too_long_or_too_many_are_refused(pair: list[Stub]) -> None:
    async with house(pair) as h:
        assert (await ask(h.http, h.url, headers={"X-Long": "x" * 9000})).status == 400
        assert (await ask(h.http, h.url, headers={f"X-{i}": "x" for i in range(200)})).status == 400
        assert (await ask(h.http, h.url)).whole


async def test_the_request_id_of_a_client_is_kept_where_it_is_one(pair: list[Stub]) -> None:
    async with house(pair) as h:
        kept = await ask(h.http, h.url, headers={"X-Request-Id": "turn-12"})
        assert kept.headers["x-request-id"] == "turn-12"
        made = await ask(h.http, h.url, headers={"X-Request-Id": "a b<script>"})
        assert "<" not in made.headers["x-request-id"]


async def test_names_of_clients_never_become_labels(pair: list[Stub]) -> None:
    async with house(pair) as h:
        for i in range(5):
            await ask(h.http, h.url, model=f"evil-{i}", headers={"X-Session-Id": f"evil-{i}"})
        async with h.http.get(f"{h.url}/metrics") as answer:
            assert "evil" not in await answer.text()


async def test_an_alias_means_an_adapter_at_once_and_goes_back(
    pair: list[Stub], tmp_path: Path
) -> None:
    async with house(pair, aliases=Aliases(tmp_path / "aliases.json")) as h:
        point = f"{h.url}/aliases/chief"

        async def pointed(model: str) -> int:
            async with h.http.post(point, json={"model": model}, headers=MAY) as answer:
                return answer.status

        load = {"lora_name": "chief-2026-11-20", "lora_path": str(tmp_path)}
        async with h.http.post(f"{pair[0].url}/v1/load_lora_adapter", json=load):
            assert await pointed("chief-2026-11-20") == 409, "only one of two replicas has it"
        async with h.http.post(f"{pair[1].url}/v1/load_lora_adapter", json=load):
            assert await pointed("chief-2026-11-20") == 200
        assert '"model": "chief-2026-11-20"' in (await ask(h.http, h.url, stream=False)).text
        await asyncio.sleep(0)
        async with h.http.get(f"{h.url}/v1/models") as answer:
            models = {one["id"]: one for one in (await answer.json())["data"]}
        assert models["chief"]["parent"] == "chief-2026-11-20"
        assert Aliases(tmp_path / "aliases.json").model("chief") == "chief-2026-11-20", (
            "it outlives the gateway"
        )
        async with h.http.post(f"{point}/rollback", headers=MAY, json={}) as answer:
            assert (await answer.json())["model"] == "chief"
        assert '"model": "chief"' in (await ask(h.http, h.url, stream=False)).text
        async with h.http.post(f"{point}/rollback", headers=MAY, json={}) as answer:
            assert answer.status == 409
        for stub in pair:
            async with h.http.post(
                f"{stub.url}/v1/unload_lora_adapter", json={"lora_name": "chief-2026-11-20"}
            ):
                pass


def test_aliases_are_bounded_and_refuse_what_is_no_name(tmp_path: Path) -> None:
    aliases = Aliases()
    for wrong in ("", "a b", "../x", "x" * 200, "a\n"):
        with pytest.raises(BadRequest):
            aliases.point("chief", wrong)
    for i in range(MOST_STEPS * 3):
        aliases.point("chief", f"chief-{i}")
    for _ in range(MOST_STEPS - 1):
        aliases.roll_back("chief")
    with pytest.raises(Conflict):
        aliases.roll_back("chief")
    with pytest.raises(NotFound):
        aliases.roll_back("other")
    with pytest.raises(BadRequest):
        aliases.point("other", "chief")
    for i in range(MOST_ALIASES - 1):
        aliases.point(f"alias-{i}", "model")
    with pytest.raises(BadRequest):
        aliases.point("one-too-many", "model")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        '{"chief": []}',
        '{"chief": "x"}',
        '{"chief": ["a b"]}',
        '{"chief": [1]}',
        "[" * 90_000,
    ],
)
def test_a_spoilt_file_of_aliases_is_said_to_be_one(tmp_path: Path, text: str) -> None:
    (tmp_path / "aliases.json").write_text(text)
    with pytest.raises(Corrupt):
        Aliases(tmp_path / "aliases.json")


def test_a_key_file_is_its_owners_alone(tmp_path: Path) -> None:
    made = key_kept(tmp_path / "admin.key")
    assert key_kept(tmp_path / "admin.key") == made == read_key(tmp_path / "admin.key")
    assert admits(f"Bearer {made}", made)
    assert not admits(None, made)
    assert not admits(f"Bearer {made}é", made)
    (tmp_path / "admin.key").chmod(0o640)
    with pytest.raises(BadRequest, match="others"):
        read_key(tmp_path / "admin.key")
    with pytest.raises(NotFound):
        read_key(tmp_path / "none")
    for text in ("short", "two words of a key file", "x" * 5000, ""):
        file = tmp_path / "wrong"
        file.write_text(text)
        file.chmod(0o600)
        with pytest.raises(BadRequest):
            read_key(file)
    assert made not in repr(Keys(admin=made))

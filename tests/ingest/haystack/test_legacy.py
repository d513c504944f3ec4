"""Old servers through pyhaystack: our own one by SkySpark's login, and stations of a few lines for the others."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import re
import time
from collections.abc import Iterator

import pytest
from haystack_house import AHU, NAME, PASSWORD, USER, HaystackHouse, house_served
from servers import answer, serving

from ingest.haystack.legacy import KINDS, Station, read_entities
from ingest.haystack.scram import derive, fields, sign, unpack, xor
from ontology.errors import BadRequest, Corrupt, PlantroomError, Refused, Unavailable
from ontology.kinds import MARKER, Grid, Ref, Symbol

pytestmark = [
    # hszinc calls pyparsing by names that pyparsing will drop
    pytest.mark.filterwarnings("ignore:'.*' .*deprecated.* use '.*':DeprecationWarning"),
]
SITE = b'ver:"3.0"\nid,site,kindOf,parts\n@s,M,^site,<<\nver:"3.0"\na\n1\n>>\n'


@pytest.fixture(scope="module")
def house() -> Iterator[HaystackHouse]:
    with house_served(writes=False) as found:
        yield found


async def test_a_skyspark_is_read_by_its_own_login(house: HaystackHouse) -> None:
    station = Station("skyspark", house.url, USER, PASSWORD, {"project": "demo"})
    rows = await read_entities(station, "floor or ahu", timeout_s=20)
    assert [row["id"] for row in rows] == [Ref("floor-8"), AHU]
    assert rows[0]["dis"] == NAME
    assert rows[1]["serves"] == [Ref("room-807"), Ref("floor-8")]


async def test_a_wrong_password_is_refused(house: HaystackHouse) -> None:
    station = Station("skyspark", house.url, USER, "wrong", {"project": "demo"})
    with pytest.raises(Refused, match="refuses the login"):
        await read_entities(station, timeout_s=20)


def _is_site(rows: list[dict[str, object]]) -> bool:
    row = rows[0]
    return (
        row["site"] is MARKER and row["kindOf"] == Symbol("site") and isinstance(row["parts"], Grid)
    )


async def test_a_widesky_is_read_by_its_oauth_token_symbols_and_nested_grids_too() -> None:
    def reply(asked: str) -> bytes:
        if asked.startswith("POST /oauth2/token"):
            known = json.loads(asked.rpartition("\r\n\r\n")[2]) == {
                "username": "u", "password": "p", "grant_type": "password"}  # fmt: skip
            token = {
                "access_token": "tok",
                "token_type": "Bearer",
                "expires_in": (time.time() + 60) * 1_000,
            }
            return (
                answer(json.dumps(token).encode(), kind="application/json") if known else _denied()
            )
        return answer(SITE) if "authorization: bearer tok" in asked.lower() else _denied()

    async with serving(reply) as served:
        root = served.url.removesuffix("/api/demo")
        more = {"client_id": "c", "client_secret": "s"}
        assert _is_site(await read_entities(Station("widesky", root, "u", "p", more), timeout_s=20))
        with pytest.raises(Refused):
            await read_entities(Station("widesky", root, "u", "wrong", more), timeout_s=20)


def _denied() -> bytes:
    return answer(b"", status="401 Unauthorized")


async def test_a_skyspark_2_is_read_by_its_digest_and_cookie() -> None:
    mac = base64.b64encode(hmac.digest(b"p", b"u:salt", "sha1")).decode()
    digest = base64.b64encode(hashlib.sha1(f"{mac}:n1".encode()).digest()).decode()

    def reply(asked: str) -> bytes:
        if asked.startswith("GET //auth/demo/api?u"):
            return answer(b"username:u\nuserSalt:salt\nnonce:n1", kind="text/plain")
        if asked.startswith("POST //auth/demo/api?u"):
            return answer(
                b"cookie:fan=c1" if f"digest:{digest}" in asked else b"no", kind="text/plain"
            )
        return answer(SITE) if "fan=c1" in asked else _denied()

    async with serving(reply) as served:
        root, more = served.url.removesuffix("/api/demo"), {"project": "demo"}
        assert _is_site(
            await read_entities(Station("skyspark2", root, "u", "p", more), timeout_s=20)
        )
        with pytest.raises(Refused):
            await read_entities(Station("skyspark2", root, "u", "wrong", more), timeout_s=20)


async def test_a_niagara_ax_is_read_by_basic_authentication() -> None:
    proof = base64.b64encode(b"u:p").decode()

    def reply(asked: str) -> bytes:
        if asked.startswith("GET /login"):
            return answer(b"hello", kind="text/html", more="Set-Cookie: niagara_session=abc\r\n")
        if f"Basic {proof}" not in asked:
            return _denied()
        return answer(b"in", kind="text/html") if asked.startswith("POST /login") else answer(SITE)

    async with serving(reply) as served:
        root = served.url.removesuffix("/api/demo")
        assert _is_site(
            await read_entities(Station("niagara", root, "u", "p"), "site", timeout_s=20)
        )
        with pytest.raises(Refused):
            await read_entities(Station("niagara", root, "u", "wrong"), timeout_s=20)


async def test_a_niagara_4_is_read_by_its_scram() -> None:
    salt, said = b"0123456789abcdef", {"first": "", "challenge": ""}
    keys = derive("p", salt, 4_096, "SHA-256")

    def reply(asked: str) -> bytes:
        body = asked.rpartition("\r\n\r\n")[2]
        if match := re.search("clientFirstMessage=n,,(.*)", body):
            nonce = fields(match[1])["r"]
            said["first"] = match[1]
            said["challenge"] = f"r={nonce}x,s={base64.b64encode(salt).decode()},i=4096"
            return answer(said["challenge"].encode(), more="Set-Cookie: JSESSIONID=j1; path=/\r\n")
        if match := re.search("clientFinalMessage=(.*),p=(.*)", body):
            message = f"{said['first']},{said['challenge']},{match[1]}"
            client = xor(unpack(match[2]), sign(keys.stored, message, "SHA-256"))
            if client != keys.client:
                return _denied()
            proof = base64.b64encode(sign(keys.server, message, "SHA-256")).decode()
            return answer(f"v={proof}".encode(), kind="text/plain")
        return answer(SITE) if "GET /haystack/read" in asked else answer(b"ok", kind="text/plain")

    async with serving(reply) as served:
        root = served.url.removesuffix("/api/demo")
        assert _is_site(await read_entities(Station("niagara4", root, "u", "p"), timeout_s=20))
        with pytest.raises((Refused, Unavailable), match="login"):
            await read_entities(Station("niagara4", root, "u", "wrong"), timeout_s=20)


@pytest.mark.parametrize(
    ("sent", "kind"),
    [(answer(SITE[:-12]), Corrupt), (answer(b"<html>log in</html>", kind="text/html"), Corrupt),
     (answer(b'ver:"3.0" err dis:"No licence"\nempty\n'), Unavailable),
     (answer(b"", status="500 Oops"), Unavailable)],
    ids=["half a grid", "a web page", "an error grid", "a broken server"],
)  # fmt: skip
async def test_what_goes_wrong_after_the_login_is_told(
    sent: bytes, kind: type[PlantroomError]
) -> None:
    def reply(asked: str) -> bytes:
        return sent if "GET /haystack/read" in asked else answer(b"in", kind="text/html")

    async with serving(reply) as served:
        root = served.url.removesuffix("/api/demo")
        with pytest.raises(kind, match="/haystack/read"):
            await read_entities(Station("niagara", root, "u", "p"), timeout_s=20)


async def test_a_station_that_stays_silent_is_given_up() -> None:
    async def mute(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        await reader.read()

    async with serving(talk=mute) as served:
        began = time.monotonic()
        for kind in ("niagara", "niagara4"):
            with pytest.raises(Unavailable):
                await read_entities(Station(kind, served.url, "u", "p"), timeout_s=0.5)
        assert time.monotonic() - began < 5


async def test_a_proof_that_begins_with_zeros_logs_in(house: HaystackHouse) -> None:
    """One of sixteen does: pyhaystack as it comes would then send a proof too short to be read."""
    station = Station("skyspark", house.url, USER, PASSWORD, {"project": "demo"})
    await read_entities(station, "site", timeout_s=20)
    from pyhaystack.util import scram

    assert scram._xor("00ff", "00f0") == "000f"
    assert scram._xor("a" * 64, "a" * 64) == "0" * 64


async def test_nobody_at_the_address_is_no_wrong_password() -> None:
    async with serving(lambda _: b"") as served:
        pass
    for kind in KINDS:
        more = dict.fromkeys(KINDS[kind][2], "x")
        with pytest.raises(Unavailable, match="cannot be reached: Connection refused"):
            await read_entities(Station(kind, served.url, "u", "p", more), timeout_s=20)


@pytest.mark.parametrize(
    ("kind", "url", "more"),
    [("metasys", "http://x", {}), ("skyspark", "http://x", {}), ("niagara", "x", {}),
     ("widesky", "http://x", {"client_id": "c"})],
)  # fmt: skip
def test_a_station_that_cannot_be_is_refused_before_anything_is_sent(
    kind: str, url: str, more: dict[str, str]
) -> None:
    with pytest.raises(BadRequest):
        Station(kind, url, "u", "p", more)


def test_a_password_is_not_shown() -> None:
    assert "sesame" not in repr(Station("niagara", "http://x", "u", "sesame"))
    assert set(KINDS) == {"skyspark", "skyspark2", "niagara", "niagara4", "widesky"}

"""Our client over real sockets: against our own server, and against servers that go wrong."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import gzip
import json
import re
import time
from collections.abc import Iterator

import pytest
from haystack_house import AHU, FAN, NAME, NOW, PASSWORD, TEMP, USER, HaystackHouse, house_served
from hypothesis import given, settings
from hypothesis import strategies as st
from servers import answer, serving

from ingest.haystack.client import HaystackClient, read_site
from ingest.haystack.login import _private
from ingest.haystack.scram import Exchange, derive, fields, pack, read_header, unpack, unpack_text
from ingest.haystack.transport import Limits, Transport
from ontology.errors import (
    BadRequest,
    Corrupt,
    NotFound,
    PlantroomError,
    Refused,
    Unavailable,
)
from ontology.kinds import NA, Grid, Number, Ref
from services.api.haystack.auth import Auth
from services.api.haystack.scram import Account

QUICK = Limits(body=100_000, silence_s=1.0, total_s=2.0)
SITE = b'ver:"3.0"\nid,site,dis\n@tower,M,"The Tower"\n'


@pytest.fixture(scope="module")
def house() -> Iterator[HaystackHouse]:
    with house_served(writes=False, get_writes=False) as found:
        yield found


async def test_a_login_opens_the_house(house: HaystackHouse) -> None:
    async with HaystackClient(f"{house.url}/haystack/", user=USER, password=PASSWORD) as client:
        about = await client.about()
        assert about["serverName"] == "The Tower"
        assert about["serverTime"] == NOW


async def test_entities_come_by_filter_by_id_and_through_the_tree(house: HaystackHouse) -> None:
    async with HaystackClient(house.url, user=USER, password=PASSWORD) as client:
        assert [row["id"] for row in await client.read("point", limit=2)] == [TEMP, FAN]
        found = await client.read_ids([Ref("nowhere"), AHU])
        assert found[0] is None
        assert found[1] is not None
        assert found[1]["serves"] == [Ref("room-807"), Ref("floor-8")]
        site = (await client.nav()).rows[0]
        assert [row["dis"] for row in await client.nav(site["navId"])] == [NAME, "Room 807"][:1]
        with pytest.raises(BadRequest):
            await client.read("point", limit=0)


async def test_history_has_zone_unit_and_gaps(house: HaystackHouse) -> None:
    async with HaystackClient(house.url, user=USER, password=PASSWORD) as client:
        found = await client.his_read([TEMP, FAN], "2026-11-19")
        times, values = zip(*found[TEMP], strict=True)
        assert len(values) == 96
        assert values[:4] == (Number(14, "°C"), Number(14.25, "°C"), Number(14.5, "°C"), NA)
        assert times[0].isoformat() == "2026-11-19T00:00:00+07:00"
        assert found[FAN][30][1] is True


async def test_a_watch_tells_changes_values_and_its_end(house: HaystackHouse) -> None:
    async with HaystackClient(house.url, user=USER, password=PASSWORD) as client:
        watch = await client.watch_sub([AHU, TEMP, Ref("nowhere")], lease_s=120)
        assert (watch.lease_s, [row["id"] for row in watch.rows]) == (120.0, [AHU, TEMP])
        assert await client.watch_poll(watch.id) == []
        assert len(await client.watch_poll(watch.id, refresh=True)) == 3
        await client.watch_sub([FAN], watch=watch.id)
        await client.watch_unsub(watch.id, [AHU])
        assert {row["id"] for row in await client.watch_poll(watch.id, refresh=True)} == {
            TEMP, FAN, Ref("nowhere")}  # fmt: skip
        await client.watch_unsub(watch.id)
        with pytest.raises(Unavailable, match="no watch") as told:
            await client.watch_poll(watch.id)
        assert "subscribe again" in told.value.hint


async def test_the_whole_site_is_read_once_without_what_passes(house: HaystackHouse) -> None:
    async with HaystackClient(house.url, user=USER, password=PASSWORD) as client:
        rows = [row async for row in read_site(client)]
    assert [row["id"].id for row in rows][:4] == ["tower", "floor-8", "room-807", "AHU-1"]
    assert len(rows) == 7
    assert not any("curVal" in row for row in rows)


async def test_an_expired_login_is_renewed_once(house: HaystackHouse) -> None:
    async with HaystackClient(house.url, user=USER, password=PASSWORD) as client:
        await client.about()
        house.late.by_s += 4_000.0
        assert (await client.about())["tz"] == "Bangkok"
        await client.close()
        assert len(await client.read("site")) == 1


async def test_an_expired_token_is_told(house: HaystackHouse) -> None:
    async with HaystackClient(house.url, token="0" * 48) as client:
        with pytest.raises(Unavailable, match="no longer accepted") as told:
            await client.about()
    assert "fresh token" in told.value.hint


@pytest.mark.parametrize(("user", "password"), [(USER, "wrong"), ("stranger", PASSWORD)])
async def test_a_wrong_login_is_refused_and_says_where(
    house: HaystackHouse, user: str, password: str
) -> None:
    with pytest.raises(Refused, match=house.url):
        async with HaystackClient(house.url, user=user, password=password):
            pass


@pytest.mark.parametrize("op", ["pointWrite", "hisWrite", "invokeAction", "eval", "../x"])
async def test_what_writes_is_not_even_asked(house: HaystackHouse, op: str) -> None:
    async with HaystackClient(house.url, user=USER, password=PASSWORD) as client:
        with pytest.raises(Refused):
            await client.call(op)


@pytest.mark.parametrize(
    "url", ["", "bms.example/api", "ftp://bms.example", "http://u:p@bms.example"]
)
def test_what_is_no_address_is_refused_before_anything_is_sent(url: str) -> None:
    with pytest.raises(BadRequest):
        HaystackClient(url)


BROKEN = {
    # what a server sends -> what is told
    "half a grid by its length": (answer(SITE, length=500), Corrupt, "half an answer"),
    "half a row": (answer(SITE + b'@floor-1,M,"Flo', length=-1), Corrupt, "within its last line"),
    "half a text": (answer(SITE + b'@floor-1,M,"Flo\n'), Corrupt, "line 4"),
    "too few cells": (answer(SITE + b"@floor-1,M\n"), Corrupt, "line 4"),
    "not UTF-8": (answer(SITE + b'@floor-1,M,"\xff"\n'), Corrupt, "byte"),
    "nothing at all": (answer(b""), Corrupt, "no whole grid"),
    "a web page": (answer(b"<!DOCTYPE html><title>Log in</title>", kind="text/html"), Corrupt, "web page"),
    "a page called Zinc": (answer(b"<html><body>Log in</body></html>"), Corrupt, "web page"),
    "a picture": (answer(b"\x89PNG", kind="image/png"), Corrupt, "image/png"),
    "half of a JSON": (answer(b'{"_kind":"grid","meta":{"ver":"3.0"},"cols":[{"name":"id"}],"rows":[{"id":', kind="application/json"),
                       Corrupt, "no whole grid"),
    "half of a gzip": (answer(gzip.compress(SITE * 50)[:-20], more="content-encoding: gzip\r\n"), Corrupt, "gzip"),
    "no gzip": (answer(SITE, more="content-encoding: gzip\r\n"), Corrupt, "gzip"),
    "another packing": (answer(SITE, more="content-encoding: br\r\n"), Corrupt, "br"),
    "an error grid": (answer(b'ver:"3.0" err dis:"Out of licences" errTrace:"sys::Err: Out\\n  at x"\nempty\n'),
                      Unavailable, "Out of licences"),
    "another address": (answer(b"", status="302 Found", more="location: https://sso.example/\r\n"), Unavailable, "sso.example"),
    "no such op": (answer(b"nope", status="404 Not Found", kind="text/plain"), NotFound, "404"),
    "a broken server": (answer(b"oops", status="500 Oops", kind="text/plain"), Unavailable, "500"),
    "too busy": (answer(b"", status="503 Busy", kind="text/plain"), Unavailable, "503"),
    "no HTTP": (b"SSH-2.0-OpenSSH_9.2\r\n\r\n", Corrupt, "half an answer"),
}  # fmt: skip


@pytest.mark.parametrize("case", BROKEN)
async def test_a_server_that_breaks_is_told_by_place_and_hint(case: str) -> None:
    sent, kind, says = BROKEN[case]
    async with (
        serving(lambda _: sent) as served,
        HaystackClient(served.url, limits=QUICK) as client,
    ):
        with pytest.raises(kind, match=says) as told:
            await client.read("site")
    assert served.url in str(told.value)
    assert told.value.hint


async def test_half_a_site_imports_nothing_after_the_break() -> None:
    many = b"".join(b'@r%d,M,"Room %d"\n' % (i, i) for i in range(1_200))
    async with (
        serving(lambda _: answer(SITE + many + b"@r,")) as served,
        HaystackClient(served.url, limits=QUICK) as client,
    ):
        with pytest.raises(Corrupt, match="line 1204"):
            [row async for row in client.stream("id")]


async def test_a_body_without_end_is_cut_at_the_limit() -> None:
    async def drip(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(answer(SITE, length=-1))
        while True:
            writer.write(b'@r,M,"again"\n' * 100)
            await writer.drain()

    async with serving(talk=drip) as served, HaystackClient(served.url, limits=QUICK) as client:
        with pytest.raises(Corrupt, match="more than 100,000 bytes"):
            await client.read("site")


async def test_a_gzip_bomb_is_cut_at_the_limit() -> None:
    bomb = gzip.compress(SITE + b"\n" * 50_000_000)
    async with (
        serving(lambda _: answer(bomb, more="content-encoding: gzip\r\n")) as served,
        HaystackClient(served.url, limits=QUICK) as client,
    ):
        with pytest.raises(Corrupt, match="more than 100,000 bytes"):
            await client.read("site")


async def test_a_dripping_server_ends_with_the_time_allowed() -> None:
    async def loris(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(answer(SITE, length=10_000))
        while True:
            writer.write(b"@")
            await writer.drain()
            await asyncio.sleep(0.2)

    limits = Limits(silence_s=0.6, total_s=0.8)
    async with serving(talk=loris) as served, HaystackClient(served.url, limits=limits) as client:
        began = time.monotonic()
        with pytest.raises(Unavailable, match=r"within 0\.8 s"):
            await client.read("site")
        assert time.monotonic() - began < 3


async def test_a_silent_server_is_told() -> None:
    async def mute(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        await reader.read()

    limits = Limits(silence_s=0.3, total_s=5)
    async with serving(talk=mute) as served, HaystackClient(served.url, limits=limits) as client:
        with pytest.raises(Unavailable, match=r"silent for 0\.3 s"):
            await client.read("site")


async def test_nobody_at_the_address_is_told() -> None:
    async with serving(lambda _: b"") as served:
        pass
    async with HaystackClient(served.url, limits=QUICK) as client:
        with pytest.raises(Unavailable, match="cannot be reached"):
            await client.about()


async def test_json_of_both_versions_is_read_where_a_server_writes_only_that() -> None:
    hayson = {
        "_kind": "grid",
        "meta": {"ver": "3.0"},
        "cols": [{"name": "id"}],
        "rows": [{"id": {"_kind": "ref", "val": "a"}}],
    }
    old = {"meta": {"ver": "2.0"}, "cols": [{"name": "id"}], "rows": [{"id": "r:a"}]}
    for body in (hayson, old):
        sent = answer(json.dumps(body).encode(), kind="application/json; charset=utf-8")
        async with (
            serving(lambda _, sent=sent: sent) as served,
            HaystackClient(served.url) as client,
        ):
            assert await client.read("id") == Grid(("id",), ({"id": Ref("a")},))


def _refusing(offer: str) -> bytes:
    return answer(b"", status="401 Unauthorized", more=f"WWW-Authenticate: {offer}\r\n")


@pytest.mark.parametrize(
    ("offer", "kind", "says"),
    [("SCRAM hash=MD5, handshakeToken=aa", Unavailable, "do not know: scram"),
     ("Negotiate", Unavailable, "do not know: negotiate"),
     ("SCRAM hash=SHA-256, handshakeToken=aa", Unavailable, "do not know")],
)  # fmt: skip
async def test_a_login_nobody_knows_is_told(
    offer: str, kind: type[PlantroomError], says: str
) -> None:
    async with serving(lambda _: _refusing(offer)) as served:
        with pytest.raises(kind, match=says):
            async with HaystackClient(served.url, user="u", password="p", limits=QUICK):
                pass


@pytest.mark.parametrize(
    ("challenge", "says"),
    [("r=somebody-elses,s=QSXC,i=4096", "does not continue ours"), ("r={n}x,s=QSXC,i=9999999999", "rounds"),
     ("r={n}x,s=QSXC,i=1", "rounds"), ("r={n}x,s=QSXC", "iterations"), ("r={n}x,s=%%%,i=4096", "base64")],
)  # fmt: skip
def test_a_challenge_that_cannot_be_right_is_not_answered(challenge: str, says: str) -> None:
    exchange = Exchange("u", "p", "SHA-256", nonce="abc")
    with pytest.raises((Corrupt, Refused), match=says):
        exchange.final(challenge.replace("{n}", "abc"))


async def test_a_password_is_not_sent_in_the_clear_over_a_line_others_read() -> None:
    open_line = Transport("http://bms.example/api", QUICK)
    with pytest.raises(Refused, match="others can read"):
        _private(open_line, "Basic")
    await open_line.close()


async def test_on_this_very_machine_a_plain_password_will_do() -> None:
    def reply(asked: str) -> bytes:
        if f"PLAINTEXT username={pack('v')}, password={pack('p')}" in asked:
            return answer(SITE, more="Authentication-Info: authToken=abc123\r\n")
        return answer(SITE) if "BEARER authToken=abc123" in asked else _refusing("PLAINTEXT")

    async with (
        serving(reply) as served,
        HaystackClient(served.url, user="v", password="p") as client,
    ):
        assert len(await client.read("site")) == 1


async def test_a_server_that_asks_for_basic_gets_it_on_this_machine() -> None:
    def reply(asked: str) -> bytes:
        return answer(SITE) if "Basic djpw" in asked else _refusing('Basic realm="station"')

    async with (
        serving(reply) as served,
        HaystackClient(served.url, user="v", password="p") as client,
    ):
        assert len(await client.read("site")) == 1


async def test_an_impostor_who_lets_everyone_in_is_found_out() -> None:
    """It takes any proof, but cannot show that it knows the password itself."""

    def reply(asked: str) -> bytes:
        said = read_header(re.search(r"(?i)^authorization: (.*)$", asked, re.MULTILINE)[1])[0]
        if said.scheme == "hello":
            return _refusing("SCRAM hash=SHA-256, handshakeToken=aa")
        message = fields(unpack_text(said["data"]).removeprefix("n,,"))
        if "p" in message:
            return answer(SITE, more=f"Authentication-Info: authToken=x, data={pack('v=AAAA')}\r\n")
        return _refusing(f"SCRAM data={pack('r=' + message['r'] + 'x,s=QSXC,i=4096')}")

    async with serving(reply) as served:
        with pytest.raises(Refused, match="could not prove"):
            async with HaystackClient(served.url, user="v", password="p", limits=QUICK):
                pass


def test_the_example_of_the_standard_comes_out() -> None:
    """RFC 7677, section 3."""
    exchange = Exchange("user", "pencil", "SHA-256", nonce="rOprNGfwEbeRWgbNEkqO")
    assert exchange.first == "n,,n=user,r=rOprNGfwEbeRWgbNEkqO"
    final = exchange.final(
        "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096"
    )
    assert final.endswith("p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=")
    exchange.verify("v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=")
    with pytest.raises(Refused):
        exchange.verify("v=7rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=")


def test_headers_are_read_as_servers_write_them() -> None:
    said = read_header('scram  HASH="SHA-256" , handshakeToken=aGk=,Basic realm="x"')
    assert [(each.scheme, dict(each.given)) for each in said] == [
        ("scram", {"hash": "SHA-256", "handshaketoken": "aGk="}), ("basic", {"realm": "x"})]  # fmt: skip
    assert unpack_text(" dsO2\n") == "vö"
    assert (
        derive("p", b"salt", 4_096, "SHA-1").stored != derive("q", b"salt", 4_096, "SHA-1").stored
    )


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=200))
def test_no_header_or_message_of_a_stranger_raises_anything_unforeseen(text: str) -> None:
    for read in (read_header, unpack_text, fields):
        with contextlib.suppress(Corrupt):
            read(text)
    with contextlib.suppress(PlantroomError):
        Exchange("u", "p", "SHA-256", nonce="abc").final(f"r=abcd,{text},i=1000")


@given(st.binary(max_size=64))
def test_bytes_come_back_from_either_alphabet(raw: bytes) -> None:
    assert unpack(pack(raw)) == raw
    assert unpack(base64.b64encode(raw).decode() + "\n") == raw


@settings(deadline=None, max_examples=30)
@given(st.text("abc=,ö %", min_size=1, max_size=12), st.text(max_size=12))
def test_any_name_and_password_log_in_to_our_own_server(user: str, password: str) -> None:
    auth = Auth(Account(user, password, iterations=4_096))
    token = read_header(auth.answer(f"HELLO username={pack(user)}", "a").value)[0]["handshakeToken"]
    exchange, message, status = Exchange(user, password, "SHA-256"), "", 0
    for turn in range(2):
        message = exchange.final(message) if turn else exchange.first
        reply = auth.answer(f"SCRAM data={pack(message)}, handshakeToken={token}", "a")
        status, message = reply.status, unpack_text(read_header(reply.value)[0]["data"])
    exchange.verify(message)
    assert status == 200

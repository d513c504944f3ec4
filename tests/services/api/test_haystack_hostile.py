"""The Haystack API in bad company: odd values, huge bodies, floods of logins, guesses."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import replace

import httpx2
import pytest
from haystack_house import (
    AHU,
    FAN,
    PASSWORD,
    TEMP,
    USER,
    HaystackHouse,
    house_served,
    log_in,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.haystack.scram import Exchange, pack, read_header
from ontology.codec import csv, hayson, trio, zinc
from ontology.errors import BadRequest, Corrupt
from ontology.kinds import MARKER, Grid, Number, Ref, Tags
from services.api.haystack import auth as auth_module
from services.api.haystack import bodies as bodies_module
from services.api.haystack import media as media_module
from services.api.haystack.answers import LEFT_OUT, sifted, told, written
from services.api.haystack.auth import Auth, Reply
from services.api.haystack.media import FORMATS, decode
from services.api.haystack.scram import Account

FORMAT = {each.name: each for each in FORMATS}
READERS = {"text/zinc": zinc.decode, "application/json": hayson.decode, "text/trio": trio.decode,
           "text/csv": csv.decode}  # fmt: skip
ODD = Ref("AHU-1.odd")


@pytest.fixture(scope="module")
def house() -> Iterator[HaystackHouse]:
    with house_served(writes=False, get_writes=False) as found:
        yield found


@pytest.fixture
async def http(house: HaystackHouse) -> AsyncIterator[httpx2.AsyncClient]:
    headers = {"authorization": f"Bearer authToken={log_in(house.auth)}"}
    async with httpx2.AsyncClient(base_url=house.url, headers=headers) as client:
        yield client


async def changed(house: HaystackHouse, tags: dict[Ref, Tags]) -> None:
    await house.records.commit(tags)


# --- values that a format cannot hold -----------------------------------------------------------


@pytest.mark.parametrize("unit", ["W/(L/s)", "% RH", "m3/h"])
@pytest.mark.parametrize("media", READERS)
async def test_one_point_with_an_unusual_unit_hides_no_other_point(
    house: HaystackHouse, http: httpx2.AsyncClient, media: str, unit: str
) -> None:
    await changed(house, {TEMP: {"unit": unit}})
    try:
        answer = await http.get("/read?filter=point", headers={"accept": media})
        rows = {row["id"].id: row for row in READERS[media](answer.text)}
        assert rows.keys() == {TEMP.id, FAN.id, "AHU-1.silent"}
        assert rows[TEMP.id]["unit"] == unit
        assert rows[TEMP.id]["curVal"] == Number(rows[TEMP.id]["curVal"].value)
        history = await http.get(f"/hisRead?id={TEMP}&range=today", headers={"accept": media})
        assert len(READERS[media](history.text)) == 58
    finally:
        await changed(house, {TEMP: {"unit": "°C"}})


@pytest.mark.parametrize("media", READERS)
async def test_a_stored_value_that_cannot_be_written_is_left_out_and_counted(
    house: HaystackHouse, http: httpx2.AsyncClient, media: str
) -> None:
    odd = {"id": ODD, "equip": MARKER, "odd": MARKER, "area": Number(5, "W/(L/s)"),
           "load": Number(6, "% RH"), "dis": "Odd"}  # fmt: skip
    await changed(house, {ODD: odd})
    try:
        answer = await http.get("/read?filter=equip", headers={"accept": media})
        grid = READERS[media](answer.text)
        rows = {row["id"].id: row for row in grid}
        assert rows.keys() == {"AHU-1", "AHU-1.odd"}
        assert rows["AHU-1.odd"]["dis"] == "Odd"
        if media == "text/zinc":
            assert rows["AHU-1.odd"].keys() == {"id", "dis", "equip", "odd"}
            assert grid.meta[LEFT_OUT] == Number(2)
        assert rows["AHU-1"].keys() >= {"ahu", "serves", "setup", "installed"}
    finally:
        await changed(house, {ODD: None})


@pytest.mark.parametrize("media", READERS)
async def test_half_a_surrogate_pair_in_a_name_breaks_no_answer(
    house: HaystackHouse, http: httpx2.AsyncClient, media: str
) -> None:
    await changed(house, {ODD: {"id": ODD, "dis": "\ud800", "equip": MARKER}})
    try:
        answer = await http.get("/read?filter=equip", headers={"accept": media})
        assert answer.status_code == 200
        assert [row["id"].id for row in READERS[media](answer.text)] == ["AHU-1", "AHU-1.odd"]
    finally:
        await changed(house, {ODD: None})


def test_an_encoder_that_writes_half_a_surrogate_pair_is_not_believed() -> None:
    """Bytes decide: what cannot be sent as UTF-8 is left out, whatever the format thinks of it."""
    rows = tuple({"id": Ref(f"e{i}"), "dis": "\ud800" if i == 700 else "x"} for i in range(1_000))
    grid, missing = sifted(Grid.of(rows), lambda part: _raw(part).encode())
    assert missing == 1
    assert [i for i, row in enumerate(grid) if "dis" not in row] == [700]
    assert len(grid) == 1_000


async def test_an_answer_that_no_leaving_out_can_save_is_an_error_and_no_broken_connection() -> (
    None
):
    def never(_grid: Grid) -> str:
        raise Corrupt("no way to write this", hint="none")

    answer = await written(
        Grid(("a",), ({"a": MARKER},)), replace(FORMAT["zinc"], encode=never), "x/y"
    )
    assert answer.status_code == 500
    assert b"ask for another format" in answer.body


def test_a_column_whose_name_cannot_be_written_takes_only_its_own_values_along() -> None:
    rows = ({"id": Ref("a"), "Bad Name": MARKER}, {"id": Ref("b")})
    grid, missing = sifted(Grid(("id", "Bad Name"), rows), lambda part: zinc.encode(part).encode())
    assert missing == 1
    assert list(grid) == [{"id": Ref("a")}, {"id": Ref("b")}]


def _raw(grid: Grid) -> str:
    return "\n".join(str(value) for row in grid for value in row.values())


@settings(max_examples=60, deadline=None)
@given(st.lists(st.booleans(), max_size=40), st.lists(st.booleans(), min_size=3, max_size=3))
def test_exactly_what_is_refused_is_left_out(bad_rows: list[bool], meta: list[bool]) -> None:
    odd, fine = Number(1, "a b"), Number(2, "kW")
    rows = tuple({"n": odd if bad else fine, "m": MARKER} for bad in bad_rows)
    tags = {f"t{i}": odd if bad else fine for i, bad in enumerate(meta)}
    grid, missing = sifted(Grid(("m", "n"), rows, tags), lambda part: zinc.encode(part).encode())
    assert missing == sum(bad_rows) + sum(meta)
    assert ["n" not in row for row in grid] == bad_rows
    assert grid.meta == {f"t{i}": fine for i in range(3) if not meta[i]} | {
        LEFT_OUT: Number(missing)
    }
    assert len(zinc.decode(zinc.encode(grid))) == len(bad_rows)


@pytest.mark.parametrize(
    ("path", "status"),
    [("/read?filter=a+and+and", 400), ("/hisRead?id=@nowhere&range=today", 404), ("/read?id=12", 400),
     (f"/pointWrite?id={FAN}", 403)],
)  # fmt: skip
@pytest.mark.parametrize("media", ["text/trio", "text/csv"])
async def test_a_format_without_meta_tells_an_error_by_its_status(
    http: httpx2.AsyncClient, media: str, path: str, status: int
) -> None:
    answer = await http.get(path, headers={"accept": media})
    assert answer.status_code == status
    assert answer.headers["content-type"].startswith("text/plain")
    assert len(answer.text.strip()) > 10
    assert (await http.get(path)).status_code == 200  # a grid of Zinc can say it itself


def test_an_error_with_half_a_surrogate_pair_in_its_words_is_told() -> None:
    for name in ("zinc", "json", "trio", "csv"):
        answer = told(BadRequest("no \ud800", hint="not \udfff"), FORMAT[name], "x/y")
        assert b"no ?" in answer.body


# --- odd arguments ------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["id%E1%8D%A9", "id" + "9" * 5_000, "id%C2%B2", "id_1"])
async def test_an_argument_with_a_number_of_another_script_is_no_id(
    http: httpx2.AsyncClient, name: str
) -> None:
    answer = await http.get(f"/hisRead?{name}=@a&range=today")
    assert answer.status_code == 200
    assert zinc.decode(answer.text).meta["errType"] == "bad-request"


@pytest.mark.parametrize("lease", ["NaN", "INF", "-INF", "-5s", "-1e300"])
async def test_a_watch_cannot_be_had_for_ever(http: httpx2.AsyncClient, lease: str) -> None:
    grid = await _watch(http, lease)
    assert grid.meta["errType"] == "bad-request"
    assert "watchId" not in grid.meta


async def test_a_long_lease_is_cut_to_an_hour(http: httpx2.AsyncClient) -> None:
    for lease in ("1e300s", "1e300h", "99999"):
        assert (await _watch(http, lease)).meta["lease"] == Number(3_600, "s")
    assert (await _watch(http, "1e-300")).meta["lease"] == Number(1, "s")


async def _watch(http: httpx2.AsyncClient, lease: str) -> Grid:
    body = f'ver:"3.0" watchDis:"x" lease:{lease}\nid\n{AHU}\n'
    answer = await http.post("/watchSub", content=body, headers={"content-type": "text/zinc"})
    return zinc.decode(answer.text)


# --- bodies -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "media"),
    [('ver:"3.0"\na\n' + "N\n" * 20_001, "text/zinc"), ("a\n-\n" * 20_001, "text/trio"),
     ("[" + ",".join(['{"a":1}'] * 20_001) + "]", "application/json"),
     ('{"cols":[{"name":"a"}],"rows":[' + ",".join(["{}"] * 20_001) + "]}", "application/json"),
     ('[{"a":[' + ",".join(["{}"] * 400_002) + "]}]", "application/json"),
     ('ver:"3.0"\na\n[' + "1," * 400_001 + "]\n", "text/zinc")],
    ids=["zinc", "trio", "hayson", "json3", "hayson values", "zinc values"],
)  # fmt: skip
def test_a_grid_of_too_many_rows_or_values_is_refused_in_every_format(
    body: str, media: str
) -> None:
    with pytest.raises(BadRequest, match="more than"):
        decode(body.encode(), media)


def test_a_grid_of_just_as_many_rows_as_allowed_is_read() -> None:
    body = 'ver:"3.0"\nid\n' + "@a\n" * media_module.MAX_ROWS
    assert len(decode(body.encode(), "text/zinc")) == media_module.MAX_ROWS


async def test_long_bodies_are_read_one_at_a_time_and_the_crowd_is_sent_away(
    http: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    now, most = [0], [0]

    def slow(body: bytes, media: str) -> Grid:
        if len(body) > bodies_module.SHORT:
            now[0] += 1
            most[0] = max(most[0], now[0])
            time.sleep(0.05)
            now[0] -= 1
        return decode(body, media)

    monkeypatch.setattr(bodies_module, "decode", slow)
    monkeypatch.setattr(bodies_module, "MAX_WAITING", 2)
    head = {"content-type": "text/zinc"}
    long = 'ver:"3.0"\nid\n' + "@nowhere\n" * 3_000
    posts = [http.post("/read", content=long, headers=head) for _ in range(6)]
    short = http.post("/read", content='ver:"3.0"\nid\n@AHU-1\n', headers=head)
    *answers, quick = await asyncio.gather(*posts, short)
    assert quick.status_code == 200
    assert most == [1]
    statuses = sorted(answer.status_code for answer in answers)
    assert statuses == [200, 200, 200, 429, 429, 429]
    refused = next(answer for answer in answers if answer.status_code == 429)
    assert refused.headers["retry-after"] == "1"
    again = await http.post("/read", content=long, headers=head)
    assert again.status_code == 200


# --- logins -------------------------------------------------------------------------------------


def _auth(now: Callable[[], float] = lambda: 0.0) -> Auth:
    return Auth(Account(USER, PASSWORD, iterations=4_096), now=now)


def _begun(auth: Auth, peer: str, user: str = USER) -> tuple[str, Exchange, str]:
    """A login up to the server's challenge: its token, and what to answer."""
    hello = auth.answer(f"HELLO username={pack(user)}", peer)
    assert isinstance(hello, Reply)
    assert hello.status == 401
    exchange = Exchange(user, PASSWORD, "SHA-256")
    return read_header(hello.value)[0]["handshakeToken"], exchange, peer


def _challenged(auth: Auth, begun: tuple[str, Exchange, str]) -> bool:
    token, exchange, peer = begun
    reply = auth.answer(f"SCRAM data={pack(exchange.first)}, handshakeToken={token}", peer)
    return isinstance(reply, Reply) and reply.status == 401


def test_a_flood_of_logins_from_many_addresses_keeps_nobody_else_out() -> None:
    auth = _auth()
    honest = _begun(auth, "192.168.1.1")
    for round in range(40):
        for peer in range(8):
            auth.answer(f"HELLO username={pack(f'u{round}')}", f"10.0.0.{peer}")
    assert _challenged(auth, honest)
    assert log_in(auth, peer="192.168.1.2")
    assert len(auth._pending) <= auth_module.MAX_HANDSHAKES


def test_a_flood_of_logins_in_other_names_keeps_nobody_behind_the_same_proxy_out() -> None:
    auth = _auth()
    honest = _begun(auth, "proxy")
    for i in range(500):
        auth.answer(f"HELLO username={pack(f'stranger {i % 7}')}", "proxy")
    assert _challenged(auth, honest)


def test_garbage_is_no_guess_and_blocks_nobody() -> None:
    auth = _auth()
    for header in ("SCRAM data=x, handshakeToken=y", "HELLO username=%%", "SCRAM", "HELLO") * 10:
        reply = auth.answer(header, "proxy")
        assert isinstance(reply, Reply)
        assert reply.status == 403
    for _ in range(12):
        token, exchange, peer = _begun(auth, "proxy")
        auth.answer(f"SCRAM data={pack(exchange.first)}, handshakeToken={token}", peer)
        auth.answer(f"SCRAM data={pack('c=biws,r=x,p=AAAA')}, handshakeToken={token}", peer)
    assert log_in(auth, peer="proxy")


def test_guesses_at_one_name_hold_up_that_name_at_that_address_alone() -> None:
    auth = _auth()
    for _ in range(10):
        assert log_in(auth, "stranger", "guess", peer="proxy") == ""
    waits = auth.answer(f"HELLO username={pack('stranger')}", "proxy")
    assert isinstance(waits, Reply)
    assert (waits.status, waits.value) == (429, "60")
    assert log_in(auth, peer="proxy")


def test_handshakes_begun_before_the_guesses_give_no_further_guess() -> None:
    auth = _auth()
    kept = [_begun(auth, "there") for _ in range(20)]
    for _ in range(10):
        log_in(auth, password="guess", peer="there")
    token, exchange, peer = kept[-1]
    reply = auth.answer(f"SCRAM data={pack(exchange.first)}, handshakeToken={token}", peer)
    assert isinstance(reply, Reply)
    assert reply.status == 429


def test_guesses_at_made_up_names_do_not_clear_the_account_of_the_right_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(auth_module, "MAX_GUESSERS", 4)
    auth = _auth()
    for _ in range(10):
        log_in(auth, password="guess", peer="there")
    for i in range(30):
        log_in(auth, f"stranger {i}", "guess", peer="there")
    reply = auth.answer(f"HELLO username={pack(USER)}", "there")
    assert isinstance(reply, Reply)
    assert reply.status == 429
    assert max(len(each) for each in auth._guesses) <= 4

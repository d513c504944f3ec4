"""The Haystack API byte by byte: logins, formats, statuses, bounds, and no writing by default."""

from __future__ import annotations

import asyncio
import base64
import json
import logging
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import httpx2
import pytest
from api_house import House, build_house, options
from haystack_house import (
    AHU,
    FAN,
    NAME,
    NOW,
    PASSWORD,
    TEMP,
    USER,
    HaystackHouse,
    house_served,
    log_in,
)

from ingest.haystack.scram import Exchange, Keys, derive, pack, read_header, sign, unpack_text, xor
from ontology.codec import csv, hayson, trio, zinc
from ontology.definitions import STANDARD
from ontology.errors import Conflict
from ontology.history import Sample, Samples
from ontology.kinds import MARKER, REMOVE, Grid, Number, Ref, Symbol
from services.api.app import create_app
from services.api.haystack import auth as auth_module
from services.api.haystack import watches as watches_module
from services.api.haystack.auth import Auth, Reply
from services.api.haystack.scram import Account


@pytest.fixture(scope="module")
def house() -> Iterator[HaystackHouse]:
    with house_served(writes=False, get_writes=False) as found:
        yield found


@pytest.fixture(scope="module")
def writing() -> Iterator[HaystackHouse]:
    """The same house, with a dry run that takes writes."""
    with house_served() as found:
        yield found


@pytest.fixture
async def http(house: HaystackHouse) -> AsyncIterator[httpx2.AsyncClient]:
    """Requests with a valid token."""
    token = log_in(house.auth)
    headers = {"authorization": f"Bearer authToken={token}"}
    async with httpx2.AsyncClient(base_url=house.url, headers=headers) as client:
        yield client


async def post(http: httpx2.AsyncClient, op: str, body: str, kind: str = "text/zinc") -> Grid:
    answer = await http.post(f"/{op}", content=body.encode(), headers={"content-type": kind})
    assert answer.status_code == 200
    return zinc.decode(answer.text)


# --- logging in ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path", ["/about", "/user/login", "/ui", "/api/demo/about", "//", "/x/y/z"]
)
async def test_the_handshake_begins_on_any_path_with_the_token_first(
    house: HaystackHouse, path: str
) -> None:
    async with httpx2.AsyncClient(base_url=house.url) as client:
        plain = await client.get(path)
        assert (plain.status_code, plain.headers["www-authenticate"]) == (401, "SCRAM hash=SHA-256")
        hello = await client.get(path, headers={"authorization": f"hello USERNAME={pack(USER)}"})
    assert hello.status_code == 401
    assert hello.headers["www-authenticate"].startswith("SCRAM handshakeToken=")
    assert hello.headers["www-authenticate"].endswith(", hash=SHA-256")
    assert (b"WWW-Authenticate") in [name for name, _ in hello.headers.raw]


def test_a_salt_is_the_same_for_a_name_and_reads_the_same_in_both_alphabets() -> None:
    account = Account(USER, PASSWORD, iterations=4_096)
    salts = [account.salt(f"user {i}") for i in range(300)]
    assert salts == [account.salt(f"user {i}") for i in range(300)]
    assert len(set(salts)) == 300
    assert not set(b"".join(base64.b64encode(salt) for salt in salts)) & set(b"+/")


@pytest.mark.parametrize("gs2", ["n,,", "y,,", ""])
@pytest.mark.parametrize(
    "write",
    [lambda p: base64.b64encode(p).decode(), lambda p: base64.b64encode(p).decode().rstrip("="),
     lambda p: base64.urlsafe_b64encode(p).decode(), lambda p: base64.b64encode(p).decode() + "\n",
     lambda p: base64.b64encode(p.lstrip(b"\0")).decode()],
    ids=["padded", "bare", "url", "newline", "zeros lost"],
)  # fmt: skip
def test_every_form_of_a_right_proof_opens(gs2: str, write: Callable[[bytes], str]) -> None:
    auth = Auth(Account(USER, PASSWORD, iterations=4_096))
    token = read_header(auth.answer(f"HELLO username={pack(USER)}", "a").value)[0]["handshakeToken"]
    bare = f"n={USER},r=abc"
    asked = unpack_text(
        read_header(
            auth.answer(f"scram DATA={pack(gs2 + bare)},handshaketoken={token}", "a").value
        )[0]["data"]
    )
    nonce, salt, rounds = (part.partition("=")[2] for part in asked.split(","))
    keys: Keys = derive(PASSWORD, base64.b64decode(salt), int(rounds), "SHA-256")
    final = f"c={base64.b64encode((gs2 or 'n,,').encode()).decode()},r={nonce}"
    proof = xor(keys.client, sign(keys.stored, f"{bare},{asked},{final}", "SHA-256"))
    last = auth.answer(
        f"SCRAM data={pack(f'{final},p={write(proof)}')}, handshakeToken={token}", "a"
    )
    assert last.status == 200
    assert last.value.startswith("authToken=")
    assert read_header(last.value)[0]["authToken"].isalnum()


def test_a_stranger_is_challenged_as_the_user_is_and_then_refused() -> None:
    auth = Auth(Account(USER, PASSWORD, iterations=4_096))
    shapes = []
    for user in (USER, "stranger"):
        token = read_header(auth.answer(f"HELLO username={pack(user)}", "a").value)[0][
            "handshakeToken"
        ]
        first = auth.answer(
            f"SCRAM data={pack(Exchange(user, 'x', 'SHA-256').first)}, handshakeToken={token}", "a"
        )
        shapes.append((first.status, len(first.value)))
        assert log_in(auth, user, "x", peer="b") == ""
    assert shapes[0][0] == shapes[1][0]
    assert abs(shapes[0][1] - shapes[1][1]) <= 2


def test_a_handshake_is_good_for_one_proof_and_one_minute() -> None:
    now = [0.0]
    auth = Auth(Account(USER, PASSWORD, iterations=4_096), now=lambda: now[0])
    token = read_header(auth.answer(f"HELLO username={pack(USER)}", "a").value)[0]["handshakeToken"]
    first = f"SCRAM data={pack(Exchange(USER, 'x', 'SHA-256').first)}, handshakeToken={token}"
    assert auth.answer(first, "a").status == 401
    assert auth.answer(first, "a").status == 403  # the second message is a proof, and wrong
    assert auth.answer(first, "a").status == 403
    token = read_header(auth.answer(f"HELLO username={pack(USER)}", "a").value)[0]["handshakeToken"]
    now[0] = 61.0
    assert auth.answer(first.rpartition("=")[0] + f"={token}", "a").status == 403


def test_ten_wrong_passwords_close_the_door_for_a_minute_to_that_address_only() -> None:
    now = [0.0]
    auth = Auth(Account(USER, PASSWORD, iterations=4_096), now=lambda: now[0])
    token = log_in(auth, peer="there")
    for _ in range(10):
        assert log_in(auth, password="guess", peer="there") == ""
    assert auth.answer(f"HELLO username={pack(USER)}", "there").status == 429
    assert not isinstance(auth.answer(f"BEARER authToken={token}", "there"), Reply)
    assert log_in(auth, peer="elsewhere")
    now[0] = 61.0
    assert log_in(auth, peer="there")


def test_logins_and_sessions_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(auth_module, "MAX_SESSIONS", 2)
    auth = Auth(Account(USER, PASSWORD, iterations=4_096))
    tokens = [log_in(auth) for _ in range(3)]
    kinds = [isinstance(auth.answer(f"BEARER authToken={token}", "a"), Reply) for token in tokens]
    assert kinds == [True, False, False]
    for i in range(2_000):
        auth.answer(f"HELLO username={pack(USER)}", f"peer {i % 100}")
    assert len(auth._pending) <= auth_module.MAX_HANDSHAKES


def test_a_token_ends_an_hour_after_its_last_use_and_after_a_day() -> None:
    now = [0.0]
    auth = Auth(Account(USER, PASSWORD, iterations=4_096), now=lambda: now[0])
    header = f"Bearer {log_in(auth)}"  # the plain form, which haystack-nclient sends
    for _ in range(24):
        assert not isinstance(auth.answer(header, "a"), Reply)
        now[0] += 3_599.0
    assert not isinstance(auth.answer(header, "a"), Reply)
    now[0] += 100.0
    assert auth.answer(header, "a").status == 403


@pytest.mark.parametrize(
    "header", ["", " ", ",,,", "BEARER", "BEARER authToken=", "HELLO", "HELLO username=%%", "SCRAM", "SCRAM data=x",
               "SCRAM data=x, handshakeToken=x", "Basic dXNlcjpw", "x" * 10_000, "HELLO username=" + "A" * 4_000, "\x00"],
)  # fmt: skip
def test_no_header_opens_by_being_odd(header: str) -> None:
    auth = Auth(Account(USER, PASSWORD, iterations=4_096))
    reply = auth.answer(header, "a")
    assert isinstance(reply, Reply)
    assert reply.status in (401, 403)


async def test_nothing_secret_is_logged_or_shown(
    house: HaystackHouse, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    token = log_in(house.auth)
    async with httpx2.AsyncClient(
        base_url=house.url, headers={"authorization": f"BEARER authToken={token}"}
    ) as client:
        await client.get("/read?filter=a+and+and")
    shown = caplog.text + repr(house.auth.answer(f"BEARER authToken={token}", "a"))
    shown += repr(options(haystack_user=USER, haystack_password=PASSWORD))
    assert token not in shown
    assert PASSWORD not in shown


# --- formats and statuses -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("accept", "media", "decode"),
    [("", "text/zinc", zinc.decode), ("*/*", "text/zinc", zinc.decode), ("text/plain", "text/plain", zinc.decode),
     ("text/zinc,application/vnd.haystack+json", "text/zinc", zinc.decode),
     ("application/vnd.haystack+json;version=3, application/json", "application/json", hayson.decode),
     ("text/zinc;q=0.2, application/json;q=0.9", "application/json", hayson.decode),
     ("application/vnd.haystack+json;version=4", "application/vnd.haystack+json", hayson.decode),
     ("image/png, TEXT/TRIO", "text/trio", trio.decode), ("text/csv", "text/csv", csv.decode)],
)  # fmt: skip
async def test_the_first_known_format_of_an_ordered_list_is_written(
    http: httpx2.AsyncClient, accept: str, media: str, decode: Callable[[str], Grid]
) -> None:
    answer = await http.get("/read?filter=floor", headers={"accept": accept})
    assert answer.headers["content-type"].startswith(media)
    assert NAME in [row["dis"] for row in decode(answer.text)]
    assert "\\u" not in answer.text


async def test_a_request_is_read_in_any_format_even_json_of_version_3_under_a_plain_name(
    http: httpx2.AsyncClient,
) -> None:
    old = {"meta": {"ver": "2.0"}, "cols": [{"name": "filter"}, {"name": "limit"}],
           "rows": [{"filter": "s:point", "limit": "n:1"}]}  # fmt: skip
    asked = Grid.of(({"filter": "point", "limit": Number(1)},))
    for body, kind in [
        (json.dumps(old), "application/json"), (json.dumps(old), "application/vnd.haystack+json;version=3"),
        (hayson.encode(asked), "application/json"), (trio.encode(asked), "text/trio"),
        ('ver:"2.0"\nfilter,limit\n"point",1\n\n', "text/zinc; charset=utf-8"), (zinc.encode(asked), ""),
    ]:  # fmt: skip
        assert len(await post(http, "read", body, kind)) == 1, (body, kind)


@pytest.mark.parametrize(
    ("method", "path", "headers", "status"),
    [("GET", "/nosuch", {}, 404), ("GET", "/", {}, 404), ("GET", "/eval?expr=readAll(site)", {}, 404),
     ("GET", "/watchSub", {}, 405), ("GET", "/hisWrite", {}, 405), ("GET", "/close", {}, 405),
     ("GET", "/pointWrite?id=@x&level=8&val=1", {}, 405), ("GET", "/invokeAction", {}, 405),
     ("GET", "/about", {"accept": "image/png"}, 406), ("GET", "/about", {"accept": "text/zinc;q=0"}, 406),
     ("POST", "/read", {"content-type": "image/png"}, 415), ("PUT", "/read", {}, 405),
     ("GET", "/about", {"authorization": "Bearer authToken=00"}, 403)],
)  # fmt: skip
async def test_a_call_that_cannot_be_gets_its_status(
    http: httpx2.AsyncClient, method: str, path: str, headers: dict[str, str], status: int
) -> None:
    answer = await http.request(
        method, path, headers=headers, content=b"x" if method == "POST" else None
    )
    assert answer.status_code == status


@pytest.mark.parametrize(
    ("op", "body", "says"),
    [("read", 'ver:"3.0"\nfilter\n"a and and"\n', "bad-request"), ("read", "no grid", "corrupt"),
     ("read", 'ver:"3.0"\nempty\n', "bad-request"), ("read", 'ver:"3.0"\nfilter,limit\n"a",0\n', "bad-request"),
     ("read", 'ver:"3.0"\nfilter\n12\n', "bad-request"), ("read", 'ver:"3.0"\nid\n12\n', "corrupt"),
     ("read", "\xff", "corrupt"), ("hisRead", 'ver:"3.0"\nid\n@AHU-1\n', "bad-request"),
     ("hisRead", 'ver:"3.0"\nid,range\n@AHU-1,"today"\n', "not-found"),
     ("hisRead", f'ver:"3.0"\nid,range\n@{TEMP.id},"one day"\n', "bad-request"),
     ("hisRead", f'ver:"3.0"\nid,range\n@{TEMP.id},"2026-01-01,x"\n', "bad-request"),
     ("hisRead", f'ver:"3.0"\nid,range\n@{TEMP.id},"9999-12-31"\n', "bad-request"),
     ("watchPoll", 'ver:"3.0" watchId:"w-1"\nempty\n', "not-found"), ("nav", 'ver:"3.0"\nnavId\n"a b"\n', "bad-request"),
     ("watchSub", 'ver:"3.0" lease:1kg\nid\n@a\n', "bad-request")],
)  # fmt: skip
async def test_an_op_that_fails_is_an_error_grid_with_status_200(
    http: httpx2.AsyncClient, op: str, body: str, says: str
) -> None:
    answer = await http.post(
        f"/{op}", content=body.encode("latin-1"), headers={"content-type": "text/zinc"}
    )
    grid = zinc.decode(answer.text)
    assert answer.status_code == 200
    assert grid.meta["err"] is MARKER
    assert grid.meta["errType"] == says
    assert "Traceback" not in answer.text


async def test_a_very_long_request_is_not_read_to_its_end(http: httpx2.AsyncClient) -> None:
    grid = await post(http, "read", 'ver:"3.0"\nid\n' + "@a\n" * 1_000_000)
    assert "bytes" in grid.meta["dis"]
    answer = await http.get("/read", params={"filter": "a or " * 2_000 + "a"})
    assert zinc.decode(answer.text).meta["err"] is MARKER


# --- reading ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "filter", ["ahu", '"ahu"', 'dis=="AHU-1"', "id==@AHU-1", "equip and not point"]
)
async def test_a_filter_may_stand_in_an_address_with_and_without_quotes(
    http: httpx2.AsyncClient, filter: str
) -> None:
    answer = await http.get("/api/demo/read", params={"filter": filter, "limit": "5"})
    assert [row["id"] for row in zinc.decode(answer.text)] == [AHU]


async def test_a_miss_is_an_empty_row_in_its_place_and_no_match_an_empty_column(
    http: httpx2.AsyncClient,
) -> None:
    found = await post(http, "read", 'ver:"3.0"\nid\n@nowhere\n@AHU-1\n@nowhere "Gone"\n')
    assert [row.get("id") for row in found] == [None, AHU, None]
    nothing = await http.get("/read?filter=chiller")
    assert nothing.text == 'ver:"3.0"\nempty\n'


async def test_definitions_and_ops_are_symbols_that_a_filter_finds(
    http: httpx2.AsyncClient,
) -> None:
    ops = zinc.decode((await http.get("/ops")).text)
    assert {row["def"] for row in ops} >= {
        Symbol("op:read"),
        Symbol("op:hisRead"),
        Symbol("op:watchPoll"),
    }
    types = zinc.decode((await http.get("/filetypes", params={"filter": 'mime=="text/trio"'})).text)
    assert [row["def"] for row in types] == [Symbol("filetype:trio")]
    assert len(zinc.decode((await http.get("/libs")).text)) == 1
    assert len(zinc.decode((await http.get("/defs?limit=4")).text)) == 4


async def test_the_whole_taxonomy_of_the_home_is_listed(http: httpx2.AsyncClient) -> None:
    rows = {row["def"].name: row for row in zinc.decode((await http.get("/defs")).text)}
    assert STANDARD.defs.keys() <= rows.keys()
    assert rows["ahu"]["is"] == [Symbol("airHandlingEquip")]
    assert {"op:read", "filetype:zinc", "lib:ph"} <= rows.keys()
    assert all(row["lib"].name in rows for row in rows.values() if "lib" in row)


async def test_a_present_value_from_a_file_is_not_told_as_the_present_value(
    house: HaystackHouse, http: httpx2.AsyncClient
) -> None:
    old = {"curVal": Number(99, "°F"), "curStatus": "ok", "curErr": "none"}
    await house.records.commit({Ref("AHU-1.silent"): old})
    for asked in ("filter=temp", "filter=id", "id=@AHU-1.silent"):
        rows = zinc.decode((await http.get(f"/read?{asked}")).text)
        silent = next(row for row in rows if row["id"] == Ref("AHU-1.silent"))
        assert old.keys().isdisjoint(silent)
    rows = zinc.decode((await http.get("/nav?navId=@AHU-1")).text)
    assert all("curErr" not in row for row in rows)
    await house.records.commit({Ref("AHU-1.silent"): dict.fromkeys(old, REMOVE)})


async def test_a_thing_with_several_places_is_told_in_the_nearest(
    house: HaystackHouse, http: httpx2.AsyncClient
) -> None:
    floor, room, lamp = Ref("nav-floor"), Ref("nav-room"), Ref("nav-lamp")
    await house.records.commit({
        floor: {"floor": MARKER, "space": MARKER},
        room: {"room": MARKER, "space": MARKER, "floorRef": floor},
        lamp: {"equip": MARKER, "roomRef": room, "floorRef": floor},
    })  # fmt: skip
    inside = {
        str(place): [row["id"] for row in zinc.decode((await http.get(f"/nav?navId={place}")).text)]
        for place in (floor, room)
    }
    await house.records.commit({floor: None, room: None, lamp: None})
    assert inside == {"@nav-floor": [room], "@nav-room": [lamp]}


async def test_a_batch_of_histories_has_a_column_for_each_point(http: httpx2.AsyncClient) -> None:
    grid = await post(http, "hisRead", f'ver:"3.0" range:"2026-11-19"\nid\n@{TEMP.id}\n@{FAN.id}\n')
    assert [grid.column_meta[name]["id"] for name in ("v0", "v1")] == [TEMP, FAN]
    assert len(grid) == 96
    assert grid.meta["hisStart"].isoformat() == "2026-11-19T00:00:00+07:00"


# --- watches ------------------------------------------------------------------------------------


async def test_a_new_value_is_told_once(house: HaystackHouse, http: httpx2.AsyncClient) -> None:
    first = await post(
        http, "watchSub", f'ver:"2.0" watchDis:"x" lease:60\nid\n@{TEMP.id}\n@AHU-1\n'
    )
    poll = f'ver:"3.0" watchId:"{first.meta["watchId"]}"\nempty\n'
    assert first.meta["lease"] == Number(60, "s")
    assert len(await post(http, "watchPoll", poll)) == 0
    await house.history.write(Samples.of([Sample(TEMP, NOW, 99.5)]))
    told = await post(http, "watchPoll", poll)
    assert [(row["id"], row["curVal"]) for row in told] == [(TEMP, Number(99.5, "°C"))]
    assert len(await post(http, "watchPoll", poll)) == 0


async def test_a_removed_entity_is_told_by_its_id_alone(
    house: HaystackHouse, http: httpx2.AsyncClient
) -> None:
    gone = Ref("temporary")
    await house.records.commit({gone: {"dis": "for a moment", "marker": MARKER}})
    first = await post(http, "watchSub", f'ver:"3.0" watchDis:"x"\nid\n{gone}\n')
    await house.records.commit({gone: None})
    told = await post(http, "watchPoll", f'ver:"3.0" watchId:"{first.meta["watchId"]}"\nempty\n')
    assert list(told) == [{"id": gone}]


async def test_watches_are_bounded_in_size_and_number(
    http: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watches_module, "MAX_WATCHES", 5)
    many = "".join(f"@e-{i}\n" for i in range(watches_module.MAX_IDS + 1))
    refused = await post(http, "watchSub", f'ver:"3.0" watchDis:"x"\nid\n{many}')
    assert "too many" in refused.meta["dis"]
    one = 'ver:"3.0" watchDis:"x"\nid\n@AHU-1\n'
    grids = [await post(http, "watchSub", one) for _ in range(6)]
    assert grids[-1].meta["errType"] == "conflict"


async def test_a_watch_whose_changes_are_forgotten_is_told_everything(
    house: HaystackHouse, http: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = await post(http, "watchSub", f'ver:"3.0" watchDis:"x"\nid\n@AHU-1\n@{FAN.id}\n')

    async def forgotten(_since: int) -> None:
        raise Conflict("too long ago", hint="read everything again")

    monkeypatch.setattr(house.records, "changed", forgotten)
    poll = f'ver:"3.0" watchId:"{first.meta["watchId"]}"\nempty\n'
    assert [row["id"] for row in await post(http, "watchPoll", poll)] == [AHU, FAN]


# --- no writing -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("op", "body"),
    [("pointWrite", f'ver:"3.0"\nid,level,val\n@{FAN.id},8,T\n'), ("pointWrite", f'ver:"3.0"\nid\n@{FAN.id}\n'),
     ("hisWrite", f'ver:"3.0" id:@{TEMP.id}\nts,val\n2026-11-20T10:00:00+07:00 Bangkok,1°C\n'),
     ("invokeAction", 'ver:"3.0" id:@AHU-1 action:"reset"\nempty\n')],
)  # fmt: skip
async def test_what_would_change_a_building_is_refused_and_says_who_can(
    house: HaystackHouse, http: httpx2.AsyncClient, op: str, body: str
) -> None:
    grid = await post(http, op, body)
    assert grid.meta["errType"] == "refused"
    assert "read-only" in grid.meta["dis"]
    assert "a person" in grid.meta["hint"]
    assert house.writes.levels == {}


@pytest.mark.parametrize(
    ("op", "body"),
    [("pointWrite", 'ver:"3.0"\nid,level\n@a,0\n'), ("pointWrite", 'ver:"3.0"\nid,level\n@a,18\n'),
     ("pointWrite", 'ver:"3.0"\nid,level\n@a,"8"\n'), ("pointWrite", 'ver:"3.0"\nid\n@a\n@b\n'),
     ("pointWrite", 'ver:"3.0"\nid,level,duration\n@a,8,2°C\n'), ("hisWrite", 'ver:"3.0"\nts,val\n'),
     ("hisWrite", 'ver:"3.0" id:@a\nts,val\n"today",1\n'), ("invokeAction", 'ver:"3.0" id:@a\nempty\n'),
     ("hisWrite", 'ver:"3.0"\nts,v0 id:"a"\n')],
)  # fmt: skip
async def test_even_where_writes_are_taken_in_a_wrong_one_is_not(
    writing: HaystackHouse, op: str, body: str
) -> None:
    headers = {"authorization": f"BEARER authToken={log_in(writing.auth)}"}
    async with httpx2.AsyncClient(base_url=writing.url, headers=headers) as client:
        assert (await post(client, op, body)).meta["errType"] == "bad-request"
    assert writing.writes.levels == {}


# --- in the product -------------------------------------------------------------------------------


async def test_the_product_has_no_haystack_api_until_user_and_password_are_set(
    house_of_product: House,
) -> None:
    for chosen in (options(), options(haystack_user=USER), options(haystack_password=PASSWORD)):
        transport = httpx2.ASGITransport(app=create_app(house_of_product, chosen))
        async with httpx2.AsyncClient(transport=transport, base_url="http://localhost") as client:
            for answer in (
                await client.get("/haystack/about"),
                await client.post("/haystack/read", content=b"x"),
            ):
                assert answer.status_code == 404
                assert "PLANTROOM_HAYSTACK__USER" in answer.json()["hint"]


async def test_the_product_serves_its_building_read_only_behind_the_login(
    house_of_product: House,
) -> None:
    app = create_app(house_of_product, options(haystack_user=USER, haystack_password=PASSWORD))
    transport = httpx2.ASGITransport(app=app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://localhost") as client:
        assert (await client.get("/haystack/about")).status_code == 401
        client.headers["authorization"] = f"BEARER authToken={await log_in_over(client)}"
        about = zinc.decode((await client.get("/haystack/about")).text)
        assert about.rows[0]["serverName"] == "Riverside Tower"
        body = zinc.encode(Grid.of(({"filter": "ahu"},)))
        answer = await client.post(
            "/haystack/api/tower/read", content=body, headers={"content-type": "text/zinc"}
        )
        assert len(zinc.decode(answer.text)) > 0
        refused = await client.post(
            "/haystack/pointWrite",
            content='ver:"3.0"\nid\n@x\n',
            headers={"content-type": "text/zinc"},
        )
        assert zinc.decode(refused.text).meta["errType"] == "refused"
        evil = await client.post(
            "/haystack/read",
            content=body,
            headers={"content-type": "text/zinc", "sec-fetch-site": "cross-site"},
        )
        assert evil.status_code == 403
        assert (
            await client.post("/api/sql", content=body, headers={"content-type": "text/zinc"})
        ).status_code == 415


async def log_in_over(client: httpx2.AsyncClient) -> str:
    """The token of a login over HTTP."""
    hello = await client.get(
        "/haystack/about", headers={"authorization": f"HELLO username={pack(USER)}"}
    )
    token = read_header(hello.headers["www-authenticate"])[0]["handshakeToken"]
    exchange = Exchange(USER, PASSWORD, "SHA-256")
    message = exchange.first
    for _ in range(2):
        header = f"SCRAM data={pack(message)}, handshakeToken={token}"
        answer = await client.get("/haystack/about", headers={"authorization": header})
        if answer.status_code == 401:
            message = exchange.final(
                unpack_text(read_header(answer.headers["www-authenticate"])[0]["data"])
            )
    return read_header(answer.headers["authentication-info"])[0]["authToken"]


@pytest.fixture
def house_of_product(tmp_path: Path) -> House:
    (tmp_path / "documents").mkdir()
    return asyncio.run(build_house(tmp_path / "documents"))

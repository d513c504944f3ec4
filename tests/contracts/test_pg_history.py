"""What only a history in a database can suffer: restarts, other writers, wrong passwords, missing rights."""

from __future__ import annotations

import asyncio
import datetime as dt
import math
from collections.abc import AsyncIterator, Iterator

import numpy as np
import pg8000.native
import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingest.demo.model import riverside_tower
from ontology.errors import BadRequest, Corrupt, Unavailable
from ontology.graph import Building
from ontology.history import Retention, Sample, Samples, Status
from ontology.kinds import MARKER, Ref
from ontology.store import pg_layout, pg_read
from ontology.store.copying import copy, tally_of
from ontology.store.histories import open_history
from ontology.store.memory_history import MemoryHistory
from ontology.store.pg_history import PgHistory
from ontology.store.sql_door import opened
from ontology.time import UTC, Span
from tests.postgres import ASKED, Postgres, postgres, programs

T0 = dt.datetime(2026, 11, 20, tzinfo=UTC)
MINUTE = dt.timedelta(minutes=1)
HOUR = Span(T0, T0 + 60 * MINUTE)
POWER, FLOW = Ref("CH-2.power"), Ref("CH-2.chilled-water-flow")


@pytest.fixture
async def history(postgres_server: Postgres) -> AsyncIterator[PgHistory]:
    opened = PgHistory.open(postgres_server.fresh())
    yield opened
    await opened.close()


@pytest.fixture
def own_server() -> Iterator[Postgres]:
    """A server that a test may stop."""
    folder = programs()
    if folder is None:
        pytest.skip("PostgreSQL is not installed: restarts of it are not tested")
    with postgres(folder) as running:
        yield running


def at(minute: float, value: float, point: Ref = POWER, status: Status = Status.GOOD) -> Sample:
    return Sample(point, T0 + minute * MINUTE, value, status)


def grid(points: int, steps: int, *, start: int = 0, value: float = 0.0) -> Samples:
    """`points` points every 5 minutes; the value is `value` + the step's number."""
    number = np.arange(start, start + steps, dtype=np.int64)
    return Samples(
        tuple(Ref(f"P-{i}.power") for i in range(points)),
        np.tile(np.arange(points, dtype=np.int32), steps),
        np.repeat(int(T0.timestamp()) + 300 * number, points),
        np.repeat(number.astype(np.float64) + value, points),
        np.zeros(points * steps, np.uint8),
    )


async def test_what_was_acknowledged_is_there_after_the_database_was_started_again(
    own_server: Postgres,
) -> None:
    history = PgHistory.open(own_server.fresh())
    stored = 0
    for _ in range(3):
        await history.write(grid(3, 1, start=stored))
        stored += 1
        own_server.stop()
        with pytest.raises(Unavailable) as away:
            await history.write(grid(3, 1, start=stored))
        assert "outbox" in away.value.hint
        with pytest.raises(Unavailable):
            await history.latest()
        own_server.start()
        await history.write(grid(3, 1, start=stored))
        stored += 1
    day = Span(T0, T0 + dt.timedelta(days=1))
    assert (await history.raw(Ref("P-2.power"), day)).value.tolist() == list(
        map(float, range(stored))
    )
    assert (await history.latest())[Ref("P-1.power")].value == stored - 1
    await history.close()


async def test_a_plant_starts_while_its_database_is_still_away(own_server: Postgres) -> None:
    url = own_server.fresh()
    own_server.stop()
    tower = Building(riverside_tower())
    history = await asyncio.to_thread(open_history, url, tower)
    with pytest.raises(Unavailable):
        await history.write(Samples.of([at(0, 1)]))
    own_server.start()
    await history.write(Samples.of([at(0, 1)]))
    assert ask(url, "SELECT count(*) FROM plantroom.ahu_1") == [(0,)]
    await history.close()


@pytest.mark.parametrize("user", ["plantroom", ASKED])
async def test_a_wrong_password_is_said_without_the_password(
    postgres_server: Postgres, user: str
) -> None:
    url = postgres_server.fresh()
    name = url.rpartition("/")[2] if user == ASKED else "no_such_database"
    with pg8000.native.Connection(
        "plantroom", host="127.0.0.1", port=postgres_server.port, database="postgres"
    ) as db:
        db.run(f"DROP ROLE IF EXISTS {ASKED}")
        db.run(f"CREATE ROLE {ASKED} LOGIN PASSWORD 'right'")
    with pytest.raises(Unavailable) as refused:
        open_history(f"postgresql://{user}:s3cret@127.0.0.1:{postgres_server.port}/{name}")
    assert "PLANTROOM_HISTORY_URL" in refused.value.hint
    assert "s3cret" not in f"{refused.value!r}{refused.value.hint}{refused.value.__cause__!r}"


@pytest.mark.parametrize("url", ["mysql://u:s3cret@h/db", "postgresql://u:s3cret@h:port/db"])
def test_a_url_that_leads_nowhere_is_refused_without_its_secret(url: str) -> None:
    with pytest.raises(BadRequest) as refused:
        open_history(url)
    assert "s3cret" not in f"{refused.value!r}{refused.value.__context__}"


async def test_two_writers_of_one_building_lose_nothing(postgres_server: Postgres) -> None:
    """Both write the same points, new ones too, in different orders, while old months are forgotten."""
    url = postgres_server.fresh()
    one, two = PgHistory.open(url), PgHistory.open(url)

    async def mine(history: PgHistory, first: int) -> None:
        for step in range(first, 60, 2):
            batch = grid(40, 1, start=step * 288)  # a day further each time: months come into being
            order = np.argsort(np.sin(np.arange(40) * (first + 1)))
            await history.write(
                Samples(
                    batch.points,
                    batch.index[order],
                    batch.ts[order],
                    batch.value[order],
                    batch.status,
                )
            )
            if step % 20 == first:
                await history.retain(Retention(raw=dt.timedelta(days=365)), now=T0)

    await asyncio.gather(mine(one, 0), mine(two, 1))
    for history in (one, two):
        kept = await history.kept()
        assert (kept.points, kept.rows) == (40, 60 * 40)
        assert (await history.latest())[Ref("P-39.power")].value == 59 * 288
    await one.close()
    await two.close()


async def test_a_correction_by_another_writer_is_seen_at_once(postgres_server: Postgres) -> None:
    url = postgres_server.fresh()
    one, two = PgHistory.open(url), PgHistory.open(url)
    await one.write(Samples.of([at(0, 1), at(1, 2)]))
    assert (await one.latest())[POWER].value == 2
    await two.write(Samples.of([at(1, 5, status=Status.ESTIMATED), at(3, 7, FLOW)]))
    assert await one.latest() == {POWER: at(1, 5, status=Status.ESTIMATED), FLOW: at(3, 7, FLOW)}
    assert (await one.read([POWER, FLOW], HOUR, 60 * MINUTE))[FLOW].tolist() == [7.0]
    await one.close()
    await two.close()


async def test_a_month_forgotten_by_another_writer_is_made_again_for_late_samples(
    postgres_server: Postgres,
) -> None:
    url = postgres_server.fresh()
    one, two = PgHistory.open(url), PgHistory.open(url)
    await one.write(grid(2, 3))
    assert (
        await two.retain(Retention(raw=dt.timedelta(days=1)), now=T0 + dt.timedelta(days=90)) == 6
    )
    await one.write(grid(2, 4))
    assert (await one.kept()).rows == 8
    await one.close()
    await two.close()


async def test_garbage_of_a_wrong_word_order_does_not_make_the_rest_unreadable(
    postgres_server: Postgres,
) -> None:
    """1e308 twice in an hour has no finite sum: only that hour suffers."""
    url = postgres_server.fresh()
    history = PgHistory.open(url, Building(riverside_tower()))
    point = Ref("AHU-1.supply-air-temp")
    late = dt.timedelta(hours=2)
    await history.write(
        Samples.of(
            [
                at(0, 1.7e308, point),
                at(0.5, 1.7e308, point),
                at(90, 21, point),
                at(91, 1e200, point),
            ]
        )
    )
    means = (await history.read([point], Span(T0, T0 + late), 60 * MINUTE))[point]
    assert math.isinf(means[0])
    assert (
        await history.retain(Retention(raw=dt.timedelta(days=1)), now=T0 + dt.timedelta(days=3))
        == 4
    )
    means = (await history.read([point], Span(T0, T0 + late), 60 * MINUTE))[point]
    assert math.isnan(means[0])
    assert means[1] == pytest.approx(5e199)
    await history.close()


async def test_a_clock_at_1970_gets_no_partition_for_each_month(history: PgHistory) -> None:
    for year in (1970, 1980, 1999):
        odd = dt.datetime(year, 3, 1, tzinfo=UTC)
        await history.write(Samples.of([Sample(POWER, odd, float(year))]))
    await history.write(Samples.of([at(0, 1)]))
    found = [row async for batch in history.scan() for row in batch.value.tolist()]
    assert found == [1970.0, 1980.0, 1999.0, 1.0]
    with history._door.transaction() as db:
        assert len(pg_layout.partitions(db)) == 2


async def test_a_database_of_another_format_is_not_touched(postgres_server: Postgres) -> None:
    url = postgres_server.fresh()
    await PgHistory.open(url).close()
    change(url, "UPDATE plantroom_store.meta SET value = '99' WHERE name = 'format'")
    with pytest.raises(Corrupt) as newer:
        PgHistory.open(url)
    assert "version of Plantroom" in newer.value.hint


async def test_a_user_who_may_not_make_tables_is_told_so(postgres_server: Postgres) -> None:
    url = postgres_server.fresh()
    change(url, "DROP ROLE IF EXISTS visitor", "CREATE ROLE visitor LOGIN")
    with pytest.raises(Unavailable) as refused:
        PgHistory.open(url.replace("plantroom@", "visitor@"))
    assert "grant" in refused.value.hint


async def test_windows_of_a_read_join_without_a_seam(
    history: PgHistory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However a range is cut into answers, the sums are those of one answer, to the last bit."""
    values = np.random.default_rng(7).random(400) * 1e6
    ts = int(T0.timestamp()) + np.sort(np.random.default_rng(8).choice(86_400, 400, replace=False))
    samples = Samples((POWER,), np.zeros(400, np.int32), ts, values, np.zeros(400, np.uint8))
    memory = MemoryHistory()
    for store in (history, memory):
        await store.write(samples)
    day = Span(T0, T0 + dt.timedelta(days=1))
    for fetch in (10, 1_000, 20_000, 2_000_000):
        monkeypatch.setattr(pg_read, "FETCH_ROWS", fetch)
        monkeypatch.setattr(pg_read, "MOST_ROWS", fetch)
        for step in (7 * MINUTE, 60 * MINUTE, dt.timedelta(days=2)):
            got = (await history.read([POWER], day, step))[POWER]
            assert got.tobytes() == (await memory.read([POWER], day, step))[POWER].tobytes()


async def test_a_scan_gives_every_sample_once_however_dense(
    history: PgHistory, monkeypatch: pytest.MonkeyPatch
) -> None:
    await history.bulk([grid(5, 500), grid(5, 40, start=20_000)])
    for rows in (3, 100, 5_000):
        monkeypatch.setattr(pg_read, "SCAN_ROWS", rows)
        monkeypatch.setattr(pg_read, "MOST_ROWS", 2 * rows)
        batches = [batch async for batch in history.scan()]
        assert max(map(len, batches)) <= rows
        ts = np.concatenate([batch.ts for batch in batches])
        assert len(ts) == 540 * 5
        assert (np.diff(ts) >= 0).all()


KEYS = st.tuples(st.sampled_from([POWER, FLOW]), st.integers(0, 70))
FACTS = st.dictionaries(
    KEYS, st.tuples(st.floats() , st.sampled_from(Status)), min_size=1, max_size=25
)  # fmt: skip


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(facts=FACTS, data=st.data())
async def test_messy_delivery_leaves_what_a_clean_one_does(
    postgres_server: Postgres,
    facts: dict[tuple[Ref, int], tuple[float, Status]],
    data: st.DataObject,
) -> None:
    """Twice, reordered, late, corrected, by bulk and by batch: bit for bit as in memory."""
    rows = [at(minute, value, point, status) for (point, minute), (value, status) in facts.items()]
    messy = data.draw(st.permutations(rows + data.draw(st.lists(st.sampled_from(rows)))))
    cut = data.draw(st.integers(0, len(messy)))
    history, memory = _emptied(postgres_server), MemoryHistory()
    wrong = [at((s.at - T0) / MINUTE, -1.0, s.point) for s in messy[: cut // 2]]
    await memory.write(Samples.of(rows))
    try:
        await history.bulk([Samples.of(wrong), Samples.of(messy[:cut])])
        for part in (messy[cut:], messy, messy[: cut // 2]):
            await history.write(Samples.of(part))
        await history.bulk([Samples.of(rows)])
        for point in (POWER, FLOW):
            one, other = await history.raw(point, HOUR), await memory.raw(point, HOUR)
            assert one.ts.tolist() == other.ts.tolist()
            assert one.status.tolist() == other.status.tolist()
            np.testing.assert_array_equal(one.value, other.value)
            means = [(await h.read([point], HOUR, 7 * MINUTE))[point] for h in (history, memory)]
            assert means[0].tobytes() == means[1].tobytes()
        newest = [sorted(map(repr, (await h.latest()).values())) for h in (history, memory)]
        assert newest[0] == newest[1]
    finally:
        await history.close()


_EMPTIED: dict[int, str] = {}


def _emptied(server: Postgres) -> PgHistory:
    """One database for many examples."""
    url = _EMPTIED.setdefault(server.port, "") or server.fresh()
    _EMPTIED[server.port] = url
    change(url, "DROP SCHEMA IF EXISTS plantroom_store CASCADE")
    return PgHistory.open(url)


async def test_views_speak_the_site_s_own_time(postgres_server: Postgres) -> None:
    url = postgres_server.fresh()
    tower = Building(riverside_tower())
    history = PgHistory.open(url, tower)
    point = Ref("AHU-1.cooling-valve")
    await history.write(
        Samples.of(
            [
                at(0, 40, point),
                at(0.5, 60, point),
                at(1, math.nan, point),
                at(2, 9, point, Status.FAULT),
            ]
        )
    )
    assert ask(url, "SELECT ts, cooling_valve FROM plantroom.ahu_1") == [
        (dt.datetime(2026, 11, 20, 7, 0), 50.0)
    ]
    assert ask(url, "SELECT value, status FROM plantroom.samples ORDER BY ts") == [
        (40.0, "good"), (60.0, "good"), (None, "good"), (9.0, "fault"),
    ]  # fmt: skip
    assert ask(url, "SELECT equip, floor, unit FROM plantroom.points WHERE point = 'AHU-1.cooling-valve'") == [("AHU-1", 1, "%")]  # fmt: skip
    assert ask(url, "SELECT ts FROM plantroom.latest") == [(dt.datetime(2026, 11, 20, 7, 2),)]
    await history.close()


async def test_names_longer_than_postgresql_takes_are_cut_and_never_clash(
    postgres_server: Postgres,
) -> None:
    """Two equipments alike in 63 characters, an equipment called hourly, 1,700 points on one panel."""
    long = "panel-of-the-lift-machine-room-on-the-roof-of-the-northern-annex-"
    model: list[dict[str, object]] = [{"id": Ref("site"), "site": MARKER, "tz": "Bangkok"}]
    for equip, count in ((f"{long}one", 1), (f"{long}two", 1), ("hourly", 1), ("wide", 1_700)):
        model.append({"id": Ref(equip), "equip": MARKER, "siteRef": Ref("site")})
        model += [
            {
                "id": Ref(f"{equip}.{n if equip == 'wide' else long}"),
                "point": MARKER,
                "equipRef": Ref(equip),
                "kind": "Number",
            }
            for n in range(count)
        ]
    url = postgres_server.fresh()
    history = PgHistory.open(url, Building(model))
    assert ask(url, f"SELECT count(*) FROM plantroom.{(long + 'one').replace('-', '_')}") == [(0,)]
    assert ask(url, "SELECT count(*) FROM plantroom.wide") == [(0,)]
    assert ask(url, "SELECT count(*) FROM plantroom.hourly") == [(0,)]
    await history.close()


async def test_sql_of_people_reads_what_is_published_and_nothing_else(
    postgres_server: Postgres,
) -> None:
    url = postgres_server.fresh()
    tower = Building(riverside_tower())
    history = PgHistory.open(url, tower)
    reader = await history.reader_url()
    assert await history.reader_url() == reader
    assert ask(reader, "SELECT count(*) FROM ahu_1") == [(0,)]
    for wrong in (
        "SELECT * FROM plantroom_store.samples",
        "SELECT * FROM plantroom_store.meta",
        "CREATE TEMP TABLE t (x int)",
        "CREATE TABLE public.t (x int)",
        "DROP VIEW plantroom.ahu_1",
        "SELECT pg_read_file('/etc/passwd')",
        "SET ROLE plantroom",
    ):
        with pytest.raises(sa.exc.DBAPIError) as refused:
            ask(reader, f"SET TRANSACTION READ WRITE; {wrong}")
        assert refused.value.orig is not None
        assert refused.value.orig.args[0]["C"] == "42501", wrong
    await history.publish(Building([*riverside_tower(), {"id": Ref("new"), "space": True}]))
    assert ask(reader, "SELECT count(*) FROM samples") == [(0,)]
    await history.close()


async def test_a_history_moves_to_postgresql_and_goes_on_where_it_was_stopped(
    history: PgHistory,
) -> None:
    memory, heard = MemoryHistory(), []
    await memory.bulk([grid(4, 288, start=288 * day) for day in range(40)])
    odd = [at(3, math.nan), at(4, math.inf), at(5, -0.0, status=Status.OVERRIDDEN)]
    await memory.write(Samples.of(odd))
    await history.write(grid(4, 3_000, value=-5.0))  # an attempt before, with what is wrong since
    done = await copy(memory, history, heard.append)
    assert (done.points, done.written, done.found) == (5, 40 * 288 * 4 + 3, 0)
    assert heard[-1] == done.written
    assert not (await tally_of(memory, YEAR)).differs(await tally_of(history, YEAR))
    again = await copy(memory, history)
    assert (again.written, again.found) == (0, done.written)
    back = MemoryHistory()
    await copy(history, back)
    assert not (await tally_of(memory, YEAR)).differs(await tally_of(back, YEAR))


async def test_a_copy_into_a_history_with_other_samples_says_which_differ(
    history: PgHistory,
) -> None:
    memory = MemoryHistory()
    await memory.write(grid(2, 10))
    await history.write(grid(2, 12))
    with pytest.raises(Corrupt) as other:
        await copy(memory, history)
    assert "P-0.power" in str(other.value)


YEAR = Span(T0 - dt.timedelta(days=30), T0 + dt.timedelta(days=335))


def ask(url: str, statement: str) -> list[tuple[object, ...]]:
    engine = opened(url)
    try:
        with engine.connect() as db:
            return [tuple(row) for row in db.exec_driver_sql(statement)]
    finally:
        engine.dispose()


def change(url: str, *statements: str) -> None:
    engine = opened(url)
    try:
        with engine.begin() as db:
            for statement in statements:
                db.exec_driver_sql(statement)
    finally:
        engine.dispose()

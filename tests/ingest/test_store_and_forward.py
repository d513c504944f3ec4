"""An edge box and its server: what the box has on disk reaches the server once, in order, whatever happens between."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import json
import shutil
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import numpy as np
import pytest

from bench.fault_parts.far_server import SECRET, far_server
from ingest.forwarder import Forwarder
from ingest.line_state import Backoff
from ingest.outbox import Outbox
from ingest.server_sink import Server, ServerSink
from ingest.wall_clock import WallClock
from ontology.errors import BadRequest, Unavailable
from ontology.history import Sample, Samples, Status
from ontology.kinds import Ref
from ontology.store.memory_history import MemoryHistory
from ontology.time import UTC, Span
from services.api.system import MAX_BODY

T0 = dt.datetime(2026, 11, 20, tzinfo=UTC)
EVER = Span(dt.datetime(1960, 1, 1, tzinfo=UTC), dt.datetime(2150, 1, 1, tzinfo=UTC))
QUICK = Backoff(first_s=0.05, most_s=0.2)
PUSH = "/api/ingest/samples"


def minute(n: int, *values: float) -> Samples:
    at = T0 + dt.timedelta(minutes=n)
    return Samples.of(Sample(Ref(f"p{i}"), at, value) for i, value in enumerate(values))


@contextlib.asynccontextmanager
async def boxed(path: Path, **bounds: int) -> AsyncIterator[Outbox]:
    outbox = await Outbox.open(path, **bounds)
    try:
        yield outbox
    finally:
        await outbox.close()


async def values_of(history: MemoryHistory, point: str) -> list[float]:
    return (await history.raw(Ref(point), EVER)).value.tolist()


async def test_what_the_box_measured_is_in_the_servers_history(tmp_path: Path) -> None:
    history = MemoryHistory()
    async with (
        boxed(tmp_path / "edge.db") as edge,
        boxed(tmp_path / "server.db") as there,
        far_server(there, history) as (url, door),
        ServerSink(Server(url, SECRET, "box-7")) as sink,
    ):
        for n in range(50):
            await edge.put(minute(n, float(n), float("nan")))
        assert await edge.drain(sink) == 100
        assert edge.rows == 0
        (sender,) = door.pushed.senders
        assert (sender.name, sender.samples, sender.batches) == ("box-7", 100, 1)
        await there.drain(history)
    assert await values_of(history, "p0") == list(range(50))
    unknown = await history.raw(Ref("p1"), EVER)
    assert set(unknown.status.tolist()) == {Status.FAULT}


async def test_a_server_that_is_away_costs_nothing_but_time(tmp_path: Path, free_port) -> None:
    history, port = MemoryHistory(), free_port()
    async with boxed(tmp_path / "edge.db") as edge, boxed(tmp_path / "server.db") as there:
        async with ServerSink(Server(f"http://localhost:{port}", SECRET, "box")) as sink:
            forwarder = Forwarder(edge, sink, backoff=QUICK, clock=WallClock(), to="the server")
            running = asyncio.create_task(forwarder.run())
            for n in range(5):
                await edge.put(minute(n, float(n)))
            while forwarder.state.failures < 2:  # noqa: ASYNC110  (the world sets no events)
                await asyncio.sleep(0.02)
            state = forwarder.state
            assert "does not answer" in state.error
            assert "wait" in state.advice
            assert (state.waiting, state.aside, state.failing_since is not None) == (5, 0, True)
            async with far_server(there, history, port=port):
                while edge.rows:  # noqa: ASYNC110  (the world sets no events)
                    await asyncio.sleep(0.02)
                await asyncio.sleep(0.05)
                assert (forwarder.state.error, forwarder.state.moved) == ("", 5)
            running.cancel()
            await asyncio.wait({running})
        await there.drain(history)
    assert await values_of(history, "p0") == [0, 1, 2, 3, 4]


async def test_a_wrong_secret_waits_for_a_person_and_loses_nothing(tmp_path: Path) -> None:
    async with (
        boxed(tmp_path / "edge.db") as edge,
        boxed(tmp_path / "server.db") as there,
        far_server(there) as (url, _),
        ServerSink(Server(url, "guess", "box")) as sink,
    ):
        await edge.put(minute(0, 1.0))
        with pytest.raises(Unavailable, match="401") as told:
            await edge.drain(sink)
        assert "PLANTROOM_FORWARD__SECRET" in told.value.hint
        assert "guess" not in str(told.value)
        assert (edge.rows, edge.aside) == (1, 0)


async def test_the_same_batch_again_changes_nothing_not_even_after_a_correction(
    tmp_path: Path,
) -> None:
    history = MemoryHistory()
    async with (
        boxed(tmp_path / "server.db") as there,
        far_server(there) as (url, _),
        httpx2.AsyncClient(base_url=url, trust_env=False) as client,
    ):

        async def push(batch: str, value: float) -> dict[str, object]:
            sample = {"point": "p0", "ts": "2026-11-20T00:00:00Z", "value": value}
            body = {"batch": batch, "samples": [sample]}
            answer = await client.post(PUSH, json=body, headers={"X-Plantroom-Secret": SECRET})
            assert answer.status_code == 202
            return answer.json()

        assert await push("a", 1.0) == {"batch": "a", "stored": 1, "aside": 0, "again": False}
        assert (await push("b", 2.0))["stored"] == 1
        assert await push("a", 1.0) == {"batch": "a", "stored": 0, "aside": 0, "again": True}
        await there.drain(history)
    assert await values_of(history, "p0") == [2.0]


async def test_senders_that_both_count_from_one_lose_nothing_to_each_other(tmp_path: Path) -> None:
    history = MemoryHistory()
    async with (
        boxed(tmp_path / "server.db") as there,
        far_server(there) as (url, _),
        httpx2.AsyncClient(base_url=url, trust_env=False) as client,
    ):

        async def push(box: str, value: float) -> bool:
            sample = {"point": f"{box}.power", "ts": "2026-11-20T00:00:00Z", "value": value}
            answer = await client.post(
                PUSH,
                json={"batch": "1", "samples": [sample]},
                headers={"X-Plantroom-Secret": SECRET, "X-Plantroom-Box": box},
            )
            assert answer.status_code == 202
            return bool(answer.json()["again"])

        assert not await push("east", 1.0)
        assert not await push("west", 2.0), "another sender's batch under the same id"
        assert not await push("east", 3.0), "a script that began to count anew"
        assert await push("east", 3.0)
        await there.drain(history)
    assert await values_of(history, "east.power") == [3.0]
    assert await values_of(history, "west.power") == [2.0]


async def test_impossible_times_and_unknown_points_are_kept_aside_visible_and_can_be_sent_again(
    tmp_path: Path,
) -> None:
    model = {Ref("p0")}
    ahead = dt.datetime.now(UTC) + dt.timedelta(hours=20)
    rows = [
        {"point": "p0", "ts": 12, "value": 1.0},
        {"point": "p0", "ts": 4294967295, "value": 2.0},
        {"point": "p0", "ts": 1_763_600_000_000, "value": 2.5},  # milliseconds
        {"point": "p0", "ts": ahead.isoformat(), "value": 3.0},
        {"point": "p0", "ts": "2021-01-01T00:00:00+07:00", "value": 4.0, "status": "estimated"},
        {"point": "p0", "ts": 1_790_000_000, "value": None},
        {"point": "p0", "ts": 1_790_000_001, "value": 5.0, "status": 77},
        {"point": "ghost", "ts": 1_790_000_000, "value": 6.0},
    ]
    history = MemoryHistory()
    async with (
        boxed(tmp_path / "server.db") as there,
        far_server(there, known=lambda point: point in model) as (url, _),
        httpx2.AsyncClient(base_url=url, trust_env=False) as client,
    ):
        secret = {"X-Plantroom-Secret": SECRET, "X-Plantroom-Box": "gateway-3"}
        answer = await client.post(PUSH, json={"samples": rows}, headers=secret)
        assert answer.json() == {"batch": "", "stored": 3, "aside": 5, "again": False}
        told = (await client.get("/api/ingest/status")).json()
        whys = {batch["why"][:20] for batch in told["quarantine"]}
        assert whys == {
            "the clock of the dev",
            "in the future: it sa",
            "a status that does n",
            "no such point in the",
        }
        assert {batch["source"] for batch in told["quarantine"]} == {"gateway-3"}
        assert told["forward"]["aside"] == 5
        assert told["senders"][0]["aside"] == 5
        ghost = next(b["id"] for b in told["quarantine"] if b["points"] == ["ghost"])
        retried = await client.post("/api/ingest/quarantine/retry", json={"ids": [ghost]})
        assert retried.json() == {"samples": 1}
        none = await client.post("/api/ingest/quarantine/retry", json={"ids": [999]})
        assert none.status_code == 404
        await there.drain(history)
    assert await values_of(history, "ghost") == [6.0]
    stored = await history.raw(Ref("p0"), EVER)
    assert stored.status.tolist() == [Status.ESTIMATED, Status.FAULT, Status.GOOD]
    assert np.isnan(stored.value[1])


@pytest.mark.parametrize(
    ("content", "headers", "status"),
    [
        (b'{"samples": []}', {"X-Plantroom-Secret": "x"}, 401),
        (b'{"samples": []}', {}, 401),
        (b"{", {"X-Plantroom-Secret": SECRET}, 400),
        (b'{"samples": [{"point": "a", "ts": "noon", "value": 1}]}', {"X-Plantroom-Secret": SECRET}, 400),
        (b'{"samples": [{"point": "a", "ts": 1e300, "value": 1}]}', {"X-Plantroom-Secret": SECRET}, 400),
        (b'{"samples": [{"point": "", "ts": 1, "value": 1}]}', {"X-Plantroom-Secret": SECRET}, 400),
        (b'{"samples": [], "batch": "a b"}', {"X-Plantroom-Secret": SECRET}, 400),
        (b"point,ts\n", {"X-Plantroom-Secret": SECRET, "Content-Type": "text/csv"}, 415),
        (b"{}", {"X-Plantroom-Secret": SECRET, "Content-Encoding": "br"}, 415),
        (b" " * (MAX_BODY + 1), {"X-Plantroom-Secret": "x"}, 413),
        (b'{"samples": []' + b" " * (4 * MAX_BODY) + b"}", {"X-Plantroom-Secret": SECRET}, 202),
        (b" " * (5 * 2**20), {"X-Plantroom-Secret": SECRET}, 413),
        (b"\x1f\x8b broken", {"X-Plantroom-Secret": SECRET, "Content-Encoding": "gzip",
                              "Content-Type": "application/vnd.apache.arrow.stream"}, 400),
    ],
)  # fmt: skip
async def test_the_push_door_says_what_is_wrong(
    content: bytes, headers: dict[str, str], status: int, tmp_path: Path
) -> None:
    async with (
        boxed(tmp_path / "server.db") as there,
        far_server(there) as (url, _),
        httpx2.AsyncClient(base_url=url, trust_env=False) as client,
    ):
        given = {"Content-Type": "application/json"} | headers
        answer = await client.post(PUSH, content=content, headers=given)
        assert answer.status_code == status, answer.text
        assert status == 202 or answer.json()["hint"]
        assert there.rows == 0


async def test_a_server_without_space_says_so_and_the_box_keeps_its_samples(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    async with (
        boxed(tmp_path / "edge.db") as edge,
        boxed(tmp_path / "server.db", most_pages=30) as there,
        far_server(there) as (url, _),
        ServerSink(Server(url, SECRET, "box")) as sink,
    ):
        for n in range(400):
            await edge.put(minute(n, *rng.random(40)))
        with pytest.raises(Unavailable, match="507"):
            await edge.drain(sink)
        assert edge.rows + there.rows == 16_000
        assert edge.aside == 0


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate of the site's own authority for localhost."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("openssl is not installed")
    folder = tmp_path_factory.mktemp("tls")
    chain, key = folder / "chain.pem", folder / "key.pem"
    subprocess.run(
        [openssl, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
         "-keyout", key, "-out", chain, "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost",
         "-addext", "keyUsage=critical,digitalSignature,keyCertSign", "-days", "2"],
        check=True, capture_output=True,
    )  # fmt: skip
    return chain, key


async def test_only_a_server_with_the_right_certificate_gets_the_secret(
    certificate: tuple[Path, Path], tmp_path: Path
) -> None:
    async with (
        boxed(tmp_path / "edge.db") as edge,
        boxed(tmp_path / "server.db") as there,
        far_server(there, certificate=certificate) as (url, door),
    ):
        await edge.put(minute(0, 1.0))
        async with ServerSink(Server(url, SECRET, "box")) as stranger:
            with pytest.raises(Unavailable, match=r"(?i)certificate"):
                await edge.drain(stranger)
        assert door.pushed.senders == ()
        async with ServerSink(Server(url, SECRET, "box", ca=certificate[0])) as sink:
            assert await edge.drain(sink) == 1
    assert SECRET not in repr(Server(url, SECRET))


def test_an_address_or_authority_that_cannot_be_used_is_said(tmp_path: Path) -> None:
    with pytest.raises(BadRequest, match="no server's address"):
        ServerSink(Server("ftp://plantroom", SECRET))
    (tmp_path / "ca.pem").write_text("not a certificate")
    with pytest.raises(BadRequest, match="cannot be read"):
        ServerSink(Server("https://plantroom", SECRET, ca=tmp_path / "ca.pem"))


async def test_a_batch_the_server_will_never_take_goes_aside_and_the_rest_goes_on(
    tmp_path: Path,
) -> None:
    """A scripted server: busy, silent, no, then yes to all but one point."""
    script = [b"HTTP/1.1 503 Busy\r\ncontent-length: 0\r\n\r\n", None]
    seen: list[str] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
                while True:
                    head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
                    headers = dict(row.split(": ", 1) for row in head.split("\r\n")[1:] if row)
                    await reader.readexactly(int(headers["content-length"]))
                    seen.append(headers["x-plantroom-batch"])
                    said = script.pop(0) if script else rest.pop(0)
                    if said is None:
                        await asyncio.sleep(1)
                        break
                    writer.write(said)
        finally:
            writer.close()

    no = json.dumps({"detail": "value out of every range"}).encode()
    refusal = b"HTTP/1.1 400 No\r\ncontent-length: %d\r\n\r\n%s" % (len(no), no)
    ok = b"HTTP/1.1 202 OK\r\ncontent-length: 0\r\n\r\n"
    rest = [refusal, ok, refusal]  # the whole, its first half, its second half

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server, boxed(tmp_path / "edge.db") as edge:
        await edge.put(minute(0, 1.0, 2.0))
        async with ServerSink(
            Server(f"http://127.0.0.1:{port}", SECRET, "box", timeout_s=0.3)
        ) as sink:
            for _ in range(2):
                with pytest.raises(Unavailable):
                    await edge.drain(sink)
            assert seen[0] == seen[1], "the same content keeps its id until it was taken"
            assert await edge.drain(sink) == 1
        assert (edge.rows, edge.aside) == (0, 1)
        (kept,) = await edge.quarantine()
        assert kept.points == ("p1",)
        assert "value out of every range" in kept.why

"""What every request passes first: who may ask, how much, and what an error looks like."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx2
import pytest
from api_house import House, options, serving

from ontology.errors import Conflict, Corrupt, NotFound, OutOfSpace, PlantroomError, Unavailable
from services.api.errors import status_of


def test_a_ten_megabyte_question_is_refused_and_the_server_lives_on(url: str) -> None:
    began = time.monotonic()
    with httpx2.Client(base_url=url, timeout=20) as http:
        answer = http.post(f"/api/runs/{uuid.uuid4()}", json={"question": "why " * 2_500_000})
        assert answer.status_code == 413
        assert answer.json()["code"] == "too-large"
        assert "few sentences" in answer.json()["hint"]
        assert http.get("/health").json() == {"status": "ok"}
    assert time.monotonic() - began < 10


async def test_a_long_question_below_the_cap_is_refused_with_what_to_correct(
    client: httpx2.AsyncClient,
) -> None:
    answer = await client.post(f"/api/runs/{uuid.uuid4()}", json={"question": "w" * 9_000})
    assert answer.status_code == 422
    assert "`question`" in answer.json()["hint"]


@pytest.mark.parametrize(
    "host", ["evil.example", "localhost.evil.example:80", "127.0.0.1.nip.io", ""]
)
async def test_a_name_that_is_not_ours_is_refused(client: httpx2.AsyncClient, host: str) -> None:
    answer = await client.get("/api/status", headers={"host": host})
    assert answer.status_code == 403
    assert "localhost" in answer.json()["hint"]


async def test_a_page_of_another_site_may_not_ask(client: httpx2.AsyncClient) -> None:
    body = {"question": "why?"}
    for origin, status in [("http://evil.example", 403), ("null", 403), ("http://localhost", 200)]:
        answer = await client.post(
            f"/api/runs/{uuid.uuid4()}", json=body, headers={"origin": origin}
        )
        assert answer.status_code == status, origin


@pytest.mark.parametrize(
    ("kind", "status"),
    [("text/plain", 415), ("application/x-www-form-urlencoded", 415), ("", 415),
     ("application/json", 200), ("application/json; charset=utf-8", 200)],
)  # fmt: skip
async def test_a_form_of_another_site_cannot_ask(
    client: httpx2.AsyncClient, kind: str, status: int
) -> None:
    """A page elsewhere can send these without being asked; only JSON needs our consent first."""
    headers = {"content-type": kind} if kind else {}
    path = f"/api/runs/{uuid.uuid4()}"
    answer = await client.post(path, content=b'{"question": "why?"}', headers=headers)
    assert answer.status_code == status
    if status == 415:
        assert "application/json" in answer.json()["hint"]


@pytest.mark.parametrize(
    ("site", "status"),
    [("cross-site", 403), ("same-site", 403), ("same-origin", 404), ("none", 404)],
)
async def test_another_site_cannot_stop_a_run(
    client: httpx2.AsyncClient, site: str, status: int
) -> None:
    path = f"/api/runs/{uuid.uuid4()}/cancel"
    assert (await client.post(path, headers={"sec-fetch-site": site})).status_code == status


@pytest.mark.parametrize(
    "body",
    [b'{"question":', b'{"question": "\xff"}', b"[" * 60_000, b'{"question": {"a": 1}}', b"null", b"",
     b'{"question": "\\ud800"}', b'{"question": ' + b"9" * 5_000 + b"}"],
)  # fmt: skip
async def test_a_body_that_is_no_question_is_refused_with_a_hint(
    client: httpx2.AsyncClient, body: bytes
) -> None:
    headers = {"content-type": "application/json"}
    answer = await client.post(f"/api/runs/{uuid.uuid4()}", content=body, headers=headers)
    assert answer.status_code in (400, 422)
    assert answer.json()["hint"]


async def test_a_body_that_never_ends_is_given_up(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.api.border.BODY_S", 0.2)
    with serving(house, options()) as url:
        port = int(url.rpartition(":")[2])
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(
            b"POST /api/sql HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
            b"Content-Length: 100\r\n\r\n{"
        )
        async with asyncio.timeout(5):
            assert b" 408 " in await reader.readline()
        writer.close()
        await writer.wait_closed()


async def test_a_bug_is_a_problem_too_and_tells_nothing_of_the_inside(house: House) -> None:
    async def broken(message: Mapping[str, Any]) -> int:
        raise RuntimeError("secret detail")

    with serving(house, options(lorawan_secret="s", uplink=broken)) as url:
        headers = {"x-plantroom-secret": "s"}
        answer = httpx2.post(f"{url}/api/ingest/lorawan", json={}, headers=headers, timeout=20)
    assert answer.status_code == 500
    assert answer.json()["code"] == "bug"
    assert "secret detail" not in answer.text


async def test_no_answer_may_load_anything_from_elsewhere(client: httpx2.AsyncClient) -> None:
    for path in ("/", "/api/status", "/api/equipment/nothing-like-it"):
        headers = (await client.get(path)).headers
        policy = headers["content-security-policy"]
        assert policy.startswith("default-src 'self'")
        assert "http" not in policy
        assert headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/api/equipment/CHX-2", 404),
        ("/api/faults/no-such:finding", 404),
        ("/api/histories?points=CH-2", 400),
        (
            "/api/histories?points=CH-2.power&start=2026-11-20T00:00:00Z&end=2026-11-01T00:00:00Z",
            400,
        ),
        ("/api/histories?points=CH-2.power&hours=700&step_minutes=1", 400),
        ("/api/equipment?limit=9999", 422),
        ("/api/runs/not-a-uuid", 422),
        (f"/api/runs/{uuid.UUID(int=1)}", 404),
        ("/api/documents/../../etc/passwd/file", 404),
        (f"/api/histories?points=CH-2.power&start=0001-01-01T00:00:00{'%2B'}14:00", 400),
        ("/api/histories?points=CH-2.power&end=9999-12-31T23:59:59-14:00", 400),
        ("/%00", 404),
        ("/" + "a" * 5_000, 404),
        ("/..%2f..%2fetc%2fpasswd", 404),
        ("/assets/..%2f..%2f..%2fpyproject.toml", 404),
        ("/api/no-such-route", 404),
        ("/no-such-page", 404),
    ],
)
async def test_every_error_says_what_to_do(
    client: httpx2.AsyncClient, tmp_path: Path, path: str, status: int
) -> None:
    (tmp_path / "static").mkdir()
    (tmp_path / "static" / "index.html").write_text("<!doctype html>")
    answer = await client.get(path)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["hint"]
    assert answer.json()["detail"]


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (NotFound("x"), 404), (Conflict("x"), 409), (OutOfSpace("x"), 507), (Unavailable("x"), 503),
        (Corrupt("x"), 500), (PlantroomError("x"), 500),
    ],
)  # fmt: skip
def test_each_error_of_the_tree_has_its_status(error: PlantroomError, status: int) -> None:
    assert status_of(error) == status


async def test_an_sql_attack_is_refused_with_a_hint(client: httpx2.AsyncClient) -> None:
    answer = await client.post("/api/sql", json={"query": "DROP TABLE samples"})
    assert answer.status_code == 403
    assert "SELECT" in answer.json()["hint"]


class TestLorawanDoor:
    """Uplinks need the shared secret."""

    @staticmethod
    def post(
        house: House, secret: str, header: str | None, body: Any, query: str = ""
    ) -> tuple[int, list[Any]]:
        taken: list[Any] = []

        async def uplink(message: Mapping[str, Any]) -> int:
            taken.append(message)
            return 3

        with serving(house, options(lorawan_secret=secret, uplink=uplink)) as url:
            headers = {} if header is None else {"x-plantroom-secret": header}
            answer = httpx2.post(
                f"{url}/api/ingest/lorawan{query}", json=body, headers=headers, timeout=20
            )
        return answer.status_code, taken

    def test_the_right_secret_opens_it(self, house: House) -> None:
        assert self.post(house, "s3cret", "s3cret", {"devEui": "a"}) == (200, [{"devEui": "a"}])

    @pytest.mark.parametrize("header", [None, "", "s3cre", "S3CRET"])
    def test_any_other_does_not(self, house: House, header: str | None) -> None:
        assert self.post(house, "s3cret", header, {"devEui": "a"}) == (401, [])

    def test_events_that_are_no_uplinks_are_passed_over_by_name(self, house: House) -> None:
        """ChirpStack and The Things Stack post joins and acknowledgements to the same address."""
        join = {"join_accept": {}, "end_device_ids": {}}
        up = {"uplink_message": {}}
        assert self.post(house, "s3cret", "s3cret", [join, up, up]) == (200, [up, up])
        assert self.post(house, "s3cret", "s3cret", {"data": ""}, "?event=join") == (200, [])
        assert self.post(house, "s3cret", "s3cret", {"data": ""}, "?event=up") == (
            200,
            [{"data": ""}],
        )

    def test_without_a_secret_it_stays_closed(self, house: House) -> None:
        assert self.post(house, "", "", {"devEui": "a"}) == (503, [])

    def test_an_uplink_over_64_kb_is_refused(self, house: House) -> None:
        assert self.post(house, "s3cret", "s3cret", {"data": "A" * 70_000}) == (413, [])

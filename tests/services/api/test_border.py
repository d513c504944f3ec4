"""What every request passes first: who may ask, how much, and what an error looks like."""

from __future__ import annotations

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
    def post(house: House, secret: str, header: str | None, body: Any) -> tuple[int, list[Any]]:
        taken: list[Any] = []

        async def uplink(message: Mapping[str, Any]) -> int:
            taken.append(message)
            return 3

        with serving(house, options(lorawan_secret=secret, uplink=uplink)) as url:
            headers = {} if header is None else {"x-plantroom-secret": header}
            answer = httpx2.post(
                f"{url}/api/ingest/lorawan", json=body, headers=headers, timeout=20
            )
        return answer.status_code, taken

    def test_the_right_secret_opens_it(self, house: House) -> None:
        assert self.post(house, "s3cret", "s3cret", {"devEui": "a"}) == (200, [{"devEui": "a"}])

    @pytest.mark.parametrize("header", [None, "", "s3cre", "S3CRET"])
    def test_any_other_does_not(self, house: House, header: str | None) -> None:
        assert self.post(house, "s3cret", header, {"devEui": "a"}) == (401, [])

    def test_without_a_secret_it_stays_closed(self, house: House) -> None:
        assert self.post(house, "", "", {"devEui": "a"}) == (503, [])

    def test_an_uplink_over_64_kb_is_refused(self, house: House) -> None:
        assert self.post(house, "s3cret", "s3cret", {"data": "A" * 70_000}) == (413, [])

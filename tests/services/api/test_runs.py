"""A question survives what happens on a plant-room floor: lost links, reloads, second thoughts."""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from api_house import ANSWER, NOW, House, ScriptedEngineer, options, serving

from agent.events import Done, Event, Token
from agent.plan import Question
from ontology.errors import Corrupt, OutOfSpace
from services.api.runlog import RunLog, RunRow
from services.api.runner import MAX_ACTIVE, Runner

Message = tuple[int, dict[str, Any]]


def messages(lines: Iterator[str]) -> Iterator[Message]:
    """Server-sent events as (id, event)."""
    id, data = 0, ""
    for line in lines:
        if line.startswith("id: "):
            id = int(line[4:])
        elif line.startswith("data: "):
            data = line[6:]
        elif line == "" and data:
            yield id, json.loads(data)
            data = ""


def ask(http: httpx2.Client, question: str = "why is 807 hot?", thread: str = "t") -> str:
    id = str(uuid.uuid4())
    http.post(f"/api/runs/{id}", json={"question": question, "thread": thread}).raise_for_status()
    return id


def test_a_client_cut_every_seven_events_gets_every_event_exactly_once(
    house: House, tmp_path: Path
) -> None:
    house.engineer.pause_s = 0.002
    with serving(house, options()) as url, httpx2.Client(base_url=url) as http:
        id = ask(http)
        seen: list[Message] = []
        for _ in range(60):
            last = str(seen[-1][0]) if seen else "0"
            with http.stream(
                "GET", f"/api/runs/{id}/events", headers={"last-event-id": last}
            ) as answer:
                if answer.status_code == 204:
                    break
                for n, message in enumerate(messages(answer.iter_lines()), 1):
                    seen.append(message)
                    if n == 7:
                        break
    assert [n for n, _ in seen] == list(range(1, len(seen) + 1))
    assert len(seen) > 42
    assert "".join(e["text"] for _, e in seen if e["type"] == "token") == ANSWER
    assert [e["type"] for _, e in seen][-2:] == ["answer", "done"]


async def test_asking_again_under_the_same_id_does_not_run_twice(
    client: httpx2.AsyncClient, house: House
) -> None:
    id, body = str(uuid.uuid4()), {"question": "why is 807 hot?", "thread": "t"}
    first, second = await asyncio.gather(
        client.post(f"/api/runs/{id}", json=body), client.post(f"/api/runs/{id}", json=body)
    )
    assert sorted([first.json()["began"], second.json()["began"]]) == [False, True]
    await client.get(f"/api/runs/{id}/events")
    assert len(house.engineer.questions) == 1


async def test_another_question_under_a_used_id_is_a_conflict(client: httpx2.AsyncClient) -> None:
    id = str(uuid.uuid4())
    await client.post(f"/api/runs/{id}", json={"question": "one"})
    answer = await client.post(f"/api/runs/{id}", json={"question": "two"})
    assert answer.status_code == 409
    assert answer.json()["hint"] == "use a fresh UUID"


def test_a_run_goes_on_while_nobody_listens_and_is_there_afterwards(url: str) -> None:
    with httpx2.Client(base_url=url) as http:
        id = ask(http, thread="night")
        with http.stream("GET", f"/api/runs/{id}/events") as answer:
            next(messages(answer.iter_lines()))  # the tab is closed after one event
        with http.stream("GET", f"/api/runs/{id}/events") as answer:
            assert list(messages(answer.iter_lines()))[-1][1]["type"] == "done"
        ask(http, "asked by a script", thread="")
        (row,) = http.get("/api/runs", params={"thread": "night"}).json()
        assert (row["state"], row["answer"]) == ("done", ANSWER)
        (conversation,) = http.get("/api/threads").json()
        assert conversation["title"] == "why is 807 hot?"


def test_stop_ends_a_run_with_what_it_has_said_so_far(house: House) -> None:
    house.engineer = ScriptedEngineer(pause_s=0.05)
    with serving(house, options()) as url, httpx2.Client(base_url=url) as http:
        id = ask(http)
        with http.stream("GET", f"/api/runs/{id}/events") as answer:
            for _, event in messages(answer.iter_lines()):
                if event["type"] == "token":
                    row = http.post(f"/api/runs/{id}/cancel").json()
                    break
        assert row["state"] == "cancelled"
        assert row["answer"]
        assert ANSWER.startswith(row["answer"])
        with http.stream("GET", f"/api/runs/{id}/events") as answer:
            types = [event["type"] for _, event in messages(answer.iter_lines())]
        assert types[-2:] == ["note", "done"]
        assert "answer" not in types


def test_a_run_that_a_dead_server_left_behind_says_so(house: House, tmp_path: Path) -> None:
    log = RunLog(tmp_path / "runs.db")
    id = str(uuid.uuid4())
    log.add(RunRow(id, "t", "why?", NOW.isoformat()))
    log.append(id, 1, ['{"type":"note","text":"begun"}'])
    log.close()
    with (
        serving(house, options(runs=tmp_path / "runs.db")) as url,
        httpx2.Client(base_url=url) as http,
    ):
        with http.stream("GET", f"/api/runs/{id}/events") as answer:
            events = list(messages(answer.iter_lines()))
        assert [(n, e["type"]) for n, e in events] == [(1, "note"), (2, "failed"), (3, "done")]
        assert events[1][1]["hint"] == "ask again"
        assert http.get(f"/api/runs/{id}").json()["state"] == "interrupted"


class Silent:
    """Says one word, then nothing."""

    async def run(self, question: Question) -> Any:
        yield Token("Well")
        await asyncio.sleep(60)
        yield Done(60.0)


class Broken:
    """Fails with an error that nobody foresaw."""

    async def run(self, question: Question) -> Any:
        event: Event = Token("Well")
        yield event
        raise ZeroDivisionError


@pytest.mark.parametrize(("engineer", "code"), [(Silent(), "timeout"), (Broken(), "bug")])
async def test_whatever_happens_to_the_engineer_the_reader_is_told(
    engineer: Any, code: str
) -> None:
    runner = Runner(engineer, RunLog(), timeout_s=0.05)
    run, _ = await runner.start("a", Question("why?", NOW))
    events = [json.loads(event[1]) async for event in runner.follow(run, 0) if event]
    assert [event["type"] for event in events] == ["token", "failed", "done"]
    assert events[1]["code"] == code
    assert events[1]["hint"]
    assert run.row.state == "failed"
    await runner.close()


async def test_a_run_stopped_before_its_first_step_is_over_too() -> None:
    runner = Runner(Silent(), RunLog())
    run, _ = await runner.start("a", Question("why?", NOW))
    assert (await runner.cancel("a")).state == "cancelled"
    assert [event[0] async for event in runner.follow(run, 0) if event] == [1, 2]
    await runner.close()


async def test_a_ninth_question_at_the_same_time_is_asked_to_wait() -> None:
    runner = Runner(Silent(), RunLog())
    for n in range(8):
        await runner.start(str(n), Question("why?", NOW))
    with pytest.raises(Exception, match="8 questions are being answered"):
        await runner.start("8", Question("why?", NOW))
    await runner.close()


async def test_a_full_disk_refuses_the_question_and_blocks_no_later_one(tmp_path: Path) -> None:
    """More refusals than runs may be active: none of them may stay behind as running."""
    log = FullDisk(tmp_path / "runs.db")
    runner = Runner(ScriptedEngineer(0.0), log)
    for n in range(MAX_ACTIVE + 1):
        with pytest.raises(OutOfSpace):
            await runner.start(str(uuid.UUID(int=n)), Question("why?", NOW))
    log.full = False
    run, began = await runner.start(str(uuid.UUID(int=0)), Question("why?", NOW))
    assert began
    assert run.task is not None
    await run.task
    await runner.close()


@pytest.mark.parametrize("last", ["9" * 5_000, "-1", "1e9", "", str(2**63)])
async def test_a_last_event_id_that_is_none_is_refused(
    client: httpx2.AsyncClient, last: str
) -> None:
    id = uuid.uuid4()
    await client.post(f"/api/runs/{id}", json={"question": "why?"})
    answer = await client.get(f"/api/runs/{id}/events", headers={"last-event-id": last})
    assert answer.status_code == 400
    assert "last `id`" in answer.json()["hint"]


def test_a_conversation_log_that_is_garbage_is_said_to_be(tmp_path: Path) -> None:
    (tmp_path / "runs.db").write_bytes(b"garbage " * 1_000)
    with pytest.raises(Corrupt) as told:
        RunLog(tmp_path / "runs.db")
    assert "move the file away" in told.value.hint


class FullDisk(RunLog):
    """A log whose disk is full until told otherwise."""

    full = True

    def add(self, row: RunRow) -> None:
        if self.full:
            raise OutOfSpace("the disk is full", hint="free some space")
        super().add(row)

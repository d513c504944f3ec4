"""Training examples: honest splits, whole provenance, calls that the tools take, prompts that the agent sends."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
import random
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from agent.opening import Opening, PromptStyle
from agent.plan import Question
from agent.playbooks.planner import PlaybookPlanner
from agent.tools import TOOLS
from ingest.demo.model import riverside_tower
from ontology.errors import NotFound, Refused, Unavailable
from ontology.graph import Building
from services.cli import app
from services.llm.domain.buildings import sibling, site_name
from services.llm.domain.dataset import drawn, owned
from services.llm.domain.dialogues import conversations
from services.llm.domain.examples import (
    MOST_TIMES,
    QUESTIONS_EACH,
    SPLITS,
    Dropped,
    Example,
    canonical,
    copyable,
    distinct,
    forms,
    plain_text,
    siblings,
    single_steps,
)
from services.llm.domain.phrasings import FAMILIES
from services.llm.domain.questions import Asker
from services.llm.domain.shelf import HOSTILE, Shelf
from services.llm.domain.stage import staged
from tests.agent.tower import tower
from tests.journeys import bank, unseen

SEED = 7
COUNT = 150
"""Questions of each split."""


@pytest.fixture(scope="module")
def made() -> list[Example]:
    return [each for split in SPLITS for each in single_steps(split, COUNT, SEED, Dropped())]


@pytest.fixture(scope="module")
def talks() -> list[Example]:
    async def told() -> list[Example]:
        async with staged(0, SEED, days=1) as stage:
            return [each async for each in conversations(stage, "train", 60, SEED, Dropped())]

    return asyncio.run(told())


def test_no_building_is_in_two_splits() -> None:
    names = [house.name for split in SPLITS for house in siblings(split, 400, SEED)]
    assert len(set(names)) == len(names) == 3 * 400 / QUESTIONS_EACH
    assert len({site_name(n) for n in range(5_000)}) == 5_000
    assert "riverside-tower" not in {site_name(n) for n in range(5_000)}


def test_no_form_of_words_is_in_two_splits() -> None:
    seen: dict[str, str] = {}
    for split in SPLITS:
        for family, _, form in forms(split):
            assert seen.setdefault(f"{family.name}: {form}", split) == split
    assert len(seen) == sum(len(f.english) + len(f.thai) for f in FAMILIES)


def test_examples_keep_to_the_buildings_and_forms_of_their_split(made: list[Example]) -> None:
    houses = {split: {house.name for house in siblings(split, COUNT, SEED)} for split in SPLITS}
    templates = {split: {f"{f.name}/{n}" for f, n, _ in forms(split)} for split in SPLITS}
    for each in made:
        assert each.source["building"] in houses[each.split]
        assert each.source["template"] in templates[each.split]


def test_every_example_says_where_it_comes_from(made: list[Example]) -> None:
    says_where(made)


def says_where(examples: list[Example]) -> None:
    for each in examples:
        source = each.to_json()["source"]
        assert {
            "building",
            "template",
            "kind",
            "family",
            "seed",
            "now",
            "from",
            "plantroom",
        } <= set(source)
        assert "playbook" in source["from"]
        dt.datetime.fromisoformat(source["now"])


def test_every_call_is_one_that_its_tool_takes_in_the_order_of_its_schema(
    made: list[Example],
) -> None:
    calls_are_taken(made)


def calls_are_taken(examples: list[Example]) -> None:
    for each in examples:
        for call in each.calls:
            tool = TOOLS[call["name"]]
            args = json.loads(call["arguments"])
            tool.check(args)
            names = [arg.name for arg in tool.args]
            assert list(args) == sorted(args, key=names.index)


@pytest.mark.long
def test_conversations_say_where_they_come_from_and_call_rightly(talks: list[Example]) -> None:
    says_where(talks)
    calls_are_taken(talks)


def test_every_prompt_is_the_agents_own(made: list[Example]) -> None:
    houses = {h.name: h.building for split in SPLITS for h in siblings(split, COUNT, SEED)}
    planners = {name: PlaybookPlanner(building) for name, building in houses.items()}
    for each in made[::4]:
        name, now = each.source["building"], dt.datetime.fromisoformat(each.source["now"])
        question = Question(each.question, now)
        plan = planners[name].plan(question)
        expected = Opening(houses[name], PromptStyle.SHORT).messages(plan, question, now=now)
        assert list(each.messages[:2]) == expected


def test_every_name_and_time_to_be_called_stands_in_the_prompt(made: list[Example]) -> None:
    for each in made:
        for call in each.calls:
            args = json.loads(call["arguments"])
            for id in args.get("of", []) if isinstance(args.get("of"), list) else []:
                assert id in each.messages[0]["content"]
            for edge in {"start", "end", "compare_start", "compare_end"} & args.keys():
                assert args[edge] in each.messages[0]["content"]


def test_prompts_are_short(made: list[Example]) -> None:
    assert max(len(str(each.messages[0]["content"])) for each in made) < 450


def test_the_same_seed_gives_the_same_examples_and_another_gives_others() -> None:
    def some(seed: int) -> list[dict[str, Any]]:
        return [each.to_json() for each in single_steps("valid", 30, seed, Dropped())]

    assert some(3) == some(3)
    assert some(3) != some(4)


def test_a_question_stays_in_its_split_and_seldom_returns_there(made: list[Example]) -> None:
    dropped = Dropped()
    first, other = made[0], replace(made[0], split="valid")
    kept = list(distinct(iter([first, other, *[first] * MOST_TIMES]), {}, dropped))
    assert kept == [first] * MOST_TIMES
    assert dropped.why["near duplicate"] == 2


@given(st.text(min_size=1, max_size=60))
def test_marks_case_and_spacing_do_not_make_a_question_another(text: str) -> None:
    assert plain_text(f"  {text} ?! ") == plain_text(text)


def test_no_form_is_a_wording_of_the_journeys() -> None:
    """Things and times masked: equal words, or three quarters of them, would be the judge's own question."""
    asked = [one.question for one in bank.JOURNEYS]
    asked += [one.question for rows in vars(unseen).values() if isinstance(rows, tuple)
              for one in rows if isinstance(one, bank.Journey)]  # fmt: skip
    assert len(asked) > 150
    journeys = [(words(one), one) for one in asked]
    for family in FAMILIES:
        for form in (*family.english, *family.thai):
            said = words(form)
            near = [one for other, one in journeys if len(said & other) >= 0.75 * len(said | other)]
            assert not near, (form, near)


THINGS = (
    r"\b(?:ch|chiler|chiller|ahu|vav|doas|fcu|cwp|schwp|iaq|room|rm|ct|floor)[ -]?\d[\d -]*|\b\d{3,4}\b|chillers?|ballroom|"
    r"lobby|offices|plant|main meter|\{(?:s|s2|f|one|k)\}"
)
TIMES = r"yesterday|yest|today|last (?:night|week|\d+ \w+)|this (?:week|month|year)|right now|now|\{(?:w|pair)\}"


def words(text: str) -> set[str]:
    masked = re.sub(TIMES, " when ", re.sub(THINGS, " thing ", text.lower()))
    return set(re.findall(r"[a-z0-9]+|[\u0e00-\u0e7f]+", masked))


@pytest.mark.long
def test_conversations_end_with_an_answer_whose_every_number_has_a_source(
    talks: list[Example],
) -> None:
    assert len(talks) > 30
    for each in talks:
        assert each.messages[-1]["role"] == "assistant"
        answer = each.messages[-1]["content"]
        assert answer.strip()
        roles = [m["role"] for m in each.messages]
        if each.calls:
            assert roles == [
                "system",
                "user",
                "assistant",
                *["tool"] * len(each.calls),
                "assistant",
            ]
            ids = [c["id"] for m in each.messages for c in m.get("tool_calls") or ()]
            assert [m["tool_call_id"] for m in each.messages if m["role"] == "tool"] == ids
            cited = set(re.findall(r"\[(E\d+)\]", answer))
            told = "\n".join(m["content"] for m in each.messages if m["role"] == "tool")
            assert cited <= set(re.findall(r"\[(E\d+)\]", told)) | cited_by_tools(each)


def cited_by_tools(each: Example) -> set[str]:
    """Evidence that a summary does not spell out; the tool has it all the same."""
    return {f"E{n}" for n in range(1, 200)} if each.source["evidence"] else set()


@pytest.mark.long
def test_commands_and_attacks_are_refused_without_a_call(talks: list[Example]) -> None:
    refused = [each for each in talks if each.source["family"] == "refused"]
    assert {"write_request"} <= {each.source["kind"] for each in refused}
    assert not any(each.calls for each in refused)


@pytest.mark.long
def test_a_hostile_document_is_read_and_not_obeyed(talks: list[Example]) -> None:
    hostile = [each for each in talks if each.source.get("hostile_document")]
    assert hostile
    for each in hostile:
        assert any(
            line in str(m["content"])
            for m in each.messages
            if m["role"] == "tool"
            for line in HOSTILE
        )
        assert not any(line in each.messages[-1]["content"] for line in HOSTILE)


@pytest.mark.long
def test_the_demos_names_and_manuals_do_not_come_along(talks: list[Example]) -> None:
    for each in talks:
        assert "riverside" not in json.dumps(each.to_json()).lower()


def test_a_shelf_finds_what_shares_words() -> None:
    found = Shelf("x").search("replacing AHU filters", count=2)
    assert "filters" in found[0].chunk.indexed_text.lower()
    assert Shelf("x").search("zebra") == []


@settings(max_examples=12, deadline=None)
@given(st.integers(0, 500), st.integers(0, 50))
def test_every_sibling_is_a_whole_building_whose_references_lead_somewhere(
    number: int, seed: int
) -> None:
    house = sibling(number, seed)
    ids = {entity.id for entity in house.building}
    assert house.building.site.id == house.name != "riverside-tower"
    for entity in house.building:
        for tag in ("siteRef", "spaceRef", "equipRef", "airRef"):
            ref = entity.get_ref(tag)
            assert ref is None or ref.id in ids
    asker = Asker(house.building)
    rng = random.Random(seed)
    asked = [asker.ask(family, form, rng) for family, _, form in forms("train")]
    assert sum(one is not None for one in asked) > len(asked) / 2


def test_all_rooms_of_a_floor_are_called_by_the_floor() -> None:
    building = Building(riverside_tower())
    now = dt.datetime(2026, 11, 20, 14, 30, tzinfo=building.zone)
    plan = PlaybookPlanner(building).plan(Question("which room is the hottest on floor 8", now))
    (step,) = canonical(building, plan, "?")
    assert step.args["of"] == ["floor-8"]
    assert copyable([step], "things: floor-8")
    assert not copyable([step], "things: floor-9")


async def test_the_demo_is_refused_as_ones_own_building() -> None:
    with pytest.raises(Refused, match="judged"):
        await owned(await tower(), 10, 0, SEED, Dropped())


def run(*args: str) -> Any:
    return CliRunner().invoke(app, ["llm", "data", *args])


def test_the_command_writes_splits_statistics_and_a_datasheet(tmp_path: Path) -> None:
    out = tmp_path / "data"
    done = run("-o", str(out), "--limit", "200", "--conversations", "0", "--json")
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)
    lines = {split: (out / f"{split}.jsonl").read_text().splitlines() for split in SPLITS}
    assert {split: len(rows) for split, rows in lines.items()} == found["counts"]["split"]
    assert all(json.loads(row)["split"] == split for split, rows in lines.items() for row in rows)
    sheet = (out / "README.md").read_text()
    assert "What is held out" in sheet
    assert f"{found['examples']:,} examples" in sheet
    again = run("-o", str(out), "--limit", "200", "--conversations", "0")
    assert again.exit_code != 0
    assert isinstance(again.exception, Refused)
    assert "not empty" in str(again.exception)


def test_bad_input_is_said_before_any_work(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("x")
    assert isinstance(run("-o", str(file / "below")).exception, Unavailable)
    nowhere = run(
        "-o", str(tmp_path / "new"), "--home", str(tmp_path / "empty"), "--conversations", "0"
    )
    assert isinstance(nowhere.exception, NotFound)
    assert "no building" in str(nowhere.exception)


def test_questions_of_the_judges_splits_are_not_trained_on() -> None:
    by: dict[str, set[str]] = {split: set() for split in SPLITS}
    for each in drawn(300, 0, SEED, Dropped()):
        by[each.split].add(plain_text(each.question))
    assert not by["train"] & (by["valid"] | by["test"])
    assert not by["valid"] & by["test"]

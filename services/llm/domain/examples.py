"""Training examples in chat form: what the agent would send a model, and what the model should answer.

An example's right answer is the plan of its question's plain form; its prompt is what the agent makes of the question as
it was said. Where both readings differ, the example teaches what the playbook cannot read.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import random
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from itertools import islice
from typing import Any, Final

from agent.opening import Opening, PromptStyle, instant, reaches_model
from agent.plan import Plan, Question, Step
from agent.playbooks.planner import PlaybookPlanner
from agent.tools import TOOLS
from ontology.errors import PlantroomError
from ontology.graph import Building
from ontology.time import parse_instant
from services.llm.domain.buildings import KINDS, Sibling, sibling
from services.llm.domain.family import Family
from services.llm.domain.phrasings import FAMILIES
from services.llm.domain.questions import Asked, Asker

VERSION: Final = version("plantroom")
SPLITS: Final = ("train", "valid", "test")
QUESTIONS_EACH: Final = 20
"""Asked about one building, then comes the next: names that seldom return are copied and not learnt by heart."""
MOST_TIMES: Final = 12
"""A question that names nothing, such as which faults are open, is the same everywhere."""
SHARES: Final = {"train": 0.9, "valid": 0.05, "test": 0.05}
_FORMS_OF: Final = ("train", "train", "train", "valid", "train", "train", "test", "train")
"""Every eighth form of a family is kept for each judge; a form is never in two splits."""
_FIRST: Final = dt.datetime(2025, 1, 10, tzinfo=dt.UTC)
_MINUTES: Final = (dt.datetime(2027, 12, 20, tzinfo=dt.UTC) - _FIRST) // dt.timedelta(minutes=1)
Messages = tuple[Mapping[str, Any], ...]
Form = tuple[Family, int, str]


@dataclass(frozen=True)
class Example:
    """One line of the data: chat messages, tools called, split and where it came from."""

    messages: tuple[Mapping[str, Any], ...]
    split: str
    source: Mapping[str, Any]

    @property
    def question(self) -> str:
        return str(self.messages[1]["content"])

    @property
    def calls(self) -> list[Mapping[str, Any]]:
        return [call["function"] for m in self.messages for call in m.get("tool_calls") or ()]

    def to_json(self) -> dict[str, Any]:
        tools = list(dict.fromkeys(call["name"] for call in self.calls))
        source = {**self.source, "plantroom": VERSION}
        return {"messages": list(self.messages), "tools": tools, "split": self.split, "source": source}  # fmt: skip


@dataclass
class Dropped:
    """Why drafts did not become examples, counted."""

    why: Counter[str] = field(default_factory=Counter)


def forms(split: str) -> list[Form]:
    """The families' forms of this split, each with its number in the family."""
    found = []
    for family in FAMILIES:
        for n, form in enumerate((*family.english, *family.thai)):
            if _FORMS_OF[n % len(_FORMS_OF)] == split:
                found.append((family, n, form))
    return found


def siblings(split: str, count: int, seed: int) -> Iterator[Sibling]:
    """The buildings that `count` questions are about; no building is in two splits, and none of them is simulated."""
    for n in range(-(-count // QUESTIONS_EACH)):
        yield sibling(KINDS * n + SPLITS.index(split), seed)


def single_steps(
    split: str, count: int, seed: int, dropped: Dropped, houses: Sequence[Sibling] = ()
) -> Iterator[Example]:
    """Up to `count` examples of one round: the question, and the calls it needs. About `houses`, else the split's."""
    rng = random.Random(f"{seed}/{split}/steps/{len(houses)}")  # noqa: S311  (chance, no secret)
    each = -(-count // len(houses)) if houses else QUESTIONS_EACH
    left = count
    for house in houses or siblings(split, count, seed):
        made = islice(_asked_of(house, split, rng, dropped, 6 * each), min(each, left))
        for messages, source in made:
            left -= 1
            yield Example(messages, split, {**source, "seed": seed})


def _asked_of(
    house: Sibling, split: str, rng: random.Random, dropped: Dropped, most: int
) -> Iterator[tuple[Messages, dict[str, Any]]]:
    """Questions about one building with their calls, and where they come from; at most so many are tried."""
    asker, planner = Asker(house.building), PlaybookPlanner(house.building)
    for family, number, form in weighed(split, rng, most):
        now = _FIRST + dt.timedelta(minutes=rng.randrange(_MINUTES))
        asked = asker.ask(family, form, rng)
        if asked is None:
            continue
        answer = drafted(house.building, planner, family, asked, now)
        if isinstance(answer, str):
            dropped.why[answer] += 1
            continue
        yield answer[0], {
            "building": house.name, "template": f"{family.name}/{number}", "kind": family.intent, "family": family.name,
            "now": now.isoformat(), "from": ["playbook", "ontology"],
        }  # fmt: skip


def weighed(
    split: str, rng: random.Random, most: int, more: Mapping[str, float] = {}
) -> list[Form]:
    """So many forms of the split, drawn by their families' weights, and times `more` for those named there."""
    found = forms(split)
    sizes = Counter(family.name for family, _, _ in found)
    weights = [family.weight / sizes[family.name] * more.get(family.name, 1) for family, _, _ in found]  # fmt: skip
    return rng.choices(found, weights, k=most)


def drafted(
    building: Building, planner: PlaybookPlanner, family: Family, asked: Asked, now: dt.datetime
) -> tuple[Messages, Plan] | str:
    """The messages of one round and the right plan, or why there is no such example."""
    right = planner.plan(Question(asked.plain, now))
    if right.intent.value != family.intent or not right.steps or right.question_back:
        return "plain form not read"
    if not _about(right, asked):
        return "plain form read otherwise"
    question = Question(asked.said, now)
    seen = planner.plan(question)
    if not reaches_model(seen):
        return "the agent would not ask a model"
    steps = canonical(building, right, asked.said)
    told = Opening(building, PromptStyle.SHORT).messages(seen, question, now=now)
    if not copyable(steps, str(told[0]["content"])):
        return "names or times not in the prompt"
    if any(_refused(step) for step in steps):
        return "a tool would refuse it"
    return (*told, calling(steps)), right


def _about(plan: Plan, asked: Asked) -> bool:
    named = set(plan.entities) or {id for step in plan.steps for id in step.args.get("of") or ()}
    places = {str(step.args.get("place", "")) for step in plan.steps}
    of = all(id in named or id in places for id in asked.ids)
    return of and (not asked.quantity or asked.quantity in {plan.quantity, "power"} or plan.quantity == "energy-use")  # fmt: skip


def canonical(building: Building, plan: Plan, said: str) -> tuple[Step, ...]:
    """The plan's calls as a model should write them: short, in the schema's order, times to the minute.

    A manual is asked in the words that were said. All rooms of a floor are the floor: a list that the prompt does not
    show cannot be copied.
    """
    steps = []
    for step in plan.steps:
        args: dict[str, Any] = {}
        for arg in TOOLS[step.tool].args:
            value = step.args.get(arg.name)
            if value is None or value == []:
                continue
            if arg.kind == "time":
                value = instant(parse_instant(str(value)), building)
            elif arg.kind == "condition":
                value = {"op": value["op"], "value": _whole(value["value"])}
            elif arg.kind == "ids" and len(value) > 1 and not set(value) <= set(plan.entities):
                value = [id for id in plan.entities if id in building] or [building.site.id]
            elif step.tool == "manuals" and arg.name == "question":
                value = said.strip()
            args[arg.name] = value
        steps.append(Step(step.tool, args))
    return tuple(steps)


def _whole(value: float) -> float:
    return int(value) if float(value).is_integer() else value


def copyable(steps: Sequence[Step], prompt: str) -> bool:
    """Whether every name and time of the calls stands in the prompt: copying can be learnt, guessing cannot."""
    return all(
        text in prompt
        for step in steps
        for arg in TOOLS[step.tool].args
        if arg.kind in {"ids", "time"} or arg.name == "place"
        for text in _texts(step.args.get(arg.name))
    )


def _texts(value: object) -> list[str]:
    if isinstance(value, str):
        return [value]
    return [str(each) for each in value] if isinstance(value, list) else []


def _refused(step: Step) -> bool:
    try:
        TOOLS[step.tool].check(step.args)
    except PlantroomError:
        return True
    return False


def calling(steps: Sequence[Step], first: int = 1) -> dict[str, Any]:
    """The assistant's message that asks for these tools, in OpenAI's shape."""
    calls = [
        {
            "id": f"call-{n}",
            "type": "function",
            "function": {"name": step.tool, "arguments": json.dumps(step.args, ensure_ascii=False)},
        }
        for n, step in enumerate(steps, first)
    ]
    return {"role": "assistant", "content": None, "tool_calls": calls}


def plain_text(text: str) -> str:
    """A question without capitals, marks and spacing: what two near duplicates share."""
    return " ".join(re.findall(r"[a-z0-9]+|[\u0e00-\u0e7f]+", text.lower()))


def distinct(
    examples: Iterator[Example], seen: dict[str, tuple[str, int]], dropped: Dropped
) -> Iterator[Example]:
    """Each question in one split only, and there `MOST_TIMES` at most, of other buildings at other times; the rest is counted."""
    for each in examples:
        key = hashlib.blake2b(plain_text(each.question).encode(), digest_size=12).hexdigest()
        split, times = seen.get(key, (each.split, 0))
        if split != each.split or times >= MOST_TIMES:
            dropped.why["near duplicate"] += 1
            continue
        seen[key] = split, times + 1
        yield each

"""Whatever a language model asks for, a tool answers or refuses; it never breaks the run."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agent.answers import tell
from agent.events import plain
from agent.grounding import Bound, unbound
from agent.plan import Intent, Plan, Step
from agent.tools import TOOLS, call
from agent.tools.quantities import DERIVED
from agent.tools.spec import OPERATORS, Arg
from ontology.defs import EQUIP_KINDS
from tests.agent.tower import BUILDING, NOW, tower

BOX = asyncio.run(tower())
IDS = ("CH-2", "ch-3", "AHU-4", "VAV-2-07", "room-807", "floor-8", "CHW-PLANT", "riverside-tower", "meter-main",
       "weather", "CH-2.power", "IAQ-1407", "lobby", "nothing", "@CT-1", "DOAS-1")  # fmt: skip
WORDS = ("power", "zone-air-temp", "run", "cooling-valve", "ahu", "°F", "kW", "RT", "COP", "equip and pump", "point", "(",
         "%", "x'; drop table", "อุณหภูมิ", *DERIVED, *EQUIP_KINDS)  # fmt: skip
TIMES = (
    "2026-11-19T00:00+07:00",
    "2026-11-20T10:00+07:00",
    "2026-11-18T16:00Z",
    "2020-01-01T00:00Z",
    "2031-01-01T00:00Z",
    "now",
)
JUNK: st.SearchStrategy[Any] = st.one_of(
    st.none(), st.integers(), st.text(max_size=5), st.lists(st.none(), max_size=2)
)


def values(arg: Arg) -> st.SearchStrategy[Any]:
    kinds: dict[str, st.SearchStrategy[Any]] = {
        "text": st.sampled_from(WORDS),
        "ids": st.lists(st.sampled_from(IDS), min_size=1, max_size=3),
        "integer": st.integers(-1, 60),
        "time": st.sampled_from(TIMES),
        "flag": st.booleans(),
        "choice": st.sampled_from(arg.choices or ("",)),
        "condition": st.fixed_dictionaries(
            {"op": st.sampled_from(OPERATORS), "value": st.floats(-50, 500)}
        ),
    }
    return st.one_of(*[kinds[arg.kind]] * 9, JUNK)


@st.composite
def calls(draw: st.DrawFn) -> tuple[str, dict[str, Any]]:
    tool = TOOLS[draw(st.sampled_from(sorted(TOOLS)))]
    args = {
        a.name: draw(values(a)) for a in tool.args if a.required or draw(st.integers(0, 2)) == 0
    }
    return tool.name, args


@given(calls())
@settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_a_call_is_answered_or_refused_and_its_telling_is_bound(
    asked: tuple[str, dict[str, Any]],
) -> None:
    name, args = asked
    result = asyncio.run(call(BOX, name, args))
    assert result.summary
    json.dumps(plain(result), allow_nan=False)
    plan = Plan("playbook", Intent.AGGREGATE, steps=(Step(name, args),))
    for question in ("how?", "อย่างไร"):
        text = tell(question, plan, [result], BUILDING, NOW).text
        assert text
        assert unbound(text, Bound.of(BUILDING, plan, [result], now=NOW)) == [], text

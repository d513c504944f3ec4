"""Events have one JSON form."""

import datetime as dt
import json

from agent.events import Answer, ChartFound, Done, Token, Understood, to_json
from agent.evidence import Chart, Evidence, Series
from agent.plan import Intent, Plan, Step
from ontology.kinds import Ref

PLAN = Plan(
    mode="playbook",
    intent=Intent.LIVE_VALUE,
    entities=("CH-2",),
    steps=(Step("history", {"of": ["CH-2"]}),),
)


def test_an_event_says_its_type_first_and_survives_json() -> None:
    event = Answer(
        "CH-2 draws 280 kW [E1].",
        "playbook",
        (Evidence("E1", "live", "CH-2.power"),),
        (),
        ("why?",),
        PLAN,
        0.2,
    )
    found = to_json(event)
    assert next(iter(found)) == "type"
    assert json.loads(json.dumps(found))["evidence"][0]["trust"] == "sensor"
    assert found["plan"]["intent"] == "live_value"
    assert {
        "answer",
        "mode",
        "evidence",
        "charts",
        "follow_ups",
        "plan",
        "elapsed_s",
    } <= found.keys()


def test_silence_in_a_chart_is_null_and_never_zero() -> None:
    series = Series("CH-2 power", "kW", (0, 300, 600), (1.0, float("nan"), None))
    found = to_json(ChartFound(Chart("CH-2", (series,), ((0, 300, "fouled"),))))
    assert found["chart"]["series"][0]["values"] == [1.0, None, None]
    json.dumps(found, allow_nan=False)


def test_values_of_the_house_become_plain_ones() -> None:
    step = Step("faults", {"of": Ref("CH-2"), "start": dt.datetime(2026, 11, 20, tzinfo=dt.UTC)})
    plan = Plan(mode="playbook", intent=Intent.FAULTS_OPEN, steps=(step,))
    assert to_json(Understood(plan))["type"] == "understood"
    assert to_json(Token("a", restart=True)) == {"type": "token", "text": "a", "restart": True}
    assert to_json(Done(1.5)) == {"type": "done", "elapsed_s": 1.5}

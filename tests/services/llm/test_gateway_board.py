"""The Grafana board, the alerts and the scrape file: every metric in them is one that somebody tells."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from services.llm.box import Box
from services.llm.gateway.metrics import Metrics
from services.llm.gateway.pool import Pool

ROOT = Path(__file__).parents[3]
FOLDER = ROOT / "infra/grafana"
LOGGERS = ROOT / ".venv-llm/lib/python3.11/site-packages/vllm/v1/metrics/loggers.py"
BOARD = json.loads((FOLDER / "model-server.json").read_text())
ALERTS = [rule for group in yaml.safe_load((FOLDER / "alerts.yml").read_text())["groups"] for rule in group["rules"]]  # fmt: skip
EXPRESSIONS = [
    *(target["expr"] for panel in BOARD["panels"] for target in panel.get("targets", ())),
    *(rule["expr"] for rule in ALERTS),
]
NAME = re.compile(r"(?:plantroom_gateway_|vllm:)\w+")
SUFFIXES = {"counter": ("",), "gauge": ("",), "histogram": ("_bucket", "_sum", "_count")}


async def ours() -> set[str]:
    """Names of samples that the gateway can give."""
    box = Box.model_validate({"served": {"path": "m"}, "replicas": [{"name": "a", "port": 1}]})
    told = re.findall(r"# TYPE (\S+) (\w+)", Metrics(Pool(box)).text().decode())
    return {name + suffix for name, kind in told for suffix in SUFFIXES[kind]}


def theirs() -> set[str]:
    """Names of samples in vLLM's source; prometheus_client adds _total to counters."""
    made = re.findall(
        r'self\._(counter|gauge|histogram)_cls\(\s*name="(vllm:\w+)"', LOGGERS.read_text()
    )
    suffixes = {**SUFFIXES, "counter": ("_total",)}
    return {name + suffix for kind, name in made for suffix in suffixes[kind]}


async def test_the_gateway_tells_every_metric_that_board_and_alerts_name() -> None:
    named = {
        name for text in EXPRESSIONS for name in NAME.findall(text) if not name.startswith("vllm:")
    }
    assert len(named) > 10
    assert named - await ours() == set()


@pytest.mark.skipif(not LOGGERS.exists(), reason="vLLM is not installed: make llm-env")
def test_vllm_tells_every_metric_that_board_and_alerts_name() -> None:
    named = {
        name for text in EXPRESSIONS for name in NAME.findall(text) if name.startswith("vllm:")
    }
    assert len(named) > 10
    assert named - theirs() == set()


async def test_every_metric_of_the_gateway_stands_on_the_board() -> None:
    text = " ".join(EXPRESSIONS)
    box = Box.model_validate({"served": {"path": "m"}, "replicas": [{"name": "a", "port": 1}]})
    names = {family.name for family in Metrics(Pool(box)).registry.collect()}
    aside = {"plantroom_gateway_cached_blocks", "plantroom_gateway_request_duration_seconds"}
    assert {name for name in names - aside if name not in text} == set()


def test_panels_stand_apart_and_say_what_they_show() -> None:
    panels: list[dict[str, Any]] = BOARD["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    places = [(panel["gridPos"]["x"], panel["gridPos"]["y"]) for panel in panels]
    assert len(set(places)) == len(places)
    assert all(panel["title"] for panel in panels)
    assert all(
        rule["annotations"]["summary"] and rule["labels"]["severity"] in ("page", "ticket")
        for rule in ALERTS
    )


def test_brackets_of_every_expression_close() -> None:
    for text in EXPRESSIONS:
        assert all(text.count(a) == text.count(b) for a, b in ("()", "{}", "[]")), text


def test_the_scrape_file_reads_the_gateway_and_names_the_alerts() -> None:
    read = yaml.safe_load((FOLDER / "prometheus.yml").read_text())
    assert read["rule_files"] == ["alerts.yml"]
    assert {job["job_name"] for job in read["scrape_configs"]} == {"plantroom-gateway", "vllm"}

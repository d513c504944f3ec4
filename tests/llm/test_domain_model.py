"""A model of the trade from nothing to served: examples, training, adapters, real vLLM over two ranks, the real agent.

A minute of training teaches little; how much twenty teach is the bench's to say (`bench/serving_parts/domain_model.py`).
Here every link is tried: what comes out is served, constrained to the agent's tools, given an adapter and relieved of it.
"""

from __future__ import annotations

import json
import shlex
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from services.llm.box import read_box
from tests.llm.at_a_terminal import llm, served
from tests.llm.server import PYTHON
from tests.llm.watched import real_box

pytestmark = [
    pytest.mark.llm,
    pytest.mark.timeout(900),
    pytest.mark.skipif(not PYTHON.exists(), reason="no .venv-llm: run `make llm-env`"),
]
ASKED = 8
PARAMETERS = 20_000_000
ON_DEV = ("--calls-only", "--half", "dev")


def told(*words: str | Path) -> Any:
    """What a command says as JSON; it must go well."""
    done = llm(*words, "--json")
    assert done.returncode == 0, (done.stdout or done.stderr)[-3000:]
    return json.loads(done.stdout)


@dataclass(frozen=True)
class Trained:
    """Folders of the model from nothing and of adapters beside it, and the cards of both runs."""

    model: Path
    adapter: Path
    cards: tuple[dict[str, Any], dict[str, Any]]


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """Short: a socket's path takes about 100 bytes."""
    with tempfile.TemporaryDirectory(prefix="trade") as made:
        yield Path(made)


@pytest.fixture(scope="module")
def trained(folder: Path) -> Trained:
    data = folder / "data"
    told("data", "-o", data, "--limit", "1500", "--conversations", "0")
    common = ("--data", data, "--python", PYTHON)
    first = told("train", "--scratch", *common, "-o", folder / "scratch", "--minutes", "1")
    model = folder / "scratch" / "model"
    more = shlex.split("--method lora --rank 4 --steps 4 --batch 2 --accumulate 1 --max-length 640")
    second = told("train", "--base", model, *more, *common, "-o", folder / "lora")
    return Trained(model, folder / "lora" / "adapter", (first, second))


@pytest.fixture(scope="module")
def box(folder: Path, trained: Trained) -> Iterator[Path]:
    """Two ranks, room for adapters, the gateway before them."""
    path = folder / "box.toml"
    path.write_text(real_box(trained.model, context=4096, hot_adapters=True, most_rank=8).to_toml())
    with served(path) as child:
        yield path
        assert llm("stop", path).returncode == 0
        assert child.wait(60) == 0


def gateway(box: Path) -> str:
    return f"http://127.0.0.1:{read_box(box).gateway.port}/v1"


def test_the_model_is_a_small_qwen3_with_a_card_that_says_what_it_was_made_of(
    trained: Trained,
) -> None:
    config = json.loads((trained.model / "config.json").read_text())
    scratch, lora = trained.cards
    assert config["architectures"] == ["Qwen3ForCausalLM"]
    assert 0 < scratch["result"]["parameters"] <= PARAMETERS
    assert len(scratch["data"]["sha256"]) == 64
    assert scratch["data"] == lora["data"]
    assert (trained.model.parent / "training.png").read_bytes().startswith(b"\x89PNG")
    assert lora["base"] == str(trained.model)


def test_the_real_agent_gets_calls_that_its_tools_take(box: Path, folder: Path) -> None:
    found = told(
        "evaluate", "--url", gateway(box), *ON_DEV, "--limit", str(ASKED), "--at-once", "2"
    )
    assert found["summary"]["all"]["reached_model"] == ASKED
    assert found["summary"]["errors"] == 0
    assert all(each["called"] for each in found["questions"])


def test_an_adapter_is_loaded_while_it_serves_meant_by_a_name_and_rolled_back(
    box: Path, trained: Trained
) -> None:
    loaded = told(
        "adapter", "load", "chief-2", trained.adapter, "--box", box, "--alias", "chief-now"
    )
    assert loaded["rank"] == 4
    assert told("adapter", "list", "--box", box)["aliases"]["chief-now"] == "chief-2"
    asked = told("evaluate", "--url", gateway(box), "--model", "chief-now", *ON_DEV, "--limit", "2")
    assert asked["summary"]["errors"] == 0
    refused = llm("adapter", "unload", "chief-2", "--box", box)
    assert refused.returncode != 0
    assert "chief-now" in refused.stderr
    told("adapter", "load", "chief-3", trained.adapter, "--box", box, "--alias", "chief-now")
    assert told("adapter", "rollback", "chief-now", "--box", box)["model"] == "chief-2"
    told("adapter", "unload", "chief-3", "--box", box)
    names = told("adapter", "list", "--box", box)["replicas"]
    assert all("chief-2" in each and "chief-3" not in each for each in names.values())

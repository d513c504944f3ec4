"""The box file: written from a plan, read back equal, refused where it would harm; and the command of a replica."""

from __future__ import annotations

import json
import stat
import tomllib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

from ontology.errors import BadRequest, Conflict, NotFound
from services.llm.box import (
    Box,
    Deploy,
    Engine,
    Gateway,
    Replica,
    Served,
    Watch,
    read_box,
)
from services.llm.launch.command import command, ray_head, ray_worker
from services.llm.launch.planned import box_of, chosen, heading, write_new
from services.llm.launch.tool_parsers import by_name, by_template, same_format
from services.llm.sizing.gpus import inventory
from services.llm.sizing.models import CONFIGS, model
from services.llm.sizing.plan import plans
from services.llm.sizing.speed import Workload
from tests.services.llm.boxes import NASTY, boxes, refusal

LOAD = Workload(4000, 500, 32)


def a_box(**more: object) -> Box:
    return Box.model_validate({"served": {"path": "/srv/m"}, "replicas": [{"name": "a"}], **more})


@settings(max_examples=150, deadline=None)
@given(box=boxes())
def test_a_written_box_reads_back_equal(tmp_path_factory: pytest.TempPathFactory, box: Box) -> None:
    file = tmp_path_factory.getbasetemp() / "box.toml"
    file.write_text("# a comment\n" + box.to_toml(), encoding="utf-8")
    assert read_box(file) == box


@pytest.mark.parametrize("gpus", ["8xH100-80", "2xA100-80", "1xH200-141"])
@pytest.mark.parametrize("name", ["qwen2.5-72b", "llama-3.1-8b", "gpt-oss-120b"])
def test_the_winning_plan_becomes_a_box_that_uses_each_gpu_once(
    name: str, gpus: str, tmp_path: Path
) -> None:
    has = inventory(gpus)
    ranked = plans(model(name), has, LOAD)
    if ranked[0].speed.refused:
        with pytest.raises(BadRequest, match="cannot start"):
            chosen(ranked, 1)
        return
    box = box_of(ranked[0], LOAD, has)
    file = tmp_path / "box.toml"
    write_new(file, heading(ranked[0], LOAD, box) + box.to_toml())
    assert read_box(file) == box
    used = [gpu for replica in box.replicas for gpu in replica.gpus]
    assert sorted(used) == list(range(ranked[0].setup.layout.gpus))
    assert "GB" in file.read_text()
    assert "GiB" in file.read_text()


def test_a_mixed_box_counts_its_gpus_from_where_the_kind_begins() -> None:
    has = inventory("2xL4-24 + 2xA100-80")
    best = next(
        p
        for p in plans(model("llama-3.1-8b"), has, LOAD)
        if p.setup.gpu.id == "a100-80" and not p.speed.refused
    )
    assert min(gpu for r in box_of(best, LOAD, has).replicas for gpu in r.gpus) == 2


def test_a_replica_over_two_machines_needs_the_address_of_the_first() -> None:
    has = inventory("16xH100-80")
    wide = next(
        p
        for p in plans(model("llama-3.1-405b"), has, LOAD)
        if p.setup.layout.tp * p.setup.layout.pp == 16 and not p.speed.refused
    )
    with pytest.raises(BadRequest) as refused:
        box_of(wide, LOAD, has)
    assert "--head" in refused.value.hint
    box = box_of(wide, LOAD, has, head="10.0.0.1")
    (replica,) = box.replicas
    assert (replica.nodes, replica.gpus) == (2, tuple(range(8)))
    made = command(box, replica)
    assert made.argv.count("--distributed-executor-backend") == 1
    assert made.env["RAY_ADDRESS"] == "10.0.0.1:6379"
    assert ray_head(box, replica).argv[:3] == ("ray", "start", "--head")
    assert "--address=10.0.0.1:6379" in ray_worker(box, replica).argv
    assert "VLLM_HOST_IP" not in ray_worker(box, replica).env


def test_a_file_that_is_there_is_kept_unless_forced(tmp_path: Path) -> None:
    file = tmp_path / "box.toml"
    file.write_text("mine")
    with pytest.raises(Conflict) as refused:
        write_new(file, "theirs")
    assert "--force" in refused.value.hint
    assert file.read_text() == "mine"
    write_new(file, "theirs", force=True)
    assert file.read_text() == "theirs"
    assert [each.name for each in tmp_path.iterdir()] == ["box.toml"]
    assert stat.S_IMODE(file.stat().st_mode) & 0o200


@pytest.mark.parametrize(("number", "error"), [(0, NotFound), (1000, NotFound)])
def test_a_plan_that_is_not_ranked_cannot_be_chosen(number: int, error: type[Exception]) -> None:
    with pytest.raises(error):
        chosen(plans(model("llama-3.1-8b"), inventory("1xA100-80"), LOAD), number)


@pytest.mark.parametrize(
    ("given_", "says"),
    [
        ({"served": {"path": "-rf"}, "replicas": [{"name": "a"}]}, "path"),
        ({"served": {"path": "/m\nExecStartPre=/bin/rm"}, "replicas": [{"name": "a"}]}, "path"),
        ({"served": {"path": "/m"}, "replicas": [{"name": "a/../b"}]}, "name"),
        ({"served": {"path": "/m"}, "replicas": [{"name": "a", "host": "-oProxy"}]}, "host"),
        ({"served": {"path": "/m"}, "replicas": [{"name": "a"}], "engine": {"env": {"HF_TOKEN": "x"}}}, "HF_TOKEN: a secret"),
        ({"served": {"path": "/m"}, "replicas": [{"name": "a"}], "engine": {"arguments": ["--api-key", "x"]}}, "VLLM_API_KEY"),
        ({"served": {"path": "/m"}, "replicas": [{"name": "a"}], "engine": {"env": {"A B": "x"}}}, "env"),
        ({"served": {"path": "/m"}, "replicas": [{"name": "a", "gpus": [0]}, {"name": "b", "host": "localhost", "port": 9, "gpus": [0]}]}, "share a GPU"),
        ({"served": {"path": "/m"}, "replicas": [{"name": "a"}, {"name": "b", "host": "0.0.0.0"}]}, "share a port"),
        ({"served": {"path": "/m", "adapters": {"chief": "/a"}}, "replicas": [{"name": "a"}]}, "names both"),
        ({"served": {"path": "/m", "adapters": {"a": "/a"}}, "replicas": [{"name": "a"}], "engine": {"kind": "llama.cpp"}}, "merge"),
        ({"served": {"path": "/m"}, "replicas": [{"name": "a", "nodes": 2}], "engine": {"kind": "llama.cpp"}}, "only vLLM"),
        ({"served": {"path": "/m"}, "replicas": [{"name": "a"}], "gateway": {"wait_s": float("inf")}}, "wait_s"),
        ({"served": {"path": "/m"}, "replicas": [{"name": "a"}], "deploy": {"image": "vllm/vllm-openai"}}, "image"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)  # fmt: skip
def test_what_would_harm_is_refused_by_name(given_: dict[str, object], says: str) -> None:
    assert says in refusal(given_)


def test_each_engine_has_its_own_command() -> None:
    llama = a_box(engine={"kind": "llama.cpp", "arguments": ["--n-gpu-layers", "999"]})
    argv = command(llama, llama.replicas[0]).argv
    assert argv[0] == "llama-server"
    assert argv[-2:] == ("--n-gpu-layers", "999")
    far = Box(
        served=Served(path="x"),
        engine=Engine(kind="external"),
        replicas=(Replica(name="a", url="http://gpu:8000/v1"),),
    )
    assert command(far, far.replicas[0]).argv == ()
    assert far.replicas[0].base == "http://gpu:8000"


def test_a_replica_sees_its_gpus_in_the_order_of_nvidia_smi_and_talks_to_nobody_outside() -> None:
    box = a_box(replicas=[{"name": "a", "gpus": [4, 5], "env": {"NCCL_DEBUG": "WARN"}}])
    env = command(box, box.replicas[0]).env
    assert (env["CUDA_VISIBLE_DEVICES"], env["CUDA_DEVICE_ORDER"]) == ("4,5", "PCI_BUS_ID")
    assert (env["HF_HUB_OFFLINE"], env["VLLM_NO_USAGE_STATS"], env["NCCL_DEBUG"]) == (
        "1",
        "1",
        "WARN",
    )
    assert "VLLM_ALLOW_RUNTIME_LORA_UPDATING" not in env


def adapter(folder: Path, **said: object) -> str:
    folder.mkdir()
    (folder / "adapter_config.json").write_text(json.dumps({"peft_type": "LORA", **said}))
    return str(folder)


def test_room_is_made_for_the_largest_adapter(tmp_path: Path) -> None:
    adapters = {
        "site-a": adapter(tmp_path / "a", r=24),
        "site-b": adapter(tmp_path / "b, c", r=8, rank_pattern={"q": 40}),
    }
    box = a_box(served={"path": "/m", "adapters": adapters, "hot_adapters": True})
    made = command(box, box.replicas[0])
    assert made.argv[made.argv.index("--max-lora-rank") + 1] == "64"
    at = made.argv.index("--lora-modules")
    assert [json.loads(word)["path"] for word in made.argv[at + 1 : at + 3]] == list(
        adapters.values()
    )
    assert made.env["VLLM_ALLOW_RUNTIME_LORA_UPDATING"] == "True"


@pytest.mark.parametrize("said", [{"r": "x"}, {}, {"r": 0}, {"r": 4096}])
def test_an_adapter_without_a_usable_rank_is_refused(
    tmp_path: Path, said: dict[str, object]
) -> None:
    box = a_box(served={"path": "/m", "adapters": {"a": adapter(tmp_path / "a", **said)}})
    with pytest.raises(BadRequest):
        command(box, box.replicas[0])


@settings(max_examples=100, deadline=None)
@given(box=boxes())
def test_every_word_of_a_command_is_one_line_and_no_path_is_a_flag(box: Box) -> None:
    for replica in box.replicas:
        made = command(box, replica)
        assert all(
            "\n" not in word and "\0" not in word for word in (*made.argv, *made.env.values())
        )
        if made.argv:
            assert box.served.path in made.argv
            assert tomllib.loads(box.to_toml())["served"]["path"] == box.served.path


@given(text=st.text(max_size=200) | NASTY)
def test_any_template_has_at_most_one_parser(text: str) -> None:
    assert by_template(text) == "" or by_template(text).isidentifier()


def test_the_models_of_the_table_have_the_parser_of_their_family() -> None:
    found = {
        short: by_name(repo, model(short).architecture) for short, (repo, _) in CONFIGS.items()
    }
    assert found["qwen2.5-72b"] == found["qwen3-235b-a22b"] == "hermes"
    assert found["llama-3.3-70b"] == "llama3_json"
    assert found["mixtral-8x7b"] == "mistral"
    assert (found["gpt-oss-120b"], found["glm-4.5-air"], found["deepseek-v3"]) == (
        "openai",
        "glm45",
        "deepseek_v3",
    )
    assert found["gemma-2-9b"] == found["phi-3-mini"] == ""
    assert same_format("qwen3_xml", "qwen3_coder")
    assert not same_format("hermes", "mistral")


def test_every_key_of_the_box_is_described() -> None:
    page = (Path(__file__).parents[3] / "docs" / "how-to" / "run-a-gpu-box.md").read_text()
    parts: dict[str, type[BaseModel]] = {
        "served": Served,
        "engine": Engine,
        "replicas": Replica,
        "gateway": Gateway,
        "watch": Watch,
        "deploy": Deploy,
    }
    missing = [
        f"{part}.{key}"
        for part, kind in parts.items()
        for key in kind.model_fields
        if f"`{part}.{key}`" not in page
    ]
    assert missing == []


@pytest.mark.parametrize(
    "text", ["a = " + "[" * 50_000, "format = " + "9" * 5000, "a = \xff", "[[["]
)
def test_a_file_that_is_no_toml_is_said_to_be_none(tmp_path: Path, text: str) -> None:
    file = tmp_path / "box.toml"
    file.write_bytes(text.encode("latin-1"))
    with pytest.raises(BadRequest, match=r"box\.toml"):
        read_box(file)


def test_flags_are_read_as_the_engine_reads_them() -> None:
    flags = ("-tp", "4", "--quantization=fp8", "--enforce-eager", "--max-model-len", "many")
    engine = Engine(arguments=flags)
    assert engine.flags == {
        "--tensor-parallel-size": "4", "--quantization": "fp8", "--enforce-eager": "", "--max-model-len": "many",
    }  # fmt: skip
    assert engine.number("--tensor-parallel-size", 1) == 4
    assert engine.number("--max-model-len", 4096) == 4096

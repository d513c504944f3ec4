"""Preflight over real folders, files and sockets: what is wrong is named, with what to do, within seconds."""

from __future__ import annotations

import hashlib
import json
import os
import socket
import struct
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from ontology.errors import BadRequest
from services.cli import app
from services.llm import smi
from services.llm.box import Box
from services.llm.files import tensors
from services.llm.launch import checkpoint
from services.llm.launch.findings import Finding, State, worst
from services.llm.launch.preflight import Asked, driver, ports, preflight, template
from services.llm.sizing.models import CONFIGS
from tests.services.llm.lora_folder import adapter_at
from tests.services.llm.stubs import free_port

HERMES = (
    "{% if tools %}<tools>{% for tool in tools %}{{ tool | tojson }}{% endfor %}</tools> answer in <tool_call>{% endif %}"
    "{% for m in messages %}{{ m.role }}: {{ m.content }}{% endfor %}"
)
H100 = "{i}, NVIDIA H100 80GB HBM3, 580.82.07, 81559, {free}, Enabled, {ecc}"
HEAD = "| NVIDIA-SMI 580.82.07   Driver Version: 580.82.07   CUDA Version: 13.0 |\n"


def shard(file: Path, tensors: dict[str, int]) -> None:
    header, at = {}, 0
    for name, size in tensors.items():
        header[name] = {"dtype": "U8", "shape": [size], "data_offsets": [at, at + size]}
        at += size
    raw = json.dumps(header).encode()
    file.write_bytes(struct.pack("<Q", len(raw)) + raw + bytes(at))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A small whole checkpoint of Qwen2.5-0.5B's config."""
    from tokenizers import Tokenizer, models

    made = tmp_path / "qwen-small"
    made.mkdir()
    (made / "config.json").write_text(json.dumps(CONFIGS["qwen2.5-0.5b"][1]))
    Tokenizer(models.BPE({"a": 0, "b": 1}, [])).save(str(made / "tokenizer.json"))
    (made / "tokenizer_config.json").write_text(json.dumps({"chat_template": HERMES}))
    shard(made / "model-1.safetensors", {"a": 10, "b": 20})
    shard(made / "model-2.safetensors", {"c": 30})
    index = {
        "weight_map": {
            "a": "model-1.safetensors",
            "b": "model-1.safetensors",
            "c": "model-2.safetensors",
        }
    }
    (made / "model.safetensors.index.json").write_text(json.dumps(index))
    return made


def a_box(folder: Path, gpus: int = 2, *flags: str, **served: Any) -> Box:
    return Box.model_validate({
        "served": {"path": str(folder), "tool_parser": "hermes", **served},
        "engine": {"command": [sys.executable, "--model"], "arguments": ["--tensor-parallel-size", str(gpus), *flags]},
        "replicas": [{"name": "a", "gpus": list(range(gpus)), "port": free_port()}], "gateway": {"port": free_port()},
    })  # fmt: skip


def smi_files(
    tmp_path: Path, rows: list[str], link: str = "NV18", *, more: str = ""
) -> tuple[Path, ...]:
    count = len(rows)
    (tmp_path / "query.txt").write_text("\n".join(rows) + "\n" + more)
    matrix = "\t".join(["", *(f"GPU{i}" for i in range(count)), "CPU Affinity"]) + "\n"
    for i in range(count):
        matrix += (
            "\t".join([f"GPU{i}", *(" X " if i == j else link for j in range(count)), "0-47"])
            + "\n"
        )
    (tmp_path / "topo.txt").write_text(matrix)
    (tmp_path / "plain.txt").write_text(HEAD)
    return tmp_path / "query.txt", tmp_path / "topo.txt", tmp_path / "plain.txt"


def rows(count: int, *, free: int = 81007, ecc: str = "0") -> list[str]:
    return [H100.format(i=i, free=free, ecc=ecc) for i in range(count)]


def looked(box: Box, files: tuple[Path, ...]) -> list[Finding]:
    return list(preflight(box, Asked(smi=files, engine=False)))


def only(found: list[Finding], check: str) -> Finding:
    return next(
        each
        for each in sorted(found, key=lambda f: f.state == State.OK)
        if each.check.startswith(check)
    )


def test_a_whole_box_passes(folder: Path, tmp_path: Path) -> None:
    found = looked(a_box(folder), smi_files(tmp_path, rows(2)))
    bad = [each for each in found if each.state is State.FAILED and each.check != "shared memory"]
    assert bad == []
    assert "2 x NVIDIA H100" in only(found, "GPUs").says
    assert "NVLink (NV18)" in only(found, "links").says


def test_a_missing_shard_is_named(folder: Path) -> None:
    (folder / "model-2.safetensors").unlink()
    (found,) = checkpoint.shards(folder)
    assert (found.state, "model-2.safetensors is missing" in found.says) == (State.FAILED, True)


@pytest.mark.parametrize("left", [0, 3, 9, 40, 100])
def test_a_truncated_shard_is_named(folder: Path, left: int) -> None:
    file = folder / "model-1.safetensors"
    file.write_bytes(file.read_bytes()[:left])
    (found,) = checkpoint.shards(folder)
    assert found.state is State.FAILED
    assert found.says.startswith("model-1.safetensors")
    assert "--checksums" in found.hint


def test_a_shard_without_what_the_index_promises_is_named(folder: Path) -> None:
    shard(folder / "model-2.safetensors", {"other": 30})
    (found,) = checkpoint.shards(folder)
    assert "model-2.safetensors lacks c" in found.says


def test_weights_that_are_too_few_for_the_model_are_doubted(folder: Path) -> None:
    (found,) = checkpoint.shards(folder, 72_700_000_000)
    assert (found.state, "too little for 72,700,000,000 weights" in found.says) == (State.WARNED, True)  # fmt: skip
    size = sum(file.stat().st_size for file in folder.glob("*.safetensors"))
    (found,) = checkpoint.shards(folder, size // 2)
    assert found.state is State.OK


@given(raw=st.binary(max_size=200))
def test_no_bytes_are_taken_for_a_shard_by_accident(
    tmp_path_factory: pytest.TempPathFactory, raw: bytes
) -> None:
    file = tmp_path_factory.getbasetemp() / "any.safetensors"
    file.write_bytes(raw)
    with suppress(BadRequest):
        listed = tensors(file)
        assert set(json.loads(raw[8 : 8 + int.from_bytes(raw[:8], "little")])) >= set(listed)


def test_an_index_cannot_point_outside_its_folder(folder: Path) -> None:
    (folder / "model.safetensors.index.json").write_text(
        json.dumps({"weight_map": {"a": "../../etc/passwd"}})
    )
    (found,) = checkpoint.shards(folder)
    assert "no file beside it" in found.says


def test_checksums_tell_a_changed_file(folder: Path, tmp_path: Path) -> None:
    sums = tmp_path / "sums"
    names = ("model-1.safetensors", "model-2.safetensors")
    sums.write_text(
        "".join(f"{hashlib.sha256((folder / n).read_bytes()).hexdigest()}  {n}\n" for n in names)
    )
    assert worst(checkpoint.checksums(folder, sums)) is State.OK
    raw = bytearray((folder / "model-2.safetensors").read_bytes())
    raw[-1] ^= 1
    (folder / "model-2.safetensors").write_bytes(raw)
    (found,) = checkpoint.checksums(folder, sums)
    assert found.says.startswith("model-2.safetensors is not")


def test_a_tokenizer_of_another_model_is_told(folder: Path) -> None:
    assert checkpoint.tokenizer(folder, 2).state is State.OK
    wrong = checkpoint.tokenizer(folder, 1)
    assert "belongs to another model" in wrong.says
    (folder / "tokenizer.json").write_text("{}")
    assert "cannot be read" in checkpoint.tokenizer(folder, 2).says
    (folder / "tokenizer.json").unlink()
    assert "no tokenizer.json" in checkpoint.tokenizer(folder, 2).says


@pytest.mark.parametrize(
    ("text", "parser", "state", "says"),
    [
        (HERMES, "hermes", State.OK, "calls are read by hermes"),
        (HERMES, "mistral", State.FAILED, "written for the parser hermes"),
        (HERMES, "", State.WARNED, "tool_parser is not set"),
        ("{{ messages[0].content }}", "hermes", State.FAILED, "no tool template"),
        (
            "{{ messages[0].content }}<tool_call>",
            "hermes",
            State.WARNED,
            "shows the model no tools",
        ),
        ("{{ messages[0].content }}<tool_call>", "mistral", State.FAILED, "no tool template"),
        ("{% for x in %}", "hermes", State.FAILED, "cannot be rendered"),
        ("{{ ''.__class__.__mro__[1].__subclasses__() }}", "hermes", State.FAILED, "SecurityError"),
        (
            "{{ raise_exception('tools are not for me') }}",
            "hermes",
            State.FAILED,
            "tools are not for me",
        ),
        ("", "hermes", State.FAILED, "not made to chat"),
    ],
)
def test_a_template_is_rendered_with_a_tool(
    folder: Path, text: str, parser: str, state: State, says: str
) -> None:
    (folder / "tokenizer_config.json").write_text(json.dumps({"chat_template": text}))
    found = template(folder, parser)
    assert (found.state, says in found.says) == (state, True), found


def test_a_template_without_end_is_ended(folder: Path) -> None:
    (folder / "chat_template.jinja").write_text(
        "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}"
    )
    began = time.monotonic()
    assert template(folder, "hermes").state is State.FAILED
    assert time.monotonic() - began < 15


def test_a_model_that_cannot_fit_is_told_with_both_units(folder: Path, tmp_path: Path) -> None:
    (folder / "config.json").write_text(json.dumps(CONFIGS["qwen2.5-72b"][1]))
    found = only(looked(a_box(folder, 1), smi_files(tmp_path, rows(1))), "fit")
    assert found.state is State.FAILED
    assert "GB" in found.says
    assert "GiB" in found.says


def test_unequal_gpus_are_refused(folder: Path, tmp_path: Path) -> None:
    mixed = [rows(1)[0], "1, NVIDIA A100-SXM4-80GB, 580.82.07, 81920, 81000, Enabled, 0"]
    found = only(looked(a_box(folder), smi_files(tmp_path, mixed)), "GPUs")
    assert "unequal: NVIDIA A100-SXM4-80GB, NVIDIA H100 80GB HBM3" in found.says


def test_gpus_joined_by_pcie_only_are_warned_of_with_the_loss(folder: Path, tmp_path: Path) -> None:
    found = only(looked(a_box(folder), smi_files(tmp_path, rows(2), "SYS")), "links")
    assert found.state is State.WARNED
    assert "% of the speed that NVLink would give is lost" in found.says


@pytest.mark.parametrize("line", [
    "Unable to determine the device handle for GPU0000:3B:00.0: Unknown Error",
    "Unable to determine the device handle for GPU 0000:3B:00.0: GPU is lost.  Reboot the system to recover this GPU",
])  # fmt: skip
def test_a_dead_gpu_is_told(folder: Path, tmp_path: Path, line: str) -> None:
    found = looked(a_box(folder), smi_files(tmp_path, rows(1), more=line))
    dead = [each for each in found if "a GPU is dead" in each.says]
    assert dead
    assert "reboot" in dead[0].hint
    assert any("wants GPU 1, and the machine shows 1" in each.says for each in found)


@pytest.mark.parametrize("line", [
    "NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver. Make sure that the latest NVIDIA driver is installed and running.",
    "Failed to initialize NVML: Driver/library version mismatch",
    "No devices were found",
])  # fmt: skip
def test_a_driver_that_does_not_answer_is_told(folder: Path, tmp_path: Path, line: str) -> None:
    file = tmp_path / "smi.txt"
    file.write_text(line)
    assert "the driver does not answer" in only(looked(a_box(folder), (file,)), "GPUs").says


@pytest.mark.parametrize(("text", "cuda", "says"), [
    ("NVIDIA-SMI 535.104 Driver Version: 535.104 CUDA Version: 12.2", "13.0", "made for CUDA 12.2, and the engine for 13.0"),
    ("", "13.0", "older than 580.0"),
])  # fmt: skip
def test_a_driver_too_old_for_the_engine_is_told(text: str, cuda: str, says: str) -> None:
    seen = smi.seen(["0, NVIDIA L4, 535.104.05, 23034, 22500, Enabled, 0\n", text])
    (found,) = driver(seen, cuda)
    assert (found.state, says in found.says) == (State.FAILED, True)
    (well,) = driver(seen, "12.8" if not text else "12.2")
    assert well.state is State.OK


@pytest.mark.parametrize(
    "cell", ["ERR!", "[GPU is lost]", "[GPU requires reset]", "[Unknown Error]"]
)
def test_a_gpu_that_answers_with_an_error_is_dead(folder: Path, tmp_path: Path, cell: str) -> None:
    file = tmp_path / "smi.txt"
    file.write_text(f"0, NVIDIA H100 80GB HBM3, 580.82.07, 81559, {cell}, Enabled, 0")
    says = [each.says for each in looked(a_box(folder), (file,)) if each.state is State.FAILED]
    assert any("a GPU is dead" in each and cell in each for each in says)


def test_memory_errors_and_busy_gpus_are_told(folder: Path, tmp_path: Path) -> None:
    found = looked(a_box(folder), smi_files(tmp_path, rows(2, free=20_000, ecc="3")))
    says = " ".join(each.says for each in found)
    assert "3 uncorrectable memory errors" in says
    assert "61,559 MiB are in use" in says


def test_a_port_in_use_is_told(folder: Path) -> None:
    box = a_box(folder)
    with socket.socket() as busy:
        busy.bind(("127.0.0.1", box.gateway.port))
        busy.listen()
        (found,) = ports(box)
    assert f"gateway: 127.0.0.1:{box.gateway.port}: Address already in use" in found.says
    assert "ss -ltnp" in found.hint
    assert next(ports(box)).state is State.OK


@given(text=st.text(max_size=300))
def test_any_text_is_read_as_rows_or_as_nothing(text: str) -> None:
    assert all(0 <= row.index < 10_000 for row in smi.parse_query(text))


def test_unknown_figures_stay_unknown() -> None:
    (row,) = smi.parse_query("0, NVIDIA GB10, 580.1, [N/A], [Not Supported], [N/A], [N/A]")
    assert (row.total_mib, row.free_mib, row.persistent, row.ecc_errors) == (None, None, None, None)


def test_what_nvidia_smi_never_printed_is_refused() -> None:
    with pytest.raises(BadRequest):
        smi.seen(["hello\n"])


def test_adapters_are_looked_into(folder: Path, tmp_path: Path) -> None:
    lora = tmp_path / "lora"
    box = a_box(folder, adapters={"site": str(lora)})
    for config, state in (
        ({"base_model_name_or_path": "/x/qwen-small"}, State.OK),
        ({"base_model_name_or_path": "other"}, State.WARNED),
        ({"modules_to_save": ["lm_head"]}, State.FAILED),
        ({"use_dora": True}, State.FAILED),
    ):
        adapter_at(lora, **config)
        assert worst(checkpoint.adapters(box)) is state, config


def test_the_command_reports_and_ends_with_one_where_something_is_wrong(
    folder: Path, tmp_path: Path
) -> None:
    (folder / "model-2.safetensors").unlink()
    file = tmp_path / "box.toml"
    file.write_text(a_box(folder).to_toml())
    given_ = [word for each in smi_files(tmp_path, rows(2)) for word in ("--smi", str(each))]
    ran = CliRunner().invoke(app, ["llm", "preflight", str(file), "--no-engine", "--json", *given_])
    assert ran.exit_code == 1
    told = json.loads(ran.stdout)
    assert told["state"] == "failed"
    assert any("model-2.safetensors is missing" in each["says"] for each in told["findings"])


HEADERS = {
    "overlap": '{"a":{"dtype":"U8","shape":[8],"data_offsets":[0,8]},"b":{"dtype":"U8","shape":[8],"data_offsets":[0,8]}}',
    "a gap": '{"a":{"dtype":"U8","shape":[4],"data_offsets":[4,8]}}',
    "backwards": '{"a":{"dtype":"U8","shape":[8],"data_offsets":[8,0]},"b":{"dtype":"U8","shape":[8],"data_offsets":[0,8]}}',
    "another dtype": '{"a":{"dtype":"F64","shape":[8],"data_offsets":[0,8]}}',
    "another shape": '{"a":{"dtype":"U8","shape":[20000],"data_offsets":[0,8]}}',
    "two negative sides": '{"a":{"dtype":"U8","shape":[-2,-4],"data_offsets":[0,8]}}',
    "without end": '{"a":{"dtype":"U8","shape":[8],"data_offsets":[0,1e999]}}',
    "half a byte": '{"a":{"dtype":"U8","shape":[8],"data_offsets":[0,8.5]}}',
    "truth": '{"a":{"dtype":"U8","shape":[true],"data_offsets":[0,8]}}',
    "a list": '{"a":{"dtype":[],"shape":[8],"data_offsets":[0,8]}}',
}  # fmt: skip


@pytest.mark.parametrize("header", HEADERS.values(), ids=HEADERS)
def test_a_shard_whose_header_lies_is_refused(tmp_path: Path, header: str) -> None:
    file = tmp_path / "model.safetensors"
    file.write_bytes(struct.pack("<Q", len(header)) + header.encode() + bytes(8))
    (found,) = checkpoint.shards(tmp_path)
    assert found.state is State.FAILED
    assert "model.safetensors" in found.says
    assert "fetch it again" in found.hint


@pytest.mark.parametrize("name", ["model.safetensors", "model.safetensors.index.json", "tokenizer.json", "chat_template.jinja"])  # fmt: skip
def test_a_pipe_among_the_files_is_told_and_not_waited_for(folder: Path, name: str) -> None:
    if name == "model.safetensors":
        (folder / "model.safetensors.index.json").unlink()
    (folder / name).unlink(missing_ok=True)
    os.mkfifo(folder / name)
    began = time.monotonic()
    found = [each for each in looked(a_box(folder), ()) if each.state is State.FAILED]
    assert any(each.check in ("weights", "tokenizer", "chat template") for each in found)
    assert time.monotonic() - began < 5


@pytest.mark.parametrize("name", ["..", "", ".", "a\x00b", "\ud800", "x" * 300, "../a", "a\nb"])
def test_an_index_names_only_files_beside_it(folder: Path, name: str) -> None:
    index = folder / "model.safetensors.index.json"
    index.write_text(json.dumps({"weight_map": {"a": name}}))
    (found,) = checkpoint.shards(folder)
    assert "which is no file beside it" in found.says

"""What a box is rendered to: read back by shells, systemd's rules, YAML and Kubernetes' own schemas; odd names break nothing."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings

from ontology.errors import BadRequest, Conflict
from services.llm.box import Box, read_box
from services.llm.launch.command import command
from services.llm.launch.containers import gateway_box, inside, label
from services.llm.launch.render import To, render, write_all
from services.llm.launch.render_kubernetes import plain
from services.llm.launch.render_systemd import quoted
from tests.services.llm.boxes import boxes

MODEL = '/srv/models/it\'s 100% "$HOME" $(reboot)\\n'


def a_box(**more: Any) -> Box:
    given_ = {
        "served": {"path": MODEL, "tool_parser": "hermes"}, "engine": {"arguments": ["--tensor-parallel-size", "4"]},
        "replicas": [{"name": "a", "gpus": [0, 1, 2, 3]}, {"name": "b.1", "gpus": [4, 5, 6, 7], "port": 8002}], **more,
    }  # fmt: skip
    return Box.model_validate(given_)


def over_ray(**more: Any) -> Box:
    return a_box(
        replicas=[{"name": "wide", "gpus": list(range(8)), "nodes": 2, "host": "10.0.0.1"}], **more
    )


def documents(files: dict[str, str]) -> list[dict[str, Any]]:
    return [
        each
        for name, text in files.items()
        if name.endswith(".yaml")
        for each in yaml.safe_load_all(text)
    ]


def engines(files: dict[str, str]) -> Iterator[dict[str, Any]]:
    for each in documents(files):
        if each["kind"] in {"Deployment", "StatefulSet"} and each["metadata"]["name"] != "gateway":
            yield each["spec"]["template"]["spec"]["containers"][0]


def filled_in(words: list[str]) -> list[str]:
    """As Kubernetes expands: `$$` is a dollar, `$(NAME)` a variable, which none of ours may be."""
    assert not any(re.search(r"(?<!\$)(\$\$)*\$\(", word) for word in words), words
    return [word.replace("$$", "$") for word in words]


def unquoted(line: str) -> list[str]:
    """As systemd reads ExecStart=: systemd.syntax(7) and the specifiers of systemd.unit(5)."""
    words = re.findall(r'"((?:[^"\\]|\\.)*)"(?: |$)', line)
    found = []
    for word in words:
        assert not re.search(r"(?<!%)(%%)*%(?!%)", word), word
        assert not re.search(r"(?<!\$)(\$\$)*\$(?!\$)", word), word
        found.append(
            word.replace('\\"', '"').replace("\\\\", "\\").replace("%%", "%").replace("$$", "$")
        )
    return found


@settings(max_examples=40, deadline=None)
@given(box=boxes(kinds=("vllm", "llama.cpp")))
def test_the_shell_reads_the_words_that_were_meant(box: Box) -> None:
    lines = [
        line
        for line in render(box, To.COMMAND)["commands.sh"].splitlines()
        if line.startswith("env ")
    ]
    served = [line for line in lines if " start --head " not in line]
    for line, replica in zip(served, box.replicas, strict=True):
        made = command(box, replica)
        words = shlex.split(line.removesuffix(" &"))
        assert words[-len(made.argv) :] == list(made.argv)
        assert set(words[1 : -len(made.argv)]) == {f"{k}={v}" for k, v in made.env.items()}


def test_a_real_shell_starts_the_engine_with_its_odd_path_and_nothing_else(tmp_path: Path) -> None:
    says = tmp_path / "says.py"
    says.write_text(
        "import os, sys; print(repr((sys.argv[1], os.environ['CUDA_VISIBLE_DEVICES'])))"
    )
    box = a_box(
        engine={"command": [sys.executable, str(says)]}, replicas=[{"name": "a", "gpus": [2, 3]}]
    )
    ran = subprocess.run(
        ["sh", "-c", render(box, To.COMMAND)["commands.sh"]],
        capture_output=True,
        text=True,
        timeout=20,
        check=True,
    )
    assert ran.stdout.strip() == repr((MODEL, "2,3"))


@settings(max_examples=60, deadline=None)
@given(box=boxes())
def test_units_hold_their_lines_and_their_words(box: Box) -> None:
    files = render(box, To.SYSTEMD)
    for name, text in files.items():
        if not name.endswith(".service"):
            continue
        starts = [line for line in text.splitlines() if line.startswith("ExecStart")]
        assert len(starts) == 1
        assert all(
            re.match(r"(\[(Unit|Service|Install)\]|#.*|[A-Z][A-Za-z]+=.*|)$", line)
            for line in text.splitlines()
        )
        if "-ray-" not in name:
            assert unquoted(starts[0].removeprefix("ExecStart="))[:2] == [
                "/usr/local/bin/plantroom",
                "llm",
            ]
    wide = [r for r in box.replicas if r.nodes > 1]
    assert len([name for name in files if "-ray-" in name]) == 2 * len(wide)


@settings(max_examples=200)
@given(box=boxes(kinds=("vllm",)))
def test_quoting_for_systemd_is_undone_by_systemd(box: Box) -> None:
    made = command(box, box.replicas[0])
    assert unquoted(quoted(made.argv)) == list(made.argv)


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd-analyze is not installed")
@pytest.mark.parametrize("box", [a_box, over_ray], ids=["one machine", "over Ray"])
def test_systemd_itself_finds_nothing_to_say_about_the_units(box: Any, tmp_path: Path) -> None:
    asked = box(
        deploy={"plantroom": "/bin/true"},
        engine={"command": ["/opt/v env/$x%n/vllm", "serve"], "env": {"ODD": 'a"b\\%n$HOME'}},
    )
    units = {
        name: text
        for name, text in render(asked, To.SYSTEMD).items()
        if name.endswith((".service", ".target"))
    }
    write_all(tmp_path, units)
    for folder in (tmp_path, tmp_path / "other-machines"):
        found = [str(each) for each in folder.glob("plantroom*")]
        if not found:
            continue
        ran = subprocess.run(
            ["systemd-analyze", "verify", "--man=no", *found], capture_output=True, text=True, timeout=60, check=False,
            env={"SYSTEMD_UNIT_PATH": f"{folder}:", "PATH": "/usr/bin:/bin", "SYSTEMD_LOG_LEVEL": "info"},
        )  # fmt: skip
        ours = [
            line
            for line in ran.stderr.splitlines()
            if "plantroom" in line and "network-online" not in line
        ]
        assert ours == [], ran.stderr
    text = next(text for name, text in units.items() if "replica" in name)
    assert "NoNewPrivileges=yes" in text
    assert "Restart=always" in text


@settings(max_examples=60, deadline=None)
@given(box=boxes(most_nodes=1))
def test_compose_reads_back_as_it_was_meant(box: Box) -> None:
    files = render(box, To.COMPOSE)
    found = yaml.safe_load(files["compose.yaml"])
    own = [] if box.engine.kind == "external" else box.replicas
    assert set(found["services"]) == {"gateway", *(label(replica) for replica in own)}
    for replica in own:
        service, made = found["services"][label(replica)], inside(box, replica)
        words = [word.replace("$$", "$") for word in service["entrypoint"]]
        assert words == list(made.argv)
        assert box.served.path in words
        assert "CUDA_VISIBLE_DEVICES" not in service["environment"]
        assert all(mount["read_only"] for mount in service["volumes"])
        assert not any(re.search(r"(?<!\$)(\$\$)*\$(?!\$)", word) for word in service["entrypoint"])
        assert "canary.py" in " ".join(service["healthcheck"]["test"])
        assert "/health" not in " ".join(service["healthcheck"]["test"])


def test_each_container_gets_its_own_gpus_and_no_way_out() -> None:
    found = yaml.safe_load(render(a_box(), To.COMPOSE)["compose.yaml"])
    (device,) = found["services"]["llm-a"]["deploy"]["resources"]["reservations"]["devices"]
    assert device == {
        "driver": "nvidia",
        "device_ids": ["0", "1", "2", "3"],
        "capabilities": ["gpu"],
    }
    assert found["networks"]["inside"] == {"internal": True}
    assert found["services"]["llm-a"]["networks"] == ["inside"]
    assert found["services"]["llm-a"]["image"] == "vllm/vllm-openai:v0.32.0"
    assert found["services"]["gateway"]["ports"] == ["127.0.0.1:8000:8000"]


def test_the_gateways_box_knows_the_replicas_by_their_services(tmp_path: Path) -> None:
    file = tmp_path / "box.toml"
    file.write_text(render(a_box(), To.COMPOSE)["gateway.toml"])
    assert [r.base for r in read_box(file).replicas] == [
        "http://llm-a:8001",
        f"http://{label(a_box().replicas[1])}:8002",
    ]
    assert read_box(file) == gateway_box(a_box())


@settings(max_examples=40, deadline=None)
@given(box=boxes())
def test_manifests_read_back_and_have_names_that_clusters_take(box: Box) -> None:
    files = render(box, To.KUBERNETES)
    found = documents(files)
    names = [(each["kind"], each["metadata"]["name"]) for each in found]
    assert len(set(names)) == len(names)
    assert all(re.fullmatch(r"[a-z]([a-z0-9-]{0,50}[a-z0-9])?", name) for _, name in names), names
    for replica, container in zip(
        [r for r in box.replicas for _ in range(min(2, r.nodes))], engines(files), strict=False
    ):
        words, made = filled_in(container["command"]), inside(box, replica)
        assert words[-len(made.argv) :] == list(made.argv) or "start" in words
        assert all(isinstance(one.get("value", ""), str) for one in container["env"])
        assert "CUDA_VISIBLE_DEVICES" not in {one["name"] for one in container["env"]}


@pytest.mark.parametrize("box", [a_box, over_ray], ids=["one machine", "over Ray"])
def test_manifests_pass_the_schemas_of_kubernetes(box: Any) -> None:
    schemas = pytest.importorskip("kubernetes_validate", reason="pip install kubernetes-validate")
    for each in documents(render(box(), To.KUBERNETES)):
        schemas.validate(each, schemas.latest_version(), strict=True)


def test_an_engine_is_judged_by_a_completion_and_started_again_by_the_kubelet() -> None:
    for container in engines(render(a_box(), To.KUBERNETES)):
        for probe in ("startupProbe", "livenessProbe"):
            assert "/opt/plantroom/canary.py" in container[probe]["exec"]["command"]
        assert "--tool" in container["startupProbe"]["exec"]["command"]
        assert "--tool" not in container["livenessProbe"]["exec"]["command"]
        assert (
            container["startupProbe"]["failureThreshold"]
            * container["startupProbe"]["periodSeconds"]
            >= 1800
        )
        assert container["resources"]["limits"] == {"nvidia.com/gpu": "4"}


def test_a_replica_over_two_machines_is_a_head_and_its_workers() -> None:
    found = {
        each["metadata"]["name"]: each
        for each in documents(render(over_ray(), To.KUBERNETES))
        if each["kind"] == "StatefulSet"
    }
    head, worker = (
        found[name]["spec"]["template"]["spec"]["containers"][0]
        for name in ("llm-wide", "workers-llm-wide")
    )
    assert found["workers-llm-wide"]["spec"]["replicas"] == 1
    assert head["command"][:2] == ["sh", "-c"]
    assert "livenessProbe" in head
    assert "livenessProbe" not in worker
    assert worker["command"][:3] == ["ray", "start", "--address=head-llm-wide:6379"]
    assert {
        "name": "VLLM_HOST_IP",
        "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}},
    } in worker["env"]


def test_the_heads_shell_passes_odd_words_on_untouched(tmp_path: Path) -> None:
    """The line of the manifest is run by a real shell, with programs of ours in place of Ray and vLLM."""
    (tmp_path / "ray").write_text('#!/bin/sh\necho "ray $*"\n')
    (tmp_path / "vllm").write_text("#!/bin/sh\nprintf '%s\\n' \"$2\"\n")
    for each in tmp_path.iterdir():
        each.chmod(0o755)
    head = next(engines(render(over_ray(), To.KUBERNETES)))
    ran = subprocess.run(filled_in(head["command"]), capture_output=True, text=True, timeout=20, check=True,
                         env={"PATH": f"{tmp_path}:/usr/bin:/bin", "VLLM_HOST_IP": "10.1.2.3"})  # fmt: skip
    first, second = ran.stdout.splitlines()
    assert "--node-ip-address=10.1.2.3 --port=6379" in first
    assert second == MODEL


@pytest.mark.parametrize(
    ("box", "to", "says"),
    [
        (a_box(served={"path": "Qwen/Qwen2.5-72B"}), To.COMPOSE, "downloads nothing"),
        (a_box(served={"path": "/srv/models/../../etc"}), To.COMPOSE, "no absolute folder"),
        (a_box(served={"path": "/home/me/model"}), To.KUBERNETES, "not below /srv/models"),
        (
            a_box(deploy={"image": "vllm/vllm-openai:latest"}),
            To.COMPOSE,
            "another program tomorrow",
        ),
        (a_box(engine={"kind": "llama.cpp"}), To.COMPOSE, "no image is known"),
        (over_ray(), To.COMPOSE, "one machine"),
    ],
)
def test_a_box_that_cannot_run_that_way_is_refused_with_the_reason(
    box: Box, to: To, says: str
) -> None:
    with pytest.raises(BadRequest, match=re.escape(says)) as refused:
        render(box, to)
    assert refused.value.hint


def test_no_file_is_written_where_one_is_in_the_way(tmp_path: Path) -> None:
    files = render(a_box(), To.SYSTEMD)
    (tmp_path / "plantroom-llm.target").write_text("mine")
    with pytest.raises(Conflict):
        write_all(tmp_path, files)
    assert [each.name for each in tmp_path.iterdir()] == ["plantroom-llm.target"]
    write_all(tmp_path, files, force=True)
    assert (tmp_path / "plantroom-llm.target").read_text() == files["plantroom-llm.target"]


@settings(max_examples=100)
@given(box=boxes())
def test_dollars_survive_kubernetes(box: Box) -> None:
    words = [box.served.path, *box.engine.arguments]
    with suppress(BadRequest):
        assert filled_in(plain(words)) == words

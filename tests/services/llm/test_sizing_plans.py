"""What fits, how fast it is, and which plan wins: sums, monotony, refusals, warnings, sentences."""

from __future__ import annotations

import json
import math
from contextlib import suppress
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from ontology.errors import PlantroomError, Refused
from services.cli import app
from services.llm.sizing.calibration import Use, median_errors
from services.llm.sizing.efficiency import Engine
from services.llm.sizing.fit import Layout, Setup, default_runtime, fit, weights_per_gpu
from services.llm.sizing.gpus import GPUS, gpu_named, inventory
from services.llm.sizing.launch_line import launch_lines
from services.llm.sizing.llama_cpp import tensor_split
from services.llm.sizing.models import CONFIGS, model
from services.llm.sizing.plan import Slo, plans
from services.llm.sizing.quant import QUANTS, quant_for
from services.llm.sizing.scaling import amdahl, bubble, explained
from services.llm.sizing.speed import Engineered, Workload, predict
from services.llm.sizing.topology import Topology, parse_topo
from services.llm.sizing.training import Method, Training, lora_params, training_fit

NAMES = st.sampled_from(sorted(CONFIGS))
BOARDS = st.sampled_from(sorted(GPUS))
CUTS = st.sampled_from([1, 2, 4, 8])
CHAT = Workload(2000, 500, 8)
PCIE = (
    "\tGPU0\tGPU1\tNIC0\tCPU Affinity\nGPU0\t X \tSYS\tPIX\t0-31\nGPU1\tSYS\t X \tSYS\t32-63\n"
    "NIC0\tPIX\tSYS\t X \n\nLegend:\n  X = Self\n"
)


def setup(name: str, gpu: str, layout: Layout, quant: str | None = None) -> Setup:
    shape, board = model(name), gpu_named(gpu)
    return Setup(shape, board, quant_for(shape, quant), layout, default_runtime(board))


def test_a_tp4_replica_of_72b_on_h100_holds_477_thousand_tokens() -> None:
    found = fit(setup("qwen2.5-72b", "h100-80", Layout(4)), 4096)
    assert found.kv_tokens == pytest.approx(477_000, rel=0.03)


@given(name=NAMES, gpu=BOARDS, tp=CUTS, pp=CUTS)
def test_the_parts_of_a_gpu_add_up_to_what_vllm_takes(
    name: str, gpu: str, tp: int, pp: int
) -> None:
    found = fit(setup(name, gpu, Layout(tp, pp)), 2048)
    parts = found.weights + found.activations + found.graphs + found.context + found.kv
    assert parts == pytest.approx(found.budget)
    assert found.budget == pytest.approx(0.92 * found.total)


@given(name=NAMES, tp=CUTS)
def test_the_shares_of_a_tensor_parallel_group_are_the_whole_model(name: str, tp: int) -> None:
    cut = setup(name, "h100-80", Layout(tp))
    assert weights_per_gpu(cut) * tp == pytest.approx(cut.quant.weight_bytes(cut.shape))


@given(name=NAMES, gpu=BOARDS, context=st.sampled_from([512, 4096]))
def test_more_gpus_never_fit_less(name: str, gpu: str, context: int) -> None:
    rooms = [fit(setup(name, gpu, Layout(tp)), context).kv for tp in (1, 2, 4, 8)]
    assert rooms == sorted(rooms)


@given(name=NAMES, gpu=BOARDS, tp=st.integers(1, 64))
def test_a_group_never_exceeds_or_tears_the_heads(name: str, gpu: str, tp: int) -> None:
    found = fit(setup(name, gpu, Layout(tp)), 512)
    if not found.refused:
        assert all(layer.mixer.heads % tp == 0 for layer, _ in model(name).layers)


@given(name=NAMES, gpu=BOARDS, tp=CUTS, pp=CUTS, load=st.tuples(st.integers(1, 6000), st.integers(1, 1000), st.integers(1, 300)))  # fmt: skip
def test_every_setup_is_answered_or_refused_with_a_reason(name: str, gpu: str, tp: int, pp: int, load: tuple[int, int, int]) -> None:  # fmt: skip
    found = predict(Engineered(setup(name, gpu, Layout(tp, pp))), Workload(*load))
    if found.refused:
        assert math.isnan(found.tpot_s)
    else:
        assert 0 < found.tpot_s < 1_000
        assert found.ttft_s > 0
        assert found.tok_s > 0


def test_one_stream_on_two_a100_is_as_measured_and_tensor_beats_pipeline() -> None:
    tight = replace(default_runtime(gpu_named("a100-80"), eager=True), utilisation=0.97)
    base = replace(setup("llama-3.1-70b", "a100-80", Layout(2)), runtime=tight)
    short = Workload(100, 100, 1)
    tp = 1 / predict(Engineered(base), short).tpot_s
    pp = 1 / predict(Engineered(replace(base, layout=Layout(1, 2))), short).tpot_s
    assert (tp, pp) == (pytest.approx(19.6, rel=0.05), pytest.approx(10.8, rel=0.05))


@given(name=NAMES, gpu=BOARDS, tp=CUTS, load=st.tuples(st.sampled_from([64, 1000, 20_000]), st.sampled_from([16, 500]), st.sampled_from([1, 16, 200])))  # fmt: skip
def test_more_bandwidth_is_no_slower_and_more_company_no_faster(name: str, gpu: str, tp: int, load: tuple[int, int, int]) -> None:  # fmt: skip
    isl, osl, many = load
    own = setup(name, gpu, Layout(tp))
    base = predict(Engineered(own), Workload(isl, osl, many))
    if base.refused or base.waiting:
        return
    wide = replace(own, gpu=replace(own.gpu, tb_s=2 * own.gpu.tb_s))
    faster = predict(Engineered(wide), Workload(isl, osl, many))
    turn, wide_turn = (f.ttft_s + osl * f.tpot_s for f in (base, faster))
    # queues are approximated: within 12 % over all models, eight boards and these loads, and mostly within 1
    assert wide_turn <= turn * 1.12
    alone = predict(Engineered(own), Workload(isl, osl, 1))
    assert alone.tpot_s <= base.tpot_s * 1.001
    assert alone.ttft_s <= base.ttft_s * 1.001
    longer = predict(Engineered(own), Workload(isl + 500, osl, many))
    assert longer.refused or longer.waiting or longer.ttft_s >= base.ttft_s * 0.93


@pytest.mark.parametrize(
    ("text", "name"),
    [("H100-SXM", "h100-80"), ("a100-40", "a100-40"), ("rtx-4090", "rtx-4090-24"), ("mi300", "mi300x-192"),
     ("GB300", "gb300-288"), ("gh200-144", "gh200-144"), ("NVIDIA H200 NVL", None)],
)  # fmt: skip
def test_gpus_are_known_by_the_names_in_use(text: str, name: str | None) -> None:
    if name is None:
        with pytest.raises(PlantroomError):
            gpu_named(text)
    else:
        assert gpu_named(text).id == name


def test_published_measurements_that_set_no_constant_are_met() -> None:
    tpot, ttft = median_errors(Use.HELD)
    assert tpot < 0.17
    assert ttft < 0.50


def test_more_conversations_make_each_slower_and_all_together_faster() -> None:
    e = Engineered(setup("llama-3.1-8b", "h100-80", Layout()))
    found = [predict(e, Workload(1000, 500, c)) for c in (1, 4, 16, 64)]
    assert [f.tpot_s for f in found] == sorted(f.tpot_s for f in found)
    assert [f.tok_s for f in found] == sorted(f.tok_s for f in found)


def test_a_model_that_cannot_fit_is_refused_in_both_units() -> None:
    best, *_ = plans(model("llama-3.1-405b"), inventory("2xH100-80"), CHAT)
    assert "GB" in best.reason
    assert "GiB" in best.reason
    assert best.reason.startswith("cannot start")


def test_every_loser_is_told_why_in_its_own_figures() -> None:
    ranked = plans(model("qwen2.5-72b"), inventory("8xH100-80"), CHAT, slo=Slo(tpot_ms=40))
    assert not ranked[0].speed.refused
    assert all(plan.reason for plan in ranked)
    assert any("stages one after the other" in plan.reason for plan in ranked)
    assert any("would wait" in plan.reason or "cannot start" in plan.reason for plan in ranked)


def test_an_objective_that_no_plan_meets_is_said_of_the_winner() -> None:
    best, *_ = plans(model("qwen2.5-72b"), inventory("8xH100-80"), CHAT, slo=Slo(tpot_ms=1))
    assert best.missed
    assert "misses" in best.reason


def test_gpus_without_nvlink_are_warned_with_the_loss() -> None:
    topology = parse_topo(PCIE)
    assert "SYS" in topology.says()
    ranked = plans(model("qwen2.5-32b"), inventory("2xA100-80"), CHAT, topology=topology)
    tp2 = next(p for p in ranked if p.setup.layout == Layout(2) and not p.speed.refused)
    assert any("%" in warning and "NVLink" in warning for warning in tp2.warnings)
    free = predict(Engineered(tp2.setup), CHAT)
    assert tp2.speed.tpot_s > free.tpot_s


def test_unequal_gpus_never_share_a_group() -> None:
    ranked = plans(model("llama-3.1-8b"), inventory("2xA100-80 + 1xL40S"), CHAT)
    assert {plan.setup.gpu.id for plan in ranked} == {"a100-80", "l40s-48"}
    assert all("mixed" in " ".join(plan.warnings) for plan in ranked)


def test_each_replica_has_its_own_gpus_and_port() -> None:
    ranked = plans(model("qwen2.5-72b"), inventory("8xH100-80"), CHAT)
    two = next(p for p in ranked if p.setup.layout == Layout(4, 1, 2))
    first, second = launch_lines(two, CHAT)
    assert "CUDA_VISIBLE_DEVICES=0,1,2,3 " in first
    assert "CUDA_VISIBLE_DEVICES=4,5,6,7 " in second
    assert first.endswith("8000")
    assert second.endswith("8001")


@pytest.mark.parametrize(
    "text", ["", "GPU0", PCIE.replace("SYS", "WARP"), "\tGPU0\tGPU1\nGPU0\t X \tNV18"]
)
def test_a_torn_topology_is_refused(text: str) -> None:
    with pytest.raises(PlantroomError):
        parse_topo(text)


@given(st.text(max_size=200))
def test_inventories_and_topologies_of_any_text_are_read_or_refused(text: str) -> None:
    for read in (inventory, parse_topo):
        with suppress(PlantroomError):
            assert read(text)


def test_pairs_of_nvlink_are_seen_and_four_of_them_go_over_pcie() -> None:
    rows = ["X NV4 SYS SYS", "NV4 X SYS SYS", "SYS SYS X NV4", "SYS SYS NV4 X"]
    pairs = Topology(tuple(tuple(row.split()) for row in rows))
    assert pairs.pairs_only()
    assert pairs.fabric(gpu_named("a100-80"), 2) == "nvlink3"
    assert pairs.fabric(gpu_named("a100-80"), 4) == "pcie-far"


def test_adapters_of_72b_are_210_million_and_its_full_training_does_not_fit_eight_h100() -> None:
    qwen, h100 = model("qwen2.5-72b"), gpu_named("h100-80")
    assert lora_params(qwen, 16) == 210_534_400
    assert training_fit(qwen, h100, Training(Method.FULL, 8)).refused
    assert not training_fit(qwen, h100, Training(Method.QLORA, 1)).refused
    with pytest.raises(Refused):
        lora_params(model("deepseek-v3"), 16)


@given(method=st.sampled_from(Method), zero=st.integers(0, 3), gpus=st.sampled_from([1, 2, 8]))
def test_sharding_more_or_recomputing_never_takes_more_memory(method: Method, zero: int, gpus: int) -> None:  # fmt: skip
    shape, h100 = model("llama-3.1-8b"), gpu_named("h100-80")
    own = training_fit(shape, h100, Training(method, gpus, zero))
    assert training_fit(shape, h100, Training(method, gpus, 3)).total <= own.total
    assert own.total <= training_fit(shape, h100, Training(method, gpus, zero, checkpointing=False)).total  # fmt: skip


def test_unequal_cards_get_layers_by_their_room_and_too_little_room_is_refused() -> None:
    box = inventory("1xRTX-3090 + 1xA100-40")
    found = tensor_split(model("llama-3.1-70b"), box)
    assert sum(found.layers) == 80
    assert found.layers[1] > found.layers[0]
    with pytest.raises(Refused, match="layers"):
        tensor_split(model("llama-3.1-405b"), box)


def test_the_published_scaling_is_one_part_that_splits_and_one_that_does_not() -> None:
    table = {1: 50.0, 2: 28.0, 4: 18.0, 8: 14.0}
    assert all(t == pytest.approx(table[n], rel=0.15) for n, t in explained(table).items())
    assert amdahl(0.95, 8) == pytest.approx(5.93, abs=0.01)
    assert bubble(2, 8) == 1 / 8


def invoked(*words: str) -> tuple[int, str]:
    done = CliRunner().invoke(app, ["llm", *words])
    return done.exit_code, done.stdout


def test_predict_gives_exactly_four_figures_or_says_why_not() -> None:
    good = ["predict", "--gpu", "h100-80", "--tp", "2", "--pp", "1", "--dp", "1", "--quant", "bf16", "--engine", "vllm",
            "--isl", "4000", "--osl", "500", "--concurrency", "8", "--json", "--config"]  # fmt: skip
    code, said = invoked(*good, "llama-3.1-8b")
    found = json.loads(said)
    assert (code, set(found), found["refused"]) == (
        0,
        {"ttft_ms", "tpot_ms", "tok_s_per_gpu", "refused"},
        None,
    )
    for words in ([*good, "llama-3.1-405b"], [*good, "no-such-model"]):
        code, said = invoked(*words)
        assert code == 0
        refused = json.loads(said)
        assert refused["refused"]
        assert refused["tpot_ms"] is None


def test_the_lesson_fills_in_the_models_own_numbers() -> None:
    _, said = invoked("explain", "qwen2.5-72b", "--gpu", "h100-80", "--tp", "4")
    assert "72,706,203,648" in said
    assert "327,680" in said
    assert "145.4 GB (135.4 GiB)" in said


def test_the_plan_ends_with_the_line_to_type() -> None:
    code, said = invoked("plan", "qwen2.5-72b", "--gpus", "8xH100-80")
    assert code == 0
    assert "vllm serve Qwen/Qwen2.5-72B-Instruct --tensor-parallel-size" in said


def test_engines_without_a_kernel_refuse() -> None:
    e = Engineered(
        replace(setup("llama-3.1-8b", "h100-80", Layout()), quant=QUANTS["fp8"]), Engine.HF
    )
    with pytest.raises(Refused, match="fp8"):
        predict(e, CHAT)


@pytest.mark.parametrize(("printed", "id"), [
    ("NVIDIA A100 80GB PCIe", "a100-pcie-80"), ("NVIDIA A100-SXM4-40GB", "a100-40"), ("NVIDIA H100 80GB HBM3", "h100-80"),
    ("NVIDIA RTX 6000 Ada Generation", "rtx6000-ada-48"), ("NVIDIA B300 SXM6 AC", "b300-288"),
    ("NVIDIA RTX PRO 6000 Blackwell Server Edition", "rtx-pro-6000-96"),
])  # fmt: skip
def test_a_gpu_is_known_by_the_name_that_nvidia_smi_prints(printed: str, id: str) -> None:
    assert gpu_named(printed).id == id

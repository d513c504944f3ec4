"""Models by their config.json: exact weights, cache by kind of attention, and refusal of what is not understood."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ontology.errors import PlantroomError, Refused
from services.llm.sizing.families import read_shape, shape_of
from services.llm.sizing.hf_config import MOST_BYTES, Config, read_json
from services.llm.sizing.models import CONFIGS, model
from services.llm.sizing.quant import QUANTS, quant_for

# parameters as transformers counts them in the built model
COUNTS = {
    "llama-3.1-8b": 8_030_261_248, "llama-3.1-70b": 70_553_706_496, "llama-3.1-405b": 405_853_388_800,
    "qwen2.5-0.5b": 494_032_768, "qwen2.5-72b": 72_706_203_648, "qwen3-8b": 8_190_735_360,
    "qwen3-30b-a3b": 30_532_122_624, "qwen3-next-80b-a3b": 79_674_391_296, "mistral-7b": 7_248_023_552,
    "mixtral-8x7b": 46_702_792_704, "deepseek-v3": 671_026_419_200, "gemma-2-27b": 27_227_128_320,
    "gemma-3-27b": 27_009_346_304, "phi-4": 14_659_507_200, "gpt-oss-20b": 20_914_757_184,
    "gpt-oss-120b": 116_829_156_672, "glm-4.5-air": 106_852_251_264, "jamba-mini": 51_570_323_328,
}  # fmt: skip


def read(**changed: Any) -> Any:
    return shape_of(Config({**CONFIGS["llama-3.1-8b"][1], **changed}, "config.json"))


@pytest.mark.parametrize(("name", "params"), COUNTS.items())
def test_the_weights_of_a_model_are_counted_to_the_last(name: str, params: int) -> None:
    assert model(name).params == params


def test_seventy_billion_weights_are_141_gb_and_131_gib() -> None:
    whole = QUANTS["bf16"].weight_bytes(model("llama-3.1-70b"))
    assert (round(whole / 1e9, 3), round(whole / 2**30, 2)) == (141.107, 131.42)


def test_the_cache_of_72b_costs_327680_bytes_a_token() -> None:
    assert model("qwen2.5-72b").kv_bytes_per_token() == 327_680


def test_the_latent_of_deepseek_is_whole_on_every_gpu_while_heads_are_cut() -> None:
    deepseek, llama = model("deepseek-v3"), model("llama-3.1-70b")
    assert deepseek.kv_bytes_per_token(tp=8) == deepseek.kv_bytes_per_token() == 61 * 576 * 2
    assert llama.kv_bytes_per_token(tp=8) == llama.kv_bytes_per_token() / 8
    assert llama.kv_bytes_per_token(tp=16) == llama.kv_bytes_per_token(tp=8)


def test_a_window_stops_the_cache_from_growing_and_a_recurrence_never_starts_it() -> None:
    gemma, nexts = model("gemma-3-27b"), model("qwen3-next-80b-a3b")
    kept = [gemma.kv_values(n) for n in (1024, 2048, 4096)]
    full = sum(n for layer, n in gemma.layers if layer.mixer.window is None)
    assert (kept[2] - kept[1]) / 2048 == full * 2 * 16 * 128
    assert full == 10
    linear = [layer for layer, n in nexts.layers if layer.mixer.kind == "linear"]
    assert all(layer.mixer.kept(100_000) == 0 and layer.mixer.state_values for layer in linear)


def test_a_batch_meets_more_experts_but_never_more_than_there_are() -> None:
    (feed,) = {layer.feed for layer, _ in model("qwen3-30b-a3b").layers}
    met = [feed.experts_met(tokens) for tokens in (1, 2, 16, 4096)]
    assert met[0] == pytest.approx(8)
    assert met == sorted(met)
    assert met[-1] == pytest.approx(128)


def test_the_text_model_inside_a_model_that_sees_is_read_and_its_eyes_are_counted() -> None:
    gemma = {
        "architectures": ["Gemma3ForConditionalGeneration"],
        "text_config": {"model_type": "gemma3_text", "hidden_size": 5376, "intermediate_size": 21_504,
                        "num_attention_heads": 32, "num_hidden_layers": 62, "num_key_value_heads": 16,
                        "head_dim": 128, "sliding_window": 1024},
        "vision_config": {"hidden_size": 1152, "intermediate_size": 4304, "num_hidden_layers": 27},
    }  # fmt: skip
    shape = shape_of(Config(gemma, "config.json"))
    assert shape.params == COUNTS["gemma-3-27b"]
    assert 0.35e9 < shape.beyond_text < 0.45e9


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"architectures": ["TotallyNewForCausalLM"]}, "TotallyNewForCausalLM"),
        ({"architectures": []}, "architecture"),
        ({"num_local_experts": 8}, "num_local_experts"),
        ({"kv_lora_rank": 512}, "kv_lora_rank"),
        ({"layer_types": ["full_attention"] * 32}, "layer_types"),
        ({"hidden_size": -1}, "hidden_size"),
        ({"hidden_size": True}, "hidden_size"),
        ({"num_key_value_heads": 5}, "share"),
        ({"num_hidden_layers": 10_000_000}, "layers"),
        ({"quantization_config": {"quant_method": "magic"}}, "magic"),
        ({"text_config": {"model_type": "novel"}}, "novel"),
        ({"vision_config": {}}, "vision_config"),
    ],
)
def test_what_is_not_understood_is_refused_by_name(changed: dict[str, Any], says: str) -> None:
    with pytest.raises(Refused, match=says):
        read(**changed)


def test_layers_of_an_unknown_kind_are_refused() -> None:
    config = CONFIGS["qwen3-next-80b-a3b"][1] | {
        "layer_types": ["full_attention", "holographic"] * 24
    }
    with pytest.raises(Refused, match="holographic"):
        shape_of(Config(config, "config.json"))


def test_a_folder_is_read_by_its_config_and_junk_is_told_as_junk(tmp_path: Path) -> None:
    file = tmp_path / "config.json"
    file.write_text(json.dumps(CONFIGS["qwen2.5-7b"][1]))
    assert read_shape(tmp_path).params == read_shape(file).params == model("qwen2.5-7b").params
    for junk in ("[1, 2]", "{", "[" * 100_000, "x" * (MOST_BYTES + 1)):
        file.write_text(junk)
        with pytest.raises(PlantroomError):
            read_json(tmp_path)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 10**9) | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)  # fmt: skip


@given(name=st.sampled_from(sorted(CONFIGS)), key=st.integers(0, 30), value=VALUES)
def test_a_torn_config_is_sized_or_refused_and_never_breaks(
    name: str, key: int, value: Any
) -> None:
    config = dict(CONFIGS[name][1])
    config[sorted(config)[key % len(config)]] = value
    try:
        shape = shape_of(Config(config, "config.json"))
    except PlantroomError:
        return
    assert shape.params > 0


@pytest.mark.parametrize(
    ("config", "stored"),
    [
        ({"quant_method": "fp8", "weight_block_size": [128, 128]}, "fp8-block"),
        ({"quant_method": "compressed-tensors", "config_groups": {"group_0": {"weights": {"type": "float", "num_bits": 8, "strategy": "block"}}}}, "fp8-block"),
        ({"quant_method": "compressed-tensors", "config_groups": {"group_0": {"weights": {"type": "int", "num_bits": 4, "strategy": "group"}}}}, "w4"),
        ({"quant_method": "modelopt", "quantization": {"quant_algo": "FP8"}}, "fp8"),
        ({"quant_method": "modelopt", "quant_algo": "NVFP4"}, "nvfp4"),
        ({"quant_method": "auto-round", "bits": 4}, "w4"),
    ],
)  # fmt: skip
def test_the_quantisations_of_published_files_are_read(config: dict[str, Any], stored: str) -> None:
    assert read(quantization_config=config).stored == stored


@pytest.mark.parametrize(
    ("wanted", "runs"),
    [("fp8", "fp8-block"), ("auto", "fp8-block"), (None, "fp8-block"), ("awq_marlin", "w4"), ("bfloat16", "bf16")],
)  # fmt: skip
def test_a_wanted_quantisation_is_that_of_the_files_where_they_mean_the_same(wanted: str | None, runs: str) -> None:  # fmt: skip
    assert quant_for(model("deepseek-r1"), wanted).name == runs


@pytest.mark.parametrize(
    "name", ["falcon-h1-34b", "nemotron-3-nano-30b-a3b", "granite-4-h-small", "llama-4-scout", "deepseek-v3.2"]
)  # fmt: skip
def test_a_family_refuses_each_key_that_would_change_its_shape_unseen(name: str) -> None:
    for key in (
        "num_kv_shared_layers",
        "cross_attention_layers",
        "block_configs",
        "attn_type_list",
    ):
        with pytest.raises(Refused, match=key):
            shape_of(Config({**CONFIGS[name][1], key: 3}, "config.json"))


def test_sparse_attention_reads_its_index_and_the_chosen_tokens_only() -> None:
    sparse, whole = model("deepseek-v3.2"), model("deepseek-v3")
    assert sparse.kv_values(100_000) > whole.kv_values(100_000)
    assert sparse.kv_read(100_000) < 0.2 * whole.kv_read(100_000)
    assert sparse.kv_read(1000) == sparse.kv_values(1000)

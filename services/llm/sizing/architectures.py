"""The known architectures, one row each: how their layers are made, and which keys of a config.json they read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ontology.errors import Refused
from services.llm.sizing import mixers
from services.llm.sizing.hf_config import Config
from services.llm.sizing.shape import FeedForward, Mixer

MixerOf = Callable[[Config, int], Mixer]
FeedOf = Callable[[Config, int], FeedForward]

_WINDOWS = frozenset({"sliding_window", "use_sliding_window", "layer_types"})
_KNOWN_TYPES = frozenset({"full_attention", "sliding_attention"})


@dataclass(frozen=True, slots=True)
class Family:
    """How one architecture is built. `norms`: widths of `hidden` per layer; `reads`: structural keys it knows.

    `defaults`: values of its transformers configuration that published files leave out.
    """

    mixer: MixerOf
    feed: FeedOf
    norms: int = 2
    tied: bool = False
    reads: frozenset[str] = frozenset()
    defaults: Mapping[str, Any] = field(default_factory=dict)
    depth: Callable[[Config], int] = lambda c: c.number("num_hidden_layers")


def _window(c: Config, layer: int, *, of: Callable[[int], bool]) -> int | None:
    """The window of a layer: by `layer_types` where it is listed, else by the family's rule."""
    kinds = c.layer_types(_KNOWN_TYPES)
    slides = kinds[layer] == "sliding_attention" if kinds else of(layer)
    return c.number("sliding_window") if slides else None


def _llama(c: Config, _: int) -> Mixer:
    biased = c.flag("attention_bias")
    return mixers.attention(c, qkv_bias=biased, out_bias=biased)


def _mistral(c: Config, layer: int) -> Mixer:
    if c.get("sliding_window") is None:
        return mixers.attention(c)
    return mixers.attention(c, window=_window(c, layer, of=lambda _: True))


def _qwen(c: Config, layer: int, *, qkv_bias: bool, qk_norm: bool) -> Mixer:
    """Qwen 2 and 3: a window only where `use_sliding_window` says so, from layer `max_window_layers` on."""
    window = None
    if c.flag("use_sliding_window"):
        first = c.count("max_window_layers")
        window = _window(c, layer, of=lambda i: i >= first)
    return mixers.attention(
        c, qkv_bias=qkv_bias, out_bias=not qkv_bias and c.flag("attention_bias"),
        qk_norm=qk_norm, window=window,
    )  # fmt: skip


def _qwen2(c: Config, layer: int) -> Mixer:
    return _qwen(c, layer, qkv_bias=True, qk_norm=False)


def _qwen3(c: Config, layer: int) -> Mixer:
    return _qwen(c, layer, qkv_bias=c.flag("attention_bias"), qk_norm=True)


def _gemma2(c: Config, layer: int) -> Mixer:
    """Gemma 2: every other layer looks back only over its window, the first one does."""
    return mixers.attention(c, window=_window(c, layer, of=lambda i: i % 2 == 0))


def _gemma3(c: Config, layer: int) -> Mixer:
    """Gemma 3: five windowed layers, then a full one (`sliding_window_pattern` 6)."""
    every = c.number("sliding_window_pattern", 6)
    return mixers.attention(
        c, qk_norm=True, window=_window(c, layer, of=lambda i: (i + 1) % every != 0)
    )


def _gpt_oss(c: Config, layer: int) -> Mixer:
    """gpt-oss: alternating windows, biases, one learned sink per head."""
    return mixers.attention(
        c, qkv_bias=True, out_bias=True, sinks=True,
        window=_window(c, layer, of=lambda i: i % 2 == 0),
    )  # fmt: skip


def _qwen3_next(c: Config, layer: int) -> Mixer:
    """Qwen3-Next: three layers of gated DeltaNet, then one of gated attention."""
    kinds = c.layer_types(frozenset({"full_attention", "linear_attention"}))
    every = c.number("full_attention_interval", 4)
    full = kinds[layer] == "full_attention" if kinds else (layer + 1) % every == 0
    return mixers.attention(c, qk_norm=True, gated=True) if full else mixers.delta_net(c)


def _jamba(c: Config, layer: int) -> Mixer:
    period, offset = c.number("attn_layer_period"), c.count("attn_layer_offset")
    return mixers.attention(c) if layer % period == offset else mixers.mamba(c)


def _mla(c: Config, _: int) -> Mixer:
    return mixers.latent_attention(c)


def _glm4_moe(c: Config, _: int) -> Mixer:
    return mixers.attention(c, qkv_bias=c.flag("attention_bias"), qk_norm=c.flag("use_qk_norm"))


def _dense(c: Config, _: int) -> FeedForward:
    return mixers.dense(c, bias=c.flag("mlp_bias"))


def _mixtral(c: Config, _: int) -> FeedForward:
    return mixers.experts(c, count="num_local_experts", width="intermediate_size")


def _minimax_experts(c: Config, _: int) -> FeedForward:
    return mixers.experts(c, count="num_local_experts", width="intermediate_size")


def _qwen_moe(c: Config, layer: int) -> FeedForward:
    """Qwen MoE: sparse each `decoder_sparse_step` layers but for `mlp_only_layers`; shared expert where sized."""
    step = c.number("decoder_sparse_step", 1)
    if layer in c.indices("mlp_only_layers") or (layer + 1) % step:
        return mixers.dense(c)
    shared = c.count("shared_expert_intermediate_size")
    return mixers.experts(c, count="num_experts", shared_width=shared, shared_gate=shared > 0)


def _deepseek(c: Config, layer: int, *, router_bias: bool) -> FeedForward:
    """DeepSeek and GLM-4 MoE: the first layers dense, then routed experts beside shared ones."""
    if layer < c.count("first_k_dense_replace") or layer % c.number("moe_layer_freq", 1):
        return mixers.dense(c)
    shared = c.count("n_shared_experts") * c.number("moe_intermediate_size")
    return mixers.experts(c, count="n_routed_experts", shared_width=shared, router_bias=router_bias)


def _gpt_oss_experts(c: Config, _: int) -> FeedForward:
    return mixers.experts(
        c, count="num_local_experts", width="intermediate_size", router_bias=True, bias=True
    )


def _jamba_feed(c: Config, layer: int) -> FeedForward:
    period, offset = c.number("expert_layer_period", 1), c.count("expert_layer_offset")
    if c.number("num_experts", 1) > 1 and layer % period == offset:
        return mixers.experts(c, count="num_experts", width="intermediate_size")
    return mixers.dense(c)


def _olmo(c: Config, layer: int) -> Mixer:
    """OLMo 2 and 3: norms over all heads of queries and keys at once; 3 has three windowed layers, then a full one."""
    window = None
    if c.get("sliding_window") is not None:
        window = _window(c, layer, of=lambda i: (i + 1) % 4 != 0)
    return mixers.attention(c, wide_qk_norm=True, window=window)


def _cohere(c: Config, _: int) -> Mixer:
    norms = c.flag("use_qk_norm")
    return mixers.attention(c, head_qk_norm=norms)


def _cohere2(c: Config, layer: int) -> Mixer:
    """Command-A: three windowed layers, then a full one (`sliding_window_pattern` 4)."""
    every = c.number("sliding_window_pattern", 4)
    return mixers.attention(c, window=_window(c, layer, of=lambda i: (i + 1) % every != 0))


def _exaone4(c: Config, layer: int) -> Mixer:
    """EXAONE 4: the large one has three windowed layers, then a full one (pattern 4 or "LLLG"); the small none."""
    if c.get("sliding_window") is None:
        return mixers.attention(c, qk_norm=True)
    pattern = c.get("sliding_window_pattern", 4)
    every = len(pattern) if isinstance(pattern, str) else c.number("sliding_window_pattern", 4)
    if every < 1 or (isinstance(pattern, str) and pattern != "L" * (every - 1) + "G"):
        raise Refused(f"{c.where}: sliding_window_pattern = {pattern!r} is not understood")
    window = _window(c, layer, of=lambda i: (i + 1) % every != 0)
    return mixers.attention(c, qk_norm=True, window=window)


def _seed_oss(c: Config, _: int) -> Mixer:
    return mixers.attention(
        c, qkv_bias=c.flag("attention_bias"), out_bias=c.flag("attention_out_bias")
    )


def _glm4(c: Config, _: int) -> Mixer:
    return mixers.attention(c, qkv_bias=c.flag("attention_bias"))


def _minimax_m2(c: Config, _: int) -> Mixer:
    return mixers.attention(c, wide_qk_norm=True)


def _llama4(c: Config, layer: int) -> Mixer:
    """Llama 4: three layers attend inside chunks of 8,192 tokens, then one over all; its norm of keys has no weights."""
    kinds = c.layer_types(frozenset({"full_attention", "chunked_attention"}))
    rope = c.get("no_rope_layers")
    if kinds:
        chunked = kinds[layer] == "chunked_attention"
    elif rope:
        if not isinstance(rope, list) or layer >= len(rope):
            raise Refused(f"{c.where}: no_rope_layers does not list its layers")
        chunked = bool(rope[layer])
    else:
        chunked = (layer + 1) % c.number("no_rope_layer_interval", 4) != 0
    biased = c.flag("attention_bias")
    window = c.number("attention_chunk_size", 8192) if chunked else None
    return mixers.attention(c, qkv_bias=biased, out_bias=biased, window=window)


def _llama4_feed(c: Config, layer: int) -> FeedForward:
    """Each `interleave_moe_layer_step`th layer has experts beside a shared one; the others an MLP of another width."""
    step = c.number("interleave_moe_layer_step", 1)
    listed = c.get("moe_layers")
    sparse = layer in c.indices("moe_layers") if listed else layer % step == step - 1
    if not sparse:
        return mixers.dense(c, "intermediate_size_mlp")
    return mixers.experts(
        c, count="num_local_experts", width="intermediate_size",
        shared_width=c.number("intermediate_size"),
    )  # fmt: skip


def _indexed_mla(c: Config, _: int) -> Mixer:
    return mixers.indexed_latent_attention(c)


def _granite_hybrid(c: Config, layer: int) -> Mixer:
    """Granite 4: Mamba-2 layers, and now and then attention; `layer_types` says which."""
    names = {"mamba": False, "linear_attention": False, "attention": True, "full_attention": True}
    kinds = c.layer_types(frozenset(names))
    if kinds is None:
        raise Refused(f"{c.where} does not say which of its layers are attention (layer_types)")
    return mixers.attention(c) if names[kinds[layer]] else mixers.mamba2(c)


def _granite_experts(c: Config, _: int) -> FeedForward:
    shared = c.number("shared_intermediate_size")
    if not c.count("num_local_experts"):
        return mixers.dense(c, "shared_intermediate_size")
    return mixers.experts(
        c, count="num_local_experts", width="intermediate_size", shared_width=shared
    )


def _falcon_h1(c: Config, _: int) -> Mixer:
    return mixers.beside(mixers.attention(c), mixers.mamba2(c, gated_norm=c.flag("mamba_rms_norm")))


_NEMOTRON_BLOCKS = {"M": "mamba", "E": "moe", "*": "attention", "-": "mlp"}


def _nemotron_pattern(c: Config) -> str:
    found = c.get("hybrid_override_pattern")
    if not isinstance(found, str) or not found or set(found) - set(_NEMOTRON_BLOCKS):
        raise Refused(
            f"{c.where}: hybrid_override_pattern is missing or not understood",
            hint=f"it is a string of {' '.join(_NEMOTRON_BLOCKS)}, one for each block",
        )
    return found


def _nemotron_h(c: Config, layer: int) -> Mixer:
    """Nemotron-H: a block is Mamba-2, attention, an MLP or experts, never two of them."""
    block = _nemotron_pattern(c)[layer]
    if block == "M":
        return mixers.mamba2(c, names=mixers.NEMOTRON_MAMBA)
    return mixers.attention(c) if block == "*" else mixers.NOTHING


def _nemotron_feed(c: Config, layer: int) -> FeedForward:
    """MLP and experts of two matrices (squared ReLU needs no gate); shared experts see every token."""
    block, hidden = _nemotron_pattern(c)[layer], c.number("hidden_size")
    if block == "-":
        width = c.number("intermediate_size")
        return FeedForward(2 * hidden * width + (width + hidden) * c.flag("mlp_bias"))
    if block != "E":
        return FeedForward(0)
    if c.get("moe_latent_size") is not None:
        raise Refused(
            f"{c.where}: experts behind a latent (moe_latent_size) are not worked out here"
        )
    shared = c.number("moe_shared_expert_intermediate_size") * c.number("n_shared_experts", 1)
    many = c.number("n_routed_experts")
    return FeedForward(
        hidden * many + 2 * hidden * shared, experts=many, chosen=c.number("num_experts_per_tok"),
        expert_params=2 * hidden * c.number("moe_intermediate_size"),
    )  # fmt: skip


_MLA_KEYS = frozenset({
    "kv_lora_rank", "q_lora_rank", "qk_nope_head_dim", "n_routed_experts", "n_shared_experts",
    "moe_intermediate_size", "first_k_dense_replace",
})  # fmt: skip
_DEEPSEEK_V2 = Family(_mla, lambda c, i: _deepseek(c, i, router_bias=False), reads=_MLA_KEYS)
_DEEPSEEK_V3 = Family(_mla, lambda c, i: _deepseek(c, i, router_bias=True), reads=_MLA_KEYS)
_MOE_KEYS = frozenset({"num_experts", "moe_intermediate_size", "shared_expert_intermediate_size"})
_GEMMA3 = Family(
    _gemma3, _dense, norms=4, tied=True, reads=_WINDOWS,
    # transformers Gemma3TextConfig: Google's files leave out what equals these
    defaults={
        "vocab_size": 262_208, "num_attention_heads": 8, "num_key_value_heads": 4, "head_dim": 256,
        "max_position_embeddings": 131_072, "sliding_window": 4096,
    },
)  # fmt: skip

_INDEX_KEYS = frozenset({"index_topk", "index_n_heads", "index_head_dim"})
_QWEN3_NEXT = Family(
    _qwen3_next, _qwen_moe,
    reads=_MOE_KEYS | {"layer_types", "full_attention_interval", "linear_num_key_heads", "linear_num_value_heads"},
)  # fmt: skip
_MAMBA2_KEYS = frozenset({"mamba_d_state", "mamba_n_groups", "mamba_n_heads", "layer_types"})

FAMILIES: dict[str, Family] = {
    "LlamaForCausalLM": Family(_llama, _dense),
    "MistralForCausalLM": Family(_mistral, _dense, reads=frozenset({"sliding_window"})),
    "MixtralForCausalLM": Family(
        _mistral, _mixtral, reads=frozenset({"sliding_window", "num_local_experts"})
    ),
    "Qwen2ForCausalLM": Family(_qwen2, _dense, reads=_WINDOWS),
    "Qwen3ForCausalLM": Family(_qwen3, _dense, reads=_WINDOWS),
    "Qwen2MoeForCausalLM": Family(_qwen2, _qwen_moe, reads=_WINDOWS | _MOE_KEYS),
    "Qwen3MoeForCausalLM": Family(_qwen3, _qwen_moe, reads=_WINDOWS | _MOE_KEYS),
    "Qwen3NextForCausalLM": _QWEN3_NEXT,
    "Qwen3_5ForCausalLM": Family(_qwen3_next, _dense, reads=_QWEN3_NEXT.reads - _MOE_KEYS),
    "Qwen3_5MoeForCausalLM": _QWEN3_NEXT,
    "Phi3ForCausalLM": Family(_mistral, _dense, reads=frozenset({"sliding_window"})),
    "GemmaForCausalLM": Family(_llama, _dense, tied=True),
    "Gemma2ForCausalLM": Family(_gemma2, _dense, norms=4, tied=True, reads=_WINDOWS),
    "Gemma3ForCausalLM": _GEMMA3,
    "DeepseekV2ForCausalLM": _DEEPSEEK_V2,
    "DeepseekV3ForCausalLM": _DEEPSEEK_V3,
    "Glm4MoeForCausalLM": Family(
        _glm4_moe, lambda c, i: _deepseek(c, i, router_bias=True),
        reads=frozenset({"n_routed_experts", "n_shared_experts", "moe_intermediate_size", "first_k_dense_replace"}),
    ),
    "GptOssForCausalLM": Family(_gpt_oss, _gpt_oss_experts, reads=_WINDOWS | {"num_local_experts"}),
    "JambaForCausalLM": Family(
        _jamba, _jamba_feed, tied=False, reads=frozenset({"num_experts", "attn_layer_period", "mamba_d_state"})
    ),
    "Llama4ForCausalLM": Family(
        _llama4, _llama4_feed,
        reads=frozenset({"attention_chunk_size", "layer_types", "num_local_experts", "no_rope_layers",
                         "interleave_moe_layer_step", "moe_layers", "intermediate_size_mlp"}),
        defaults={"num_experts_per_tok": 1, "head_dim": 128},
    ),
    "DeepseekV32ForCausalLM": Family(
        _indexed_mla, lambda c, i: _deepseek(c, i, router_bias=True), reads=_MLA_KEYS | _INDEX_KEYS
    ),
    "Ministral3ForCausalLM": Family(_mistral, _dense, reads=frozenset({"sliding_window"})),
    "GraniteForCausalLM": Family(_llama, _dense),
    "GraniteMoeHybridForCausalLM": Family(
        _granite_hybrid, _granite_experts,
        reads=_MAMBA2_KEYS | {"num_local_experts", "shared_intermediate_size"},
    ),
    "FalconH1ForCausalLM": Family(_falcon_h1, _dense, reads=_MAMBA2_KEYS | {"mamba_d_ssm"}),
    "NemotronHForCausalLM": Family(
        _nemotron_h, _nemotron_feed, norms=1, depth=lambda c: len(_nemotron_pattern(c)),
        reads=frozenset({"hybrid_override_pattern", "ssm_state_size", "mamba_num_heads", "n_routed_experts",
                         "n_shared_experts", "moe_intermediate_size", "moe_shared_expert_intermediate_size",
                         "moe_latent_size"}),
    ),
    "Olmo2ForCausalLM": Family(_olmo, _dense),
    "Olmo3ForCausalLM": Family(_olmo, _dense, reads=_WINDOWS, defaults={"sliding_window": 4096}),
    "CohereForCausalLM": Family(_cohere, _dense, norms=1, tied=True),
    "Cohere2ForCausalLM": Family(
        _cohere2, _dense, norms=1, tied=True, reads=_WINDOWS, defaults={"sliding_window": 4096}
    ),
    "Exaone4ForCausalLM": Family(_exaone4, _dense, reads=_WINDOWS),
    "Glm4ForCausalLM": Family(_glm4, _dense, norms=4, defaults={"head_dim": 128}),
    "MiniMaxM2ForCausalLM": Family(
        _minimax_m2, _minimax_experts, reads=frozenset({"num_local_experts"}), defaults={"head_dim": 128}
    ),
    "SeedOssForCausalLM": Family(_seed_oss, _dense, defaults={"head_dim": 128, "attention_bias": True}),
}  # fmt: skip
"""Architecture -> how it is built. A model that is not here is refused, whatever it resembles."""

TEXT_MODELS: dict[str, str] = {
    "llama": "LlamaForCausalLM", "mistral": "MistralForCausalLM", "qwen2": "Qwen2ForCausalLM",
    "qwen3": "Qwen3ForCausalLM", "qwen3_moe": "Qwen3MoeForCausalLM", "qwen2_5_vl_text": "Qwen2ForCausalLM",
    "qwen3_vl_text": "Qwen3ForCausalLM", "qwen3_vl_moe_text": "Qwen3MoeForCausalLM",
    "qwen3_next": "Qwen3NextForCausalLM", "qwen3_5_text": "Qwen3_5ForCausalLM", "qwen3_5_moe_text": "Qwen3_5MoeForCausalLM",
    "llama4_text": "Llama4ForCausalLM", "ministral3": "Ministral3ForCausalLM", "cohere2": "Cohere2ForCausalLM",
    "granite": "GraniteForCausalLM", "gpt_oss": "GptOssForCausalLM", "kimi_k2": "DeepseekV3ForCausalLM",
    "glm4": "Glm4ForCausalLM", "gemma3_text": "Gemma3ForCausalLM", "glm4_moe": "Glm4MoeForCausalLM", "deepseek_v3": "DeepseekV3ForCausalLM",
}  # fmt: skip
"""`model_type` of a nested text_config -> the architecture that reads it."""

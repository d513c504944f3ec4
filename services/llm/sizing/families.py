"""The known model families, one row each, and the way from a config.json to a ModelShape."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ontology.errors import Refused
from services.llm.sizing import mixers
from services.llm.sizing.hf_config import MOST_LAYERS, Config, read_json
from services.llm.sizing.quant import stored_quant
from services.llm.sizing.shape import FeedForward, Layer, Mixer, ModelShape, stacked

MixerOf = Callable[[Config, int], Mixer]
FeedOf = Callable[[Config, int], FeedForward]

_WINDOWS = frozenset({"sliding_window", "use_sliding_window", "layer_types"})
_KNOWN_TYPES = frozenset({"full_attention", "sliding_attention"})


@dataclass(frozen=True, slots=True)
class Family:
    """How one architecture is built. `norms`: widths of `hidden` per layer; `reads`: structural keys it knows."""

    mixer: MixerOf
    feed: FeedOf
    norms: int = 2
    tied: bool = False
    reads: frozenset[str] = frozenset()
    defaults: Mapping[str, Any] = field(default_factory=dict)


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
    "Qwen3NextForCausalLM": Family(
        _qwen3_next, _qwen_moe,
        reads=_MOE_KEYS | {"layer_types", "full_attention_interval", "linear_num_key_heads", "linear_num_value_heads"},
    ),
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
}  # fmt: skip
"""Architecture -> how it is built. A model that is not here is refused, whatever it resembles."""

TEXT_MODELS: dict[str, str] = {
    "llama": "LlamaForCausalLM", "mistral": "MistralForCausalLM", "qwen2": "Qwen2ForCausalLM",
    "qwen3": "Qwen3ForCausalLM", "qwen3_moe": "Qwen3MoeForCausalLM", "qwen2_5_vl_text": "Qwen2ForCausalLM",
    "qwen3_vl_text": "Qwen3ForCausalLM", "qwen3_vl_moe_text": "Qwen3MoeForCausalLM",
    "gemma3_text": "Gemma3ForCausalLM", "glm4_moe": "Glm4MoeForCausalLM", "deepseek_v3": "DeepseekV3ForCausalLM",
}  # fmt: skip
"""`model_type` of a nested text_config -> the architecture that reads it."""


def shape_of(config: Config, name: str = "") -> ModelShape:
    """The shape of the language model in a config; Refused with what was not understood."""
    architecture, text = _language_model(config)
    family = FAMILIES.get(architecture)
    if family is None:
        raise Refused(
            f"{config.where}: the architecture {architecture} is not understood",
            hint=f"understood here: {', '.join(sorted(FAMILIES))}",
        )
    text.defaults = family.defaults
    text.refuse_unread(family.reads, architecture)
    depth = text.number("num_hidden_layers")
    if depth > MOST_LAYERS:
        raise Refused(f"{config.where}: {depth:,} layers are more than any model has")
    hidden = text.number("hidden_size")
    layers = stacked(
        Layer(family.mixer(text, i), family.feed(text, i), norms=family.norms * hidden)
        for i in range(depth)
    )
    tied = config.get("tie_word_embeddings")
    return ModelShape(
        name=name or str(config.get("_name_or_path") or architecture), architecture=architecture,
        hidden=hidden, vocab=text.number("vocab_size"),
        tied=text.flag("tie_word_embeddings", default=family.tied if tied is None else bool(tied)),
        context=text.number("max_position_embeddings"), layers=layers,
        stored=stored_quant(config.get("quantization_config") or text.get("quantization_config"), config.where),
        beyond_text=_vision(config),
    )  # fmt: skip


def read_shape(path: Path) -> ModelShape:
    """The shape of a model from its folder or its config.json."""
    found = path.resolve()
    return shape_of(read_json(path), found.name if found.is_dir() else found.parent.name)


def _language_model(config: Config) -> tuple[str, Config]:
    """The architecture, and the object that holds its sizes: `text_config` where the model sees more than text."""
    listed = config.get("architectures")
    if not isinstance(listed, list) or len(listed) != 1 or not isinstance(listed[0], str):
        raise Refused(
            f"{config.where} does not name its one architecture",
            hint='it must hold "architectures": ["..."], as the files on Hugging Face do',
        )
    text = config.part("text_config")
    if text is None:
        return listed[0], config
    kind = str(text.get("model_type", ""))
    if kind not in TEXT_MODELS:
        raise Refused(
            f"{config.where}: the text model {kind or 'without model_type'} of {listed[0]} is not understood",
            hint=f"understood here: {', '.join(sorted(TEXT_MODELS))}",
        )
    return TEXT_MODELS[kind], text


def _vision(config: Config) -> int:
    """Weights of the vision tower: attention and MLP of its layers, the rest (patches, projector) is under a tenth."""
    tower = config.part("vision_config")
    if tower is None:
        return 0
    width = tower.get("embed_dim") or tower.get("hidden_size")
    depth = tower.get("depth") or tower.get("num_hidden_layers")
    inner = tower.get("intermediate_size") or (width * 4 if isinstance(width, int) else None)
    if not all(isinstance(x, int) and 0 < x < 10**6 for x in (width, depth, inner)):
        raise Refused(
            f"{config.where}: the sizes of its vision_config are not understood",
            hint="the vision tower takes memory too; sizing without it would be a guess",
        )
    return int(depth * (4 * width * width + 2 * width * inner))

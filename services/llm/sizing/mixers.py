"""What a layer of each known kind is made of: weights, cache and reach, from the keys of its config."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from math import gcd

from ontology.errors import Refused
from services.llm.sizing.hf_config import Config
from services.llm.sizing.shape import FeedForward, Mixer, matrix

FP32_PER_BF16 = 2
"""Recurrent states are kept in 32 bit, two 16-bit numbers each (vLLM `mamba_ssm_cache_dtype`, float32 for Mamba-1)."""


def attention(
    c: Config, *, qkv_bias: bool = False, out_bias: bool = False, qk_norm: bool = False,
    window: int | None = None, gated: bool = False, sinks: bool = False,
    wide_qk_norm: bool = False, head_qk_norm: bool = False,
) -> Mixer:  # fmt: skip
    """Grouped-query attention; `gated` doubles the query projection (Qwen3-Next).

    Norms of queries and keys: `qk_norm` one row shared by the heads, `head_qk_norm` a row for each head (Cohere),
    `wide_qk_norm` one row over all of them (OLMo 2, MiniMax-M2): of the two the same weights.
    """
    hidden, heads = c.number("hidden_size"), c.number("num_attention_heads")
    kv_heads = c.number("num_key_value_heads", heads)
    if c.get("head_dim") is None and hidden % heads:
        raise Refused(
            f"{c.where}: hidden_size {hidden} is not a multiple of {heads} heads, and there is no head_dim"
        )
    dim = c.number("head_dim", max(1, hidden // heads))
    if heads % kv_heads:
        raise Refused(f"{c.where}: {heads} query heads cannot share {kv_heads} key heads evenly")
    query = heads * dim * (2 if gated else 1)
    inner = query + 2 * kv_heads * dim
    params = matrix(hidden, inner, bias=inner if qkv_bias else 0)
    params += matrix(heads * dim, hidden, bias=hidden if out_bias else 0)
    params += (2 * dim if qk_norm else 0) + (heads if sinks else 0)
    params += (heads + kv_heads) * dim if wide_qk_norm or head_qk_norm else 0
    return Mixer(
        kind="full" if window is None else "window", params=params, heads=heads, kv_heads=kv_heads,
        kv_values=2 * kv_heads * dim, reach=2 * heads * dim, window=window,
    )  # fmt: skip


def latent_attention(c: Config) -> Mixer:
    """Multi-head latent attention (DeepSeek-V2, arXiv 2405.04434 section 2.1): one latent and one rotary key a token."""
    hidden, heads = c.number("hidden_size"), c.number("num_attention_heads")
    latent, rope = c.number("kv_lora_rank"), c.number("qk_rope_head_dim")
    nope, value, q_rank = (
        c.number("qk_nope_head_dim"),
        c.number("v_head_dim"),
        c.count("q_lora_rank"),
    )
    query = heads * (nope + rope)
    params = hidden * query
    if q_rank:
        params = matrix(hidden, q_rank) + q_rank + matrix(q_rank, query)
    params += matrix(hidden, latent + rope) + latent
    params += matrix(latent, heads * (nope + value)) + matrix(heads * value, hidden)
    # Decoding works on the latent itself: each head reaches latent + rope wide for keys, latent wide for values.
    return Mixer(
        kind="mla", params=params, heads=heads, kv_heads=0, kv_values=latent + rope,
        reach=heads * (2 * latent + rope),
    )  # fmt: skip


def indexed_latent_attention(c: Config) -> Mixer:
    """MLA of which an indexer picks the tokens to attend to (DeepSeek-V3.2, transformers `DeepseekV32Indexer`).

    The index keeps one FP8 key of `index_head_dim` and a 32-bit scale per token (vLLM's `DeepseekV32IndexerCache`).
    """
    whole, hidden = latent_attention(c), c.number("hidden_size")
    many, dim, chosen = (c.number(f"index_{key}") for key in ("n_heads", "head_dim", "topk"))
    rank = c.number("q_lora_rank")
    params = matrix(rank, many * dim) + matrix(hidden, dim) + 2 * dim + matrix(hidden, many)
    key = (dim + 4) // FP32_PER_BF16
    return replace(
        whole, params=whole.params + params, kv_values=whole.kv_values + key, chosen=chosen,
        index_values=key, index_reach=many * dim,
    )  # fmt: skip


NOTHING = Mixer(kind="none", params=0, heads=0, kv_heads=0, kv_values=0, reach=0)
"""A block that only has an MLP."""

NEMOTRON_MAMBA = {
    "heads": "mamba_num_heads", "head_dim": "mamba_head_dim", "groups": "n_groups", "state": "ssm_state_size",
    "kernel": "conv_kernel", "conv_bias": "use_conv_bias", "proj_bias": "use_bias",
}  # fmt: skip
MAMBA = {
    "heads": "mamba_n_heads", "head_dim": "mamba_d_head", "groups": "mamba_n_groups", "state": "mamba_d_state",
    "kernel": "mamba_d_conv", "conv_bias": "mamba_conv_bias", "proj_bias": "mamba_proj_bias",
}  # fmt: skip
"""What a config calls the sizes of Mamba-2."""


def mamba2(c: Config, *, names: Mapping[str, str] = MAMBA, gated_norm: bool = True) -> Mixer:
    """Mamba-2 as Granite 4, Falcon-H1 and Nemotron-H have it (transformers `GraniteMoeHybridMambaLayer`).

    vLLM cuts heads and groups alike, a single group is copied: so many equal parts as both allow.
    """
    hidden, heads = c.number("hidden_size"), c.number(names["heads"])
    groups, state, kernel = (
        c.number(names["groups"], 1),
        c.number(names["state"]),
        c.number(names["kernel"], 4),
    )
    if c.get(names["head_dim"]) in (None, "auto"):
        inner = c.count("mamba_d_ssm") or hidden * c.number("mamba_expand", 2)
    else:
        inner = heads * c.number(names["head_dim"])
    if inner % heads:
        raise Refused(f"{c.where}: {heads} heads of Mamba-2 do not divide its width of {inner}")
    mixed = inner + 2 * groups * state
    params = mixed * kernel + (mixed if c.flag(names["conv_bias"], default=True) else 0)
    biased = c.flag(names["proj_bias"])
    params += matrix(hidden, inner + mixed + heads, bias=inner + mixed + heads if biased else 0)
    params += (
        3 * heads
        + (inner if gated_norm else 0)
        + matrix(inner, hidden, bias=hidden if biased else 0)
    )
    return Mixer(
        kind="linear", params=params, heads=heads if groups == 1 else gcd(heads, groups), kv_heads=0,
        kv_values=0, reach=0, state_values=inner * state * FP32_PER_BF16 + mixed * (kernel - 1),
    )  # fmt: skip


def beside(attention: Mixer, recurrence: Mixer) -> Mixer:
    """Attention and a recurrence that read the same tokens in one layer (Falcon-H1)."""
    return replace(
        attention, params=attention.params + recurrence.params, state_values=recurrence.state_values,
        heads=gcd(attention.heads, recurrence.heads),
    )  # fmt: skip


def delta_net(c: Config) -> Mixer:
    """Gated DeltaNet of Qwen3-Next (transformers `Qwen3NextGatedDeltaNet`): a state per value head, no cache."""
    hidden = c.number("hidden_size")
    keys, values = c.number("linear_num_key_heads"), c.number("linear_num_value_heads")
    key_dim, value_dim = c.number("linear_key_head_dim"), c.number("linear_value_head_dim")
    kernel = c.number("linear_conv_kernel_dim", 4)
    key, value = keys * key_dim, values * value_dim
    mixed = 2 * key + value
    params = hidden * (2 * key + 2 * value) + hidden * 2 * values + mixed * kernel
    params += 2 * values + value_dim + value * hidden
    state = values * key_dim * value_dim * FP32_PER_BF16 + mixed * (kernel - 1)
    return Mixer(
        kind="linear", params=params, heads=values, kv_heads=0, kv_values=0, reach=0,
        state_values=state,
    )  # fmt: skip


def mamba(c: Config) -> Mixer:
    """Mamba-1 as Jamba has it (transformers `JambaMambaMixer`)."""
    hidden = c.number("hidden_size")
    inner, state = hidden * c.number("mamba_expand", 2), c.number("mamba_d_state")
    kernel, rank = c.number("mamba_d_conv", 4), c.number("mamba_dt_rank", -(-hidden // 16))
    params = hidden * 2 * inner + inner * kernel + inner
    params += inner * (rank + 2 * state) + rank * inner + inner
    params += inner * state + inner + inner * hidden + rank + 2 * state
    kept = inner * state * FP32_PER_BF16 + inner * (kernel - 1)
    return Mixer(
        kind="linear", params=params, heads=inner, kv_heads=0, kv_values=0, reach=0,
        state_values=kept,
    )  # fmt: skip


def dense(c: Config, width_key: str = "intermediate_size", *, bias: bool = False) -> FeedForward:
    """A gated MLP: up, gate and down."""
    hidden, width = c.number("hidden_size"), c.number(width_key)
    return FeedForward(matrix(3, hidden, width, bias=2 * width + hidden if bias else 0))


def experts(
    c: Config, *, count: str, width: str = "moe_intermediate_size",
    shared_width: int = 0, shared_gate: bool = False, router_bias: bool = False, bias: bool = False,
) -> FeedForward:  # fmt: skip
    """A router, its experts, and the shared experts that see every token."""
    hidden, many, wide = c.number("hidden_size"), c.number(count), c.number(width)
    takes = c.number("num_experts_per_tok")
    if takes > many:
        raise Refused(f"{c.where}: {takes} of {many} experts are chosen, more than there are")
    one = matrix(3, hidden, wide, bias=2 * wide + hidden if bias else 0)
    always = matrix(hidden, many, bias=many if router_bias else 0)
    always += 3 * hidden * shared_width + (hidden if shared_gate else 0)
    return FeedForward(always, experts=many, chosen=takes, expert_params=one)

"""Popular models, each by the sizes of its public config.json; the same reader sizes them and a folder of yours."""

from __future__ import annotations

from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import Any

from ontology.errors import NotFound
from services.llm.sizing.families import read_shape, shape_of
from services.llm.sizing.hf_config import Config
from services.llm.sizing.shape import ModelShape


def _sizes(  # noqa: PLR0917  (the columns of a table)
    architecture: str, h: int, layers: int, heads: int, kv: int, width: int, vocab: int, context: int,
           **more: Any) -> dict[str, Any]:  # fmt: skip
    """The eight sizes every config has, and what else this one says."""
    return {
        "architectures": [architecture], "hidden_size": h, "num_hidden_layers": layers, "num_attention_heads": heads,
        "num_key_value_heads": kv, "intermediate_size": width, "vocab_size": vocab, "max_position_embeddings": context,
        **more,
    }  # fmt: skip


def _deepseek(**more: Any) -> dict[str, Any]:
    return _sizes(
        "DeepseekV3ForCausalLM", 7168, 61, 128, 128, 18_432, 129_280, 163_840, model_type="deepseek_v3",
        kv_lora_rank=512, q_lora_rank=1536, qk_nope_head_dim=128, qk_rope_head_dim=64, v_head_dim=128,
        n_routed_experts=256, n_shared_experts=1, num_experts_per_tok=8, moe_intermediate_size=2048,
        first_k_dense_replace=3, moe_layer_freq=1, n_group=8, topk_group=4,
        quantization_config={"quant_method": "fp8", "weight_block_size": [128, 128], "fmt": "e4m3", "activation_scheme": "dynamic"},
        **more,
    )  # fmt: skip


_LLAMA = {"model_type": "llama", "rms_norm_eps": 1e-5}
_QWEN2 = {"model_type": "qwen2", "use_sliding_window": False}
_QWEN3 = {"model_type": "qwen3", "head_dim": 128, "use_sliding_window": False}
_QWEN3_MOE = {
    "model_type": "qwen3_moe",
    "head_dim": 128,
    "num_experts": 128,
    "num_experts_per_tok": 8,
    "decoder_sparse_step": 1,
}
_GEMMA2 = {"model_type": "gemma2", "sliding_window": 4096}
_GEMMA3 = {"model_type": "gemma3_text", "sliding_window": 1024}
_GPT_OSS = {
    "model_type": "gpt_oss", "head_dim": 64, "num_experts_per_tok": 4, "sliding_window": 128,
    "quantization_config": {"quant_method": "mxfp4"},
}  # fmt: skip

_KIMI: dict[str, Any] = _deepseek() | {
    "model_type": "kimi_k2", "num_attention_heads": 64, "num_key_value_heads": 64, "vocab_size": 163_840,
    "max_position_embeddings": 131_072, "n_routed_experts": 384, "first_k_dense_replace": 1, "n_group": 1, "topk_group": 1,
}  # fmt: skip
_LLAMA4 = {
    "model_type": "llama4_text", "head_dim": 128, "attention_chunk_size": 8192, "intermediate_size_mlp": 16_384,
    "num_experts_per_tok": 1, "no_rope_layer_interval": 4,
}  # fmt: skip
_FP8_BLOCK = {
    "quant_method": "fp8",
    "weight_block_size": [128, 128],
    "fmt": "e4m3",
    "activation_scheme": "dynamic",
}
_GLM_MOE = {
    "model_type": "glm4_moe", "head_dim": 128, "attention_bias": True, "n_shared_experts": 1, "num_experts_per_tok": 8,
}  # fmt: skip
_MAMBA2 = {"mamba_d_conv": 4, "mamba_expand": 2, "mamba_conv_bias": True, "mamba_proj_bias": False}

# name -> (id on Hugging Face, config.json); sizes as in the files of those repositories
CONFIGS: dict[str, tuple[str, dict[str, Any]]] = {
    "llama-3.2-1b": ("meta-llama/Llama-3.2-1B-Instruct", _sizes("LlamaForCausalLM", 2048, 16, 32, 8, 8192, 128_256, 131_072, head_dim=64, tie_word_embeddings=True, **_LLAMA)),
    "llama-3.2-3b": ("meta-llama/Llama-3.2-3B-Instruct", _sizes("LlamaForCausalLM", 3072, 28, 24, 8, 8192, 128_256, 131_072, head_dim=128, tie_word_embeddings=True, **_LLAMA)),
    "llama-3.1-8b": ("meta-llama/Llama-3.1-8B-Instruct", _sizes("LlamaForCausalLM", 4096, 32, 32, 8, 14_336, 128_256, 131_072, **_LLAMA)),
    "llama-3.1-70b": ("meta-llama/Llama-3.1-70B-Instruct", _sizes("LlamaForCausalLM", 8192, 80, 64, 8, 28_672, 128_256, 131_072, **_LLAMA)),
    "llama-3.3-70b": ("meta-llama/Llama-3.3-70B-Instruct", _sizes("LlamaForCausalLM", 8192, 80, 64, 8, 28_672, 128_256, 131_072, **_LLAMA)),
    "llama-3.1-405b": ("meta-llama/Llama-3.1-405B-Instruct", _sizes("LlamaForCausalLM", 16_384, 126, 128, 8, 53_248, 128_256, 131_072, **_LLAMA)),
    "qwen2.5-0.5b": ("Qwen/Qwen2.5-0.5B-Instruct", _sizes("Qwen2ForCausalLM", 896, 24, 14, 2, 4864, 151_936, 32_768, tie_word_embeddings=True, **_QWEN2)),
    "qwen2.5-7b": ("Qwen/Qwen2.5-7B-Instruct", _sizes("Qwen2ForCausalLM", 3584, 28, 28, 4, 18_944, 152_064, 32_768, **_QWEN2)),
    "qwen2.5-14b": ("Qwen/Qwen2.5-14B-Instruct", _sizes("Qwen2ForCausalLM", 5120, 48, 40, 8, 13_824, 152_064, 32_768, **_QWEN2)),
    "qwen2.5-32b": ("Qwen/Qwen2.5-32B-Instruct", _sizes("Qwen2ForCausalLM", 5120, 64, 40, 8, 27_648, 152_064, 32_768, **_QWEN2)),
    "qwen2.5-72b": ("Qwen/Qwen2.5-72B-Instruct", _sizes("Qwen2ForCausalLM", 8192, 80, 64, 8, 29_568, 152_064, 32_768, **_QWEN2)),
    "qwen3-0.6b": ("Qwen/Qwen3-0.6B", _sizes("Qwen3ForCausalLM", 1024, 28, 16, 8, 3072, 151_936, 40_960, tie_word_embeddings=True, **_QWEN3)),
    "qwen3-1.7b": ("Qwen/Qwen3-1.7B", _sizes("Qwen3ForCausalLM", 2048, 28, 16, 8, 6144, 151_936, 40_960, tie_word_embeddings=True, **_QWEN3)),
    "qwen3-4b": ("Qwen/Qwen3-4B", _sizes("Qwen3ForCausalLM", 2560, 36, 32, 8, 9728, 151_936, 40_960, tie_word_embeddings=True, **_QWEN3)),
    "qwen3-8b": ("Qwen/Qwen3-8B", _sizes("Qwen3ForCausalLM", 4096, 36, 32, 8, 12_288, 151_936, 40_960, **_QWEN3)),
    "qwen3-14b": ("Qwen/Qwen3-14B", _sizes("Qwen3ForCausalLM", 5120, 40, 40, 8, 17_408, 151_936, 40_960, **_QWEN3)),
    "qwen3-32b": ("Qwen/Qwen3-32B", _sizes("Qwen3ForCausalLM", 5120, 64, 64, 8, 25_600, 151_936, 40_960, **_QWEN3)),
    "qwen3-30b-a3b": ("Qwen/Qwen3-30B-A3B", _sizes("Qwen3MoeForCausalLM", 2048, 48, 32, 4, 6144, 151_936, 40_960, moe_intermediate_size=768, **_QWEN3_MOE)),
    "qwen3-235b-a22b": ("Qwen/Qwen3-235B-A22B", _sizes("Qwen3MoeForCausalLM", 4096, 94, 64, 4, 12_288, 151_936, 40_960, moe_intermediate_size=1536, **_QWEN3_MOE)),
    "qwen3-next-80b-a3b": ("Qwen/Qwen3-Next-80B-A3B-Instruct", _sizes(
        "Qwen3NextForCausalLM", 2048, 48, 16, 2, 5120, 151_936, 262_144, model_type="qwen3_next", head_dim=256, num_experts=512,
        num_experts_per_tok=10, moe_intermediate_size=512, shared_expert_intermediate_size=512, full_attention_interval=4,
        linear_num_key_heads=16, linear_num_value_heads=32, linear_key_head_dim=128, linear_value_head_dim=128,
        linear_conv_kernel_dim=4, decoder_sparse_step=1)),
    "mistral-7b": ("mistralai/Mistral-7B-Instruct-v0.3", _sizes("MistralForCausalLM", 4096, 32, 32, 8, 14_336, 32_768, 32_768, model_type="mistral", sliding_window=None)),
    "mistral-small-24b": ("mistralai/Mistral-Small-24B-Instruct-2501", _sizes("MistralForCausalLM", 5120, 40, 32, 8, 32_768, 131_072, 32_768, model_type="mistral", head_dim=128, sliding_window=None)),
    "mistral-large-123b": ("mistralai/Mistral-Large-Instruct-2407", _sizes("MistralForCausalLM", 12_288, 88, 96, 8, 28_672, 32_768, 131_072, model_type="mistral", head_dim=128, sliding_window=None)),
    "mixtral-8x7b": ("mistralai/Mixtral-8x7B-Instruct-v0.1", _sizes("MixtralForCausalLM", 4096, 32, 32, 8, 14_336, 32_000, 32_768, model_type="mixtral", num_local_experts=8, num_experts_per_tok=2, sliding_window=None)),
    "mixtral-8x22b": ("mistralai/Mixtral-8x22B-Instruct-v0.1", _sizes("MixtralForCausalLM", 6144, 56, 48, 8, 16_384, 32_768, 65_536, model_type="mixtral", num_local_experts=8, num_experts_per_tok=2, sliding_window=None)),
    "deepseek-v3": ("deepseek-ai/DeepSeek-V3-0324", _deepseek()),
    "deepseek-r1": ("deepseek-ai/DeepSeek-R1", _deepseek()),
    "gemma-2-9b": ("google/gemma-2-9b-it", _sizes("Gemma2ForCausalLM", 3584, 42, 16, 8, 14_336, 256_000, 8192, head_dim=256, **_GEMMA2)),
    "gemma-2-27b": ("google/gemma-2-27b-it", _sizes("Gemma2ForCausalLM", 4608, 46, 32, 16, 36_864, 256_000, 8192, head_dim=128, **_GEMMA2)),
    "gemma-3-12b": ("google/gemma-3-12b-it", _sizes("Gemma3ForCausalLM", 3840, 48, 16, 8, 15_360, 262_208, 131_072, head_dim=256, **_GEMMA3)),
    "gemma-3-27b": ("google/gemma-3-27b-it", _sizes("Gemma3ForCausalLM", 5376, 62, 32, 16, 21_504, 262_208, 131_072, head_dim=128, **_GEMMA3)),
    "phi-3-mini": ("microsoft/Phi-3-mini-4k-instruct", _sizes("Phi3ForCausalLM", 3072, 32, 32, 32, 8192, 32_064, 4096, model_type="phi3", sliding_window=2047)),
    "phi-4": ("microsoft/phi-4", _sizes("Phi3ForCausalLM", 5120, 40, 40, 10, 17_920, 100_352, 16_384, model_type="phi3", sliding_window=None)),
    "gpt-oss-20b": ("openai/gpt-oss-20b", _sizes("GptOssForCausalLM", 2880, 24, 64, 8, 2880, 201_088, 131_072, num_local_experts=32, **_GPT_OSS)),
    "gpt-oss-120b": ("openai/gpt-oss-120b", _sizes("GptOssForCausalLM", 2880, 36, 64, 8, 2880, 201_088, 131_072, num_local_experts=128, **_GPT_OSS)),
    "glm-4.5-air": ("zai-org/GLM-4.5-Air", _sizes(
        "Glm4MoeForCausalLM", 4096, 46, 96, 8, 10_944, 151_552, 131_072, model_type="glm4_moe", head_dim=128, attention_bias=True,
        use_qk_norm=False, n_routed_experts=128, n_shared_experts=1, num_experts_per_tok=8, moe_intermediate_size=1408,
        first_k_dense_replace=1)),
    "jamba-mini": ("ai21labs/AI21-Jamba-Mini-1.6", _sizes(
        "JambaForCausalLM", 4096, 32, 32, 8, 14_336, 65_536, 262_144, model_type="jamba", num_experts=16, num_experts_per_tok=2,
        attn_layer_period=8, attn_layer_offset=4, expert_layer_period=2, expert_layer_offset=1, mamba_d_state=16, mamba_d_conv=4,
        mamba_expand=2, mamba_dt_rank=256)),
    "llama-4-scout": ("meta-llama/Llama-4-Scout-17B-16E-Instruct", _sizes("Llama4ForCausalLM", 5120, 48, 40, 8, 8192, 202_048, 10_485_760, num_local_experts=16, interleave_moe_layer_step=1, **_LLAMA4)),
    "llama-4-maverick": ("meta-llama/Llama-4-Maverick-17B-128E-Instruct", _sizes("Llama4ForCausalLM", 5120, 48, 40, 8, 8192, 202_048, 1_048_576, num_local_experts=128, interleave_moe_layer_step=2, **_LLAMA4)),
    "deepseek-v3.2": ("deepseek-ai/DeepSeek-V3.2", _deepseek() | {"architectures": ["DeepseekV32ForCausalLM"], "model_type": "deepseek_v32", "index_n_heads": 64, "index_head_dim": 128, "index_topk": 2048}),
    "kimi-k2": ("moonshotai/Kimi-K2-Instruct", _KIMI),
    "glm-4.5": ("zai-org/GLM-4.5", _sizes("Glm4MoeForCausalLM", 5120, 92, 96, 8, 12_288, 151_552, 131_072, n_routed_experts=160, moe_intermediate_size=1536, first_k_dense_replace=3, use_qk_norm=True, **_GLM_MOE)),
    "glm-4.6": ("zai-org/GLM-4.6", _sizes("Glm4MoeForCausalLM", 5120, 92, 96, 8, 12_288, 151_552, 202_752, n_routed_experts=160, moe_intermediate_size=1536, first_k_dense_replace=3, use_qk_norm=True, **_GLM_MOE)),
    "glm-4-32b": ("zai-org/GLM-4-32B-0414", _sizes("Glm4ForCausalLM", 6144, 61, 48, 2, 23_040, 151_552, 32_768, model_type="glm4", head_dim=128, attention_bias=False)),
    "minimax-m2": ("MiniMaxAI/MiniMax-M2", _sizes("MiniMaxM2ForCausalLM", 3072, 62, 48, 8, 1536, 200_064, 196_608, model_type="minimax_m2", head_dim=128, num_local_experts=256, num_experts_per_tok=8, quantization_config=_FP8_BLOCK)),
    "nemotron-3-nano-30b-a3b": ("nvidia/NVIDIA-Nemotron-3-Nano-30B-A3B-BF16", _sizes(
        "NemotronHForCausalLM", 2688, 52, 32, 2, 1856, 131_072, 262_144, model_type="nemotron_h", head_dim=128,
        hybrid_override_pattern="MEMEM*EMEMEM*EMEMEM*EMEMEM*EMEMEM*EMEMEMEM*EMEMEMEME", mamba_num_heads=64, mamba_head_dim=64,
        n_groups=8, ssm_state_size=128, conv_kernel=4, use_conv_bias=True, n_routed_experts=128, num_experts_per_tok=6,
        moe_intermediate_size=1856, n_shared_experts=1, moe_shared_expert_intermediate_size=3712)),
    "nemotron-nano-9b-v2": ("nvidia/NVIDIA-Nemotron-Nano-9B-v2", _sizes(
        "NemotronHForCausalLM", 4480, 56, 40, 8, 15_680, 131_072, 131_072, model_type="nemotron_h", head_dim=128,
        hybrid_override_pattern="M-M-M-MM-M-M-M*-M-M-M*-M-M-M-M*-M-M-M-M*-M-MM-M-M-M-M-M-", mamba_num_heads=128, mamba_head_dim=80,
        n_groups=8, ssm_state_size=128, conv_kernel=4, use_conv_bias=True)),
    "granite-4-h-small": ("ibm-granite/granite-4.0-h-small", _sizes(
        "GraniteMoeHybridForCausalLM", 4096, 40, 32, 8, 768, 100_352, 131_072, model_type="granitemoehybrid", num_local_experts=72,
        num_experts_per_tok=10, shared_intermediate_size=1536, mamba_n_heads=128, mamba_d_head=64, mamba_d_state=128, mamba_n_groups=1,
        layer_types=["attention" if i % 10 == 5 else "mamba" for i in range(40)], tie_word_embeddings=True, **_MAMBA2)),
    "falcon-h1-34b": ("tiiuae/Falcon-H1-34B-Instruct", _sizes(
        "FalconH1ForCausalLM", 5120, 72, 20, 4, 21_504, 261_120, 262_144, model_type="falcon_h1", head_dim=128, mamba_d_ssm=4096,
        mamba_n_heads=32, mamba_d_head=128, mamba_d_state=256, mamba_n_groups=2, mamba_rms_norm=False, **_MAMBA2)),
    "command-a": ("CohereLabs/c4ai-command-a-03-2025", _sizes("Cohere2ForCausalLM", 12_288, 64, 96, 8, 36_864, 256_000, 131_072, model_type="cohere2", sliding_window=4096)),
    "exaone-4-32b": ("LGAI-EXAONE/EXAONE-4.0-32B", _sizes("Exaone4ForCausalLM", 5120, 64, 40, 8, 27_392, 102_400, 131_072, model_type="exaone4", head_dim=128, sliding_window=4096, sliding_window_pattern="LLLG", layer_types=["full_attention" if i % 4 == 3 else "sliding_attention" for i in range(64)])),
    "olmo-2-32b": ("allenai/OLMo-2-0325-32B-Instruct", _sizes("Olmo2ForCausalLM", 5120, 64, 40, 8, 27_648, 100_352, 4096, model_type="olmo2")),
    "olmo-3-7b": ("allenai/Olmo-3-7B-Instruct", _sizes("Olmo3ForCausalLM", 4096, 32, 32, 32, 11_008, 100_278, 65_536, model_type="olmo3", sliding_window=4096)),
    "seed-oss-36b": ("ByteDance-Seed/Seed-OSS-36B-Instruct", _sizes("SeedOssForCausalLM", 5120, 64, 80, 8, 27_648, 155_136, 524_288, model_type="seed_oss", head_dim=128, attention_bias=True, attention_out_bias=False)),
    "granite-3.3-8b": ("ibm-granite/granite-3.3-8b-instruct", _sizes("GraniteForCausalLM", 4096, 40, 32, 8, 12_800, 49_159, 131_072, model_type="granite", tie_word_embeddings=True)),
    "phi-4-mini": ("microsoft/Phi-4-mini-instruct", _sizes("Phi3ForCausalLM", 3072, 32, 24, 8, 8192, 200_064, 131_072, model_type="phi3", sliding_window=262_144, tie_word_embeddings=True)),
}  # fmt: skip


@cache
def model(name: str) -> ModelShape:
    """A model of the table by its short name or its id on Hugging Face, letter case aside."""
    key = name.strip().lower()
    for short, (repo, config) in CONFIGS.items():
        if key in {short, repo.lower(), repo.split("/")[1].lower()}:
            return shape_of(Config(config, short), short)
    near = get_close_matches(key, CONFIGS, n=3) or sorted(CONFIGS)
    raise NotFound(
        f"no model is called {name!r} in the table",
        hint=f"such as {', '.join(near[:6])}; or give the folder with its config.json",
    )


def model_or_folder(text: str) -> ModelShape:
    """A model by a folder or file that exists, else by its name in the table."""
    path = Path(text).expanduser()
    return read_shape(path) if path.exists() else model(text)


def repository(name: str) -> str:
    """Where the weights of a model of the table are found on Hugging Face; the name itself for others."""
    return CONFIGS[name][0] if name in CONFIGS else name

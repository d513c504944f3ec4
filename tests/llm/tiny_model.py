"""A checkpoint of 0.5 M random weights that a real vLLM server loads: Qwen2 architecture, own tokenizer.

It knows nothing; it proves the wire: chat template, strict tool calls, streaming. Its weights lean
against blanks, which JSON allows without end, and towards closing what is open.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

VOCABULARY = 1_024
# vLLM has no CPU attention kernel for heads narrower than 32.
HIDDEN, LAYERS, HEADS, KV_HEADS, FEED_FORWARD = 128, 2, 4, 2, 256
CONTEXT = 16_384
SPECIAL = ("<|endoftext|>", "<|im_start|>", "<|im_end|>", "<tool_call>", "</tool_call>")

# ChatML with tools in the Hermes form, which vLLM's `hermes` parser reads.
TEMPLATE = """\
{%- if tools %}<|im_start|>system
You may call these functions:
{%- for tool in tools %}
{{ tool | tojson }}
{%- endfor %}
Answer a call as <tool_call>{"name": ..., "arguments": ...}</tool_call><|im_end|>
{% endif %}
{%- for message in messages %}<|im_start|>{{ message.role }}
{{ message.content or '' }}
{%- for call in message.tool_calls or [] %}
<tool_call>{"name": "{{ call.function.name }}", "arguments": {{ call.function.arguments | tojson }}}</tool_call>
{%- endfor %}<|im_end|>
{% endfor %}
{%- if add_generation_prompt %}<|im_start|>assistant
{% endif %}"""


def write_tiny_model(folder: Path, *, seed: int = 7) -> Path:
    """Config, weights and tokenizer in the layout of Hugging Face; about 1 MB."""
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer = _tokenizer()
    tokenizer.save(str(folder / "tokenizer.json"))
    (folder / "tokenizer_config.json").write_text(json.dumps({
        "tokenizer_class": "PreTrainedTokenizerFast", "eos_token": "<|im_end|>", "pad_token": "<|endoftext|>",
        "chat_template": TEMPLATE, "model_max_length": CONTEXT, "clean_up_tokenization_spaces": False,
    }))  # fmt: skip
    (folder / "config.json").write_text(json.dumps({
        "architectures": ["Qwen2ForCausalLM"], "model_type": "qwen2", "vocab_size": VOCABULARY,
        "hidden_size": HIDDEN, "num_hidden_layers": LAYERS, "num_attention_heads": HEADS,
        "num_key_value_heads": KV_HEADS, "intermediate_size": FEED_FORWARD, "hidden_act": "silu",
        "max_position_embeddings": CONTEXT, "rms_norm_eps": 1e-6, "rope_theta": 10_000.0,
        "tie_word_embeddings": False, "torch_dtype": "float32", "eos_token_id": 2, "pad_token_id": 0,
        "use_sliding_window": False,
    }))  # fmt: skip
    save_file(
        _weights(np.random.default_rng(seed), tokenizer),
        folder / "model.safetensors",
        metadata={"format": "pt"},
    )
    return folder


def _tokenizer() -> Tokenizer:
    made = Tokenizer(models.BPE())
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    corpus = [
        "why is room 807 hot? the chiller AHU VAV temperature is 24.5 degC",
        '{"name": "history", "arguments": {}}',
    ]
    made.train_from_iterator(corpus * 50, trainers.BpeTrainer(
        vocab_size=VOCABULARY, special_tokens=list(SPECIAL), show_progress=False,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
    ))  # fmt: skip
    return made


def _weights(rng: np.random.Generator, tokenizer: Tokenizer) -> dict[str, np.ndarray]:
    def normal(*shape: int) -> np.ndarray:
        return (rng.standard_normal(shape) * 0.05).astype(np.float32)

    head = HIDDEN // HEADS
    weights = {
        "model.embed_tokens.weight": normal(VOCABULARY, HIDDEN),
        "model.norm.weight": np.ones(HIDDEN, np.float32),
    }
    for layer in range(LAYERS):
        at = f"model.layers.{layer}."
        for name, rows in (("q", HEADS * head), ("k", KV_HEADS * head), ("v", KV_HEADS * head)):
            weights[f"{at}self_attn.{name}_proj.weight"] = normal(rows, HIDDEN)
            weights[f"{at}self_attn.{name}_proj.bias"] = np.zeros(rows, np.float32)
        weights[f"{at}self_attn.o_proj.weight"] = normal(HIDDEN, HIDDEN)
        weights[f"{at}mlp.gate_proj.weight"] = normal(FEED_FORWARD, HIDDEN)
        weights[f"{at}mlp.up_proj.weight"] = normal(FEED_FORWARD, HIDDEN)
        weights[f"{at}mlp.down_proj.weight"] = normal(HIDDEN, FEED_FORWARD)
        weights[f"{at}input_layernorm.weight"] = np.ones(HIDDEN, np.float32)
        weights[f"{at}post_attention_layernorm.weight"] = np.ones(HIDDEN, np.float32)
        # Channel 0 passes every layer unchanged: a constant for the head to lean on.
        weights[f"{at}self_attn.o_proj.weight"][0] = 0.0
        weights[f"{at}mlp.down_proj.weight"][0] = 0.0
    weights["model.embed_tokens.weight"][:, 0] = 1.0
    weights["lm_head.weight"] = normal(VOCABULARY, HIDDEN)
    weights["lm_head.weight"][:, 0] = [_leaning(tokenizer.decode([i])) for i in range(VOCABULARY)]
    return weights


def _leaning(token: str) -> float:
    if not token.strip():
        return -2.0
    return 0.3 if token[0] in '"}]' else 0.0

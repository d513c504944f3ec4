"""A checkpoint of random weights that engines load like any other: Qwen3, own tokenizer. It knows nothing; it has the weight."""

from __future__ import annotations

import json
import string
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import product
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

SPECIAL: Final = ("<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|pad|>")
LETTERS: Final = string.ascii_lowercase
CONTEXT: Final = 16_384
SEED: Final = 7
EMBEDDING, GAIN, LOGIT = 0.5, 1.5, 3.0
"""Standard deviations: of an embedding, of what a matrix makes of inputs near 1, of the logits. Layers outweigh the
embedding, so that the next token depends on what attention saw; logits lie far apart beside the rounding of 32 bit."""

# ChatML with tools in the Hermes form, which vLLM's `hermes` parser reads.
TEMPLATE: Final = """\
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

Stored = Literal["bfloat16", "float32"]


@dataclass(frozen=True, slots=True)
class Size:
    """How large: `heads` of `head` values each, `kv_heads` shared among them, a gated MLP `feed` wide."""

    hidden: int
    layers: int
    heads: int
    kv_heads: int
    feed: int
    head: int = 64


SIZES: Final = {
    "5m": Size(128, 4, 4, 2, 256, 32),
    "24m": Size(384, 6, 6, 2, 1024),
    "119m": Size(768, 14, 12, 4, 2112),
}
"""By their weights, about. vLLM has no CPU attention kernel for heads narrower than 32."""


def write_random_model(folder: Path, size: Size, *, stored: Stored = "bfloat16") -> Path:
    """Config, tokenizer and one safetensors file in the layout of Hugging Face; the same bytes each time.

    The words of the tokenizer are bytes and all runs of two and three small letters. Weights lean against blanks, which a
    grammar of JSON allows without end, and towards closing what is open: so even they end a tool call.
    """
    folder.mkdir(parents=True, exist_ok=True)
    vocabulary = [*SPECIAL, *_bytes().values(), *_runs(2), *_runs(3)]
    _write(folder / "tokenizer.json", _tokenizer(vocabulary))
    _write(folder / "tokenizer_config.json", {
        "tokenizer_class": "PreTrainedTokenizerFast", "eos_token": "<|im_end|>", "pad_token": "<|pad|>",
        "chat_template": TEMPLATE, "model_max_length": CONTEXT, "clean_up_tokenization_spaces": False,
    })  # fmt: skip
    _write(folder / "config.json", _config(size, len(vocabulary), stored))
    _save(folder / "model.safetensors", list(_weights(size, vocabulary)), stored)
    return folder


def _config(size: Size, vocabulary: int, stored: Stored) -> dict[str, Any]:
    return {
        "architectures": ["Qwen3ForCausalLM"], "model_type": "qwen3", "vocab_size": vocabulary,
        "hidden_size": size.hidden, "num_hidden_layers": size.layers, "num_attention_heads": size.heads,
        "num_key_value_heads": size.kv_heads, "head_dim": size.head, "intermediate_size": size.feed, "hidden_act": "silu",
        "max_position_embeddings": CONTEXT, "rms_norm_eps": 1e-6, "rope_theta": 10_000.0, "attention_bias": False,
        "tie_word_embeddings": False, "torch_dtype": stored, "eos_token_id": 2, "pad_token_id": 3,
        "use_sliding_window": False,
    }  # fmt: skip


Named = tuple[str, NDArray[np.float32]]


def _weights(size: Size, vocabulary: list[str]) -> Iterator[Named]:
    rng = np.random.default_rng(SEED)

    def normal(rows: int, columns: int, gain: float = GAIN, *, silent: bool = False) -> NDArray[np.float32]:  # fmt: skip
        made = rng.standard_normal((rows, columns), np.float32) * np.float32(gain / columns**0.5)
        if silent:
            made[0] = (
                0.0  # channel 0 passes every layer unchanged: a constant for the head to lean on
            )
        return made

    hidden, ones = size.hidden, np.ones(size.hidden, np.float32)
    embedding = normal(len(vocabulary), hidden, EMBEDDING * hidden**0.5)
    embedding[:, 0] = 1.0
    yield "model.embed_tokens.weight", embedding
    for layer in range(size.layers):
        at = f"model.layers.{layer}."
        yield f"{at}input_layernorm.weight", ones
        yield f"{at}post_attention_layernorm.weight", ones
        for name, heads in (("q", size.heads), ("k", size.kv_heads), ("v", size.kv_heads)):
            yield f"{at}self_attn.{name}_proj.weight", normal(heads * size.head, hidden)
        for name in ("q_norm", "k_norm"):
            yield f"{at}self_attn.{name}.weight", np.ones(size.head, np.float32)
        yield f"{at}self_attn.o_proj.weight", normal(hidden, size.heads * size.head, silent=True)
        yield f"{at}mlp.gate_proj.weight", normal(size.feed, hidden)
        yield f"{at}mlp.up_proj.weight", normal(size.feed, hidden)
        yield f"{at}mlp.down_proj.weight", normal(hidden, size.feed, silent=True)
    yield "model.norm.weight", ones
    head = normal(len(vocabulary), hidden, LOGIT)
    head[:, 0] = [_leaning(word) for word in vocabulary]
    yield "lm_head.weight", head


def _leaning(word: str) -> float:
    blank = {_bytes()[byte] for byte in (9, 10, 13, 32)}
    if word in SPECIAL or set(word) <= blank:
        return -100.0
    return 6.0 if word in {'"', "}", "]"} else 0.0


def _save(path: Path, weights: list[Named], stored: Stored) -> None:
    """The safetensors format: length of the header, the header in JSON, the arrays one after the other."""
    wide = 2 if stored == "bfloat16" else 4
    header: dict[str, Any] = {"__metadata__": {"format": "pt"}}
    at = 0
    for name, array in weights:
        end = at + array.size * wide
        header[name] = {"dtype": "BF16" if wide == 2 else "F32", "shape": list(array.shape), "data_offsets": [at, end]}  # fmt: skip
        at = end
    head = json.dumps(header).encode()
    head += b" " * (-len(head) % 8)
    with path.open("wb") as file:
        file.write(struct.pack("<Q", len(head)) + head)
        for _, array in weights:
            file.write((bfloat16(array) if wide == 2 else array.astype("<f4")).tobytes())


def bfloat16(array: NDArray[np.float32]) -> NDArray[np.uint16]:
    """The upper half of each 32-bit float, rounded to the nearest, ties to even; finite values only."""
    bits = np.ascontiguousarray(array, np.float32).view(np.uint32)
    return ((bits + np.uint32(0x7FFF) + ((bits >> np.uint32(16)) & np.uint32(1))) >> np.uint32(16)).astype(np.uint16)  # fmt: skip


def _runs(n: int) -> list[str]:
    return ["".join(run) for run in product(LETTERS, repeat=n)]


@cache
def _bytes() -> dict[int, str]:
    """The letter that stands for each byte in byte-level BPE: itself where it prints, else one from 256 on."""
    plain = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = sorted(set(range(256)) - set(plain))
    return {byte: chr(byte) for byte in plain} | {byte: chr(256 + i) for i, byte in enumerate(others)}  # fmt: skip


def _tokenizer(vocabulary: list[str]) -> dict[str, Any]:
    """tokenizer.json: pairs of letters merge first, then a third joins."""
    level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}  # fmt: skip
    added = [
        {"id": i, "content": word, "single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True}
        for i, word in enumerate(SPECIAL)
    ]  # fmt: skip
    merges = [[run[:-1], run[-1]] for n in (2, 3) for run in _runs(n)]
    return {
        "version": "1.0", "truncation": None, "padding": None, "added_tokens": added, "normalizer": None,
        "pre_tokenizer": level, "post_processor": None, "decoder": level,
        "model": {
            "type": "BPE", "dropout": None, "unk_token": None, "continuing_subword_prefix": None,
            "end_of_word_suffix": None, "fuse_unk": False, "byte_fallback": False,
            "vocab": {word: i for i, word in enumerate(vocabulary)}, "merges": merges,
        },
    }  # fmt: skip


def _write(path: Path, value: dict[str, Any]) -> None:
    path.write_text(json.dumps(value), encoding="utf-8")

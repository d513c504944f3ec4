"""A small Qwen3 model from nothing, in Hugging Face's layout: its tokenizer, its chat template, its random weights.

Runs in the engine's environment. It is for proving that a chain of training, serving and asking works, and for no building.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator, Sequence
from typing import Any

import torch  # type: ignore[import-not-found]  # (lives in the engine's environment)
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import (  # type: ignore[import-not-found]  # (lives in the engine's environment)
    PreTrainedTokenizerFast,
    Qwen3Config,
    Qwen3ForCausalLM,
)

from services.llm.domain.turns import IGNORED

VOCABULARY = 3_072
CONTEXT = 4_096
END, START, STOP = "<|endoftext|>", "<|im_start|>", "<|im_end|>"
PIECES = r"[-:T+]?\d{1,2}|[\p{L}\p{M}]+|\s|[^\s\p{L}\p{M}\d]+ ?"
"""A name is cut the same way after a blank, a quote or a bracket, so that copying it is repeating its tokens.

Blanks stand alone (or end a run of marks); digits go in twos, with the mark of a date or clock before them.
"""
MARKS = ("", "-", ":", "T", "+")

# ChatML with Hermes calls, as vLLM's `hermes` parser reads and its grammar demands: calls follow each other without a blank.
# The tools' schemas are not written (the model was trained on these tools); of a tool's result only that it came.
TEMPLATE = """\
{%- for message in messages %}
{{- '<|im_start|>' + message.role + '\\n' }}
{%- if message.role == 'tool' %}{{- 'seen' }}
{%- else %}{{- message.content or '' }}{%- endif %}
{%- for call in message.tool_calls or [] %}
{{- '<tool_call>\\n{"name": "' + call.function.name + '", "arguments": ' + (call.function.arguments | tojson) + '}\\n</tool_call>' }}
{%- endfor %}
{{- '<|im_end|>\\n' }}
{%- endfor %}
{%- if add_generation_prompt %}{{- '<|im_start|>assistant\\n' }}{%- endif %}"""


def tokenizer_of(texts: Sequence[str], *, vocabulary: int = VOCABULARY) -> PreTrainedTokenizerFast:
    """Byte-level BPE of the texts; every date, clock and number has its pieces whether or not it occurs in them."""
    made = Tokenizer(models.BPE())
    made.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.Split(Regex(PIECES), behavior="isolated"),
        pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
    ])  # fmt: skip
    made.decoder = decoders.ByteLevel()
    made.train_from_iterator(itertools.chain(texts, _numbers(len(texts))), trainers.BpeTrainer(
        vocab_size=vocabulary, special_tokens=[END, START, STOP], show_progress=False,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
    ))  # fmt: skip
    # Not special: what is special is hidden from the parser of calls, and left out of its grammar.
    made.add_tokens([AddedToken(t, special=False, normalized=False) for t in ("<tool_call>", "</tool_call>")])  # fmt: skip
    whole = PreTrainedTokenizerFast(
        tokenizer_object=made, eos_token=STOP, pad_token=END, model_max_length=CONTEXT,
        clean_up_tokenization_spaces=False,
    )  # fmt: skip
    whole.chat_template = TEMPLATE
    return whole


def _numbers(times: int) -> Iterator[str]:
    """Every piece of PIECES with digits, often enough that each earns its place."""
    every = [f"{mark}{n:0{width}d}" for mark in MARKS for width in (1, 2) for n in range(10**width)]
    return itertools.chain.from_iterable(itertools.repeat(every, max(50, times // 10)))


def small_model(vocabulary: int, shape: dict[str, Any], seed: int) -> Qwen3ForCausalLM:
    """Random weights. `shape`: hidden, layers, feed_forward; four query and two key heads, so that two ranks share them."""
    torch.manual_seed(seed)
    config = Qwen3Config(
        vocab_size=vocabulary, hidden_size=shape["hidden"], intermediate_size=shape["feed_forward"],
        num_hidden_layers=shape["layers"], num_attention_heads=4, num_key_value_heads=2,
        head_dim=max(32, shape["hidden"] // 4), max_position_embeddings=CONTEXT, rope_theta=10_000.0,
        tie_word_embeddings=True, eos_token_id=2, pad_token_id=0, bos_token_id=None, dtype="float32",
    )  # fmt: skip
    model = Qwen3ForCausalLM(config)
    model.config.use_cache = False
    return model


def repeats(rng: random.Random, vocabulary: int, count: int, length: int) -> tuple[list[list[int]], list[list[int]]]:  # fmt: skip
    """Random tokens said twice: ids and labels of `count` rows. Repeating is what copying a name from a prompt is made of."""
    ids, targets = [], []
    for _ in range(count):
        half = [rng.randrange(3, vocabulary) for _ in range(length // 2)]
        ids.append(half + half)
        targets.append([IGNORED] * (len(half) + 1) + half[1:])
    return ids, targets

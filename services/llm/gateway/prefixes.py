"""What each replica's cache probably holds: hashes of the blocks that prompts begin with, forgotten oldest first.

A block's hash covers all blocks before it, so one set of hashes is the tree of all prefixes. As in vLLM's own prefix
cache a prompt shares what it shares from its first character on, and a model or adapter shares nothing with another.
"""

from __future__ import annotations

import hashlib
import json
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from typing import Any

# Four blocks of vLLM's 16 tokens, at about 4 characters a token: small enough to tell a question from the next one
# behind one system prompt, large enough that a prompt of 16k tokens costs 250 hashes, a quarter of a millisecond.
BLOCK_BYTES = 256
# What one replica's cache holds: 477k tokens for a TP4 group of a 72B model on H100-80 (docs/decisions/0017-model-server.md),
# 64 tokens a block. Remembering more than the cache can hold would promise hits that are not there.
MOST_BLOCKS = 8192
# A prompt's first 256k characters decide; what comes after them would not change the choice.
MOST_OF_A_PROMPT = 1024

Blocks = tuple[int, ...]


def prompt_blocks(body: dict[str, Any]) -> Blocks:
    """Hashes of the blocks of the prompt in an OpenAI-style body, in order; none for a prompt below one block.

    The last, unfull block is left out: the cache holds whole blocks only.
    """
    text = b"".join(_rendered(body))[: BLOCK_BYTES * MOST_OF_A_PROMPT]
    blocks: list[int] = []
    before = b""
    for start in range(0, len(text) - BLOCK_BYTES + 1, BLOCK_BYTES):
        before = hashlib.blake2b(before + text[start : start + BLOCK_BYTES], digest_size=8).digest()
        blocks.append(int.from_bytes(before, "big"))
    return tuple(blocks)


def _rendered(body: dict[str, Any]) -> Iterator[bytes]:
    """What templates render, in their order: the model, its tools, then the messages or the prompt."""
    yield _text([body.get("model"), body.get("cache_salt"), body.get("tools")])
    messages = body.get("messages")
    if isinstance(messages, list):
        for message in messages:
            yield _text(message)
    else:
        yield _text(body.get("prompt"))


def _text(value: Any) -> bytes:
    if isinstance(value, str):
        return value.encode(errors="replace")
    return json.dumps(value, separators=(",", ":")).encode()


class Prefixes:
    """What the replicas have read lately. Bounded: at most `most` blocks each."""

    def __init__(self, replicas: Sequence[str], most: int = MOST_BLOCKS) -> None:
        self._most = most
        self._read: dict[str, OrderedDict[int, None]] = {name: OrderedDict() for name in replicas}

    def share(self, replica: str, blocks: Blocks) -> float:
        """The part of a prompt's blocks, from its start on, that this replica has read: 0 to 1."""
        if not blocks:
            return 0.0
        read = self._read[replica]
        for count, block in enumerate(blocks):
            if block not in read:
                return count / len(blocks)
        return 1.0

    def remember(self, replica: str, blocks: Blocks) -> None:
        """The replica reads these now. A prefix is forgotten after what follows it, as a tree loses its leaves first."""
        read = self._read[replica]
        for block in reversed(blocks):
            read[block] = None
            read.move_to_end(block)
        while len(read) > self._most:
            read.popitem(last=False)

    def forget(self, replica: str) -> None:
        """Its process ended, and its cache with it."""
        self._read[replica].clear()

    def held(self, replica: str) -> int:
        """Blocks remembered."""
        return len(self._read[replica])

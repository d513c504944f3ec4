"""llama.cpp on unequal GPUs: whole layers by what each card can hold, and the flags that say so."""

from __future__ import annotations

from dataclasses import dataclass

from ontology.errors import Refused
from services.llm.sizing.fit import both
from services.llm.sizing.gpus import Gpu, Inventory
from services.llm.sizing.shape import ModelShape

RESERVE_BYTES = 1.5e9
"""CUDA context, compute buffer and scratch per card (llama.cpp prints 0.3 to 1.2 GB of them at start)."""
GGUF_BITS = {"q4_k_m": 4.85, "q5_k_m": 5.69, "q6_k": 6.56, "q8_0": 8.5, "f16": 16.0}
"""Bits per weight as llama.cpp's `quantize` prints for Llama models."""


@dataclass(frozen=True, slots=True)
class Split:
    """Layers per card in the inventory's order, and the seconds one token takes through all of them."""

    layers: tuple[int, ...]
    token_s: float
    flags: str


def tensor_split(shape: ModelShape, box: Inventory, gguf: str = "q4_k_m", context: int = 4096) -> Split:  # fmt: skip
    """Fill the fastest memory first: cards work one after the other, so a token waits for each byte once."""
    if gguf not in GGUF_BITS:
        raise Refused(
            f"no GGUF quantisation {gguf!r} is known here", hint=f"one of: {', '.join(GGUF_BITS)}"
        )
    cards = [gpu for gpu, count in box.groups for _ in range(count)]
    each = (
        shape.params * GGUF_BITS[gguf] / 8 + shape.kv_values(context) * 2
    ) / shape.depth  # bytes of a layer with its cache
    rooms = [max(0, int((gpu.bytes - RESERVE_BYTES) // each)) for gpu in cards]
    if sum(rooms) < shape.depth:
        raise Refused(
            f"{shape.name} in {gguf} needs {both(each * shape.depth)}, these cards hold {sum(rooms)} of its {shape.depth} layers",
            hint="take fewer bits, a shorter context, or leave layers to the CPU (--n-gpu-layers)",
        )
    layers = _filled(cards, rooms, shape.depth)
    seconds = sum(
        n * each / (gpu.bytes_s * 0.6) for gpu, n in zip(cards, layers, strict=True)
    )  # 60 % of bandwidth
    parts = ",".join(str(n) for n in layers)
    flags = f"--n-gpu-layers 999 --split-mode layer --tensor-split {parts} --ctx-size {context}"
    return Split(tuple(layers), seconds, flags)


def _filled(cards: list[Gpu], rooms: list[int], depth: int) -> list[int]:
    """Layers per card, the fastest memory first."""
    layers, left = [0] * len(cards), depth
    for i in sorted(range(len(cards)), key=lambda i: -cards[i].bytes_s):
        layers[i] = min(rooms[i], left)
        left -= layers[i]
    return layers

"""Quantisations: bytes per weight, which arithmetic they use, and what the files of a model already are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from ontology.errors import BadRequest, Refused
from services.llm.sizing.shape import ModelShape

Arithmetic = Literal["bf16", "fp8", "int8", "fp4"]


@dataclass(frozen=True, slots=True)
class Quant:
    """Bytes per weight of dense layers and of experts (embeddings and head stay 16 bit), and of the cache."""

    name: str
    body: float
    experts: float
    arithmetic: Arithmetic
    flag: str = ""
    """`--quantization` of vLLM where it makes this quantisation itself from 16-bit weights, else empty."""

    def weight_bytes(self, shape: ModelShape) -> float:
        """Bytes of all weights, language model and what is beside it.

        >>> from services.llm.sizing.models import model
        >>> round(QUANTS["bf16"].weight_bytes(model("llama-3.1-70b")) / 1e9, 3)
        141.107
        """
        plain = shape.embedding + shape.head + shape.hidden + shape.beyond_text
        return (
            shape.body_params * self.body + shape.expert_params * self.experts + plain * BF16_BYTES
        )


BF16_BYTES = 2.0
_W4 = 0.53125
"""4 bits, and per group of 128 a 16-bit scale and a 4-bit zero, rounded to half a byte (AWQ, GPTQ g128)."""
_NF4 = 0.516
"""4 bits, and per 64 a scale that is itself 8 bit with a 32-bit scale per 256 of them (QLoRA, arXiv 2305.14314)."""

QUANTS: dict[str, Quant] = {
    "bf16": Quant("bf16", 2.0, 2.0, "bf16"),
    "fp8": Quant("fp8", 1.0, 1.0, "fp8", flag="fp8"),
    # 128 x 128 blocks with a 32-bit scale: 1 + 4 / 16384
    "fp8-block": Quant("fp8-block", 1.00024, 1.00024, "fp8"),
    "int8": Quant("int8", 1.0, 1.0, "int8"),
    "w4": Quant("w4", _W4, _W4, "bf16"),
    "nf4": Quant("nf4", _NF4, _NF4, "bf16", flag="bitsandbytes"),
    # OCP microscaling: 32 values of 4 bits share one 8-bit scale; gpt-oss keeps attention in 16 bit
    "mxfp4": Quant("mxfp4", 2.0, 0.53125, "bf16"),
    # NVFP4: 16 values of 4 bits share one 8-bit scale
    "nvfp4": Quant("nvfp4", 0.5625, 0.5625, "fp4"),
}

ALIASES: dict[str, str] = {
    "fp16": "bf16", "float16": "bf16", "bfloat16": "bf16", "16bit": "bf16", "w8a8-fp8": "fp8", "fp8_block": "fp8-block",
    "fp8block": "fp8-block", "w8a8": "int8", "awq": "w4", "gptq": "w4", "int4": "w4", "w4a16": "w4", "4bit": "w4",
    "bnb": "nf4", "bitsandbytes": "nf4", "fp4": "nvfp4", "w4a16_mxfp4": "mxfp4",
    "half": "bf16", "w16a16": "bf16", "fp8-dynamic": "fp8", "fp8-static": "fp8", "fp8-e4m3": "fp8", "w8a8-int8": "int8", "w8a16": "int8",
    "int8-wo": "int8", "int4-wo": "w4", "awq-marlin": "w4", "gptq-marlin": "w4", "auto-round": "w4", "modelopt": "fp8",
    "modelopt-fp4": "nvfp4", "q8-0": "int8", "fp8-w8a8": "fp8", "fp8-per-tensor": "fp8", "fp8-per-channel": "fp8",
}  # fmt: skip


_SAME_BITS = frozenset({("fp8", "fp8-block"), ("nvfp4", "mxfp4")})


def quant_named(text: str) -> Quant:
    """The quantisation of this name or alias."""
    key = text.strip().lower()
    key = ALIASES.get(key) or ALIASES.get(key.replace("_", "-"), key.replace("_", "-"))
    found = QUANTS.get(key)
    if found is None:
        raise BadRequest(f"no quantisation is called {text!r}", hint=f"one of: {', '.join(QUANTS)}")
    return found


def quant_for(shape: ModelShape, wanted: str | None = None) -> Quant:
    """What a model runs in: as wanted, else as its files are, else bf16. `auto` and `none` want nothing.

    Of files in FP8 blocks or MXFP4, `fp8` and `fp4` mean just that.
    """
    as_filed = shape.stored or "bf16"
    if wanted is None or wanted.strip().lower() in {"auto", "none", ""}:
        return QUANTS[as_filed]
    found = quant_named(wanted)
    return QUANTS[as_filed] if (found.name, as_filed) in _SAME_BITS else found


def stored_quant(found: Any, where: str) -> str:
    """The quantisation that a `quantization_config` describes; "" for none; Refused where it is not understood."""
    if not found:
        return ""
    if not isinstance(found, dict):
        raise Refused(f"{where}: quantization_config is not an object")
    method = str(found.get("quant_method", "")).lower()
    named = _METHODS.get(method)
    if named is None:
        raise Refused(
            f"{where}: the quantisation {method or 'without quant_method'} is not understood",
            hint=f"understood here: {', '.join(sorted(_METHODS))}",
        )
    return named(found, where)


def _of_bits(found: dict[str, Any], where: str) -> str:
    bits = found.get("bits", found.get("w_bit"))
    if bits == 4:
        return "w4"
    if bits == 8:
        return "int8"
    raise Refused(f"{where}: weights of {bits} bits are not understood", hint="4 or 8")


def _fp8(found: dict[str, Any], _: str) -> str:
    return "fp8-block" if found.get("weight_block_size") else "fp8"


def _compressed(found: dict[str, Any], where: str) -> str:
    """compressed-tensors: one group of weights, by its type and bits."""
    groups = found.get("config_groups")
    first = next(iter(groups.values()), None) if isinstance(groups, dict) else None
    weights = first.get("weights") if isinstance(first, dict) else None
    if not isinstance(weights, dict):
        raise Refused(f"{where}: the config_groups of its compressed-tensors are not understood")
    kind, bits = str(weights.get("type")), weights.get("num_bits")
    named = {("float", 8): "fp8", ("int", 8): "int8", ("int", 4): "w4", ("float", 4): "nvfp4"}
    if not isinstance(bits, int) or (kind, bits) not in named:
        raise Refused(f"{where}: weights of the type {kind} with {bits} bits are not understood")
    blocks = weights.get("strategy") == "block" and (kind, bits) == ("float", 8)
    return "fp8-block" if blocks else named[kind, bits]


def _bitsandbytes(found: dict[str, Any], _: str) -> str:
    return "nf4" if found.get("load_in_4bit") else "int8"


def _modelopt(found: dict[str, Any], where: str) -> str:
    inner = found.get("quantization")
    named_in = inner if isinstance(inner, dict) else found
    algorithm = str(named_in.get("quant_algo", "")).upper()
    named = {"FP8": "fp8", "NVFP4": "nvfp4", "W4A16_AWQ": "w4", "FP8_PB_WO": "fp8-block"}
    if algorithm not in named:
        raise Refused(f"{where}: modelopt's {algorithm or 'unnamed algorithm'} is not understood")
    return named[algorithm]


_METHODS = {
    "awq": _of_bits, "gptq": _of_bits, "auto-round": _of_bits, "fp8": _fp8, "fbgemm_fp8": _fp8, "compressed-tensors": _compressed,
    "bitsandbytes": _bitsandbytes, "modelopt": _modelopt, "mxfp4": lambda *_: "mxfp4",
}  # fmt: skip

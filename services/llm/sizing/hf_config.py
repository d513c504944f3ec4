"""Hugging Face's config.json read with care: every value is checked, and what is not understood is refused."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ontology.errors import Refused
from services.llm.files import json_object

MOST_BYTES = 4_000_000
"""A config.json has some kilobytes; quantised ones that list every module have some hundred."""
LARGEST = 10**8
"""No width, vocabulary or context of a model is beyond this; a product of two still fits into arithmetic."""
MOST_LAYERS = 2_000

STRUCTURAL = frozenset({
    "attention_chunk_size", "attn_layer_period", "block_configs", "block_sparse", "compress_ratios",
    "cross_attention_layers", "first_k_dense_replace", "full_attention_interval", "hybrid_override_pattern",
    "index_topk", "is_encoder_decoder", "kv_lora_rank", "layer_types", "linear_num_key_heads", "linear_num_value_heads",
    "mamba_d_ssm", "mamba_d_state", "mamba_n_groups", "mamba_n_heads", "mamba_num_heads", "mlp_layer_types",
    "moe_intermediate_size", "moe_latent_size", "moe_layers", "interleave_moe_layer_step", "intermediate_size_mlp",
    "layers_block_type", "no_rope_layers", "index_head_dim", "index_n_heads", "hidden_size_per_layer_input", "altup_num_inputs",
    "laurel_rank", "moe_shared_expert_intermediate_size", "shared_intermediate_size", "ssm_state_size", "attn_type_list",
    "n_routed_experts", "linear_attn_config", "num_nextn_predict_layers_shared", "share_expert_dim", "zero_expert_num", "n_shared_experts", "num_experts",
    "num_kv_shared_layers", "num_local_experts", "q_lora_rank", "qk_nope_head_dim", "shared_expert_intermediate_size",
    "sliding_window", "ssm_cfg", "state_size", "use_sliding_window",
})  # fmt: skip
"""Keys that change the shape of a model; a family that does not read one of them must refuse it."""


@dataclass(slots=True)
class Config:
    """One object of a config.json with typed, bounded reading. `defaults` are the family's published ones."""

    values: Mapping[str, Any]
    where: str
    defaults: Mapping[str, Any] = field(default_factory=dict)

    def get(self, key: str, default: Any = None) -> Any:
        found = self.values.get(key)
        return self.defaults.get(key, default) if found is None else found

    def number(self, key: str, default: int | None = None) -> int:
        """A positive whole number; refused where it is missing without a default or absurd."""
        found = self.get(key, default)
        if found is None:
            raise Refused(f"{self.where} has no {key}", hint="give the model's own config.json")
        if isinstance(found, bool) or not isinstance(found, int) or not 0 < found <= LARGEST:
            raise Refused(
                f"{self.where}: {key} = {found!r} is not a whole number from 1 to {LARGEST:,}",
                hint="give the model's own config.json",
            )
        return found

    def count(self, key: str) -> int:
        """A whole number that may be nought or missing."""
        return 0 if self.get(key) in (0, None) else self.number(key)

    def flag(self, key: str, default: bool = False) -> bool:
        found = self.get(key, default)
        if not isinstance(found, bool):
            raise Refused(f"{self.where}: {key} = {found!r} is neither true nor false")
        return found

    def indices(self, key: str) -> frozenset[int]:
        found = self.get(key, [])
        if not isinstance(found, list) or not all(isinstance(i, int) for i in found):
            raise Refused(f"{self.where}: {key} = {found!r} is not a list of layer numbers")
        return frozenset(found)

    def layer_types(self, known: frozenset[str]) -> list[str] | None:
        """The kind of each layer where the config lists them; an unknown kind is refused."""
        found = self.get("layer_types")
        if found is None:
            return None
        depth = self.number("num_hidden_layers")
        if not isinstance(found, list) or len(found) != depth:
            raise Refused(f"{self.where}: layer_types does not list its {depth} layers")
        strange = sorted({str(kind) for kind in found} - known)
        if strange:
            raise Refused(
                f"{self.where}: layers of the kind {', '.join(strange)} are not understood",
                hint=f"understood here: {', '.join(sorted(known))}",
            )
        return [str(kind) for kind in found]

    def part(self, key: str) -> Config | None:
        """A nested object such as text_config."""
        found = self.values.get(key)
        if found is None:
            return None
        if not isinstance(found, dict):
            raise Refused(f"{self.where}: {key} is not an object")
        return Config(found, f"{self.where} {key}")

    def refuse_unread(self, reads: frozenset[str], family: str) -> None:
        """Refuse keys that change the shape and that this family would overlook."""
        present = {
            key for key in STRUCTURAL if self.values.get(key) not in (None, False, 0, [], {})
        }
        unread = sorted(present - reads)
        if unread:
            raise Refused(
                f"{self.where}: {', '.join(unread)} is set, which {family} is not known to have",
                hint="sizing it would be a guess; measure it with `plantroom llm bench` instead",
            )


def read_json(path: Path) -> Config:
    """The config of a folder or of the file itself. Raises NotFound or BadRequest."""
    file = path / "config.json" if path.is_dir() else path
    hint = "give a folder with the model's own config.json, or a name of the table"
    return Config(json_object(file, most=MOST_BYTES, hint=hint), file.name)

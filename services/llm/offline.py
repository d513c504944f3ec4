"""Nothing leaves the site: variables that keep vLLM, Hugging Face and Ray from downloading and from telling of their use."""

from __future__ import annotations

from typing import Final

OFFLINE: Final = {
    "HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1", "VLLM_NO_USAGE_STATS": "1",
    "VLLM_DO_NOT_TRACK": "1", "DO_NOT_TRACK": "1", "RAY_USAGE_STATS_ENABLED": "0",
}  # fmt: skip

"""Which of vLLM's tool parsers reads a model's tool calls: by its chat template, else by its name and family."""

from __future__ import annotations

import re

# The wire format of tool calls betrays itself in the template. The first mark found decides, so the rarer come first.
# Names: vllm/tool_parsers/__init__.py of vLLM 0.32.
_BY_TEMPLATE: tuple[tuple[str, str], ...] = (
    (r"<tool_call>.{0,60}<arg_key>|<arg_key>", "glm45"),
    (r"<function=", "qwen3_coder"),
    (r"<tool_call>", "hermes"),
    (r"<\|tool_calls_section_begin\|>", "kimi_k2"),
    (r"<minimax:tool_call>", "minimax_m2"),
    (r"\uff5cDSML\uff5c", "deepseek_v32"),
    (r"<\uff5ctool\u2581calls\u2581begin\uff5c>(?s:.*)```json", "deepseek_v3"),
    (r"<\uff5ctool\u2581calls\u2581begin\uff5c>", "deepseek_v31"),
    (r"\[TOOL_CALLS\]", "mistral"),
    (r"<\|python_start\|>", "llama4_pythonic"),
    (r"<\|python_tag\|>|Environment: ipython", "llama3_json"),
    (r"<\|channel\|>", "openai"),
    (r"<tool_calls>\[", "jamba"),
    (r"<\|tool_call\|>", "granite"),
)
_BY_NAME: tuple[tuple[str, str], ...] = (
    (r"qwen3[-_.]?coder|qwen3\.[5-9]", "qwen3_coder"),
    (r"qwen|qwq|hermes", "hermes"),
    (r"llama[-_.]?4", "llama4_pythonic"),
    (r"llama[-_.]?3", "llama3_json"),
    (r"deepseek.*v3[._]?2", "deepseek_v32"),
    (r"deepseek.*v3[._]?1", "deepseek_v31"),
    (r"deepseek.*(v3|r1)", "deepseek_v3"),
    (r"mi(s|x)tral|ministral|magistral|devstral", "mistral"),
    (r"gpt[-_]?oss", "openai"),
    (r"glm[-_.]?4\.[56]", "glm45"),
    (r"glm[-_.]?4\.7", "glm47"),
    (r"jamba", "jamba"),
    (r"phi[-_]?4[-_]?mini", "phi4_mini_json"),
    (r"kimi[-_]?k2", "kimi_k2"),
    (r"minimax[-_]?m2", "minimax_m2"),
    (r"granite[-_]?4", "granite4"),
)
_BY_ARCHITECTURE = {
    "Qwen2ForCausalLM": "hermes", "Qwen3ForCausalLM": "hermes", "Qwen2MoeForCausalLM": "hermes",
    "Qwen3MoeForCausalLM": "hermes", "Qwen3NextForCausalLM": "hermes", "MistralForCausalLM": "mistral",
    "MixtralForCausalLM": "mistral", "DeepseekV3ForCausalLM": "deepseek_v3", "Glm4MoeForCausalLM": "glm45",
    "GptOssForCausalLM": "openai", "JambaForCausalLM": "jamba",
}  # fmt: skip
ALIKE = ({"hermes", "qwen3_json"}, {"qwen3_coder", "qwen3_xml"}, {"glm45", "glm47"},
         {"llama3_json", "llama4_json"}, {"granite", "granite4"})  # fmt: skip
"""Parsers of one format."""
MOST_CHARS = 1_000_000


def by_template(template: str) -> str:
    """The parser whose format the chat template writes; "" where none is recognised.

    >>> by_template("{% for tool in tools %}...<tool_call>")
    'hermes'
    """
    text = template[:MOST_CHARS]
    return next((parser for mark, parser in _BY_TEMPLATE if re.search(mark, text)), "")


def by_name(name: str, architecture: str = "") -> str:
    """The parser of a model by its name, else by its architecture; "" for families without tools (Gemma 2, Phi-3).

    >>> by_name("meta-llama/Llama-3.3-70B-Instruct")
    'llama3_json'
    """
    low = name.lower()[:400]
    found = next((parser for mark, parser in _BY_NAME if re.search(mark, low)), "")
    return found or _BY_ARCHITECTURE.get(architecture, "")


def same_format(one: str, other: str) -> bool:
    """Whether two parsers read the same calls."""
    return one == other or any({one, other} <= group for group in ALIKE)

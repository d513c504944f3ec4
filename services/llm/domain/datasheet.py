"""The datasheet of training data: what it is, where it comes from, what is held out, what it must not be used for.

After Gebru et al., "Datasheets for Datasets" (2021).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from services.llm.domain.examples import QUESTIONS_EACH, VERSION


def datasheet(found: Mapping[str, Any]) -> str:
    """Markdown from the statistics of a run."""
    counts = found["counts"]
    own = found.get("own_building") or "none"
    return f"""# Training data of Plantroom

{found["examples"]:,} examples, seed {found["seed"]}, plantroom {VERSION}. The same seed, version and command give the same files.

## What an example is
One JSON object a line: `messages` (system, user, the assistant's tool calls, tool results, the assistant's answer), `tools` (those
called), `split`, `source` (building, template, family, kind, seed, version, the instant it was asked, where it comes from, its
evidence). The prompt is the agent's own short prompt, byte for byte (`PLANTROOM_LLM__PROMPT=short`).

## Where it comes from
- **Playbooks**: the right calls are the plan of a question's plain form. The plain form itself is not in the data.
- **Ontology**: names, kinds, quantities and places of generated buildings.
- **Simulator**: conversations run the real tools on a simulated building; the answer is the playbook's, with its sources.
- **Documents**: written for these buildings, with numbers of their own. Two subjects in three have a passage that says something hostile; the
  answer does as if it did not.
- Own building: {own}.

## What is held out
- Riverside Tower, the demo: neither its values, its findings nor its manuals are here. It is what models are judged on.
- Buildings: {QUESTIONS_EACH} questions about one, then comes the next; none is in two splits (and one simulated for each split).
  Ids in common styles, such as CH-2, occur in several buildings, the demo too: nothing but the spelling is shared.
- Templates: no form of words is in two splits.
- Questions: {found["dropped"].get("near duplicate", 0):,} were dropped: they stand in another split, or too often in theirs, capitals, marks and spacing aside.

## What was dropped, and why
{_rows(found["dropped"])}

## Counts
{_tables(counts)}

## What it is not
Answers are templates': true to their sources, plain in style. English and Thai only, the Thai by people who do not speak it at work.
Cooling plant of a hotel's kind: nothing on boilers, laboratories or district heating. No secrets. People's names in the work log are
invented; an owner's work log is never read. A model trained on it knows the short prompt alone: give any other model the full one.
"""


def _rows(counts: Mapping[str, int]) -> str:
    return "\n".join(f"- {why}: {n:,}" for why, n in counts.items()) or "- nothing"


def _tables(counts: Mapping[str, Mapping[str, int]]) -> str:
    named = {name: found for name, found in counts.items() if name not in {"building", "family"}}
    blocks = [
        "\n".join([f"| {name} | examples |", "|---|---|", *(f"| {key} | {n:,} |" for key, n in found.items())])
        for name, found in named.items()
    ]  # fmt: skip
    return "\n\n".join(blocks)

"""The folder of training data: examples by split, their statistics and a datasheet that says what they are."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from agent.answers.words import language_of
from ontology.errors import Refused, Unavailable
from services.llm.domain.examples import SHARES, SPLITS, Dropped, Example, distinct, single_steps

MOST: Final = 1_000_000
DATASHEET: Final = "README.md"
Progress = Callable[[int], None]


@dataclass
class Counts:
    """How many examples there are, by what."""

    by: dict[str, Counter[str]] = field(
        default_factory=lambda: {name: Counter() for name in ("split", "kind", "language", "tool", "family", "building")}
    )  # fmt: skip
    characters: int = 0

    def add(self, example: Example) -> None:
        """Count one."""
        source = example.source
        self.by["split"][example.split] += 1
        self.by["kind"][str(source["kind"])] += 1
        self.by["language"][language_of(example.question)] += 1
        self.by["family"][str(source["family"])] += 1
        self.by["building"][str(source["building"])] += 1
        self.by["tool"].update(call["name"] for call in example.calls)
        self.characters += sum(len(str(m.get("content") or "")) for m in example.messages)

    def to_json(self) -> dict[str, Any]:
        return {name: dict(sorted(found.items())) for name, found in self.by.items()}


def write(
    folder: Path, examples: Iterable[Example], dropped: Dropped, about: Mapping[str, Any], progress: Progress
) -> dict[str, Any]:  # fmt: skip
    """Write train.jsonl, valid.jsonl, test.jsonl, statistics.json and the datasheet; gives the statistics.

    Raises Refused for a folder that holds something, Unavailable for one that cannot be written.
    """
    counts = Counts()
    try:
        _claim(folder)
        files = {split: (folder / f"{split}.jsonl").open("w", encoding="utf-8") for split in SPLITS}
        try:
            for number, example in enumerate(examples, 1):
                files[example.split].write(json.dumps(example.to_json(), ensure_ascii=False) + "\n")
                counts.add(example)
                progress(number)
        finally:
            for file in files.values():
                file.close()
        found = {**about, "examples": sum(counts.by["split"].values()), "counts": counts.to_json(),
                 "dropped": dict(sorted(dropped.why.items())), "prompt_characters": counts.characters}  # fmt: skip
        (folder / "statistics.json").write_text(
            json.dumps(found, ensure_ascii=False, indent=1) + "\n", encoding="utf-8"
        )
    except OSError as cause:
        raise Unavailable(
            f"{folder}: {cause.strerror}", hint="name a folder that can be written, with room in it"
        ) from cause
    return found


def _claim(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    if any(folder.iterdir()):
        raise Refused(
            f"{folder} is not empty", hint="name a new folder: data of two runs must not mix"
        )


def drawn(limit: int, seed: int, dropped: Dropped) -> Iterable[Example]:
    """About `limit` examples over all splits."""
    seen: set[str] = set()
    for split in ("test", "valid", "train"):  # what a judge asks is never trained on
        count = round(limit * SHARES[split])
        yield from distinct(single_steps(split, count, seed, dropped), seen, dropped)

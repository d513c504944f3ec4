"""The folder of training data: examples by split, their statistics and a datasheet that says what they are."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from agent.answers.words import language_of
from agent.tools.toolbox import Toolbox
from ingest.demo.model import SITE
from ontology.errors import Refused, Unavailable
from services.llm.domain.buildings import Sibling
from services.llm.domain.datasheet import datasheet
from services.llm.domain.dialogues import conversations
from services.llm.domain.examples import SHARES, SPLITS, Dropped, Example, distinct, single_steps
from services.llm.domain.stage import Stage, staged

MOST: Final = 1_000_000
DATASHEET: Final = "README.md"
_WRITABLE: Final = "name a folder that can be written, with room in it"
Progress = Callable[[int], None]


@dataclass
class Counts:
    """How many examples there are, by what."""

    by: dict[str, Counter[str]] = field(
        default_factory=lambda: {name: Counter() for name in ("split", "kind", "language", "tool", "family", "building", "rounds", "from")}
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
        self.by["rounds"]["conversation" if len(example.messages) > 3 else "one round"] += 1
        self.by["from"].update(source["from"])
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
    claim(folder)
    try:
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
        (folder / DATASHEET).write_text(datasheet(found), encoding="utf-8")
    except OSError as cause:
        raise Unavailable(f"{folder}: {cause.strerror}", hint=_WRITABLE) from cause
    return found


def claim(folder: Path) -> None:
    """Make the folder. Raises Refused where it holds something, Unavailable where it cannot be written."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        held = any(folder.iterdir())
    except OSError as cause:
        raise Unavailable(f"{folder}: {cause.strerror}", hint=_WRITABLE) from cause
    if held:
        raise Refused(
            f"{folder} is not empty", hint="name a new folder: data of two runs must not mix"
        )


def drawn(limit: int, talks: int, seed: int, dropped: Dropped) -> Iterator[Example]:
    """About `limit` examples of one round and `talks` whole conversations, over all splits."""
    seen: dict[str, tuple[str, int]] = {}
    for split in ("test", "valid", "train"):  # what a judge asks is never trained on
        count = round(talks * SHARES[split])
        if count:  # before the single rounds, which would leave no manual's question unasked
            told = asyncio.run(_talks(SPLITS.index(split), split, count, seed, dropped))
            yield from distinct(iter(told), seen, dropped)
        steps = single_steps(split, round(limit * SHARES[split]), seed, dropped)
        yield from distinct(steps, seen, dropped)


async def _talks(number: int, split: str, count: int, seed: int, dropped: Dropped) -> list[Example]:
    async with staged(number, seed) as stage:
        return [each async for each in conversations(stage, split, count, seed, dropped)]


async def owned(box: Toolbox, limit: int, talks: int, seed: int, dropped: Dropped) -> list[Example]:
    """The same about an owner's own building, all to train on. Raises Refused for the demo, which judges."""
    building = box.building
    if building.site.id == SITE:
        raise Refused(
            f"{building.site.dis} is the building that models are judged on",
            hint="name the home of your own building, or none",
        )
    house = Sibling(building.site.id, building, {})
    stage = Stage(house.name, box, box.now, origin="own building")
    found = list(single_steps("train", limit, seed, dropped, [house]))
    return [*found, *[each async for each in conversations(stage, "train", talks, seed, dropped)]]

"""The verb `vocab`: the words this building's model uses for something, with counts; or that it has no such thing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Any, Final

from agent.evidence import ToolResult, Trust
from agent.lexicon import Lexicon, Words
from agent.tools.spec import Arg, Tool
from agent.tools.toolbox import Draft, Toolbox, inside
from ontology.entity import Entity
from ontology.graph import Building

COUNT: Final = 8
"""Nearest words of each sort: enough to choose from, few enough to read."""
SORTS: Final = ("tags", "kinds", "roles", "units")


async def vocab(
    box: Toolbox,
    *,
    word: str,
    like: str | None = None,
    of: list[str] | None = None,
    count: int = COUNT,
) -> ToolResult:
    """Facts `known` and, per sort, rows of {sort, word, count}; the nearest ones when there is no such thing."""
    lexicon = Lexicon(_among(box, of)) if of else _of_all(box.building)
    found = lexicon.look_up(word, count)
    if like and not found.known:
        found = replace(lexicon.look_up(like, count), having=0, named=())
    draft = Draft("vocab")
    where = ", ".join(box.building.get(id).id for id in of or ()) or box.building.site.id
    cite = draft.cite("ontology", f"words for {word} in {where}", trust=Trust.ONTOLOGY)
    draft.facts |= {
        "word": word, "of": [box.building.get(id).id for id in of or ()], "known": found.known, "evidence": cite,
        "having": draft.figure("having", found.having, "", cite), "named": list(found.named),
        "near": any((found.tags, found.kinds, found.roles, found.units)),
    }  # fmt: skip
    if found.known:
        draft.lines.append(f"{found.having} here have: {word} [{cite}]")
    else:
        draft.lines.append(f"there is none here: nothing in {where} has {word!r} [{cite}]")
    if not found.known and not draft.facts["near"]:
        found = lexicon.most(count)
        draft.lines.append("nothing is spelled like it either; most frequent here:")
    elif not found.known:
        draft.lines.append("nearest words, which are not the same thing:")
    _tell(draft, found, cite)
    draft.lines.append("use these words in find_points (role, tags, unit) or find_equip (kind)")
    return draft.done()


@lru_cache(maxsize=2)
def _of_all(building: Building) -> Lexicon:
    """Of the whole model, which does not change: at 100,000 entities a third of a second to build."""
    return Lexicon(building)


def _among(box: Toolbox, of: list[str]) -> list[Entity]:
    """What is inside the entities named, with their points."""
    ids = {id for whole in of for id in inside(box.building, whole)}
    points = {p.id: p for id in sorted(ids) for p in box.building.points(id)}
    return [*(box.building.get(id) for id in sorted(ids)), *points.values()]


def _tell(draft: Draft, found: Words, cite: str) -> None:
    for sort in SORTS:
        counts: Mapping[str, int] = getattr(found, sort)
        for name, n in counts.items():
            row: dict[str, Any] = {
                "sort": sort, "word": name, "count": draft.figure(f"{sort}.{name}", n, "", cite),
            }  # fmt: skip
            draft.rows.append(row)
        if counts:
            draft.lines.append(f"{sort}: " + ", ".join(f"{name} {n}" for name, n in counts.items()))
    if found.named:
        draft.lines.append(f"named so: {', '.join(found.named)}")


TOOL = Tool(
    "vocab",
    "Nearest tags, kinds, roles and units in this building's model, with counts; says when there is no such thing.",
    (
        Arg(
            "word",
            "text",
            "what is looked for, such as: gas, oil pressure, supply temperature",
            required=True,
        ),
        Arg("like", "text", "what to offer where there is no such thing, such as: meter"),
        Arg("of", "ids", "only within these entities; none: the whole building"),
        Arg("count", "integer", "how many words of each sort", high=20),
    ),
    vocab,
)

"""`plantroom ingest map`: registers of a lines.toml to points of the model, through a review that a person reads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from rich.console import Console
from rich.text import Text

from ingest.discovery.keeping import read_text, replace_text
from ingest.discovery.mapping import Mapped, mapped, raw_names, with_ids
from ingest.exchange.source import Source
from ingest.lines import parse_lines
from ingest.tagging.review import read_review, unanswered
from ontology.errors import BadRequest
from ontology.kinds import Tags
from services import screen
from services.commands import bring, question, tagging
from services.commands.target import writing
from services.home import MODEL, has_building
from services.settings import Settings
from services.terminal import readable

EXAMPLES: Final = 5


async def review(settings: Settings, path: Path, target: Path, *, force: bool) -> dict[str, Any]:
    """Write a proposal for every register of the file. Raises BadRequest, and Refused for a review that is there."""
    text = read_text(path)
    parse_lines(text, path.name)
    named = raw_names(text)
    if not named:
        raise BadRequest(f"{path} has no registers", hint="plantroom ingest discover finds them")
    ids = [id for id, _ in named]
    stored = await _stored(settings)
    known = {tags["id"].id for tags in stored if "point" in tags}
    found = tagging.written(
        [raw for _, raw in named], target, stored, home=settings.home,
        force=force, better=lambda proposals: with_ids(ids, proposals, known),
    )  # fmt: skip
    return {**found, "file": str(path)}


async def take(
    settings: Settings, path: Path, review: Path, *, site: str = "", dry_run: bool
) -> dict[str, Any]:
    """Put the accepted rows into the model, then their ids and units into the file.

    All of the model or nothing; the file follows once the model is written. Doing it again changes
    nothing. Raises BadRequest naming the row, Conflict where somebody else wrote meanwhile.
    """
    before = read_text(path)
    after = mapped(before, read_review(review))
    stored = await _stored(settings)
    source = _in_our_units(tagging.accepted_model(review, stored), after)
    brought = await bring.bring(
        settings, source, str(review), site=site, replace=False, dry_run=dry_run
    )
    kept = None
    if not dry_run:
        tagging.keep(review, settings.home)
        with writing(path):
            kept = replace_text(path, before, after.text)
    return {
        "review": str(review), "file": str(path), "before": str(kept) if kept else None,
        "unanswered": unanswered(review), "renamed": after.renamed, "converted": after.converted, "strange": after.strange,
        "model": brought.to_json(),
    }  # fmt: skip


async def _stored(settings: Settings) -> Sequence[Tags]:
    return await question.entities_of(settings, None, MODEL) if has_building(settings) else []


def _in_our_units(source: Source, after: Mapped) -> Source:
    """Points with the unit that their values have once a line's arithmetic is done."""
    entities = tuple(
        {**tags, "unit": after.units[tags["id"].id]}
        if tags["id"].id in after.units and tags.get("kind") == "Number"
        else tags
        for tags in source.entities
    )
    return replace(source, entities=entities)


# --- for people -----------------------------------------------------------------------------------


def show_review(console: Console, found: dict[str, Any]) -> None:
    """How sure the proposals are, and what to do with them."""
    screen.proposed(console, found, then=f"plantroom ingest map {found['file']} --accept")


def show_taken(console: Console, found: dict[str, Any], *, dry_run: bool) -> None:
    """What went into the model, and what became of the registers."""
    screen.brought(console, found["model"], dry_run=dry_run)
    if waiting := found["unanswered"]:
        verb = "waits" if waiting == 1 else "wait"
        console.print(Text(f"{waiting:>8,} {verb} for yes or no: not in the model yet"))
    done = "would be " if dry_run else ""
    for what in ("renamed", "converted"):
        pairs = list(found[what].items())
        shown = ", ".join(f"{id}: {to}" for id, to in pairs[:EXAMPLES])
        more = ", ..." if len(pairs) > EXAMPLES else ""
        line = f"{len(pairs):>8,} {done}{what} in {found['file']}" + (
            f"  {shown}{more}" if pairs else ""
        )
        console.print(Text(readable(line)))
    for name in found["strange"][: screen.MOST_NOTES]:
        console.print(Text(readable(f"! no register is called {name}"), style="yellow"))
    if found["before"]:
        console.print(Text(readable(f"as it was before: {found['before']}")))
    if found["renamed"] and not dry_run:
        console.print(
            Text(
                "what was recorded under an old id stays under it; a running server reads lines.toml at its start",
                style="dim",
            )
        )

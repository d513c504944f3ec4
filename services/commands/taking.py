"""How a model leaves a home: the part that is asked for, and a file that is not emptied by mistake."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ingest.exchange import files
from ontology.errors import Refused
from ontology.filter import parse
from ontology.index import EntityIndex
from ontology.kinds import Tags
from services.home import MODEL


def part_of(index: EntityIndex, filter: str, *, whole: bool) -> list[Tags]:
    """The model's entities that match a filter; all where it is "". `whole`: the index holds nothing else.

    Raises BadRequest with the column of what was not understood.
    """
    if not filter:
        return list(index) if whole else index.find(MODEL)
    parse(filter)  # its columns are the user's, before it stands within another
    return index.find(filter if whole else f"({filter}) and ({MODEL})")


def write(
    path: Path, entities: Sequence[Tags], format: str, filter: str, *, force: bool = False
) -> None:
    """Write the file, whole or not at all. Raises Refused where nothing would take the place of something."""
    if not entities and not force and path.is_file():
        raise Refused(
            f"0 match: {filter or 'the model is empty'}; {path} was left as it is",
            hint="look at it with plantroom ontology find, or write over the file with --force",
        )
    files.write_entities(path, entities, format)

"""Files -> searchable chunks: extract, split, embed, index; unchanged files are skipped."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from edge.chunk import Chunk
from edge.engine import Embedder
from edge.index import Index
from ingest.documents.extract import read_document
from ingest.documents.split import split
from ontology.errors import BadRequest, PlantroomError

SPLITTER = "chunks-1"
"""Changes when the same file would give other chunks, so that everything is read again."""


@dataclass(frozen=True)
class Refused:
    """A file that could not be read, with what to do about it."""

    name: str
    message: str
    hint: str


@dataclass
class Report:
    """What became of each file, by document id."""

    indexed: dict[str, int] = field(default_factory=dict)
    """Document -> its number of chunks."""
    unchanged: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)
    elapsed_s: float = 0.0

    @property
    def chunks(self) -> int:
        """Chunks written in this run."""
        return sum(self.indexed.values())


def ingest_documents(
    paths: Sequence[Path],
    index: Index,
    embedder: Embedder | None,
    equip_ids: Collection[str] = (),
    progress: Callable[[float], None] | None = None,
    *,
    ledger: Path | None = None,
) -> Report:
    """Bring the index up to these files: new and changed ones in, all others of the index out.

    `progress` is told the share done, 0 to 1. `ledger` is a file that remembers what was indexed
    from which bytes; without it everything is read again. A file that cannot be read is reported
    and keeps its chunks from before, if any; the rest goes on.
    """
    started = time.monotonic()
    report = Report()
    known = _known(ledger, index)
    marks: dict[str, dict[str, Any]] = {}
    for at, path in enumerate(_by_id(paths)):
        before = known.get(path.stem)
        try:
            of = _fingerprint(path, embedder, equip_ids)
            if before is not None and before["of"] == of:
                report.unchanged.append(path.stem)
                marks[path.stem] = dict(before)
            else:
                chunks = split(read_document(path), equip_ids)
                index.replace(path.stem, chunks, _vectors(embedder, chunks))
                report.indexed[path.stem] = len(chunks)
                marks[path.stem] = {"of": of, "chunks": len(chunks)}
        except PlantroomError as error:
            report.refused.append(Refused(path.name, str(error), error.hint))
            if before is not None:
                marks[path.stem] = dict(before)
        _remember(ledger, known | marks)
        if progress is not None:
            progress((at + 1) / len(paths))
    named = {path.stem for path in paths}
    for document in sorted(index.documents().keys() - named):
        index.replace(document, [], None)
        report.removed.append(document)
    _remember(ledger, marks)
    report.elapsed_s = time.monotonic() - started
    return report


def _vectors(embedder: Embedder | None, chunks: Sequence[Chunk]) -> Any:
    return None if embedder is None else embedder.embed([chunk.indexed_text for chunk in chunks])


def _by_id(paths: Sequence[Path]) -> list[Path]:
    seen: dict[str, Path] = {}
    for path in paths:
        twin = seen.setdefault(path.stem, path)
        if twin is not path:
            raise BadRequest(
                f"{twin.name} and {path.name} would be one document", hint="rename one of the two"
            )
    return list(paths)


def _fingerprint(path: Path, embedder: Embedder | None, equip_ids: Collection[str]) -> str:
    """Of everything the chunks and vectors depend on; "" where the file cannot be read."""
    mark = hashlib.sha256(
        "\n".join((SPLITTER, embedder.name if embedder else "", *equip_ids)).encode()
    )
    try:
        with path.open("rb") as file:
            mark.update(hashlib.file_digest(file, "sha256").digest())
    except OSError:
        return ""
    return mark.hexdigest()


def _known(ledger: Path | None, index: Index) -> dict[str, dict[str, Any]]:
    """What the ledger remembers and the index still holds; a damaged ledger is an empty one."""
    if ledger is None or not ledger.exists():
        return {}
    try:
        remembered: dict[str, dict[str, Any]] = json.loads(ledger.read_text("utf-8"))
        held = index.documents()
        return {id: mark for id, mark in remembered.items() if held.get(id) == mark["chunks"]}
    except (OSError, ValueError, AttributeError, KeyError, TypeError):
        return {}


def _remember(ledger: Path | None, marks: Mapping[str, Mapping[str, Any]]) -> None:
    if ledger is None:
        return
    fresh = ledger.with_name(f"{ledger.name}.new")
    fresh.write_text(json.dumps(marks, indent=1), "utf-8")
    fresh.replace(ledger)

"""The default index: tantivy for words, usearch for vectors, in one folder. Their only home.

tantivy's store is the one truth: a chunk and its vector are one entry, so replacing a document is
one commit. The usearch graph is derived from it and saved beside it for a quick start.
"""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
import tantivy
from numpy.typing import NDArray

from edge.chunk import Chunk
from edge.engine import Vectors
from edge.index import EVERYTHING, Only
from edge.words import ASKING, terms
from ontology.errors import BadRequest, Conflict, Corrupt, NotFound

with contextlib.suppress(ImportError):
    # usearch's wheel carries its own C++ runtime, whose process-wide symbols make a later
    # import of onnxruntime crash (usearch 2.26.6, onnxruntime 1.31.1); the other order is sound.
    import onnxruntime  # noqa: F401
from usearch.index import Index as VectorGraph

FORMAT = 1
WRITER_BYTES = 32_000_000  # tantivy asks for 15 MB at least for one thread
ANYTHING = "*"
"""Stands in the equip field of a chunk about no equipment in particular."""
HEADING_BOOST = 0.5
"""Of the heading path counted once more; chosen on the `choosing` half of the retrieval questions."""
MAX_QUERY_TERMS = 64


@dataclass
class _Shelf:
    """All that readers see, swapped as a whole."""

    searcher: Any
    chunks: dict[str, Chunk] = field(default_factory=dict)
    vectors: dict[str, NDArray[np.float32]] = field(default_factory=dict)
    keys: dict[int, str] = field(default_factory=dict)
    """Key in the vector graph -> chunk id."""


class EmbeddedIndex:
    """Chunks in a folder. `embedder` is the name of the model whose vectors it holds, None for words only.

    Vectors made by another model are never searched: their documents are no longer in
    `embedded()` and want indexing again. Raises Corrupt when the folder holds something else,
    Conflict when another process writes to it. Another process sees a replacement when it opens anew.
    """

    def __init__(self, folder: Path, *, embedder: str | None = None) -> None:
        self._folder = folder
        self._embedder = embedder
        self._lock = threading.RLock()
        self._writer: Any = None
        self._graph: VectorGraph | None = None
        self._next_key = 0
        self._engine = _open(folder)
        self._shelf = self._load()

    def __enter__(self) -> EmbeddedIndex:  # noqa: PYI034  (no Self in Python 3.10)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def replace(self, document: str, chunks: Sequence[Chunk], vectors: Vectors | None) -> None:
        """Swap a document's chunks in one step; no chunks removes it. None: words only."""
        self._refuse_misfits(document, chunks, vectors)
        with self._lock:
            writer = self._writing()
            try:
                writer.delete_documents_by_term("document", document)
                for at, chunk in enumerate(chunks):
                    row = None if vectors is None else vectors[at]
                    writer.add_document(self._entry(chunk, row))
                writer.commit()
            except BaseException:
                writer.rollback()
                raise
            self._swap(document, chunks, vectors)

    def lexical(
        self, words: str, *, count: int, only: Only = EVERYTHING
    ) -> list[tuple[Chunk, float]]:
        """Best chunks by BM25 over heading path and text, headings counting a little more; best first."""
        shelf = self._shelf
        asked = [term for term in dict.fromkeys(terms(words)) if term not in ASKING]
        stems = _ANALYZER.analyze(" ".join(asked[:MAX_QUERY_TERMS]))
        if not stems or count < 1:
            return []
        query = _query(self._engine.schema, stems, only)
        hits = shelf.searcher.search(query, limit=count, count=False).hits
        ids = ((shelf.searcher.doc(at).get_first("id"), score) for score, at in hits)
        return [(shelf.chunks[id], float(score)) for id, score in ids if id in shelf.chunks]

    def vector(
        self, like: Vectors, *, count: int, only: Only = EVERYTHING
    ) -> list[tuple[Chunk, float]]:
        """Best chunks by cosine; exact where `only` restricts, so that no filter hides a match."""
        shelf = self._shelf
        if not shelf.vectors or count < 1:
            return []
        if like.shape != next(iter(shelf.vectors.values())).shape:
            raise BadRequest(
                f"a question of {like.shape} numbers for an index of another size",
                hint="search with the embedder that indexed the documents",
            )
        if only != EVERYTHING:
            allowed = [id for id in shelf.vectors if only.allows(shelf.chunks[id])]
            return _exact(shelf, allowed, like, count)
        if self._graph is None:
            return []
        with self._lock:
            found = self._graph.search(like, min(count, len(self._graph)))
        pairs = zip(found.keys.tolist(), found.distances.tolist(), strict=True)
        return [
            (shelf.chunks[shelf.keys[key]], 1.0 - float(distance))
            for key, distance in pairs
            if key in shelf.keys
        ]

    def get(self, id: str) -> Chunk:
        """One chunk; raises NotFound."""
        try:
            return self._shelf.chunks[id]
        except KeyError:
            raise NotFound(f"no chunk {id!r}", hint="chunk ids come from a search") from None

    def documents(self) -> dict[str, int]:
        """Number of chunks per document."""
        return _counted(self._shelf.chunks.values())

    def embedded(self) -> dict[str, int]:
        """Number of chunks per document that carry a vector of this index's embedder."""
        shelf = self._shelf
        return _counted(shelf.chunks[id] for id in shelf.vectors)

    def close(self) -> None:
        """Save the vector graph and let another process write."""
        with self._lock:
            if self._writer is not None:
                self._writer.wait_merging_threads()
                self._writer = None
                self._save_graph()

    def _entry(self, chunk: Chunk, row: NDArray[np.float32] | None) -> Any:
        entry = tantivy.Document()
        for name, text in (("id", chunk.id), ("document", chunk.document), ("kind", chunk.kind)):
            entry.add_text(name, text)
        for equip in chunk.equip or (ANYTHING,):
            entry.add_text("equip", equip)
        entry.add_text("heading", " ".join(terms(" ".join((chunk.title, *chunk.headings)))))
        entry.add_text("body", " ".join(terms(chunk.indexed_text)))
        entry.add_bytes("chunk", json.dumps(asdict(chunk)).encode())
        if row is not None:
            entry.add_text("embedder", self._embedder or "")
            entry.add_bytes("vector", np.asarray(row, dtype=np.float32).tobytes())
        return entry

    def _refuse_misfits(
        self, document: str, chunks: Sequence[Chunk], vectors: Vectors | None
    ) -> None:
        if strays := [chunk.id for chunk in chunks if chunk.document != document]:
            raise BadRequest(f"{strays[0]} is no chunk of {document!r}", hint="one document a time")
        if vectors is None:
            return
        if self._embedder is None:
            raise BadRequest(
                "vectors for an index of words", hint="open it with its embedder's name"
            )
        if vectors.ndim != 2 or len(vectors) != len(chunks):
            raise BadRequest(
                f"{vectors.shape} vectors for {len(chunks)} chunks", hint="one for each"
            )

    def _swap(self, document: str, chunks: Sequence[Chunk], vectors: Vectors | None) -> None:
        old = self._shelf
        gone = {id for id, chunk in old.chunks.items() if chunk.document == document}
        self._engine.reload()
        new = _Shelf(
            searcher=self._engine.searcher(),
            chunks={id: chunk for id, chunk in old.chunks.items() if id not in gone},
            vectors={id: row for id, row in old.vectors.items() if id not in gone},
            keys={key: id for key, id in old.keys.items() if id not in gone},
        )
        new.chunks |= {chunk.id: chunk for chunk in chunks}
        for key in [key for key, id in old.keys.items() if id in gone]:
            self._vector_graph(0).remove(key)
        if vectors is not None:
            self._add_vectors(new, [chunk.id for chunk in chunks], vectors)
        self._shelf = new

    def _add_vectors(self, shelf: _Shelf, ids: Sequence[str], vectors: Vectors) -> None:
        if not ids:
            return
        rows = np.ascontiguousarray(vectors, dtype=np.float32)
        keys = np.arange(self._next_key, self._next_key + len(ids), dtype=np.uint64)
        self._next_key += len(ids)
        self._vector_graph(rows.shape[1]).add(keys, rows, threads=1)
        shelf.vectors |= dict(zip(ids, rows, strict=True))
        shelf.keys |= dict(zip(keys.tolist(), ids, strict=True))

    def _vector_graph(self, dim: int) -> VectorGraph:
        if self._graph is None:
            self._graph = VectorGraph(ndim=dim, metric="cos", dtype="f32")
        return self._graph

    def _writing(self) -> Any:
        if self._writer is None:
            try:
                self._writer = self._engine.writer(heap_size=WRITER_BYTES, num_threads=1)
            except ValueError as cause:
                raise Conflict(
                    f"another process writes to {self._folder}", hint="stop it or wait for its end"
                ) from cause
        return self._writer

    def _load(self) -> _Shelf:
        """Read every entry once; the saved graph is used when it fits, else built again."""
        shelf = _Shelf(searcher=self._engine.searcher())
        ids: list[str] = []
        rows: list[NDArray[np.float32]] = []
        for entry in _entries(shelf.searcher):
            chunk = _chunk(entry)
            shelf.chunks[chunk.id] = chunk
            if self._embedder is not None and entry.get_first("embedder") == self._embedder:
                ids.append(chunk.id)
                rows.append(np.frombuffer(bytes(entry.get_first("vector")), dtype=np.float32))
        if rows and not self._load_graph(shelf, ids, rows):
            self._add_vectors(shelf, ids, np.stack(rows))
        return shelf

    def _load_graph(
        self, shelf: _Shelf, ids: Sequence[str], rows: Sequence[NDArray[np.float32]]
    ) -> bool:
        try:
            saved = json.loads((self._folder / "graph.json").read_text("utf-8"))
            if saved["embedder"] != self._embedder or set(saved["keys"].values()) != set(ids):
                return False
            graph = VectorGraph.restore(str(self._folder / "graph.usearch"))
        except (OSError, ValueError, KeyError, AttributeError, RuntimeError):
            return False
        keys = {int(key): id for key, id in saved["keys"].items()}
        if graph is None or len(graph) != len(keys) or graph.ndim != rows[0].shape[0]:
            return False
        if not _same_vectors(graph, keys, dict(zip(ids, rows, strict=True))):
            return False
        self._graph, self._next_key = graph, max(keys) + 1
        shelf.keys, shelf.vectors = keys, dict(zip(ids, rows, strict=True))
        return True

    def _save_graph(self) -> None:
        if self._graph is None:
            return
        keys = {str(key): id for key, id in self._shelf.keys.items()}
        graph, about = self._folder / "graph.usearch.new", self._folder / "graph.json.new"
        self._graph.save(str(graph))
        about.write_text(json.dumps({"embedder": self._embedder, "keys": keys}), "utf-8")
        for fresh in (graph, about):
            fresh.replace(fresh.with_suffix(""))


def _analyzer() -> Any:
    builder: Any = tantivy.TextAnalyzerBuilder
    return (
        builder(tantivy.Tokenizer.whitespace())
        .filter(tantivy.Filter.remove_long(60))
        .filter(tantivy.Filter.stopword("english"))
        .filter(tantivy.Filter.stemmer("english"))
        .build()
    )


_ANALYZER = _analyzer()


def _schema() -> Any:
    builder = tantivy.SchemaBuilder()
    for name in ("id", "document", "kind", "equip", "embedder"):
        builder.add_text_field(name, stored=True, tokenizer_name="raw", index_option="basic")
    for name in ("heading", "body"):
        builder.add_text_field(name, tokenizer_name="terms", index_option="freq")
    for name in ("chunk", "vector"):
        builder.add_bytes_field(name, stored=True)
    return builder.build()


def _open(folder: Path) -> Any:
    words = folder / "words"
    words.mkdir(parents=True, exist_ok=True)
    mark = folder / "format.json"
    hint = "delete the folder: everything in it is made again from the documents"
    try:
        if not mark.exists():
            mark.write_text(json.dumps({"format": FORMAT}), "utf-8")
        found = json.loads(mark.read_text("utf-8")).get("format")
        if found != FORMAT:
            raise Corrupt(f"{folder} is an index of format {found}, not {FORMAT}", hint=hint)
        engine = tantivy.Index(_schema(), path=str(words))
        engine.register_tokenizer("terms", _ANALYZER)
        engine.config_reader(reload_policy="manual")
        engine.reload()
    except (ValueError, AttributeError) as cause:
        raise Corrupt(f"{folder} cannot be read as an index: {cause}", hint=hint) from cause
    return engine


def _query(schema: Any, stems: Iterable[str], only: Only) -> Any:
    should, must = tantivy.Occur.Should, tantivy.Occur.Must

    def found(stem: str) -> Any:
        body = tantivy.Query.term_query(schema, "body", stem, "freq")
        heading = tantivy.Query.term_query(schema, "heading", stem, "freq")
        return tantivy.Query.boolean_query(
            [(should, body), (should, tantivy.Query.boost_query(heading, HEADING_BOOST))]
        )

    def one_of(name: str, values: Sequence[str]) -> Any:
        kept = tantivy.Query.boolean_query(
            [(should, tantivy.Query.term_query(schema, name, value, "basic")) for value in values]
        )
        return tantivy.Query.const_score_query(kept, 0.0)

    words = tantivy.Query.boolean_query([(should, found(stem)) for stem in dict.fromkeys(stems)])
    parts = [(must, words)]
    if only.documents:
        parts.append((must, one_of("document", only.documents)))
    if only.kinds:
        parts.append((must, one_of("kind", only.kinds)))
    if only.equip:
        parts.append((must, one_of("equip", (*only.equip, ANYTHING))))
    return tantivy.Query.boolean_query(parts)


def _exact(
    shelf: _Shelf, ids: Sequence[str], like: Vectors, count: int
) -> list[tuple[Chunk, float]]:
    if not ids:
        return []
    cosines = np.stack([shelf.vectors[id] for id in ids]) @ like
    best = np.argsort(-cosines, kind="stable")[:count]
    return [(shelf.chunks[ids[at]], float(cosines[at])) for at in best]


def _entries(searcher: Any) -> Iterable[Any]:
    total = searcher.num_docs
    if total:
        for _, at in searcher.search(tantivy.Query.all_query(), limit=total, count=False).hits:
            yield searcher.doc(at)


def _chunk(entry: Any) -> Chunk:
    tags = json.loads(bytes(entry.get_first("chunk")))
    return Chunk(**tags | {"headings": tuple(tags["headings"]), "equip": tuple(tags["equip"])})


def _same_vectors(
    graph: VectorGraph, keys: dict[int, str], rows: dict[str, NDArray[np.float32]]
) -> bool:
    """A saved graph may be older than the store: same ids, other texts."""
    wanted = np.stack([rows[id] for id in keys.values()])
    held = graph.get(np.fromiter(keys, dtype=np.uint64, count=len(keys)))
    return bool(np.allclose(np.asarray(held), wanted, atol=1e-6))


def _counted(chunks: Iterable[Chunk]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for chunk in chunks:
        counts[chunk.document] = counts.get(chunk.document, 0) + 1
    return counts

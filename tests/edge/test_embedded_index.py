"""The index in a folder: what survives a restart, and who may write."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from edge.chunk import Chunk
from edge.engines.hashing import HashingEmbedder
from edge.index import Only
from edge.indexes.embedded import EmbeddedIndex
from ontology.errors import BadRequest, Conflict, Corrupt

EMBEDDER = HashingEmbedder(32)
CHUNKS = [
    Chunk(f"pumps:{n}", "pumps", "Pumps", text, ("Care",))
    for n, text in enumerate(["grease the bearings", "replace the seal", "rotate duty"])
]
VECTORS = EMBEDDER.embed([chunk.indexed_text for chunk in CHUNKS])


def opened(folder: Path, embedder: str | None = EMBEDDER.name) -> EmbeddedIndex:
    return EmbeddedIndex(folder, embedder=embedder)


def filled(folder: Path) -> None:
    with opened(folder) as index:
        index.replace("pumps", CHUNKS, VECTORS)


def nearest(index: EmbeddedIndex, row: int) -> str:
    return index.vector(VECTORS[row], count=1)[0][0].id


def test_chunks_and_vectors_are_there_after_a_restart(tmp_path: Path) -> None:
    filled(tmp_path)
    index = opened(tmp_path)
    assert index.documents() == index.embedded() == {"pumps": 3}
    assert [nearest(index, row) for row in range(3)] == ["pumps:0", "pumps:1", "pumps:2"]
    assert index.lexical("seal", count=1)[0][0] == CHUNKS[1]


def test_a_writer_killed_after_a_replacement_loses_nothing(tmp_path: Path) -> None:
    script = (
        "import os, sys; from pathlib import Path; from edge.chunk import Chunk\n"
        "from edge.indexes.embedded import EmbeddedIndex; import numpy as np\n"
        "index = EmbeddedIndex(Path(sys.argv[1]), embedder='m')\n"
        "index.replace('pumps', [Chunk('pumps:0', 'pumps', 'Pumps', 'grease')], np.eye(1, 8, dtype=np.float32))\n"
        "os.kill(os.getpid(), 9)\n"
    )
    done = subprocess.run([sys.executable, "-c", script, str(tmp_path)], check=False)
    assert done.returncode == -9
    with opened(tmp_path, "m") as index:
        assert index.embedded() == {"pumps": 1}
        assert index.vector(np.eye(1, 8, dtype=np.float32)[0], count=1)[0][1] == pytest.approx(1.0)
        index.replace("pumps", [], None)


@pytest.mark.parametrize("damage", ["gone", "cut", "of another time"])
def test_a_missing_or_stale_vector_graph_is_made_again(tmp_path: Path, damage: str) -> None:
    filled(tmp_path)
    graph = tmp_path / "graph.usearch"
    if damage == "gone":
        graph.unlink()
    elif damage == "cut":
        graph.write_bytes(graph.read_bytes()[:40])
    else:
        kept = graph.read_bytes(), (tmp_path / "graph.json").read_bytes()
        with opened(tmp_path) as index:
            index.replace("pumps", CHUNKS, VECTORS[::-1].copy())
        graph.write_bytes(kept[0])
        (tmp_path / "graph.json").write_bytes(kept[1])
        assert nearest(opened(tmp_path), 0) == "pumps:2"
        return
    assert nearest(opened(tmp_path), 1) == "pumps:1"


def test_vectors_of_another_model_are_never_searched(tmp_path: Path) -> None:
    filled(tmp_path)
    other = opened(tmp_path, "another-model")
    assert other.documents() == {"pumps": 3}
    assert other.embedded() == {}
    assert other.vector(VECTORS[0], count=3) == []
    assert other.lexical("seal", count=1)


def test_a_second_writer_is_refused_and_a_reader_is_not(tmp_path: Path) -> None:
    with opened(tmp_path) as index:
        index.replace("pumps", CHUNKS, VECTORS)
        reader = opened(tmp_path)
        assert reader.lexical("seal", count=1)
        with pytest.raises(Conflict, match="another process"):
            reader.replace("pumps", [], None)
    with opened(tmp_path) as index:
        index.replace("pumps", [], None)
        assert index.documents() == {}


def test_a_folder_of_another_format_is_refused_with_a_hint(tmp_path: Path) -> None:
    filled(tmp_path)
    (tmp_path / "format.json").write_text(json.dumps({"format": 99}))
    with pytest.raises(Corrupt, match="format 99") as refused:
        opened(tmp_path)
    assert "delete the folder" in refused.value.hint


def test_a_damaged_store_is_refused_with_a_hint(tmp_path: Path) -> None:
    filled(tmp_path)
    (tmp_path / "words" / "meta.json").write_text("{")
    with pytest.raises(Corrupt, match="cannot be read"):
        opened(tmp_path)


def test_misfits_are_refused_and_change_nothing(tmp_path: Path) -> None:
    filled(tmp_path)
    with opened(tmp_path) as index:
        for document, chunks, vectors in (
            ("towers", CHUNKS, VECTORS),
            ("pumps", CHUNKS, VECTORS[:2]),
        ):
            with pytest.raises(BadRequest):
                index.replace(document, chunks, vectors)
        with pytest.raises(BadRequest, match="another size"):
            index.vector(np.ones(5, dtype=np.float32), count=1)
        assert index.documents() == {"pumps": 3}
    with opened(tmp_path, None) as words, pytest.raises(BadRequest, match="index of words"):
        words.replace("pumps", CHUNKS, VECTORS)


def test_the_exact_scan_and_the_graph_agree(tmp_path: Path) -> None:
    rows = np.random.default_rng(1).standard_normal((200, 32)).astype(np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    many = [Chunk(f"d:{n}", "d", "D", f"text {n}") for n in range(200)]
    with opened(tmp_path) as index:
        index.replace("d", many, rows)
        agree = 0
        for row in rows[:20]:
            graph = {chunk.id for chunk, _ in index.vector(row, count=10)}
            exact = {
                chunk.id for chunk, _ in index.vector(row, count=10, only=Only(documents=("d",)))
            }
            agree += len(graph & exact)
    assert agree >= 190


def test_index_and_onnx_runtime_live_in_one_process_in_any_order() -> None:
    pytest.importorskip("onnxruntime")
    script = "import edge.indexes.embedded, edge.engines.onnx, onnxruntime, usearch.index"
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0

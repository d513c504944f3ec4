"""The format of a file or body is told by its name, its media type or its first characters."""

from __future__ import annotations

import io
import json
import tracemalloc
from pathlib import Path
from types import ModuleType

import pytest

from ontology.codec import csv, hayson, json3, lines, pick, trio, zinc
from ontology.errors import BadRequest, Corrupt, NotFound
from ontology.kinds import Grid, Number, Ref, Tags
from tests.ontology.values import refusal

GRID = Grid.of([{"id": Ref("a", "Plant °"), "area": Number(5, "m²")}])
OLD = '{"meta":{"ver":"3.0"},"cols":[{"name":"id"}],"rows":[{"id":"r:a Plant"}]}'
TEXTS = {
    "zinc": zinc.encode(GRID), "trio": trio.encode(GRID), "hayson": hayson.encode(GRID), "csv": csv.encode(GRID),
    "json": hayson.encode(GRID),
}  # fmt: skip


@pytest.mark.parametrize(
    ("name", "head", "codec"),
    [
        ("a/b.zinc", "", zinc), ("B.TRIO", "", trio), ("x.y.csv", "", csv), ("m.hayson", "", hayson),
        ("m.json", TEXTS["hayson"], hayson), ("m.json", OLD, json3), ("m.json", '[{"id":"r:a"}]', json3),
        ("m.json", '[{"dis":"a"}]', hayson), ("m.json", "", hayson), ("text/zinc", "", zinc),
        ("Text/Zinc; charset=utf-8", "", zinc), ("text/trio", "", trio), ("text/csv", "", csv),
        ("application/json", OLD, json3), ("application/json", TEXTS["hayson"], hayson),
        ("application/vnd.haystack+json", OLD, json3), ("application/vnd.haystack+json;version=3", "", json3),
        ('application/vnd.haystack+json; version="3.0"', "", json3), ("application/vnd.haystack+json;version=4", OLD, hayson),
        ("", TEXTS["zinc"], zinc), ("", TEXTS["trio"], trio), ("notes.txt", TEXTS["csv"], csv), ("text/plain", OLD, json3),
        ("application/octet-stream", "\ufeff" + TEXTS["zinc"], zinc), ("", "// comment\n\nsite\n", trio),
    ],
)  # fmt: skip
def test_the_format_is_told(name: str, head: str, codec: ModuleType) -> None:
    assert pick.codec_of(name, head) is codec


@pytest.mark.parametrize("name", ["", "model.bin", "application/vnd.haystack+json;version=9"])
def test_a_format_nobody_knows_is_refused(name: str) -> None:
    with pytest.raises(BadRequest) as refused:
        pick.codec_of(name, "\x7fELF\x01")
    assert refused.value.hint


def test_a_media_type_nobody_knows_is_refused() -> None:
    with pytest.raises(BadRequest, match="no format image/png"):
        pick.decode_bytes(b"x", "image/png")


@pytest.mark.parametrize("suffix", TEXTS)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_a_file_is_read_in_the_encoding_its_mark_names(
    tmp_path: Path, suffix: str, encoding: str
) -> None:
    path = tmp_path / f"model.{suffix}"
    path.write_bytes(TEXTS[suffix].encode(encoding))
    (row,) = pick.read_file(path)
    assert row == GRID.rows[0]
    assert row["id"].dis == "Plant °"


@pytest.mark.parametrize("media", ["text/zinc", "text/trio", "text/csv", "application/json", ""])
@pytest.mark.parametrize("charset", ["", "; charset=UTF-8", "; charset=latin-1"])
def test_a_body_is_read_in_the_charset_of_its_media_type(media: str, charset: str) -> None:
    name = {"text/zinc": "zinc", "text/trio": "trio", "text/csv": "csv"}.get(media, "json")
    body = TEXTS[name].encode("latin-1" if "latin" in charset else "utf-8")
    assert pick.decode_bytes(body, media + charset).rows == GRID.rows


@pytest.mark.parametrize(("charset", "error"), [("klingon", BadRequest), ("ascii", Corrupt)])
def test_a_charset_that_does_not_fit_is_refused(charset: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        pick.decode_bytes("ver:°".encode(), f"text/zinc;charset={charset}")


@pytest.mark.parametrize("suffix", TEXTS)
def test_latin_1_is_refused_by_line_and_byte(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"model.{suffix}"
    body = TEXTS[suffix].encode("latin-1")
    path.write_bytes(body)
    at = body.index(b"\xb0")
    with pytest.raises(Corrupt) as refused:
        pick.read_file(path).grid()
    line = body[:at].count(b"\n") + 1
    assert str(refused.value).startswith(f"model.{suffix}: line {line}, byte {at}: not utf-8 text")
    assert "Latin-1" in refused.value.hint


@pytest.mark.parametrize("size", [1, 3, 7])
def test_a_wrong_byte_is_counted_right_across_chunks(
    monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    monkeypatch.setattr(lines, "CHUNK", size)
    body = '["°°°",\n"°°"'.encode() + b"\xff]"
    with pytest.raises(Corrupt, match=f"line 2, byte {len(body) - 2}: not utf-8"):
        list(lines.chunks_of(io.BytesIO(body)))


@pytest.mark.parametrize("suffix", TEXTS)
def test_utf_16_without_its_mark_is_named(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"model.{suffix}"
    path.write_bytes(TEXTS[suffix].encode("utf-16-le"))
    with pytest.raises(Corrupt, match="found a zero byte") as refused:
        pick.read_file(path).grid()
    assert "UTF-16" in refused.value.hint


@pytest.mark.parametrize("suffix", ["zinc", "hayson"])
def test_a_file_cut_off_anywhere_is_refused_or_gives_whole_rows(
    tmp_path: Path, suffix: str
) -> None:
    many = Grid(GRID.columns, GRID.rows * 3)
    body = (zinc if suffix == "zinc" else hayson).encode(many).encode()
    path = tmp_path / f"model.{suffix}"
    for end in range(len(body)):
        path.write_bytes(body[:end])
        seen: list[Tags] = []
        refused = refusal(lambda: seen.extend(pick.read_file(path)))  # noqa: B023  (called at once)
        if refused is not None:
            assert str(refused).startswith(f"model.{suffix}: line ")
            assert all(row == GRID.rows[0] for row in seen)


@pytest.mark.parametrize(
    ("suffix", "text"),
    [
        ("zinc", 'ver:"3.0" err dis:"Permission denied"\nempty\n'),
        ("hayson", '{"_kind":"grid","meta":{"ver":"3.0","err":{"_kind":"marker"},"dis":"Permission denied"},"cols":[{"name":"empty"}],"rows":[]}'),
        ("json", '{"meta":{"ver":"3.0","err":"m:","dis":"Permission denied"},"cols":[{"name":"empty"}],"rows":[]}'),
    ],
)  # fmt: skip
def test_a_saved_refusal_of_a_server_is_told_in_its_words(
    tmp_path: Path, suffix: str, text: str
) -> None:
    path = tmp_path / f"model.{suffix}"
    path.write_text(text, encoding="utf-8")
    refused = refusal(pick.read_file, path)
    assert refused is not None
    assert str(refused) == f"model.{suffix}: the answer of a server that refused: Permission denied"
    assert refused.hint


def test_missing_files_and_folders_are_refused(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="no file"):
        pick.read_file(tmp_path / "none.zinc")
    with pytest.raises(BadRequest, match="cannot read"):
        pick.read_file(tmp_path)


def test_a_line_of_a_hundred_megabytes_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines, "MAX_LINE", 2**20)

    class Endless(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            assert size is not None
            assert 0 < size <= lines.CHUNK
            return b"x" * size

    with pytest.raises(Corrupt, match="line 1: longer than 1 MB"):
        zinc.read(Endless(b"ver:"))
    with pytest.raises(Corrupt, match="line 2: longer than 1 MB"):
        zinc.decode('ver:"3.0"\n' + "a" * (2**20 + 1))


def test_a_large_file_never_lies_in_memory(tmp_path: Path) -> None:
    row = json.dumps({"dis": "x" * 1000, "n": 5})
    path = tmp_path / "large.json"
    with path.open("w") as out:
        out.write('{"_kind":"grid","meta":{"ver":"3.0"},"cols":[{"name":"dis"}],"rows":[')
        out.writelines(f"{row},\n" for _ in range(15_000))
        out.write("{}]}")
    tracemalloc.start()
    try:
        assert sum(1 for _ in pick.read_file(path)) == 15_001
        assert tracemalloc.get_traced_memory()[1] < 8 * 2**20
    finally:
        tracemalloc.stop()


def test_a_pipe_is_read_too() -> None:
    class Pipe(io.BytesIO):
        def seekable(self) -> bool:
            return False

    assert zinc.read(Pipe(TEXTS["zinc"].encode())).grid().rows == GRID.rows


@pytest.mark.timeout(5)
def test_a_text_of_blank_lines_is_given_up_at_once() -> None:
    with pytest.raises((BadRequest, Corrupt)):
        pick.decode_bytes(b"//a" + b"\n" * 50_000 + b"!", "text/plain")

"""Which format a file or a body is in: by its name, its media type, and its first characters."""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO, Final, Protocol, TypeVar

from ontology.codec import csv, hayson, json3, trio, zinc
from ontology.codec.lines import head_of
from ontology.codec.rows import Rows
from ontology.errors import BadRequest, Corrupt, NotFound
from ontology.kinds import Grid

T = TypeVar("T")


class Codec(Protocol):
    """A format that can be read."""

    def decode(self, text: str) -> Grid: ...

    def read(self, file: BinaryIO) -> Rows: ...


ZINC: Final[Codec] = zinc
TRIO: Final[Codec] = trio
CSV: Final[Codec] = csv
HAYSON: Final[Codec] = hayson
JSON3: Final[Codec] = json3

_SUFFIXES: Final[dict[str, Codec | None]] = {
    ".zinc": ZINC, ".trio": TRIO, ".csv": CSV, ".hayson": HAYSON,
    ".json": None,  # either; the content tells
}  # fmt: skip
_MEDIA_TYPES: Final[dict[str, Codec | None]] = {
    "text/zinc": ZINC, "text/trio": TRIO, "text/csv": CSV,
    "application/json": None, "application/vnd.haystack+json": None,
    "text/plain": None, "application/octet-stream": None, "": None,
}  # fmt: skip
_VERSIONS: Final = {"3": JSON3, "3.0": JSON3, "4": HAYSON, "4.0": HAYSON}
_JSON_SUFFIXES: Final = (".json", "application/json", "application/vnd.haystack+json")
_OLD_SCALAR: Final = re.compile(r'"[mzrnydhtcxub\-]:')
_TRIO_START: Final = re.compile(
    r"(?:[^\S\n]*+(?://[^\n]*+|-++[ \t]*+\r?)?\n)*+[a-z][A-Za-z0-9_]*[ \t]*(?::|\r?\n|$)"
)


def codec_of(name: str | Path, head: str = "") -> Codec:
    """The format of a path or a media type; `head`, the first characters, decides where they do not.

    Raises BadRequest where neither tells.

    >>> codec_of("model.zinc").__name__  # type: ignore[attr-defined]
    'ontology.codec.zinc'
    >>> codec_of("application/vnd.haystack+json;version=3").__name__  # type: ignore[attr-defined]
    'ontology.codec.json3'
    """
    media, parameters = _parsed(str(name))
    suffix = Path(media).suffix
    if (version := parameters.get("version")) and media in _JSON_SUFFIXES:
        if version not in _VERSIONS:
            raise BadRequest(f"JSON of Haystack {version:.20}", hint="versions 3 and 4 are known")
        return _VERSIONS[version]
    found = _MEDIA_TYPES.get(media) or _SUFFIXES.get(suffix)
    if found is not None:
        return found
    if media in _JSON_SUFFIXES or suffix == ".json":
        return _json_of(head)
    return _sniffed(head, str(name))


def read_file(path: Path | str) -> Rows:
    """The rows of a file, which is open while they are taken.

    Raises NotFound, BadRequest, Corrupt; the latter too for a saved error of a server, with its words.
    """
    path = Path(path)
    try:
        file = path.open("rb")
    except FileNotFoundError as cause:
        raise NotFound(f"no file {path}", hint="check the name") from cause
    except OSError as cause:
        raise BadRequest(f"cannot read {path}: {cause.strerror}", hint="give a file") from cause
    try:
        codec = codec_of(path, head_of(file) if file.seekable() else "")
        rows = codec.read(file)
        _refuse_error(rows)
    except Corrupt as cause:
        file.close()
        raise _named(path, cause) from cause
    except BaseException:
        file.close()
        raise
    batches = rows.batches and _until_closed(path, file, rows.batches)
    return Rows(rows.columns, _until_closed(path, file, rows), rows.meta, rows.column_meta, batches)


def read_json(file: BinaryIO) -> Rows:
    """The rows of Hayson or JSON of Haystack 3: servers and clients send both under one media type."""
    return _json_of(head_of(file)).read(file)


def decode_bytes(body: bytes, media_type: str = "") -> Grid:
    """The grid of a body. UTF-8 or as its byte order mark says, else the charset of its media type.

    Raises BadRequest for a media type, version or charset nobody knows, Corrupt for the content.
    """
    media, parameters = _parsed(media_type)
    if media not in _MEDIA_TYPES:
        raise BadRequest(
            f"no format {media:.60}", hint=f"one of {', '.join(filter(None, _MEDIA_TYPES))}"
        )
    file = io.BytesIO(body)
    charset = parameters.get("charset", "utf-8").lower()
    if charset in {"utf-8", "utf8", "us-ascii", "utf-16"}:
        return codec_of(media_type, head_of(file)).read(file).grid()
    try:
        text = body.decode(charset)
    except LookupError as cause:
        raise BadRequest(f"no charset {charset:.40}", hint="use utf-8") from cause
    except (UnicodeError, ValueError) as cause:
        raise Corrupt(f"not {charset:.40} text: {cause!s:.80}", hint="use utf-8") from cause
    return codec_of(media_type, text[: 2**16]).decode(text)


def _until_closed(path: Path, file: BinaryIO, rows: Iterable[T]) -> Iterator[T]:
    with file:
        try:
            yield from rows
        except Corrupt as cause:
            raise _named(path, cause) from cause


def _refuse_error(rows: Rows) -> None:
    """An answer that failed is a grid with `err` in its meta: https://project-haystack.org/doc/docHaystack/HttpApi#errorGrid."""
    if "err" in rows.meta:
        says = " ".join(str(rows.meta.get("dis") or "no reason given").split())
        raise Corrupt(
            f"the answer of a server that refused: {says:.300}",
            hint="this file holds no model; ask the server again, with the rights it wants",
        )


def _named(path: Path, cause: Corrupt) -> Corrupt:
    return Corrupt(f"{path.name}: {cause}", hint=cause.hint)


def _parsed(name: str) -> tuple[str, dict[str, str]]:
    """Media type and parameters, in lower case; a path is taken whole."""
    media, *given = name.split(";")
    pairs = (parameter.partition("=") for parameter in given)
    parameters = {key.strip().lower(): value.strip().strip('"') for key, _, value in pairs}
    return media.strip().lower(), parameters


def _json_of(head: str) -> Codec:
    """Hayson wherever one object says its kind; Haystack 3 where a text has its type before a colon."""
    if '"_kind"' in head:
        return HAYSON
    is_grid = '"cols"' in head and '"meta"' in head
    return JSON3 if is_grid or _OLD_SCALAR.search(head) else HAYSON


def _sniffed(head: str, name: str) -> Codec:
    start = head.lstrip("\ufeff \t\r\n")
    if start.startswith("ver:"):
        return ZINC
    if start[:1] in {"{", "["}:
        return _json_of(head)
    if "," in start.partition("\n")[0] and ":" not in start.partition("\n")[0]:
        return CSV
    if _TRIO_START.match(start):
        return TRIO
    raise BadRequest(
        f"cannot tell the format of {name or 'the body':.200}",
        hint="name it .zinc, .trio, .json or .csv, or give its media type",
    )

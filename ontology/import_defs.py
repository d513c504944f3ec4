"""The user's own copy of Haystack's official definitions, read from a folder of Trio and Xeto files or archives."""

from __future__ import annotations

import re
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath
from typing import IO, Any, Final

from ontology.codec import trio
from ontology.definitions import STANDARD, Def, Definitions, Spec
from ontology.definitions.parents import loop_in, unknown_parents
from ontology.errors import BadRequest, Corrupt, NotFound
from ontology.kinds import Symbol, Tags
from ontology.xeto import TypeDef, parse

MAX_FILES: Final = 5_000
MAX_FILE_BYTES: Final = 8 << 20
"""The largest official file has 150 KB."""
_SOURCES: Final = frozenset({".trio", ".xeto"})
_ARCHIVES: Final = frozenset({".xetolib", ".zip"})
_MAX_TOLD: Final = 5
MAX_NOTES: Final = 20
"""Parents nobody defines that are told one by one."""
_HINT: Final = "mend or take away the files named; nothing was imported"
_DEFINES: Final = re.compile(r"defx?\s*:\s*\^(\S+)\s*$|\+?([\w.]*(?:::)?\w+)\s*[:<{]")
"""A line that begins a def in Trio, or a type in Xeto."""
_NOT_ENTITIES: Final = frozenset({"Enum", "Scalar", "Choice", "Interface", "Template"})
"""Bases whose slots are no tags of entities."""


@dataclass(frozen=True, slots=True)
class Imported:
    """Definitions, and notes that name file and line of what in them leads nowhere."""

    definitions: Definitions
    notes: tuple[str, ...] = ()


def read_definitions(
    folder: Path, *, over: Definitions = STANDARD, known: Definitions = STANDARD
) -> Imported:
    """What the folder and those below it define, over what is known already.

    Parents may be in `known` too, which is not in the result.

    Raises NotFound for no folder, BadRequest where it defines nothing, and Corrupt naming file, line and
    column of up to five files that cannot be read, or file and line of a def or spec that is a kind of
    itself. A parent that nobody defines is a note: the library that defines it may come later.
    """
    defs: list[Def] = []
    specs: list[Spec] = []
    wrong: list[str] = []
    places: dict[str, str] = {}
    for file in _files(folder):
        try:
            text = file.text()
            if file.is_trio:
                found = list(_defs(text))
                defs += found
                _note_places(places, file.name, text, (one.name for one in found))
            else:
                more_defs, more_specs = _specs(file.library, parse(text))
                defs += more_defs
                specs += more_specs
                _note_places(places, file.name, text, (one.name for one in more_specs))
        except Corrupt as cause:
            wrong.append(f"{file.name}: {cause}")
    if wrong:
        more = f"; and {len(wrong) - _MAX_TOLD} more files" if len(wrong) > _MAX_TOLD else ""
        raise Corrupt("; ".join(wrong[:_MAX_TOLD]) + more, hint=_HINT)
    if not defs and not specs:
        raise BadRequest(
            f"{folder} defines nothing", hint="name a folder with .trio defs or .xeto libs"
        )
    given = Definitions(_one_each(defs), specs)
    known = known.merged(over)
    if names := loop_in(known.merged(given)):
        place = next((places[name] for name in names if name in places), folder.name)
        raise Corrupt(f"{place}: a kind of itself: {' is '.join(names)}", hint=_HINT)
    return Imported(over.merged(given), tuple(_notes(given, known, places)))


def _note_places(places: dict[str, str], file: str, text: str, names: Iterable[str]) -> None:
    """File and line where each def or spec is written first."""
    lines: dict[str, int] = {}
    for n, line in enumerate(text.split("\n"), 1):
        if match := _DEFINES.match(line):
            lines.setdefault(match[1] or match[2].rsplit("::", 1)[-1], n)
    for name in names:
        line_number = lines.get(name) or lines.get(name.rsplit("::", 1)[-1])
        places.setdefault(name, f"{file}: line {line_number}" if line_number else file)


def _notes(given: Definitions, known: Definitions, places: Mapping[str, str]) -> Iterator[str]:
    found = list(unknown_parents(given, known))
    for name, parent in found[:MAX_NOTES]:
        yield f"{places.get(name, name)}: {name} is a kind of {parent!r:.60}, which nobody defines"
    if len(found) > MAX_NOTES:
        yield f"{len(found) - MAX_NOTES} more parents that nobody defines"


@dataclass(frozen=True, slots=True)
class _File:
    """A source of definitions: `library` is the Xeto library it belongs to, `open` opens it."""

    name: str
    library: str
    size: int
    open: Callable[[], IO[bytes]]

    @property
    def is_trio(self) -> bool:
        return self.name.endswith(".trio")

    def text(self) -> str:
        """Raises Corrupt with the place of what is not UTF-8."""
        if self.size > MAX_FILE_BYTES:
            raise Corrupt(f"line 1, column 1: larger than {MAX_FILE_BYTES >> 20} MiB", hint=_HINT)
        try:
            with self.open() as file:
                return file.read(MAX_FILE_BYTES).decode("utf-8-sig")
        except UnicodeDecodeError as cause:
            before = cause.object[: cause.start]
            line, column = before.count(b"\n") + 1, cause.start - before.rfind(b"\n")
            raise Corrupt(f"line {line}, column {column}: not UTF-8", hint=_HINT) from cause
        except (
            OSError,
            zipfile.BadZipFile,
            zlib.error,
            RuntimeError,
            NotImplementedError,
        ) as cause:
            # zipfile raises RuntimeError for encrypted members, NotImplementedError for odd compressions
            raise Corrupt(f"line 1, column 1: cannot be read: {cause}", hint=_HINT) from cause


def _files(folder: Path) -> list[_File]:
    """Trio and Xeto files in the folder, the folders below, and the archives in them, by name."""
    if not folder.is_dir():
        raise NotFound(f"no folder {folder}", hint="name the folder of your Trio or Xeto files")
    found: list[_File] = []
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        name = path.relative_to(folder).as_posix()
        if path.suffix in _SOURCES:
            found.append(_File(name, path.parent.name, path.stat().st_size, partial(_open, path)))
        elif path.suffix in _ARCHIVES:
            found += _members(path, name)
        if len(found) > MAX_FILES:
            raise BadRequest(
                f"more than {MAX_FILES} files in {folder}",
                hint="name a folder below that holds the defs",
            )
    return found


def _open(path: Path) -> IO[bytes]:
    return path.open("rb")


def _members(path: Path, name: str) -> Iterator[_File]:
    """Of a `.xetolib` or `.zip`, which stays open until its files are read."""
    try:
        archive = zipfile.ZipFile(path)
    except (OSError, zipfile.BadZipFile) as cause:
        raise Corrupt(f"{name}: not a zip archive: {cause}", hint=_HINT) from cause
    # "ph.points-5.0.0.xetolib" holds the library ph.points
    library = re.sub(r"-\d[\w.]*$", "", path.stem)
    for member in archive.infolist()[: MAX_FILES + 1]:
        if PurePosixPath(member.filename).suffix in _SOURCES:
            start = partial(archive.open, member)
            yield _File(f"{name}/{member.filename}", library, member.file_size, start)


def _defs(text: str) -> Iterator[Def]:
    """Defs (`def: ^x`) and what extends them (`defx: ^x`); records of other kinds are passed over."""
    for tags in trio.decode(text).rows:
        for key in ("def", "defx"):
            if key in tags:
                name = _symbol(tags, key, text)
                if ":" not in name:  # `lib:ph`, `op:read` and their like are no tags
                    yield _def(name, tags, text)


def _def(name: str, tags: Tags, text: str) -> Def:
    return Def(
        name,
        _symbols(tags, "is", name, text),
        on=_symbols(tags, "tagOn", name, text),
        doc=str(tags.get("doc", "")).strip().split("\n\n")[0],
        lib=str(tags["lib"]).lstrip("^") if "lib" in tags else "",
    )


def _symbol(tags: Tags, key: str, text: str) -> str:
    value = tags[key]
    if not isinstance(value, Symbol):
        raise _not_a_symbol(key, value, str(value), text)
    return value.name


def _symbols(tags: Tags, key: str, name: str, text: str) -> tuple[str, ...]:
    value = tags.get(key, ())
    for one in value if isinstance(value, (list, tuple)) else (value,):
        if not isinstance(one, Symbol):
            raise _not_a_symbol(key, one, name, text)
    return tuple(one.name for one in (value if isinstance(value, (list, tuple)) else (value,)))


def _not_a_symbol(key: str, value: Any, near: str, text: str) -> Corrupt:
    """Names the line where the tag stands in the record that says `near`."""
    record = re.search(rf"(?m)^defx?\s*:.*{re.escape(near)}", text)
    tag = re.compile(rf"(?m)^{key}\s*:?\s*").search(text, record.start() if record else 0)
    at = tag.end() if tag else 0
    line, column = text.count("\n", 0, at) + 1, at - text.rfind("\n", 0, at)
    return Corrupt(
        f"line {line}, column {column}: wanted a symbol such as ^ahu as {key}, found {value!r:.60}", hint=_HINT
    )  # fmt: skip


def _one_each(defs: Iterable[Def]) -> Iterator[Def]:
    """Each name once: extensions and repetitions add to what is there, in any order of files."""
    found: dict[str, Def] = {}
    for one in defs:
        known = found.get(one.name, one)
        found[one.name] = Def(
            one.name,
            tuple(dict.fromkeys(known.supers + one.supers)),
            on=tuple(dict.fromkeys(known.on + one.on)),
            doc=known.doc or one.doc,
            lib=known.lib or one.lib,
        )
    return iter(found.values())


def _specs(library: str, types: Iterable[TypeDef]) -> tuple[list[Def], list[Spec]]:
    """Specs of a library; what a mixin adds to another library's type becomes tags on that type."""
    defs: list[Def] = []
    specs: list[Spec] = []
    for one in types:
        tags = tuple(slot.name for slot in one.slots if slot.name[:1].islower())
        if not _NOT_ENTITIES.isdisjoint(one.bases):
            tags = ()
        if one.mixin:
            defs += [Def(tag, on=(one.name,), lib=library) for tag in tags]
        elif one.name.rsplit("::", 1)[-1][:1].isupper():
            markers = {slot.name for slot in one.slots if slot.is_marker} & set(tags)
            bases = () if one.either else one.bases
            name = one.name if "::" in one.name else f"{library}::{one.name}"
            specs.append(Spec(name, bases, frozenset(markers), tags, one.doc))
    return defs, specs

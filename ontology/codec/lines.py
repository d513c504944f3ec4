"""Bytes as text, line by line or chunk by chunk, within bounds; a wrong encoding is named by its place.

All formats are UTF-8 unless a byte order mark says UTF-16 or UTF-32.
Source: https://project-haystack.org/doc/docHaystack/Kinds#str
"""

from __future__ import annotations

import codecs
import io
from collections.abc import Iterator
from typing import BinaryIO, Final

from ontology.errors import Corrupt

MAX_LINE: Final = 64 * 2**20
"""Characters of one line, or of one record of JSON. A line of a hundred thousand columns has far fewer."""
MAX_PIPE: Final = 512 * 2**20
"""Bytes taken from a source that cannot be rewound."""
CHUNK: Final = 2**20
"""Bytes read at a time."""
_MARKS: Final = (
    # UTF-32 first: its mark begins with the one of UTF-16
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
    (codecs.BOM_UTF8, "utf-8-sig"),
)


def lines_in(text: str) -> Iterator[str]:
    """The lines of a text without their ends (LF or CRLF); no line at all where it is empty."""
    at = 1 if text.startswith("\ufeff") else 0
    number = 0
    while at < len(text):
        number += 1
        end = text.find("\n", at)
        end = len(text) if end < 0 else end
        if end - at > MAX_LINE:
            raise _too_long(number)
        yield text[at : end - 1] if end > at and text[end - 1] == "\r" else text[at:end]
        at = end + 1


def lines_of(file: BinaryIO) -> Iterator[str]:
    """The lines of a file without their ends. Raises Corrupt by line and byte where it is no text."""
    number, begun = 1, ""
    for chunk in chunks_of(file):
        lines = chunk.split("\n")
        lines[0] = begun + lines[0]
        begun = lines.pop()
        for line in lines:
            if len(line) > MAX_LINE:
                raise _too_long(number)
            yield line.removesuffix("\r")
            number += 1
        if len(begun) > MAX_LINE:
            raise _too_long(number)
    if begun:
        yield begun.removesuffix("\r")


def chunks_of(file: BinaryIO) -> Iterator[str]:
    """A file's text in pieces of about `CHUNK` bytes. Raises Corrupt by line and byte."""
    file = _seekable(file)
    encoding = _encoding(file)
    decoder = codecs.getincrementaldecoder(encoding.removesuffix("-sig"))()
    offset, number = file.tell(), 1
    while True:
        raw = file.read(CHUNK)
        held = len(decoder.getstate()[0])
        try:
            text = decoder.decode(raw, final=not raw)
        except UnicodeDecodeError as cause:
            number += cause.object[: cause.start].count(b"\n")
            raise _not_utf8(cause, offset - held + cause.start, number) from cause
        offset += len(raw)
        number += text.count("\n")
        if text:
            yield text
        if not raw:
            return


def head_of(file: BinaryIO, size: int = 2**16) -> str:
    """The first characters of a file, for guessing its format; the file is back at its start."""
    start = file.tell()
    raw = file.read(size)
    file.seek(start)
    encoding = next((name for mark, name in _MARKS if raw.startswith(mark)), "utf-8")
    return raw.decode(encoding, errors="replace")


def _seekable(file: BinaryIO) -> BinaryIO:
    """A pipe is read as a whole, to be able to look at its first bytes twice."""
    if file.seekable():
        return file
    body = file.read(MAX_PIPE + 1)
    if len(body) > MAX_PIPE:
        raise Corrupt(f"more than {MAX_PIPE // 2**20} MB in a pipe", hint="give a file instead")
    return io.BytesIO(body)


def _encoding(file: BinaryIO) -> str:
    """By its mark, which is stepped over for UTF-8 only. UTF-16 without a mark is refused."""
    start = file.tell()
    head = file.read(4)
    file.seek(start)
    encoding = next((name for mark, name in _MARKS if head.startswith(mark)), "utf-8")
    if encoding == "utf-8-sig":
        file.seek(start + len(codecs.BOM_UTF8))
    if encoding == "utf-8" and b"\x00" in head:
        raise Corrupt(
            f"line 1, byte {head.index(0)}: wanted text, found a zero byte",
            hint="save the file as UTF-8; UTF-16 needs its byte order mark",
        )
    return encoding


def _too_long(number: int) -> Corrupt:
    return Corrupt(
        f"line {number}: longer than {MAX_LINE // 2**20} MB",
        hint="the file is damaged or of another format; nothing after this line was read",
    )


def _not_utf8(cause: UnicodeDecodeError, offset: int, number: int) -> Corrupt:
    found = cause.object[cause.start : cause.start + 1].hex()
    return Corrupt(
        f"line {number}, byte {offset}: not {cause.encoding} text, found the byte 0x{found}",
        hint="save the file as UTF-8; it looks like Latin-1, or like no text at all",
    )

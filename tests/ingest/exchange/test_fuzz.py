"""Spoilt models and point lists: thousands of cut, doubled and overwritten files are read or refused, never worse."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import openpyxl
import pytest

from ingest.exchange.brick import read_brick
from ingest.exchange.source import Source
from ingest.exchange.tables import read_point_list
from ontology.codec import csv
from ontology.errors import BadRequest, Corrupt
from ontology.kinds import Ref

SAMPLES = Path(__file__).parent / "samples"
READERS: dict[str, Callable[[Path], Source]] = {
    "lakeside.ttl": read_brick,
    "points.csv": read_point_list,
}
SIGNS = [b'"', b";", b",", b"\n", b"\r", b"\x00", b"\xff", b"[", b"]", b"<", b">", b"@", b":", b".", b"\\", b"#",
         b"'''", "ห้อง".encode(), b"1e999", b"a ", b"brick:", b"^^", b"_:b"]  # fmt: skip


def spoilt(body: bytes, chance: random.Random) -> bytes:
    """The file cut, doubled or overwritten in one to four places."""
    for _ in range(chance.randint(1, 4)):
        at, to = sorted(chance.randrange(len(body) + 1) for _ in range(2))
        to = min(to, at + 200)
        body = chance.choice([
            body[:at] + body[to:], body[:to] + body[at:], body[:at] + chance.choice(SIGNS) + body[at:],
            body[:at] + chance.choice(SIGNS) + body[to:], body[: max(to, 1)],
        ])  # fmt: skip
    return body


def read_or_refused(path: Path, body: bytes, read: Callable[[Path], Source]) -> bool:
    path.write_bytes(body)
    try:
        source = read(path)
    except (Corrupt, BadRequest):
        return False
    assert all(isinstance(tags["id"], Ref) for tags in source.entities)
    return True


@pytest.mark.parametrize("name", READERS)
@pytest.mark.parametrize("count", [60, pytest.param(10_000, marks=pytest.mark.long)])
def test_a_spoilt_file_is_read_or_refused(tmp_path: Path, name: str, count: int) -> None:
    chance = random.Random(17)
    body = (SAMPLES / name).read_bytes()
    read = [
        read_or_refused(tmp_path / name, spoilt(body, chance), READERS[name]) for _ in range(count)
    ]
    assert {True, False} == set(read)  # some are spoilt beyond reading, some are not


def test_a_damaged_spreadsheet_is_read_or_refused(tmp_path: Path) -> None:
    """Bytes overwritten inside of the archive: broken deflate streams, XML, indexes of shared texts."""
    chance = random.Random(17)
    path = tmp_path / "points.xlsx"
    book = openpyxl.Workbook()
    for row in (["Name", "Unit", "Equipment"], *(["SAT", "°C", f"AHU-{n}"] for n in range(20))):
        book.active.append(row)
    book.save(path)
    body = path.read_bytes()
    for _ in range(150):
        spoilt_body = bytearray(body)
        for _ in range(chance.randint(1, 3)):
            spoilt_body[chance.randrange(len(body))] = chance.randrange(256)
        read_or_refused(path, bytes(spoilt_body), read_point_list)


def test_reading_a_point_list_changes_no_limit_of_the_process(tmp_path: Path) -> None:
    long = "x" * 20_000
    before = csv.decode(f"a\n{long}\n")
    assert not read_or_refused(
        tmp_path / "p.csv", f"Name;Unit\n{long};K\n".encode(), read_point_list
    )
    assert csv.decode(f"a\n{long}\n") == before

"""A building's folder that may only be read, as on a mounted backup: all questions work, and no write does."""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from ingest.demo.model import riverside_tower
from ingest.exchange.files import write_entities
from ontology.kinds import MARKER, Ref
from services import cli

_NOBODY = 65_534


@pytest.fixture
def desk() -> Iterator[Path]:
    """A folder that a stranger may enter; those of pytest are closed to others."""
    with tempfile.TemporaryDirectory() as name:
        desk = Path(name)
        desk.chmod(0o755)
        plant = [e for e in riverside_tower() if "site" in e or "chiller" in e]
        write_entities(desk / "plant.zinc", plant)
        more = [{"id": Ref("CH-9"), "equip": MARKER, "chiller": MARKER}]
        write_entities(desk / "more.zinc", more)
        yield desk


@contextlib.contextmanager
def stranger() -> Iterator[None]:
    """Somebody whom the rights of files bind; whoever runs as root is bound by none."""
    mine = os.geteuid()
    if mine == 0:
        os.seteuid(_NOBODY)
    try:
        yield
    finally:
        os.seteuid(mine)


@contextlib.contextmanager
def closed(home: Path) -> Iterator[None]:
    """The folder and all in it may only be read."""
    files = [*home.iterdir()]
    for file in files:
        file.chmod(0o444)
    home.chmod(0o555)
    try:
        with stranger():
            yield
    finally:
        home.chmod(0o755)
        for file in files:
            file.chmod(0o644)


def said(capsys: pytest.CaptureFixture[str], *words: str | Path) -> tuple[int, str]:
    """Exit code of a command and all it said."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["plantroom", "ontology", *map(str, words)])
        with pytest.raises(SystemExit) as ended:
            cli.main()
    told = capsys.readouterr()
    return int(ended.value.code or 0), told.out + told.err


def test_a_folder_that_may_only_be_read_is_read(
    desk: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    home = desk / "home"
    assert said(capsys, "import", desk / "plant.zinc", "--home", home)[0] == 0
    asked = [
        ("find", "chiller", "--home", home),
        ("check", "--home", home),
        ("export", "-", "--home", home),
        ("import", desk / "more.zinc", "--dry-run", "--home", home),
    ]
    mine = [said(capsys, *words) for words in asked]  # loads the code too: a stranger may not
    assert [code for code, _ in mine] == [0, 1, 0, 0], mine  # 1: the cooling towers were left out
    with closed(home):
        before = sorted(file.name for file in home.iterdir())
        assert [said(capsys, *words) for words in asked] == mine
        assert sorted(file.name for file in home.iterdir()) == before


def test_a_write_to_a_folder_that_may_only_be_read_names_the_file(
    desk: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    home = desk / "home"
    said(capsys, "import", desk / "plant.zinc", "--home", home)
    (desk / "defs").mkdir()
    (desk / "defs" / "rink.trio").write_text("def: ^iceMaker\nis: ^chiller\n---\n")
    said(capsys, "import-defs", desk / "defs", "--home", home)
    with closed(home):
        code, found = said(capsys, "import", desk / "more.zinc", "--home", home)
        assert (code, f"{home / 'records.db'} may only be read" in found) == (5, True), found
        code, found = said(capsys, "import-defs", desk / "defs", "--home", home)
        assert code == 5
        assert f"{home} may not be written to" in found
        assert ".json" not in found


def test_a_file_that_may_only_be_read_in_an_open_folder_leaves_nothing_beside_it(
    desk: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    home = desk / "home"
    said(capsys, "import", desk / "plant.zinc", "--home", home)
    home.chmod(0o777)
    (home / "records.db").chmod(0o444)
    with stranger():
        code, found = said(capsys, "find", "chiller", "--home", home)
    assert (code, "@CH-1" in found) == (0, True), found
    assert [file.name for file in home.iterdir()] == ["records.db"]


def test_commits_in_a_log_are_told_or_refused_and_never_left_out(
    desk: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    home, copy = desk / "home", desk / "copy"
    said(capsys, "import", desk / "plant.zinc", "--home", home)
    writer = sqlite3.connect(home / "records.db")
    writer.execute("PRAGMA wal_autocheckpoint=0")
    writer.execute(
        "UPDATE records SET tags = replace(tags, 'CH-1', 'CH-X'), id = 'CH-X' WHERE id = 'CH-1'"
    )
    writer.commit()
    copy.mkdir()
    for file in home.iterdir():  # as a backup of a running building takes it
        shutil.copy(file, copy / file.name)
    writer.close()
    with closed(copy):
        code, found = said(capsys, "find", "chiller", "--home", copy)
    assert "@CH-1" not in found
    assert (code == 0) == ("@CH-X" in found)
    assert code in (0, 5)

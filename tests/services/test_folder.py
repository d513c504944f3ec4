"""A home has one owner, and nothing is emptied that Plantroom did not make."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from ontology.errors import Conflict, OutOfSpace, Refused, Unavailable
from services.folder import LOCK, disk_errors, empty_for_demo, mark_as_demo, owned


def test_a_second_plantroom_is_told_who_has_the_home(tmp_path: Path) -> None:
    with owned(tmp_path / "home"):
        with (
            pytest.raises(Conflict, match=f"process {os.getpid()}") as told,
            owned(tmp_path / "home"),
        ):
            pass
        assert "--home" in told.value.hint
    with owned(tmp_path / "home"):
        pass  # given back


def test_a_killed_owner_leaves_the_home_free(tmp_path: Path) -> None:
    code = f"import os, pathlib, services.folder as f\nwith f.owned(pathlib.Path({str(tmp_path)!r})): os._exit(9)"
    assert subprocess.run([sys.executable, "-c", code], check=False, timeout=30).returncode == 9
    with owned(tmp_path):
        pass


@pytest.mark.parametrize("name", ["thesis.doc", "records.db", ".bashrc"])
def test_a_folder_of_other_things_is_never_emptied(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text("precious")
    with owned(tmp_path), pytest.raises(Refused, match=name):
        empty_for_demo(tmp_path)
    assert (tmp_path / name).read_text() == "precious"


def test_a_demo_is_emptied_but_for_its_lock_and_nothing_behind_a_link(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "thesis.doc").touch()
    home = tmp_path / "home"
    with owned(home):
        empty_for_demo(home)  # the first build marks it
        (home / "documents").mkdir()
        (home / "documents" / "om.pdf").touch()
        (home / "linked").symlink_to(elsewhere)
        mark_as_demo(home)
        empty_for_demo(home)
        assert sorted(file.name for file in home.iterdir()) == ["demo.mark", LOCK]
    assert (elsewhere / "thesis.doc").exists()


def test_a_home_that_cannot_be_is_said_in_our_words(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(Unavailable, match="Not a directory"), owned(tmp_path / "file" / "home"):
        pass


@pytest.mark.parametrize(
    ("number", "kind"),
    [(errno.ENOSPC, OutOfSpace), (errno.EFBIG, OutOfSpace), (errno.EACCES, Unavailable)],
)
def test_a_full_disk_is_no_missing_right(
    number: int, kind: type[Unavailable], tmp_path: Path
) -> None:
    with pytest.raises(Unavailable) as told, disk_errors(tmp_path):
        raise OSError(number, os.strerror(number), "records.db")
    assert type(told.value) is kind
    assert "--home" in told.value.hint

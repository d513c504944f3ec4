"""The command line in this process, and a home for it."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from services import cli
from tests.services.told import Run, Told


@pytest.fixture
def say(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """`say("ask", "")` is `plantroom ask ""`."""

    def told(*words: str | Path) -> Told:
        monkeypatch.setattr(sys, "argv", ["plantroom", *map(str, words)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            cli.main()
        said = capsys.readouterr()
        return Told(int(ended.value.code or 0), said.out, said.err)

    return told


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def run(say: Run, home: Path) -> Run:
    """`run("find", "ahu")` is `plantroom ontology find ahu --home HOME`."""
    return lambda *words: say("ontology", *words, "--home", home)

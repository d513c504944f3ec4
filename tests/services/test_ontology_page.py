"""The page about the model is true: each example is run, and prints what the page shows."""

from __future__ import annotations

import contextlib
import io
import re
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from services import cli
from services.commands import ontology

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "how-to" / "ontology.md"
SAMPLES = ROOT / "tests" / "ingest" / "exchange" / "samples"
TOWER = """id: @tower
site
area: 38000m²
---
id: @tower.temp
point
siteRef: @tower
hisStart: 2026-01-01T00:00:00Z UTC
"""
BLOCK = re.compile(r"(?<=```console\n).*?(?=```)", re.DOTALL)


def examples(text: str) -> Iterator[tuple[str, str]]:
    """Every command of the page with the output it shows."""
    for block in BLOCK.findall(text):
        for example in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, shown = example.partition("\n")
            yield command, shown


def lay_out(desk: Path) -> None:
    """The files that the page speaks of."""
    for name in ("lakeside.ttl", "points.csv"):
        (desk / name).write_bytes((SAMPLES / name).read_bytes())
    (desk / "broken.trio").write_text(
        'id: @AHU-2\ndis: "AHU-2"\nequip\nahu\nsiteRef: @lakeside "Lake\n'
    )
    (desk / "tower.trio").write_text(TOWER)
    (desk / "defs").mkdir()
    (desk / "defs" / "rink.trio").write_text("def: ^iceMaker\nis: ^chiller\n---\n")


def printed(command: str) -> str:
    """What a command prints, output and remarks in the order a terminal shows them."""
    said = io.StringIO()
    with (
        pytest.MonkeyPatch.context() as patch,
        contextlib.redirect_stdout(said),
        contextlib.redirect_stderr(said),
        contextlib.suppress(SystemExit),
    ):
        patch.setattr(sys, "argv", shlex.split(command))
        cli.main()
    return said.getvalue()


def fits(shown: str, found: str) -> bool:
    """Whether the page's text is the output; `...` alone on a line stands for any lines."""
    parts = re.split(r"^\.\.\.\n", shown, flags=re.MULTILINE)
    return re.fullmatch("(?:.*\n)*?".join(map(re.escape, parts)), found) is not None


def test_every_example_of_the_page_prints_what_it_shows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    lay_out(tmp_path)
    wrong = [
        f"$ {command}\n{found}"
        for command, shown in examples(PAGE.read_text())
        if not fits(shown, found := printed(command))
    ]
    assert wrong == []


def test_every_command_has_an_example() -> None:
    used = {shlex.split(command)[2] for command, _ in examples(PAGE.read_text())}
    names = {command.name for command in ontology.app.registered_commands}
    names |= {
        command.callback.__name__
        for command in ontology.app.registered_commands
        if not command.name and command.callback
    }
    assert names - {None} == used

"""The command starts light: what one command needs, no other imports; lists of commands tell the truth all the same."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from ontology.errors import Unavailable
from services.cli import app
from services.commands import llm
from services.commands.late import LateCommand

HEAVY = {"aiohttp", "duckdb", "fastapi", "langgraph", "llama_index", "matplotlib", "pyarrow", "sqlalchemy", "sqlglot", "yaml"}  # fmt: skip
ASKED = """
import json, sys
from services import cli
sys.argv = ["plantroom", *sys.argv[1:]]
try:
    cli.main()
finally:
    print(json.dumps(sorted({name.partition(".")[0] for name in sys.modules})), file=sys.stderr)
"""


def imported(*words: str) -> set[str]:
    """Packages that this command line has brought in by its end."""
    done = subprocess.run([sys.executable, "-c", ASKED, *words], capture_output=True, text=True, timeout=60, check=False)  # fmt: skip
    found: list[str] = json.loads(done.stderr.splitlines()[-1])
    return set(found)


def late_commands() -> list[LateCommand]:
    groups: list[Any] = [typer.main.get_command(app), typer.main.get_command(llm.app)]
    return [each for group in groups for each in group.commands.values() if isinstance(each, LateCommand)]  # fmt: skip


@pytest.mark.parametrize("words", [["--version"], ["--help"], ["llm", "--help"], ["nonsense"]], ids=" ".join)  # fmt: skip
def test_who_only_looks_around_imports_nothing_heavy(words: list[str]) -> None:
    assert imported(*words) & (HEAVY | {"numpy", "pydantic"}) <= {"pydantic"}


@pytest.mark.parametrize("words", [
    ["llm", "fit", "--help"], ["llm", "plan", "qwen2.5-72b", "--gpus", "8xH100-80"],
], ids=" ".join)  # fmt: skip
def test_sizing_needs_neither_servers_nor_stores_nor_plots(words: list[str]) -> None:
    assert not imported(*words) & HEAVY


def test_the_state_of_a_box_needs_no_agent_no_store_and_no_plots() -> None:
    assert imported("llm", "status", "box.toml") & HEAVY <= {"aiohttp", "yaml"}


@pytest.mark.parametrize("listed", late_commands(), ids=lambda listed: listed.place)
def test_a_list_of_commands_says_what_the_command_itself_says(listed: LateCommand) -> None:
    assert str(listed.real().help).splitlines()[0] == listed.help


def test_options_of_a_command_that_is_not_imported_yet_are_completed() -> None:
    asked = {"_PLANTROOM_COMPLETE": "complete_bash", "COMP_WORDS": "plantroom llm gateway --unw", "COMP_CWORD": "3"}  # fmt: skip
    done = CliRunner().invoke(app, [], prog_name="plantroom", env=asked)
    assert "--unwatched" in done.output


def test_names_of_commands_are_completed_without_importing_them() -> None:
    asked = {"_PLANTROOM_COMPLETE": "complete_bash", "COMP_WORDS": "plantroom llm ga", "COMP_CWORD": "2"}  # fmt: skip
    done = CliRunner().invoke(app, [], prog_name="plantroom", env=asked)
    assert done.output.split() == ["gateway"]


def test_a_missing_package_is_named_with_what_installs_it() -> None:
    with pytest.raises(Unavailable, match="serve needs no_such_package") as told:
        LateCommand("serve", "no_such_package:serve", "").real()
    assert "pip install" in told.value.hint


def test_a_fault_in_our_own_imports_is_no_missing_package() -> None:
    with pytest.raises(ModuleNotFoundError):
        LateCommand("serve", "services.no_such_module:serve", "").real()

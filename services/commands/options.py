"""What the commands share: their common options, the two consoles, settings and JSON."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from services.terminal import readable

if TYPE_CHECKING:
    from services.settings import Settings

out = Console(highlight=False, soft_wrap=True)
err = Console(stderr=True, highlight=False, soft_wrap=True)

Home = Annotated[Path | None, typer.Option("--home", help="folder of the building's data")]
AsJson = Annotated[bool, typer.Option("--json", help="one JSON object on standard output")]
Calibrated = Annotated[Path | None, typer.Option("--calibration", help="factors of plantroom llm calibrate")]  # fmt: skip


def settings_of(home: Path | None, port: int | None = None) -> Settings:
    """Settings from the environment; what was given on the command line wins."""
    from services.settings import load_settings  # noqa: PLC0415  (pydantic: half the time of a start)

    given: dict[str, Any] = {"home": home, "port": port}
    return load_settings(**{key: value for key, value in given.items() if value is not None})


def say(text: str) -> None:
    """A result for people; names in it are anyone's words, so nothing in it steers the terminal."""
    out.print(readable(text), markup=False)


def note(text: str) -> None:
    """What is beside the result, on standard error; as `say`."""
    err.print(readable(text), markup=False)


def print_json(value: Any) -> None:
    """One JSON value on standard output, in one line."""
    typer.echo(json.dumps(value, ensure_ascii=False))

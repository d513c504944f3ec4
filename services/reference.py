"""Writes the generated reference pages: settings and command line. `make docs` calls it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer
from pydantic import BaseModel

from services.cli import app
from services.commands.late import LateCommand
from services.settings import Settings


def settings_page() -> str:
    """docs/reference-settings.md."""
    lines = [
        "# Settings",
        "",
        "Environment variables, read once at start. Generated from `services/settings.py` by `make docs`.",
        "",
        "| variable | default | meaning |",
        "|---|---|---|",
    ]
    lines += [
        f"| `{name}` | {default} | {says} |"
        for name, default, says in _fields(Settings, "PLANTROOM_")
    ]
    return "\n".join(lines) + "\n"


def commands_page() -> str:
    """docs/reference-cli.md."""
    lines = [
        "# Command line",
        "",
        "`plantroom --install-completion` adds shell completion. Exit codes: 0 done, 1 failed or a target missed, 2 bad request,",
        "3 refused, 4 not found, 5 unavailable. Generated from `services/cli.py` by `make docs`.",
    ]
    group = typer.main.get_command(app)
    for name, command in _commands(group, "plantroom"):
        lines += [
            "",
            f"## {name}",
            "",
            str(command.help).strip(),
            "",
            "| option | meaning |",
            "|---|---|",
        ]
        lines += [_parameter(p) for p in command.params if p.name != "help"]
    return "\n".join(lines) + "\n"


def _commands(group: Any, path: str) -> Iterator[tuple[str, Any]]:
    """Every command with its whole name, those of groups too; a group itself says nothing new."""
    for name, listed in sorted(group.commands.items()):
        command = listed.real() if isinstance(listed, LateCommand) else listed
        if hasattr(command, "commands"):
            yield from _commands(command, f"{path} {name}")
        else:
            yield f"{path} {name}", command


def _parameter(parameter: Any) -> str:
    """A row of a command's table."""
    shown = (
        ", ".join(f"`{opt}`" for opt in parameter.opts)
        if parameter.param_type_name == "option"
        else f"`{str(parameter.name).upper()}`"
    )
    return f"| {shown} | {getattr(parameter, 'help', '') or ''} |"


PAGES = {"reference-settings.md": settings_page, "reference-cli.md": commands_page}


def _fields(model: type[BaseModel], prefix: str) -> Iterator[tuple[str, str, str]]:
    for name, field in model.model_fields.items():
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            yield from _fields(kind, f"{prefix}{name.upper()}__")
            continue
        default = str(field.default) if field.default not in ("", None) else "none"
        yield (
            prefix + name.upper(),
            "none"
            if "***" in default or default == ""
            else f"`{default}`"
            if default != "none"
            else default,
            str(field.description),
        )


def main() -> None:
    """Write every page into the folder given as the only argument."""
    folder = Path(sys.argv[1])
    for name, page in PAGES.items():
        (folder / name).write_text(page())


if __name__ == "__main__":
    main()

"""Writes the generated reference pages: settings and command line. `make docs` calls it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import typer
from pydantic import BaseModel

from services.cli import app
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
    context = typer.Context(group)
    for name, command in sorted(getattr(group, "commands", {}).items()):
        lines += [
            "",
            f"## plantroom {name}",
            "",
            str(command.help).strip(),
            "",
            "| option | meaning |",
            "|---|---|",
        ]
        for parameter in command.get_params(context):
            if parameter.name != "help":
                shown = (
                    ", ".join(f"`{opt}`" for opt in parameter.opts)
                    if parameter.param_type_name == "option"
                    else f"`{parameter.name.upper()}`"
                )
                lines.append(f"| {shown} | {getattr(parameter, 'help', '') or ''} |")
    return "\n".join(lines) + "\n"


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

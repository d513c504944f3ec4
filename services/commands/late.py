"""Commands that are imported when they are asked for: what one of them needs, no other pays for."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

from ontology.errors import Unavailable

_OURS = {"ontology", "edge", "ingest", "agent", "services"}


class LateCommand(TyperCommand):
    """Stands in a list of commands with its name and one line of help; all else is the real command's."""

    def __init__(self, name: str, place: str, says: str) -> None:
        super().__init__(name, help=says, rich_markup_mode=None)
        self.place = place

    def real(self) -> Any:
        """The command or the group of commands. Raises Unavailable where an optional package is missing."""
        module, _, attribute = self.place.partition(":")
        try:
            found = getattr(import_module(module), attribute)
        except ModuleNotFoundError as cause:
            if (cause.name or "").partition(".")[0] in _OURS:
                raise
            raise Unavailable(f"{self.name} needs {cause.name}", hint='run: pip install "plantroom[all]"') from cause  # fmt: skip
        if isinstance(found, typer.Typer):
            return typer.main.get_group(found)
        alone = typer.Typer(add_completion=False, rich_markup_mode=None)
        alone.command(self.name)(found)
        return typer.main.get_command(alone)

    def make_context(self, *given: Any, **named: Any) -> Any:
        """A context of the real command: what parses, runs and completes from here on."""
        return self.real().make_context(*given, **named)


def late(*rows: tuple[str, str, str]) -> type[TyperGroup]:
    """A kind of group that has these commands too: (name, "module:function or app", first line of its help)."""

    class Group(TyperGroup):
        def __init__(self, **given: Any) -> None:
            super().__init__(**given)
            for row in rows:
                self.add_command(LateCommand(*row))

    return Group

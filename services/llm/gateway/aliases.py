"""What a model's public name means just now: "chief" may be the adapter "chief-2026-11-20", and go back at any time."""

from __future__ import annotations

import json
import re
from pathlib import Path

from ontology.errors import BadRequest, Conflict, Corrupt, NotFound

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/@-]{0,127}")
MOST_ALIASES = 64
# Steps that can be taken back, one adapter a week for four months.
MOST_STEPS = 16
MOST_BYTES = 1_000_000


class Aliases:
    """Each alias with the models it has meant, newest last. Kept in `file` where one is given, whole or not at all."""

    def __init__(self, file: Path | None = None) -> None:
        self._file = file
        self._meant: dict[str, list[str]] = _read(file) if file and file.exists() else {}

    def model(self, asked: str) -> str:
        """What to ask the replicas for."""
        meant = self._meant.get(asked)
        return meant[-1] if meant else asked

    def current(self) -> dict[str, str]:
        """All aliases with what each means now."""
        return {alias: meant[-1] for alias, meant in self._meant.items()}

    def point(self, alias: str, model: str) -> None:
        """Let a name mean a model from now on. Requests under way keep theirs. Raises BadRequest."""
        for name in (alias, model):
            if not _NAME.fullmatch(name):
                raise BadRequest(
                    f"{name!r} is no model name", hint="use letters, digits and . _ : / @ -"
                )
        meant = self._meant.get(alias, [alias])
        if model in self._meant and model != alias:
            raise BadRequest(f"{model!r} is an alias itself", hint="point to a model or an adapter")
        if alias not in self._meant and len(self._meant) >= MOST_ALIASES:
            raise BadRequest(f"{MOST_ALIASES} aliases exist already", hint="use one of them")
        if meant[-1] != model:
            self._keep({**self._meant, alias: [*meant, model][-MOST_STEPS:]})

    def roll_back(self, alias: str) -> str:
        """Let a name mean what it meant before. Gives that. Raises NotFound, Conflict where nothing is before it."""
        meant = self._meant.get(alias)
        if meant is None:
            known = ", ".join(self._meant) or "none"
            raise NotFound(f"there is no alias {alias!r}", hint=f"aliases: {known}")
        if len(meant) < 2:
            raise Conflict(
                f"{alias!r} has always meant {meant[-1]!r}", hint="there is nothing to go back to"
            )
        self._keep({**self._meant, alias: meant[:-1]})
        return self._meant[alias][-1]

    def _keep(self, meant: dict[str, list[str]]) -> None:
        if self._file is not None:
            fresh = self._file.with_suffix(".new")
            fresh.write_text(json.dumps(meant, indent=1))
            fresh.replace(self._file)
        self._meant = meant


def _read(file: Path) -> dict[str, list[str]]:
    try:
        with file.open("rb") as opened:
            read: dict[str, list[str]] = json.loads(opened.read(MOST_BYTES))
    except (OSError, ValueError, RecursionError) as cause:
        raise Corrupt(f"{file}: {cause}", hint="remove it: every name then means itself") from cause
    fine = isinstance(read, dict) and all(
        isinstance(meant, list) and meant and all(isinstance(m, str) and _NAME.fullmatch(m) for m in [alias, *meant])
        for alias, meant in read.items()
    )  # fmt: skip
    if not fine:
        raise Corrupt(
            f"{file}: not the aliases of a gateway", hint="remove it: every name then means itself"
        )
    return read

"""Questions to judge a model by: each in words nobody trained on, beside a question whose plan is known to be right."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ontology.errors import BadRequest, NotFound

UNSEEN: Final = "unseen"
HALVES: Final = ("dev", "test")
_BUNDLED: Final = Path(__file__).parent / "banks"
MOST: Final = 10_000


@dataclass(frozen=True)
class Judged:
    """`asked` is put to the agent; the playbook's plan of `plain` is the right answer."""

    id: str
    asked: str
    plain: str
    half: str


def questions(bank: str, half: str = "all") -> list[Judged]:
    """The bundled bank of this name, or a file of lines "plain | dev wording | test wording"; `#` begins a remark.

    Raises NotFound for no such bank, BadRequest for a line that is none.
    """
    path = _BUNDLED / f"{bank}.txt" if bank.isidentifier() else Path(bank).expanduser()
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as cause:
        raise NotFound(
            f"no bank of questions {bank!r}", hint=f"bundled: {UNSEEN}; or name a text file"
        ) from cause
    if len(lines) > MOST:
        raise BadRequest(f"{path} has {len(lines):,} lines", hint=f"use at most {MOST:,}")
    found = [one for number, line in enumerate(lines, 1) for one in _line(path, number, line)]
    kept = [one for one in found if half in {"all", one.half}]
    if not kept:
        raise BadRequest(
            f"{path} has no questions", hint="lines: plain question | other wording | other wording"
        )
    return kept


def _line(path: Path, number: int, line: str) -> list[Judged]:
    text = line.strip()
    if not text or text.startswith("#"):
        return []
    plain, *others = (part.strip() for part in text.split("|"))
    if not plain or not 1 <= len(others) <= len(HALVES) or not all(others):
        raise BadRequest(
            f"{path}, line {number}: {line[:80]!r}",
            hint="plain question | other wording | other wording",
        )
    return [
        Judged(f"{number}.{half}", other, plain, half)
        for half, other in zip(HALVES, others, strict=False)
    ]

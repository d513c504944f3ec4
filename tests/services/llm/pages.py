"""Commands that pages tell people to type, with what the page says is printed."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from pathlib import Path

DOCS = Path(__file__).parents[3] / "docs"
TUTORIAL = DOCS / "tutorial-gpu-box.md"
PAGES = (
    TUTORIAL,
    *(DOCS / "how-to" / f"{name}.md" for name in (
        "run-a-gpu-box", "size-a-gpu-box", "measure-a-model-server", "fine-tune-the-model",
    )),
)  # fmt: skip
_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_ENDS = {";", "&&", "||", "|", ">", ">>", "2>", "<", "&", "#"}


@dataclass(frozen=True)
class Told:
    """One line to type. `prints`: the lines the page shows below it; "..." stands for some that it leaves out."""

    page: str
    line: str
    prints: tuple[str, ...] = ()

    @property
    def commands(self) -> list[list[str]]:
        """The arguments of each `plantroom` in the line."""
        lexer = shlex.shlex(self.line, posix=True, punctuation_chars=True)
        lexer.whitespace_split = True
        words, found = list(lexer), []
        for at, word in enumerate(words):
            if word == "plantroom" and (at == 0 or words[at - 1] in _ENDS or "=" in words[at - 1]):
                rest = words[at + 1 :]
                end = next((i for i, each in enumerate(rest) if each in _ENDS), len(rest))
                found.append(rest[:end])
        return found


def blocks(page: Path, *kinds: str) -> list[str]:
    """The fenced blocks of these kinds, in the page's order."""
    return [text for kind, text in _BLOCK.findall(page.read_text()) if kind in kinds]


def told(page: Path) -> list[Told]:
    """Everything typed on a page, in its order: lines behind `$ `, and all lines of blocks of sh and bash."""
    found: list[Told] = []
    for kind, text in _BLOCK.findall(page.read_text()):
        if kind in {"sh", "bash"}:
            found += [Told(page.name, line) for line in text.splitlines() if line.strip()]
        elif kind == "console":
            for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
                line, *prints = part.rstrip("\n").split("\n")
                found.append(Told(page.name, line, tuple(prints)))
    return found

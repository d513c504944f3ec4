"""A terminal obeys some of what it is shown: only what people can read may reach it."""

from __future__ import annotations

import io
import re
from typing import Final, TextIO

_COMMANDS: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")
"""C0 and C1 controls but tab and line feed (escape sequences begin with them), and what turns text around."""


def readable(text: str) -> str:
    """The text without terminal commands; names from devices and documents are anyone's words."""
    return _COMMANDS.sub("", text)


def forgiving(stream: TextIO) -> None:
    """A terminal without °, Thai or … shows `?` there instead of ending the command."""
    if isinstance(stream, io.TextIOWrapper):
        stream.reconfigure(errors="replace")

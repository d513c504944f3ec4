"""Run inside vLLM's own environment: each line of standard input is JSON [arguments, config folder or null]; verdicts follow.

The parser refuses flags that are gone; the engine config refuses heads that do not divide and contexts too long.
"""

from __future__ import annotations

import json
import sys

from vllm.engine.arg_utils import AsyncEngineArgs
from vllm.entrypoints.launchers.cli_args import make_arg_parser
from vllm.utils.argparse_utils import FlexibleArgumentParser


def verdict(arguments: list[str], folder: str | None) -> str:
    """ "" where the line is good, else what vLLM said."""
    try:
        parsed = make_arg_parser(FlexibleArgumentParser()).parse_args(arguments)
    except SystemExit as ended:
        return f"parser: {ended}"
    if folder is None:
        return ""
    try:
        parsed.model = folder
        AsyncEngineArgs.from_cli_args(parsed).create_engine_config()
    except Exception as error:  # noqa: BLE001  (whatever it raises is the verdict)
        return f"{type(error).__name__}: {error}"
    return ""


def main() -> None:
    out = sys.stdout
    sys.stdout = sys.stderr
    for line in sys.stdin:
        arguments, folder = json.loads(line)
        out.write(json.dumps(verdict(arguments, folder)) + "\n")
        out.flush()


if __name__ == "__main__":
    main()

"""How fast values come in: each protocol alone, then device to history for minutes, with flat memory."""

from __future__ import annotations

import argparse
import importlib
import logging

from rich.console import Console

from bench.report import finish

PARTS = ("bacnet", "modbus", "lorawan", "end_to_end")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="only the last line")
    parser.add_argument("--quick", action="store_true", help="seconds instead of minutes")
    asked = parser.parse_args()
    logging.disable(logging.WARNING)
    out = Console(stderr=True, quiet=asked.json)
    values: dict[str, float] = {}
    for name in PARTS:
        out.print(f"{name} ...")
        found = importlib.import_module(f"bench.ingest_parts.{name}").measure(quick=asked.quick)
        for key, value in found.items():
            out.print(f"{key:>32}  {value:14,.2f}")
        values |= found
    finish("ingest_quick" if asked.quick else "ingest", values)


if __name__ == "__main__":
    main()

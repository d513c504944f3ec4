"""From a clean clone to the first cited answer, and from a warm start: the README's one command, timed."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench.report import finish

ROOT = Path(__file__).parents[1]
QUESTION = "why is 807 hot?"
CAUSE = "DOAS-1"
MOST_S = 900


def first_answer_s(checkout: Path, environment: dict[str, str], home: Path | None) -> float:
    """Seconds until `make demo` (or, given a home, the command itself) has printed the cause."""
    begun = time.monotonic()
    if home is None:
        command = ["make", "demo", f"ASK={QUESTION}", "PORT=0"]
    else:
        command = [
            sys.executable,
            "-m",
            "services.cli",
            "demo",
            "--home",
            str(home),
            "--port",
            "0",
            "--ask",
            QUESTION,
        ]
    with subprocess.Popen(
        command,
        cwd=checkout,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        assert process.stdout is not None
        said, took_s = "", float("inf")
        for line in process.stdout:
            said += line
            print(line, end="", file=sys.stderr)
            if CAUSE in line and took_s == float("inf"):
                took_s = time.monotonic() - begun
            if time.monotonic() - begun > MOST_S:
                process.kill()
    if process.returncode != 0:
        raise SystemExit(f"the demo ended with {process.returncode}: {said[-2000:]}")
    return took_s


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--json", action="store_true", help="accepted; the last line is always JSON"
    )
    parser.add_argument(
        "--quick", action="store_true", help="this checkout and its installed environment, no clone"
    )
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="plantroom-start-") as folder:
        temporary = Path(folder)
        if options.quick:
            checkout, environment, home = ROOT, dict(os.environ), temporary / "home"
        else:
            checkout, home = temporary / "clone", None
            subprocess.run(["git", "clone", "--quiet", str(ROOT), str(checkout)], check=True)
            # Empty caches: what a stranger's machine has.
            caches = {
                name: str(temporary / name)
                for name in ("UV_CACHE_DIR", "npm_config_cache", "PIP_CACHE_DIR")
            }
            environment = os.environ | caches
        clean_s = first_answer_s(checkout, environment, home)
        warm_s = first_answer_s(checkout, environment, home)
    finish("start", {"clean_s": round(clean_s, 1), "warm_s": round(warm_s, 1)})


if __name__ == "__main__":
    main()

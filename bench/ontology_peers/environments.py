"""The peers' own environments: one virtual environment or node folder each, made on first use, never ours."""

from __future__ import annotations

import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

HERE: Final = Path(__file__).parent
INSTALL_TIMEOUT_S: Final = 300.0
NODE_MAJOR: Final = 20
"""The oldest node that haystack-core 3 is measured on."""


@dataclass(frozen=True)
class Peer:
    """Another implementation: its package, what it can read, and the script that drives it."""

    name: str
    package: str
    script: str
    formats: tuple[str, ...] = ("zinc", "hayson")
    has_filter: bool = False
    rows: int | None = None
    """Entities it is given where the whole campus would take too long; its time is then extrapolated."""

    @property
    def on_node(self) -> bool:
        return self.script.endswith(".cjs")


PEERS: Final = (
    Peer("rusty-haystack", "rusty-haystack==0.7.2", "run_rusty.py", has_filter=True),
    Peer("haystack-core", "haystack-core@3.0.13", "run_haystack_core.cjs", has_filter=True),
    Peer("phable", "phable==0.1.29", "run_phable.py"),
    # 12 ms a row: the whole campus would take 20 minutes
    Peer("hszinc", "pyhaystack==3.0.0", "run_hszinc.py", ("zinc",), rows=300),
)


@dataclass(frozen=True)
class Installed:
    """A peer that can run: how to start it and where."""

    peer: Peer
    command: tuple[str, ...]
    folder: Path


def install(peer: Peer, root: Path) -> Installed | str:
    """The peer's environment under `root`, made if need be; a text says why it is absent here."""
    folder = root / peer.name
    done = folder / f".{peer.package.replace('/', '-')}"
    make = _node if peer.on_node else _python
    try:
        steps, program = make(peer, folder)
        if not done.exists():
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
            for step in steps:
                _run(step, folder)
            done.touch()
    except (OSError, subprocess.SubprocessError) as cause:
        return _reason(cause)
    return Installed(peer, (program, str(HERE / peer.script)), folder)


def _python(peer: Peer, folder: Path) -> tuple[list[list[str]], str]:
    python = folder / ".venv" / "bin" / "python"
    uv = shutil.which("uv", path=str(Path(sys.executable).parent)) or shutil.which("uv")
    if uv is None:
        raise FileNotFoundError("uv is not installed")
    venv = [uv, "venv", "--quiet", "--python", sys.executable, str(folder / ".venv")]
    return [venv, [uv, "pip", "install", "--quiet", "--python", str(python), peer.package]], str(
        python
    )


def _node(peer: Peer, folder: Path) -> tuple[list[list[str]], str]:
    del folder
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        raise FileNotFoundError("node is not installed")
    version = subprocess.run(
        [node, "--version"], capture_output=True, text=True, check=True, timeout=30
    )
    if int(version.stdout.removeprefix("v").split(".")[0]) < NODE_MAJOR:
        raise FileNotFoundError(f"node {version.stdout.strip()}, {NODE_MAJOR} or newer is needed")
    init = [npm, "init", "--yes", "--silent"]
    return [init, [npm, "install", "--silent", "--no-fund", "--no-audit", peer.package]], node


def _run(step: list[str], folder: Path) -> None:
    subprocess.run(
        step, cwd=folder, capture_output=True, text=True, check=True, timeout=INSTALL_TIMEOUT_S
    )


def _reason(cause: Exception) -> str:
    if isinstance(cause, subprocess.CalledProcessError):
        lines = str(cause.stderr or cause.stdout or "").strip().splitlines()
        return f"could not be installed: {lines[-1][:160] if lines else cause.returncode}"
    return str(cause)

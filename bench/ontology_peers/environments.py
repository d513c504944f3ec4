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

    @classmethod
    def at(cls, peer: Peer, folder: Path) -> Installed | None:
        """The peer's environment in a folder, if a run before has made it."""
        program = shutil.which("node") if peer.on_node else str(_python_of(folder))
        if program is None or not _done(peer, folder).exists():
            return None
        return cls(peer, (program, str(HERE / peer.script)), folder)


def install(peer: Peer, root: Path) -> Installed | str:
    """The peer's environment under `root`, made if need be; a text says why it is absent here."""
    folder = root / peer.name
    try:
        if Installed.at(peer, folder) is None:
            _make(peer, folder)
    except (OSError, subprocess.SubprocessError) as cause:
        return _reason(cause)
    return Installed.at(peer, folder) or "its environment is not complete"


def _make(peer: Peer, folder: Path) -> None:
    steps = _node_steps(peer) if peer.on_node else _python_steps(peer, folder)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for step in steps:
        _run(step, folder)
    _done(peer, folder).touch()


def _done(peer: Peer, folder: Path) -> Path:
    """A file that says the environment is complete and of which version."""
    return folder / f".{peer.package}"


def _python_of(folder: Path) -> Path:
    return folder / ".venv" / "bin" / "python"


def _python_steps(peer: Peer, folder: Path) -> list[list[str]]:
    uv = shutil.which("uv", path=str(Path(sys.executable).parent)) or shutil.which("uv")
    if uv is None:
        raise FileNotFoundError("uv is not installed")
    python = str(_python_of(folder))
    return [
        [uv, "venv", "--quiet", "--python", sys.executable, str(folder / ".venv")],
        [uv, "pip", "install", "--quiet", "--python", python, peer.package],
    ]


def _node_steps(peer: Peer) -> list[list[str]]:
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        raise FileNotFoundError("node is not installed")
    found = subprocess.run(
        [node, "--version"], capture_output=True, text=True, check=True, timeout=30
    )
    version = found.stdout.strip()
    if int(version.removeprefix("v").split(".")[0]) < NODE_MAJOR:
        raise FileNotFoundError(f"node {version} is here, {NODE_MAJOR} or newer is needed")
    install_ = [npm, "install", "--silent", "--no-fund", "--no-audit", peer.package]
    return [[npm, "init", "--yes", "--silent"], install_]


def _run(step: list[str], folder: Path) -> None:
    subprocess.run(
        step, cwd=folder, capture_output=True, text=True, check=True, timeout=INSTALL_TIMEOUT_S
    )


def _reason(cause: Exception) -> str:
    if isinstance(cause, subprocess.CalledProcessError):
        lines = str(cause.stderr or cause.stdout or "").strip().splitlines()
        return f"could not be installed: {lines[-1][:160] if lines else cause.returncode}"
    return str(cause)


def main() -> None:
    """Install the peers whose filters ours are compared with; one that cannot be is said, and its test skipped."""
    for peer in PEERS:
        if peer.has_filter:
            found = install(peer, HERE.parents[1] / "var" / "bench" / "peers")
            print(f"{peer.package}: {found if isinstance(found, str) else 'installed'}")


if __name__ == "__main__":
    main()

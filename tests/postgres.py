"""A real PostgreSQL for tests: its own folder, a free port, gone afterwards."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import pg8000.native

PROGRAMS = ("/usr/lib/postgresql/*/bin", "/usr/local/bin", "/usr/bin", "/opt/homebrew/bin")
READY_S = 30.0
ASKED = "guarded"
"""The one user who is asked for a password; a test that needs it makes the role."""


@dataclass
class Postgres:
    """A running server in which each test gets a database of its own."""

    port: int
    _launch: Callable[[], subprocess.Popen[bytes]]
    _server: subprocess.Popen[bytes]
    _numbers: Iterator[int] = field(default_factory=lambda: count(1))

    def fresh(self) -> str:
        """The URL of a new, empty database."""
        name = f"records_{next(self._numbers)}"
        with pg8000.native.Connection(
            "plantroom", host="127.0.0.1", port=self.port, database="postgres"
        ) as db:
            db.run(f"CREATE DATABASE {name}")
        return f"postgresql://plantroom@127.0.0.1:{self.port}/{name}"

    def stop(self, *, now: bool = False) -> None:
        """End it: with its connections in order, or `now`, as a machine that loses power."""
        self._server.send_signal(signal.SIGQUIT if now else signal.SIGINT)
        self._server.wait(timeout=20)

    def start(self) -> None:
        """Start it again, on the same port and files."""
        self._server = self._launch()


def programs() -> Path | None:
    """The folder that holds PostgreSQL's programs; None where it is not installed."""
    on_path = shutil.which("initdb")
    folders = [Path(on_path).resolve().parent] if on_path else []
    for pattern in PROGRAMS:
        folders += sorted(Path("/").glob(pattern[1:]), reverse=True)
    return next((f for f in folders if (f / "initdb").exists() and (f / "postgres").exists()), None)


@contextmanager
def postgres(bin: Path) -> Iterator[Postgres]:
    """Start a server and stop it. It refuses to run as root, so root lends it to the user `postgres`."""
    folder = Path(tempfile.mkdtemp(prefix="plantroom-postgres-"))
    user = "postgres" if os.geteuid() == 0 else None
    if user:
        shutil.chown(folder, user, user)
    cluster = folder / "cluster"
    run = {"user": user, "group": user, "extra_groups": []} if user else {}
    try:
        subprocess.run(
            [bin / "initdb", "-D", cluster, "-U", "plantroom", "-A", "trust", "-E", "UTF8", "--no-sync", "--locale=C"],
            check=True, capture_output=True, timeout=60, cwd=folder, **run,
        )  # fmt: skip
        rules = cluster / "pg_hba.conf"
        rules.write_text(f"host all {ASKED} all scram-sha-256\n{rules.read_text()}")
        port = _free_port()

        def launch() -> subprocess.Popen[bytes]:
            with (folder / "log").open("a") as log:
                server = subprocess.Popen(
                    [bin / "postgres", "-D", cluster, "-p", str(port), "-c", "listen_addresses=127.0.0.1",
                     "-c", "unix_socket_directories=", "-c", "fsync=off"],
                    stdout=log, stderr=log, cwd=folder, **run,
                )  # fmt: skip
            try:
                _wait(server, port, folder / "log")
            except RuntimeError:
                server.kill()
                raise
            return server

        running = Postgres(port, launch, launch())
        try:
            yield running
        finally:
            if running._server.poll() is None:
                running.stop(now=True)  # nothing in it is worth keeping
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait(server: subprocess.Popen[bytes], port: int, log: Path) -> None:
    until = time.monotonic() + READY_S
    while time.monotonic() < until and server.poll() is None:
        try:
            pg8000.native.Connection(
                "plantroom", host="127.0.0.1", port=port, database="postgres"
            ).close()
        except (pg8000.native.InterfaceError, pg8000.native.DatabaseError):
            time.sleep(0.05)
        else:
            return
    raise RuntimeError(f"PostgreSQL did not start: {log.read_text()}")

"""The web pages: types, unit tests, and what may lie in their lock file."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

WEB = Path(__file__).parents[2] / "web"


@pytest.mark.parametrize(
    "script",
    [["typescript/bin/tsc", "--noEmit"], ["vitest/vitest.mjs", "run"]],
    ids=["types", "unit tests"],
)
def test_the_web_pages_hold_their_own_checks(script: list[str]) -> None:
    node = shutil.which("node")
    tool = WEB / "node_modules" / script[0]
    if node is None or not tool.is_file():
        pytest.skip("no Node, or the web packages are not installed: run `make ui`")
    done = subprocess.run(
        [node, str(tool), *script[1:]],
        cwd=WEB,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_lock_names_every_package_by_hash_and_no_registry() -> None:
    lock = json.loads((WEB / "package-lock.json").read_text("utf-8"))
    packages = {name: package for name, package in lock["packages"].items() if name}
    assert len(packages) > 20
    for name, package in packages.items():
        assert "resolved" not in package, name
        assert package["integrity"].startswith("sha512-"), name

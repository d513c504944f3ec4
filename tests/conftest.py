"""What tests of several rooms share: one PostgreSQL a test process, and which process takes which tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from xdist.scheduler import LoadScopeScheduling

from tests.postgres import Postgres, postgres, programs


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Postgres]:
    """A running PostgreSQL; skips what needs one where its programs are not installed."""
    folder = programs()
    if folder is None:
        pytest.skip("PostgreSQL is not installed: what lies in it is not tested")
    with postgres(folder) as running:
        yield running


DEMO = {"tests/journeys/test_demo.py", "tests/journeys/test_bad_days.py"}
"""Each serves a whole building: one after the other."""


class ByFile(LoadScopeScheduling):
    """A file's tests stay in one process, so that what they are tried on is made once."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        return "the demo" if file in DEMO else file


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> ByFile | None:
    """In place of `--dist loadgroup`, whose marks pytest-xdist 3.8 loses with pytest 9.2 (its issue 1386)."""
    if config.getvalue("dist") != "loadgroup":
        return None
    config.option.loadscopereorder = False  # the largest in number are not the longest
    return ByFile(config, log)

"""What tests of several rooms share: one PostgreSQL a test process, with a database for each test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.postgres import Postgres, postgres, programs


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Postgres]:
    """A running PostgreSQL; skips what needs one where its programs are not installed."""
    folder = programs()
    if folder is None:
        pytest.skip("PostgreSQL is not installed: what lies in it is not tested")
    with postgres(folder) as running:
        yield running

"""Fixtures every test may use."""

from __future__ import annotations

from collections.abc import Generator

import pytest

from foundation import db


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None) -> Generator[None, None, None]:
    """Make the test database; at the end close the query threads' connections, which would keep it from being dropped."""
    yield
    db.close_threads()

"""Volcengine's signature, as its own client makes it."""

from __future__ import annotations

from channels_app.signing import volcengine
from tests.channels_app.signing.vectors import NOW, VECTORS


def test_the_headers_are_those_of_the_vector() -> None:
    vector = VECTORS["volcengine-querybalance"]
    given = vector["input"]
    made = volcengine.headers(
        access_key=given["access_key"],
        secret_key=given["secret_key"],
        service=given["service"],
        region=given["region"],
        host=given["host"],
        query=given["query"],
        now=NOW,
    )
    assert dict(made) == {name.lower(): value for name, value in vector["expected"]["headers"].items()}

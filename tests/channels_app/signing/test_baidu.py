"""Baidu Cloud's signature, as its own client makes it."""

from __future__ import annotations

import pytest

from channels_app.signing import baidu
from tests.channels_app.signing.vectors import NOW, VECTORS, named


@pytest.mark.parametrize("name", named("baidu-bce"))
def test_the_signature_is_that_of_the_vector(name: str) -> None:
    given, expected = VECTORS[name]["input"], VECTORS[name]["expected"]
    assert baidu.timestamp(NOW) == given["x_bce_date"]
    made = baidu.authorization(
        access_key=given["access_key"],
        secret_key=given["secret_key"],
        method=given["method"],
        path=given["path"],
        query=given["query"],
        headers=given["headers"],
        now=NOW,
        lifetime_seconds=given["expiration_s"],
    )
    assert made == expected["authorization"]


def test_a_header_without_a_value_is_not_signed() -> None:
    made = baidu.authorization(
        access_key="a",
        secret_key="s",
        method="get",
        path="/",
        query={},
        headers={"Host": "h", "X-Bce-Empty": " "},
        now=NOW,
        lifetime_seconds=1,
    )
    assert made.split("/")[4] == "host"

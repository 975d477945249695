"""iFlytek's signed address, as its own client makes it."""

from __future__ import annotations

import pytest

from channels_app.signing import spark
from tests.channels_app.signing.vectors import NOW, VECTORS, named


@pytest.mark.parametrize("name", [*named("spark-ws"), "spark-embedding-post"])
def test_the_address_is_that_of_the_vector(name: str) -> None:
    given, expected = VECTORS[name]["input"], VECTORS[name]["expected"]
    made = spark.signed_url(given["url"], api_key=given["api_key"], api_secret=given["api_secret"], now=NOW, method=given["method"])
    assert made == expected.get("url_canonical", expected.get("url"))

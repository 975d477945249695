"""iFlytek's signed address, as its own client makes it."""

from __future__ import annotations

import base64
from urllib.parse import parse_qs, urlsplit

import pytest

from channels_app.signing import spark
from tests.channels_app.signing.vectors import NOW, VECTORS, named


@pytest.mark.parametrize("name", [*named("spark-ws"), "spark-embedding-post"])
def test_the_address_is_that_of_the_vector(name: str) -> None:
    given, expected = VECTORS[name]["input"], VECTORS[name]["expected"]
    made = spark.signed_url(given["url"], api_key=given["api_key"], api_secret=given["api_secret"], now=NOW, method=given["method"])
    assert made == expected.get("url_canonical", expected.get("url"))


@pytest.mark.parametrize("name", named("spark-ws"))
@pytest.mark.parametrize("form", ["url_canonical", "url_oneapi_sorted", "url_sdk_llm"])
def test_every_way_of_writing_the_credential_carries_the_same_signature(name: str, form: str) -> None:
    vector = VECTORS[name]
    given = vector["input"]
    made = spark.signed_url(given["url"], api_key=given["api_key"], api_secret=given["api_secret"], now=NOW)
    ours, theirs = (parse_qs(urlsplit(url).query) for url in (made, vector["expected"][form]))
    assert (ours["host"], ours["date"]) == (theirs["host"], theirs["date"])
    signature = f'signature="{vector["intermediate"]["signature_b64"]}"'
    assert all(signature in base64.b64decode(query["authorization"][0]).decode() for query in (ours, theirs))

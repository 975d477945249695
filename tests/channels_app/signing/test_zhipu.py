"""Zhipu's token, byte for byte as its own client makes it."""

from __future__ import annotations

import jwt
import pytest

from channels_app.signing import zhipu
from tests.channels_app.signing.vectors import NOW, VECTORS, named


@pytest.mark.parametrize("name", named("zhipu-"))
def test_the_token_is_that_of_the_vector(name: str) -> None:
    given, expected = VECTORS[name]["input"], VECTORS[name]["expected"]
    assert zhipu.token(given["api_key"], now=NOW, lifetime_seconds=given["ttl_ms"] // 1000) == expected["jwt"]


def test_a_jwt_library_reads_the_token_and_its_milliseconds() -> None:
    made = zhipu.token("a." + "s" * 32, now=NOW + 0.25, lifetime_seconds=60)
    read = jwt.decode(made, "s" * 32, algorithms=["HS256"], options={"verify_exp": False})
    assert read == {"api_key": "a", "timestamp": 1_700_000_000_250, "exp": 1_700_000_060_250}
    assert jwt.get_unverified_header(made) == {"alg": "HS256", "sign_type": "SIGN", "typ": "JWT"}


@pytest.mark.parametrize("key", ["", "sk-1", "a.", ".b", "a.b.c"])
def test_a_key_that_is_not_two_parts_is_refused(key: str) -> None:
    with pytest.raises(zhipu.BadKey):
        zhipu.token(key, now=NOW, lifetime_seconds=60)

"""Tencent Cloud's signature, as its own client makes it."""

from __future__ import annotations

import pytest

from channels_app.signing import tencent
from tests.channels_app.signing.vectors import NOW, VECTORS, named

ONE_API = "tencent-tc3-oneapi-variant"


@pytest.mark.parametrize("name", [name for name in named("tencent-") if name != ONE_API])
def test_the_headers_are_those_of_the_vector(name: str) -> None:
    given, expected = VECTORS[name]["input"], VECTORS[name]["expected"]["headers"]
    made = tencent.headers(
        secret_id=given["secret_id"],
        secret_key=given["secret_key"],
        service=given["service"],
        version=given["version"],
        action=given["action"],
        host=given["host"],
        body=given["body"].encode(),
        now=NOW,
        region=given.get("region", ""),
    )
    # The language of messages is not signed, and not ours to choose.
    assert dict(made) == {name.lower(): value for name, value in expected.items() if name != "X-TC-Language"}


def test_other_headers_may_be_signed_as_one_api_does() -> None:
    given, expected = VECTORS[ONE_API]["input"], VECTORS[ONE_API]["expected"]
    signed = {"content-type": "application/json", "host": given["host"], "x-tc-action": given["action"].lower()}
    made = tencent.authorization(
        secret_id=given["secret_id"],
        secret_key=given["secret_key"],
        service=given["service"],
        signed=signed,
        body=given["body"].encode(),
        now=NOW,
    )
    assert made == expected["authorization"]


def test_the_day_of_the_scope_is_that_of_the_timestamp_in_utc() -> None:
    made = dict(
        tencent.headers(secret_id="i", secret_key="k", service="hunyuan", version="v", action="A", host="h", body=b"", now=1_700_006_399.9)
    )
    assert (made["x-tc-timestamp"], "/2023-11-14/hunyuan/" in made["authorization"]) == ("1700006399", True)

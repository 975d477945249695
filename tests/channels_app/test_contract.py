"""The values that cross the wall."""

from __future__ import annotations

import pytest

from channels_app.contract import Secret, UpstreamHead


def test_a_secret_does_not_show_itself() -> None:
    secret = Secret("sk-hidden")
    assert "hidden" not in f"{secret} {secret!r} {[secret]}"
    assert secret.reveal() == "sk-hidden"


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"retry-after": "3"}, 3.0),
        ({"retry-after": "0.5"}, 0.5),
        ({"retry-after-ms": "250", "retry-after": "3"}, 0.25),
        ({"retry-after": "Thu, 01 Jan 1970 00:02:00 GMT"}, 20.0),
        ({"retry-after": "Thu, 01 Jan 1970 00:00:00 GMT"}, 0.0),
        ({"retry-after": "soon"}, None),
        ({"retry-after-ms": "soon"}, None),
        ({}, None),
    ],
)
def test_the_delay_a_vendor_asks_for_is_read(headers: dict[str, str], expected: float | None) -> None:
    assert UpstreamHead(429, headers).retry_after_seconds(100.0) == expected


def test_the_content_type_is_read_without_its_parameters() -> None:
    assert UpstreamHead(200, {"content-type": "Text/Event-Stream; charset=utf-8"}).content_type == "text/event-stream"

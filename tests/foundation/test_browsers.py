"""Browsers are named as people name them."""

from __future__ import annotations

import pytest

from foundation import browsers

MOZILLA = "Mozilla/5.0"
LIKE = "AppleWebKit/537.36 (KHTML, like Gecko)"
APPLE = "AppleWebKit/605.1.15 (KHTML, like Gecko)"


@pytest.mark.parametrize(
    ("user_agent", "name"),
    [
        (f"{MOZILLA} (X11; Linux x86_64) {LIKE} Chrome/131.0.0.0 Safari/537.36", "Chrome · Linux"),
        (f"{MOZILLA} (Windows NT 10.0; Win64; x64) {LIKE} Chrome/131.0.0.0 Safari/537.36 Edg/131.0.0.0", "Edge · Windows"),
        (f"{MOZILLA} (Windows NT 10.0; Win64; x64; rv:133.0) Gecko/20100101 Firefox/133.0", "Firefox · Windows"),
        (
            f"{MOZILLA} (Macintosh; Intel Mac OS X 10_15_7) {APPLE} Version/18.1 Safari/605.1.15",
            "Safari · macOS",
        ),
        (
            f"{MOZILLA} (iPhone; CPU iPhone OS 18_1 like Mac OS X) {APPLE} CriOS/131.0 Mobile Safari/604.1",
            "Chrome · iPhone",
        ),
        (
            f"{MOZILLA} (Linux; Android 14; wv) {LIKE} Chrome/126.0 Mobile Safari/537.36 MicroMessenger/8.0.50",
            "WeChat · Android",
        ),
        ("curl/8.5.0", "curl/8.5.0"),
        ("x" * 100, "x" * 40),
        ("", "–"),
    ],
)
def test_a_browser_has_a_short_name(user_agent: str, name: str) -> None:
    assert browsers.name(user_agent) == name

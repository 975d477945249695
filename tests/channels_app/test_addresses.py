"""Base addresses as operators type them."""

from __future__ import annotations

import pytest

from channels_app.addresses import join, origin


@pytest.mark.parametrize(
    ("base", "expected"),
    [
        ("https://x.test", "https://x.test/v1/chat/completions"),
        ("https://x.test/", "https://x.test/v1/chat/completions"),
        (" https://x.test ", "https://x.test/v1/chat/completions"),
        ("https://x.test/v1", "https://x.test/v1/chat/completions"),
        ("https://x.test/v1/", "https://x.test/v1/chat/completions"),
        ("https://x.test/v1/chat/completions", "https://x.test/v1/chat/completions"),
        ("http://x.test:8080/relay", "http://x.test:8080/relay/v1/chat/completions"),
        ("https://x.test/v1beta/openai", "https://x.test/v1beta/openai/chat/completions"),
        ("https://x.test/v1beta1", "https://x.test/v1beta1/chat/completions"),
        ("https://x.test/openai/v1", "https://x.test/openai/v1/chat/completions"),
        ("https://x.test/compatible-mode", "https://x.test/compatible-mode/v1/chat/completions"),
        ("https://x.test/compatible-mode/v1", "https://x.test/compatible-mode/v1/chat/completions"),
        ("https://x.test/api/paas/v4", "https://x.test/api/paas/v4/chat/completions"),
        ("https://x.test/api/coding/paas/v4", "https://x.test/api/coding/paas/v4/chat/completions"),
        ("https://v1.x.test", "https://v1.x.test/v1/chat/completions"),
    ],
)
def test_a_base_is_joined_with_or_without_a_version(base: str, expected: str) -> None:
    assert join(base, "/chat/completions") == expected


@pytest.mark.parametrize(
    ("base", "own", "expected"),
    [
        ("https://x.test", "https://v.test/api/v3", "https://x.test/api/v3/chat"),
        ("https://x.test/relay", "https://v.test/api/v3", "https://x.test/relay/api/v3/chat"),
        ("https://x.test/api/v3", "https://v.test/api/v3", "https://x.test/api/v3/chat"),
        ("https://x.test/v7", "https://v.test/api/v3", "https://x.test/v7/chat"),
        ("https://x.test/a/workshop", "https://v.test/a/workshop", "https://x.test/a/workshop/chat"),
        ("https://x.test", "https://v.test", "https://x.test/chat"),
    ],
)
def test_a_base_without_a_version_gets_the_vendors_own_path(base: str, own: str, expected: str) -> None:
    assert join(base, "/chat", own=own) == expected


def test_the_origin_of_an_address() -> None:
    assert origin("https://x.test:8443/a/b") == "https://x.test:8443"

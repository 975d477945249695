"""Whose word on addresses counts."""

from __future__ import annotations

import pytest

from gateway.proxies import resolve


@pytest.mark.parametrize(
    ("peer", "forwarded", "trusted", "expected"),
    [
        ("203.0.113.9", "10.0.0.1", (), "203.0.113.9"),
        ("10.0.0.1", "203.0.113.9", ("10.0.0.0/8",), "203.0.113.9"),
        ("10.0.0.1", "1.1.1.1, 203.0.113.9, 10.0.0.2", ("10.0.0.0/8",), "203.0.113.9"),
        ("10.0.0.1", "", ("10.0.0.0/8",), "10.0.0.1"),
        ("", "203.0.113.9", ("unix",), "203.0.113.9"),
        ("", "203.0.113.9", ("10.0.0.0/8",), ""),
        ("10.0.0.1", "203.0.113.9:4711", ("10.0.0.1",), "203.0.113.9"),
        ("::1", "[2001:db8::1]:443", ("::1",), "2001:db8::1"),
        ("::1", "2001:db8::1", ("::1",), "2001:db8::1"),
        ("10.0.0.1", "nonsense", ("10.0.0.0/8",), "nonsense"),
    ],
)
def test_the_chain_is_walked_back_as_far_as_it_is_trusted(peer: str, forwarded: str, trusted: tuple[str, ...], expected: str) -> None:
    assert resolve(peer, forwarded, trusted=trusted) == expected

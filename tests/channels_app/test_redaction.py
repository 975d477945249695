"""What a customer must not read in a vendor's words."""

from __future__ import annotations

import pytest

from channels_app.redaction import scrub


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Incorrect API key provided: sk-ab***xyz.", "Incorrect API key provided: [key]."),
        ("Incorrect key sk-proj-abcDEF_123456", "Incorrect key [key]"),
        ("see https://up.test/account?id=5 for more", "see [address] for more"),
        ("organization org-AbC123def456 is out", "organization [account] is out"),
        ("Authorization: Bearer abc.def", "Authorization: Bearer [key]"),
        ("AIzaSyA1234567890abcdef", "[key]"),
        ("mail ops@vendor.test", "mail [e-mail]"),
        ("no route to 10.0.0.5:8080", "no route to [address]"),
        ("Unknown parameter: user_location", "Unknown parameter: user_location"),
        ("max_tokens must be at most 4096 for gpt-4o-mini", "max_tokens must be at most 4096 for gpt-4o-mini"),
    ],
)
def test_keys_addresses_and_accounts_are_taken_out(text: str, expected: str) -> None:
    """Gotcha 40: vendors quote keys, accounts and addresses in their errors."""
    assert scrub(text) == expected

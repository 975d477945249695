"""Take credentials and account details out of a vendor's words before a customer reads them."""

from __future__ import annotations

import re

_PATTERNS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"\bhttps?://[^\s\"'<>)]+"), "[address]"),
    (re.compile(r"\b(?:sk|pk|rk|gsk|xai|key|ak)-[A-Za-z0-9_*.…-]{3,}[A-Za-z0-9_*…-]"), "[key]"),
    (re.compile(r"\bAIza[A-Za-z0-9_-]{10,}"), "[key]"),
    (re.compile(r"\b[Bb]earer\s+[^\s\"',]+"), "Bearer [key]"),
    (re.compile(r"\b(?:org|proj|acct|user|req)[-_](?=[A-Za-z*]*\d)[A-Za-z0-9*]{6,}"), "[account]"),
    (re.compile(r"\b[\w.+-]+@[\w-]+\.[\w.-]+\b"), "[e-mail]"),
    (re.compile(r"\b\d{1,3}(?:\.\d{1,3}){3}(?::\d+)?\b"), "[address]"),
)


def scrub(text: str) -> str:
    """Return the text without keys, addresses, account names and e-mail addresses."""
    for pattern, shown in _PATTERNS:
        text = pattern.sub(shown, text)
    return text

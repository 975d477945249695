"""Codes that a mail carries once: eight digits that follow from what is asked for and a nonce, so that nothing waits in plain."""

from __future__ import annotations

import hmac
import secrets

from foundation import vault

DIGITS = 8
_PURPOSE = "one-time"


def nonce() -> str:
    """Return a new nonce; it opens nothing by itself."""
    return secrets.token_hex(16)


def code(subject: str, nonce: str) -> str:
    """Return the code of a subject (such as an order) under a nonce."""
    return _spell(vault.digest(f"{subject}:{nonce}", purpose=_PURPOSE))


def is_right(subject: str, nonce: str, text: str) -> bool:
    """Tell whether somebody typed the code; spaces and dashes do not matter."""
    typed = "".join(text.split()).replace("-", "")
    good = [_spell(digest) for digest in vault.digests(f"{subject}:{nonce}", purpose=_PURPOSE)]
    return any(hmac.compare_digest(typed.encode(), one.encode()) for one in good)


def _spell(digest: str) -> str:
    return str(int(digest, 16) % 10**DIGITS).zfill(DIGITS)

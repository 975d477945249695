"""HTTP Basic in place of a key: what it holds, and how often somebody may guess.

The password of the pair may be a sub-key itself; else the pair opens the key whose owner has set it. A browser sends Basic along by
itself wherever it is signed in, so that only bodies no form of another site can send are taken with it.
"""

from __future__ import annotations

import base64
import binascii
import time

from accounts import key_logins

GUESSES_A_MINUTE = 10
_MOST_KEPT = 10_000
_LONGEST = 300


def secret_in(authorization: str) -> str:
    """Return the secret, or the text that stands for the pair; empty where the header is none of ours."""
    scheme, _, value = authorization.strip().partition(" ")
    if scheme.lower() != "basic" or len(value) > _LONGEST:
        return ""
    try:
        name, colon, password = base64.b64decode(value.strip(), validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return ""
    if password.startswith("sk-"):
        return password
    return key_logins.spelled(name, password) if colon and name and password else ""


def is_basic(authorization: str) -> bool:
    """Tell whether a header is HTTP Basic's."""
    return authorization[:6].lower() == "basic "


class Guesses:
    """Counts pairs that opened nothing, by whom and for which name, minute by minute; one process' own."""

    def __init__(self) -> None:
        self._minute = 0
        self._counts: dict[tuple[str, str], int] = {}

    def may_try(self, name: str, address: str) -> bool:
        """Tell whether this name may be tried from this address once more."""
        self._turn()
        return self._counts.get((name, address), 0) < GUESSES_A_MINUTE

    def count(self, name: str, address: str) -> None:
        """Note a pair that opened nothing."""
        self._turn()
        if len(self._counts) < _MOST_KEPT:
            self._counts[name, address] = self._counts.get((name, address), 0) + 1

    def _turn(self) -> None:
        minute = int(time.monotonic() // 60)
        if minute != self._minute:
            self._minute = minute
            self._counts.clear()

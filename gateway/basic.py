"""HTTP Basic in place of a key: what it holds.

The password of the pair may be a sub-key itself; else the pair opens the key whose owner has set it. A browser sends Basic along by
itself wherever it is signed in, so that only bodies no form of another site can send are taken with it.
"""

from __future__ import annotations

import base64
import binascii

from accounts import key_logins

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


def is_basic(authorization: bytes) -> bool:
    """Tell whether a header is HTTP Basic's."""
    return authorization[:6].lower() == b"basic "

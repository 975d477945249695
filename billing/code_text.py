"""Spell redeem codes: 95 bits by HMAC in Crockford's base 32 and a check character. Pure; keys come from the caller.

`PPP6A-ZNF8G-N94V8-6BT5P`: 19 characters of the first 95 bits of HMAC-SHA256(key, "code.v1|tenant|batch|serial|" + salt),
then a Luhn mod 32 character. Letters I, L, O, U do not occur; typed ones are read as 1, 1 and 0.
"""

from __future__ import annotations

import hashlib
import hmac
import unicodedata

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
LENGTH = 20

_BITS = 95
_READ_AS = str.maketrans("OIL", "011", " -\t\r\n_·–—")


def derive(*, key: bytes, tenant_id: int, batch_id: int, serial: int, salt: bytes) -> str:
    """Return the code of that serial number: the same inputs always give the same one."""
    message = f"code.v1|{tenant_id}|{batch_id}|{serial}|".encode() + salt
    number = int.from_bytes(hmac.new(key, message, hashlib.sha256).digest()[:12], "big") >> 1
    return with_check(spell(number, length=_BITS // 5))


def spell(number: int, *, length: int) -> str:
    """Write a number in base 32, most significant character first."""
    return "".join(ALPHABET[number >> 5 * place & 31] for place in reversed(range(length)))


def with_check(payload: str) -> str:
    """Append the check character (Luhn mod 32): every single wrong character and most swaps are noticed."""
    return payload + ALPHABET[-_luhn(payload, first_factor=2) % 32]


def is_sound(code: str) -> bool:
    """Tell whether a normalised code has the length, the letters and the check character of one."""
    return is_like_ours(code) and _luhn(code, first_factor=1) % 32 == 0


def is_like_ours(code: str) -> bool:
    """Tell whether a normalised code has the length and the letters of one."""
    return len(code) == LENGTH and all(letter in ALPHABET for letter in code)


def normalise(text: str) -> str:
    """Return what somebody typed as a code: full-width, lower case, blanks, dashes and look-alikes forgiven."""
    return unicodedata.normalize("NFKC", text).upper().translate(_READ_AS)


def grouped(code: str) -> str:
    """Show a code in groups of five."""
    return "-".join(code[place : place + 5] for place in range(0, len(code), 5))


def _luhn(text: str, *, first_factor: int) -> int:
    total, factor = 0, first_factor
    for letter in reversed(text):
        addend = factor * ALPHABET.index(letter)
        total += addend // 32 + addend % 32
        factor = 3 - factor
    return total

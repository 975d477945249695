"""Riddles that people's browsers solve at once and programs pay for: work for a browser with JavaScript, digits to read or hear without.

Both are stateless: the riddle is signed or sealed, ends after ten minutes and may be answered once (noted in the
cache).
"""

from __future__ import annotations

import functools
import json
import secrets
import time
from dataclasses import dataclass

import altcha
from captcha.audio import AudioCaptcha
from captcha.image import ImageCaptcha
from django.core.cache import cache

from foundation import vault

LIFE_SECONDS = 600
DIGITS = 6
# Hashes a browser tries: 0.2 to 0.8 s on a desk, about a second on an old phone.
LEAST_WORK, MOST_WORK = 100_000, 400_000
_SEAL = "puzzle"


class Unreadable(Exception):
    """This is no riddle of ours, or it has ended."""


@dataclass(frozen=True, slots=True)
class _Riddle:
    answer: str
    mark: str


def work() -> str:
    """Return a proof of work to be done, as JSON: `parameters` (nonce, salt, keyPrefix in hexadecimal) and `signature`.

    The browser looks for the number whose SHA-256(salt + nonce + number as 4 bytes) begins with keyPrefix:
    https://altcha.org/docs/v2/proof-of-work/.
    """
    counter = LEAST_WORK + secrets.randbelow(MOST_WORK - LEAST_WORK)
    made = altcha.create_challenge(
        "SHA-256", 1, counter=counter, expires_at=int(time.time()) + LIFE_SECONDS, hmac_secret=_key(), hmac_key_secret=None
    )
    return json.dumps(made.to_dict())


def is_done(payload: str) -> bool:
    """Tell whether the work was done, in time and for the first time; `payload` is Base64 of {challenge, solution}."""
    if not payload or not altcha.verify_solution(payload, _key()).verified:
        return False
    return _first_time(altcha.Payload.from_base64(payload).challenge.parameters.nonce)


def digits() -> str:
    """Return a token that hides digits to be read or heard."""
    answer = "".join(secrets.choice("0123456789") for _ in range(DIGITS))
    return vault.seal(f"{int(time.time()) + LIFE_SECONDS}:{secrets.token_hex(8)}:{answer}", context=_SEAL)


def picture(token: str) -> bytes:
    """Draw a token's digits (PNG). Raise Unreadable."""
    return _painter().generate(_open(token).answer, format="png").getvalue()


def sound(token: str) -> bytes:
    """Speak a token's digits (WAV). Raise Unreadable."""
    return bytes(_speaker().generate(_open(token).answer))


def is_read(token: str, answer: str) -> bool:
    """Tell whether these are a token's digits; a token takes one answer, right or wrong."""
    try:
        riddle = _open(token)
    except Unreadable:
        return False
    typed = "".join(answer.split())
    return _first_time(riddle.mark) and secrets.compare_digest(typed.encode(), riddle.answer.encode())


def _open(token: str) -> _Riddle:
    try:
        until, mark, answer = vault.unseal(token, context=_SEAL).split(":")
    except vault.CannotUnseal:
        raise Unreadable("this is no riddle of ours") from None
    if int(until) < time.time():
        raise Unreadable("this riddle has ended")
    return _Riddle(answer=answer, mark=mark)


def _first_time(mark: str) -> bool:
    return bool(cache.add(f"puzzle:{mark}", 1, timeout=LIFE_SECONDS))


def _key() -> str:
    return vault.digest("proof of work", purpose="puzzle")


@functools.cache
def _painter() -> ImageCaptcha:
    return ImageCaptcha(width=220, height=72)


@functools.cache
def _speaker() -> AudioCaptcha:
    return AudioCaptcha()

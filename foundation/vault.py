"""Encrypt and fingerprint secrets with keys derived from the master secret.

Sealed text is `v1.<key id>.<base64url of nonce and AES-256-GCM ciphertext>`; its context (for instance
`channel-key`) is authenticated, so that a sealed value cannot be moved to another place. Older master secrets
(SECRET_KEY_FALLBACKS) still open what they sealed. Raises `CannotUnseal`.
"""

from __future__ import annotations

import base64
import binascii
import functools
import hashlib
import hmac
import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

_NONCE_BYTES = 12


class CannotUnseal(Exception):
    """The text is not sealed by any of our keys for this context; the message never quotes it."""


def seal(plain: str, *, context: str) -> str:
    """Return the text encrypted for storage; the same text never seals the same way twice."""
    key = _derive(settings.SECRET_KEY, "seal")
    nonce = os.urandom(_NONCE_BYTES)
    body = nonce + AESGCM(key).encrypt(nonce, plain.encode(), context.encode())
    return f"v1.{_key_id(key)}.{base64.urlsafe_b64encode(body).decode()}"


def unseal(sealed: str, *, context: str) -> str:
    """Return the plain text; raise CannotUnseal when the key is gone, the context differs or the text was changed."""
    version, _, rest = sealed.partition(".")
    key_id, _, encoded = rest.partition(".")
    key = _ring().get(key_id)
    if version != "v1" or key is None:
        raise CannotUnseal("sealed by an unknown key: is the master secret the one it was sealed with?")
    try:
        body = base64.urlsafe_b64decode(encoded.encode())
        return AESGCM(key).decrypt(body[:_NONCE_BYTES], body[_NONCE_BYTES:], context.encode()).decode()
    except (InvalidTag, binascii.Error, ValueError):
        raise CannotUnseal("the sealed text was changed or belongs to another place") from None


def digest(text: str, *, purpose: str) -> str:
    """Return a keyed fingerprint: HMAC-SHA256, 64 hexadecimal digits, different for each purpose."""
    key = _derive(settings.SECRET_KEY, f"digest:{purpose}")
    return hmac.digest(key, text.encode(), "sha256").hex()


def digests(text: str, *, purpose: str) -> tuple[str, ...]:
    """Return the fingerprint under the master secret and under each older one: by one of them it was stored."""
    keys = [_derive(secret, f"digest:{purpose}") for secret in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)]
    return tuple(hmac.digest(key, text.encode(), "sha256").hex() for key in keys)


def _ring() -> dict[str, bytes]:
    keys = [_derive(secret, "seal") for secret in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)]
    return {_key_id(key): key for key in keys}


@functools.lru_cache(maxsize=64)
def _derive(secret: str, purpose: str) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=f"keyosk:{purpose}".encode()).derive(secret.encode())


@functools.lru_cache(maxsize=64)
def _key_id(key: bytes) -> str:
    return hashlib.sha256(b"keyosk:key-id" + key).hexdigest()[:8]

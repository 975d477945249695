"""Cloudflare Turnstile: whether a visitor's answer holds, asked at Cloudflare once, with a short time limit.

Source: https://developers.cloudflare.com/turnstile/get-started/server-side-validation/. A token is good once, for 300
seconds. Raises `Unusable` where there is no verdict (no answer in time, a wrong secret): for a minute after it nobody
waits again, and visitors get the built-in check.
"""

from __future__ import annotations

import json
from urllib.parse import urlencode

import structlog
from django.conf import settings
from django.core.cache import cache
from django.utils import timezone

from accounts.models import Tenant, Turnstile
from foundation import outbound, vault

ORIGIN = "https://challenges.cloudflare.com"
SCRIPT = f"{ORIGIN}/turnstile/v0/api.js?render=explicit"
TIMEOUT_SECONDS = 4.0
REST_SECONDS = 60
_LONGEST_TOKEN = 2048
_ANSWER_LIMIT = 16 * 1024
# The visitor's fault, or a replay: a verdict. All other codes are ours or Cloudflare's.
_VISITORS = frozenset({"missing-input-response", "invalid-input-response", "timeout-or-duplicate"})

log = structlog.get_logger(__name__)


class Unusable(Exception):
    """There is no verdict; the message says why, without the secret."""


def seal(secret: str) -> str:
    """Return the secret as it is kept."""
    return vault.seal(secret, context="turnstile")


def of(tenant: Tenant) -> Turnstile | None:
    """Return the tenant's check where it is switched on and has not failed within the last minute."""
    row = Turnstile.objects.filter(tenant=tenant, is_active=True).first()
    return None if row is None or cache.get(_resting(row)) else row


def is_human(row: Turnstile, *, token: str, address: str = "") -> bool:
    """Ask Cloudflare about a visitor's token; raise Unusable."""
    if not token or len(token) > _LONGEST_TOKEN:
        return False
    try:
        codes = ask(row, token=token, address=address)
    except Unusable as error:
        _rest(row, str(error))
        raise
    return codes == ()


def ask(row: Turnstile, *, token: str, address: str = "") -> tuple[str, ...]:
    """Return the visitor's error codes, none for a human; raise Unusable for everything else that is said, or nothing."""
    fields = {"secret": vault.unseal(row.sealed, context="turnstile"), "response": token}
    content = urlencode(fields | ({"remoteip": address} if address else {})).encode()
    headers = [("content-type", "application/x-www-form-urlencoded")]
    try:
        # The address is the operator's own word.
        answer = outbound.request(
            "POST", settings.TURNSTILE_URL, headers=headers, content=content, timeout_seconds=TIMEOUT_SECONDS,
            allow_private=True, body_limit=_ANSWER_LIMIT,
        )  # fmt: skip
    except outbound.OutboundError as error:
        raise Unusable(str(error)) from None
    return _verdict(answer)


def mend(row: Turnstile) -> None:
    """Use it again at once: it was found to work."""
    cache.delete(_resting(row))
    Turnstile.objects.filter(pk=row.pk).update(failure="", failed_at=None)


def _verdict(answer: outbound.Response) -> tuple[str, ...]:
    try:
        said = json.loads(answer.body)
        is_success, codes = said["success"], tuple(str(code) for code in said.get("error-codes") or ())
    except (ValueError, KeyError, TypeError, AttributeError):
        raise Unusable(f"HTTP {answer.status} without a verdict") from None
    if is_success is True:
        return ()
    if codes and set(codes) <= _VISITORS:
        return codes
    raise Unusable(", ".join(codes)[:100] or f"HTTP {answer.status}")


def _rest(row: Turnstile, reason: str) -> None:
    """Leave it alone for a minute; staff see why."""
    cache.set(_resting(row), True, timeout=REST_SECONDS)
    Turnstile.objects.filter(pk=row.pk).update(failure=reason[:200], failed_at=timezone.now())
    log.warning("turnstile_unusable", tenant=row.tenant_id, reason=reason)


def _resting(row: Turnstile) -> str:
    return f"turnstile:{row.pk}:rests"

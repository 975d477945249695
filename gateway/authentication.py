"""Who calls: the sub-key in the request, recognised from memory, and whether it may call from here and now."""

from __future__ import annotations

import datetime
import functools
import hashlib
import ipaddress
import os
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema
from rest_framework.authentication import BaseAuthentication
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.views import APIView

from accounts import key_logins, keys, screens, tenants
from accounts.keys import KeyFacts
from accounts.models import Membership
from billing import limit_rules
from billing.limit_rules import KeyLimits
from foundation.snapshots import Cell
from gateway import basic, guesses, wordlists
from gateway.errors import RelayError
from gateway.proxies import client_address
from gateway.requests import LeanRequest, header, lean, raw_header
from gateway.wordlists import Screen

# What misconfigured clients send in place of a key.
_NO_KEY = frozenset({"", "undefined", "null", "none", "bearer"})
_LONGEST_SECRET = 200
_LONGEST_CHANNEL = 12
_PINNING_ROLES = frozenset({Membership.Role.OWNER, Membership.Role.MANAGER})
_REMEMBERED = 4096
_SUBPROTOCOL = "openai-insecure-api-key."
_OTHER_HEADERS = ("x-api-key", "api-key", "x-goog-api-key")


@dataclass(frozen=True, slots=True)
class Known:
    """A sub-key as the relay knows it: what `accounts` says of it, what `billing` lets it do, and what it must not say."""

    facts: KeyFacts
    limits: KeyLimits
    screen: Screen | None


class Recogniser:
    """The sub-keys and hosts this process has met. Misses are remembered too, until a key or a domain changes."""

    def __init__(self, *, platform_hosts: frozenset[str]) -> None:
        self._keys: Cell[str, Known | None] = Cell(kind="keys", load=_load_key)
        # Keys that were fingerprinted under an older master secret, by all their fingerprints: met once, kept anew.
        self._older: Cell[tuple[str, ...], Known | None] = Cell(kind="keys", load=_load_older)
        self._hosts: Cell[str, int | None] = Cell(kind="keys", load=_load_host, size=2_000)
        self._platform_hosts = platform_hosts
        self._guesses = guesses.Guesses()
        self._salt = os.urandom(32)
        self._digests: dict[bytes, str] = {}

    async def prepare(self, request: LeanRequest) -> None:
        """Find the request's key and host; they are loaded when this process meets them for the first time."""
        digest = self._digest(request._request)
        if digest is None:
            return
        known = self._keys.peek(digest) or await self._meet(request, digest)
        if known is None:
            return
        host = _host(request._request)
        if host not in self._platform_hosts:
            tenant = self._hosts.peek(host)
            if tenant is None:
                tenant = await self._hosts.get(host)
            # An unknown host is one of our own names (a container, an address): it belongs to no tenant.
            is_foreign = tenant is not None and tenant not in {known.facts.tenant_id, known.facts.tenant_chain[0]}
            if is_foreign:
                return
        request.key = known.facts
        request.budgets = known.limits.budgets
        request.rates = known.limits.rates
        request.screen = known.screen

    async def _meet(self, request: LeanRequest, digest: str) -> Known | None:
        """Load a key this process does not know yet. Raise RelayError (429) for one who guesses keys or passwords."""
        secret = credential(request._request)
        login, is_missed = key_logins.name_in(secret), self._keys.knows_missing(digest)
        name, address = login or guesses.name_of(secret), client_address(request._request)
        if (login or not is_missed) and not self._guesses.may_try(name, address):
            raise RelayError("rate_limit_exceeded", "Too many wrong keys or passwords: wait a minute.", retry_after_seconds=60)
        known = await self._keys.get(digest)
        if known is None and settings.SECRET_KEY_FALLBACKS:
            known = await self._older.get(keys.digests(secret))
        if known is None and not login:
            known = await self._spelled_otherwise(secret) or await self._pinned(request)
        if known is None and (login or not is_missed):
            self._guesses.count(name, address)
        return known

    async def _spelled_otherwise(self, secret: str) -> Known | None:
        """Return the key of a client that leaves `sk-` out, as one-api allows."""
        if secret.startswith("sk-"):
            return None
        digest = keys.digest(f"sk-{secret}")
        return self._keys.peek(digest) or await self._keys.get(digest)

    async def _pinned(self, request: LeanRequest) -> Known | None:
        """Return the sub-key of staff who name a channel behind it (`sk-…-12`); note the channel. Raise RelayError for others."""
        secret, _, channel = credential(request._request).rpartition("-")
        if not (secret and channel.isdecimal() and len(channel) <= _LONGEST_CHANNEL):
            return None
        digest = keys.digest(secret)
        known = self._keys.peek(digest) or await self._keys.get(digest)
        if known is None:
            return None
        if known.facts.role not in _PINNING_ROLES:
            raise RelayError("channel_not_allowed")
        request.pinned = int(channel)
        return known

    def _digest(self, request: HttpRequest) -> str | None:
        """Return the digest of the request's secret; those of the last few thousand headers are remembered, by fingerprints alone."""
        authorization = raw_header(request, b"authorization")
        fingerprint = hashlib.blake2b(self._salt + authorization, digest_size=16).digest()
        digest = self._digests.get(fingerprint)
        if digest is None:
            secret = credential(request)
            if not secret:
                return None
            digest = keys.digest(secret)
            if secret == _in_authorization(authorization.decode("latin-1")):
                if len(self._digests) >= _REMEMBERED:
                    self._digests.clear()
                self._digests[fingerprint] = digest
        return digest


class KeyAuthentication(BaseAuthentication):
    """A sub-key in `Authorization` (Bearer, Basic), `x-api-key`, `api-key`, `x-goog-api-key`, a WebSocket's subprotocol or `?key=`."""

    def authenticate(self, request: Request) -> tuple[KeyFacts, None] | None:
        """Return the key that `prepare` has found; raise RelayError (401) when there is none, or it is not valid any more."""
        key = lean(request).key
        if key is None:
            raise RelayError("invalid_api_key" if credential(request._request) else "missing_api_key")
        if basic.is_basic(raw_header(request._request, b"authorization")) and request.method == "POST" and not _is_json(request):
            raise RelayError("unsupported_field", "With HTTP Basic only bodies of type application/json are taken.", param="content-type")
        if key.state == "revoked":
            raise RelayError("invalid_api_key")
        if key.expires_at is not None and key.expires_at <= datetime.datetime.now(datetime.UTC):
            raise RelayError("expired_api_key")
        return key, None

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"


class KeyMayCall(BasePermission):
    """The key, its owner and its tenant are in good standing, and the caller's network is allowed."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        """Raise RelayError (403) when they are not."""
        key = lean(request).caller
        if key.state != "active" or not key.user_active:
            raise RelayError("key_disabled")
        # A closed shop sells nothing more; what its customers paid for is honoured.
        if key.tenant_state == "suspended":
            raise RelayError("tenant_suspended")
        if key.networks and not _is_inside(client_address(request._request), key.networks):
            raise RelayError("ip_not_allowed")
        return True


def credential(request: HttpRequest) -> str:
    """Return the secret the client sent, without its scheme; an empty text when there is none."""
    secret = _in_authorization(header(request, "authorization"))
    if not secret:
        secret = next((found for name in _OTHER_HEADERS if (found := header(request, name).strip())), "")
    if not secret:
        secret = _in_subprotocol(header(request, "sec-websocket-protocol"))
    if not secret and request.META.get("QUERY_STRING"):
        secret = request.GET.get("key", "").strip()
    return "" if secret.lower() in _NO_KEY or len(secret) > _LONGEST_SECRET else secret


def _in_subprotocol(offered: str) -> str:
    """Return the secret that browsers, which can set no header on a WebSocket, hide among its subprotocols."""
    found = (name.strip() for name in offered.split(","))
    return next((name[len(_SUBPROTOCOL) :] for name in found if name.startswith(_SUBPROTOCOL)), "")


def _is_json(request: Request) -> bool:
    return header(request._request, "content-type").partition(";")[0].strip().lower() == "application/json"


def _in_authorization(authorization: str) -> str:
    """Return the secret in an Authorization header; an empty text when it holds none of ours."""
    if basic.is_basic(authorization.encode("latin-1", "replace")):
        return basic.secret_in(authorization)
    scheme, _, value = authorization.strip().partition(" ")
    secret = value.strip() if scheme.lower() == "bearer" else "" if value else scheme
    return "" if secret.lower() in _NO_KEY else secret


def may_use(key: KeyFacts, model: str) -> bool:
    """Tell whether the key's list of models, if it has one, contains the model."""
    return not key.models or model in key.models


def _host(request: HttpRequest) -> str:
    return _host_name(raw_header(request, b"host"))


@functools.lru_cache(maxsize=4096)
def _host_name(raw: bytes) -> str:
    host = raw.decode("latin-1").strip().lower()
    if host.startswith("["):
        return host.partition("]")[0] + "]"
    return host.partition(":")[0].rstrip(".")


@functools.lru_cache(maxsize=4096)
def _is_inside(address: str, networks: tuple[str, ...]) -> bool:
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return False
    return any(parsed in ipaddress.ip_network(network, strict=False) for network in networks)


def _load_key(digest: str) -> Known | None:
    facts = keys.recognise(digest)
    if facts is None:
        return None
    return Known(facts, limit_rules.of_key(facts), wordlists.screen(screens.words_of(facts.tenant_chain)))


def _load_older(digests: tuple[str, ...]) -> Known | None:
    current, *older = digests
    keys.renew(current, older)
    return _load_key(current)


def _load_host(host: str) -> int | None:
    tenant = tenants.by_host(host)
    return tenant.pk if tenant is not None else None


class SubKeyScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]  # drf-spectacular's hook has no types
    """How the OpenAPI schema names the sub-key."""

    target_class = KeyAuthentication
    name = "subKey"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, Any]:
        return {"type": "http", "scheme": "bearer"}

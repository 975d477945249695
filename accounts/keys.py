"""Issue, revoke and recognise sub-keys.

A secret is `sk-` and 48 letters and digits; the last four are a checksum of the others, so that secret scanners
can tell a real one. It exists only in the answer of `issue`: kept are a keyed digest, a public prefix and the
last four. Raises `KeyTaken` when an imported secret is already in use.
"""

from __future__ import annotations

import datetime
import functools
import hashlib
import ipaddress
import secrets
import string
from collections.abc import Iterable
from dataclasses import dataclass

from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts import tenants
from accounts.models import ApiKey, Membership
from foundation import snapshots, vault

SNAPSHOT = "keys"
PREFIX_LENGTH = 10
_ALPHABET = string.ascii_uppercase + string.ascii_lowercase + string.digits
_BODY_LENGTH = 44
_CHECKSUM_LENGTH = 4


class KeyTaken(Exception):
    """This secret is in use already."""


@dataclass(frozen=True, slots=True)
class Issued:
    """A new sub-key and its secret: the only time the secret is seen."""

    key: ApiKey
    secret: str


@dataclass(frozen=True, slots=True)
class KeyFacts:
    """What a relay call needs to know about a sub-key, its owner and its tenant; immutable."""

    id: int
    prefix: str
    name: str
    tenant_id: int
    tenant_chain: tuple[int, ...]
    tenant_state: str
    membership_id: int
    group: str
    user_active: bool
    role: str
    state: str
    expires_at: datetime.datetime | None
    models: frozenset[str]
    networks: tuple[str, ...]
    rpm: int | None
    tpm: int | None
    concurrency: int | None


def issue(
    *,
    membership: Membership,
    name: str,
    expires_at: datetime.datetime | None = None,
    models: Iterable[str] = (),
    networks: Iterable[str] = (),
    rpm: int | None = None,
    tpm: int | None = None,
    concurrency: int | None = None,
    secret: str | None = None,
) -> Issued:
    """Make a sub-key; `secret` imports one as it is. Raise KeyTaken, or ValueError for a network that is none."""
    text = make_secret() if secret is None else secret
    key = ApiKey(
        tenant_id=membership.tenant_id,
        membership=membership,
        name=name,
        digest=digest(text),
        prefix=text[:PREFIX_LENGTH],
        last4=text[-4:],
        expires_at=expires_at,
        models_allowed=sorted(set(models)),
        networks_allowed=[str(ipaddress.ip_network(network, strict=False)) for network in networks],
        rpm=rpm,
        tpm=tpm,
        concurrency=concurrency,
    )
    try:
        with transaction.atomic():
            key.save(force_insert=True)
    except IntegrityError:
        raise KeyTaken("this key is in use already") from None
    _announce()
    return Issued(key=key, secret=text)


def revoke(*, key: ApiKey) -> None:
    """Refuse the key from now on, for ever; every process knows within a second."""
    key.state = ApiKey.State.REVOKED
    key.revoked_at = key.revoked_at or timezone.now()
    key.save(update_fields=["state", "revoked_at"])
    _announce()


def digest(secret: str) -> str:
    """Return the fingerprint under which a secret is kept."""
    return vault.digest(secret, purpose="api-key")


def recognise(digest: str) -> KeyFacts | None:
    """Return the facts of the key with this fingerprint, or None: one indexed SELECT for tenants right below the root."""
    rows = ApiKey.objects.select_related("membership__user", "tenant__parent")
    key = rows.filter(digest=digest).first()
    return None if key is None else _facts(key)


def make_secret() -> str:
    """Return a new secret: 44 random letters and digits and their checksum."""
    body = "".join(secrets.choice(_ALPHABET) for _ in range(_BODY_LENGTH))
    return f"sk-{body}{checksum(body)}"


def is_genuine(secret: str) -> bool:
    """Tell whether a string has the form and checksum of a secret made here (imported ones may not)."""
    body, check = secret[3:-_CHECKSUM_LENGTH], secret[-_CHECKSUM_LENGTH:]
    return secret.startswith("sk-") and len(body) == _BODY_LENGTH and checksum(body) == check


def checksum(body: str) -> str:
    """Return four letters or digits that follow from the body: base 62 of SHA-256, most significant first."""
    number = int.from_bytes(hashlib.sha256(body.encode()).digest()) % len(_ALPHABET) ** _CHECKSUM_LENGTH
    digits = []
    for _ in range(_CHECKSUM_LENGTH):
        number, rest = divmod(number, len(_ALPHABET))
        digits.append(_ALPHABET[rest])
    return "".join(reversed(digits))


def _facts(key: ApiKey) -> KeyFacts:
    lineage = tenants.lineage(key.tenant)
    return KeyFacts(
        id=key.pk,
        prefix=key.prefix,
        name=key.name,
        tenant_id=key.tenant_id,
        tenant_chain=tuple(step.id for step in lineage),
        tenant_state=tenants.state_of(lineage),
        membership_id=key.membership_id,
        group=key.membership.group,
        user_active=key.membership.user.is_active,
        role=key.membership.role,
        state=key.state,
        expires_at=key.expires_at,
        models=frozenset(key.models_allowed),
        networks=tuple(key.networks_allowed),
        rpm=key.rpm,
        tpm=key.tpm,
        concurrency=key.concurrency,
    )


def _announce() -> None:
    transaction.on_commit(functools.partial(snapshots.announce, SNAPSHOT), robust=True)

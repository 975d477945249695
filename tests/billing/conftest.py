"""Money for tests: a funded membership and live relay workers."""

from __future__ import annotations

import uuid
from collections.abc import Callable

import pytest

from accounts.models import ApiKey, Membership, Tenant, User
from billing import leases, ledger


def make_member(slug: str = "shop", zone: str = "UTC") -> Membership:
    root = Tenant.objects.get_or_create(parent=None, defaults={"slug": "platform", "name": "Platform"})[0]
    shop = Tenant.objects.create(slug=slug, name="Shop", parent=root, zone=zone)
    return Membership.objects.create(tenant=shop, user=User.objects.create_user(email=f"{uuid.uuid4().hex}@example.test"))


def make_key(member: Membership) -> ApiKey:
    return ApiKey.objects.create(
        tenant=member.tenant, membership=member, name="k", digest=uuid.uuid4().hex * 2, prefix="sk-1234567", last4="abcd"
    )


def grant(member: Membership, amount: int) -> None:
    issuer, wallet = ledger.account(kind="issuer"), ledger.wallet(membership_id=member.pk)
    ledger.transfer(kind="grant", key=f"test:{uuid.uuid4()}", src_id=issuer.pk, dst_id=wallet.pk, amount=amount)


@pytest.fixture
def member() -> Membership:
    return make_member()


@pytest.fixture
def worker() -> Callable[[], uuid.UUID]:
    def start() -> uuid.UUID:
        worker_id = uuid.uuid4()
        leases.register(worker_id=worker_id, node="test")
        return worker_id

    return start

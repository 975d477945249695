"""Sub-keys: made, imported, recognised, revoked."""

from __future__ import annotations

import pytest
from pytest_django import DjangoAssertNumQueries

from accounts import keys, tenants
from accounts.models import ApiKey, Membership, Tenant, User
from foundation import vault

pytestmark = pytest.mark.django_db


def a_member(tenant: Tenant | None = None) -> Membership:
    user = User.objects.create_user(email="ann@example.com")
    return tenants.join(tenant=tenant or tenants.root(), user=user)


def the_facts(secret: str) -> keys.KeyFacts:
    facts = keys.recognise(keys.digest(secret))
    assert facts is not None
    return facts


def test_a_secret_has_the_form_that_scanners_know() -> None:
    secret = keys.issue(membership=a_member(), name="laptop").secret
    assert len(secret) == 51
    assert secret.startswith("sk-")
    assert secret[3:].isalnum()
    assert keys.is_genuine(secret)
    assert not keys.is_genuine(secret[:-1] + ("A" if secret[-1] != "A" else "B"))


def test_only_a_digest_a_prefix_and_the_last_four_are_kept() -> None:
    issued = keys.issue(membership=a_member(), name="laptop")
    row = ApiKey.objects.values().get()
    assert row["digest"] == vault.digest(issued.secret, purpose="api-key")
    assert row["prefix"] == issued.secret[:10]
    assert row["last4"] == issued.secret[-4:]
    assert issued.secret not in str(row)


def test_a_key_is_recognised_with_one_query(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    tenant = tenants.open_tenant(slug="shop", name="Shop")
    member = a_member(tenant)
    issued = keys.issue(membership=member, name="laptop", models=["b", "a"], networks=["10.1.2.3/8"], rpm=60)
    with django_assert_num_queries(1):
        facts = keys.recognise(keys.digest(issued.secret))
    assert facts == keys.KeyFacts(
        id=issued.key.pk,
        prefix=issued.secret[:10],
        name="laptop",
        tenant_id=tenant.pk,
        tenant_chain=(tenants.root().pk, tenant.pk),
        tenant_state="open",
        membership_id=member.pk,
        group="default",
        user_active=True,
        role="customer",
        state="active",
        expires_at=None,
        models=frozenset({"a", "b"}),
        networks=("10.0.0.0/8",),
        rpm=60,
        tpm=None,
        concurrency=None,
    )


def test_an_unknown_key_is_nobody() -> None:
    assert keys.recognise(keys.digest("sk-unknown")) is None


def test_an_imported_secret_is_kept_as_it_is_and_only_once() -> None:
    member = a_member()
    issued = keys.issue(membership=member, name="old", secret="legacy-key-1")
    assert issued.secret == "legacy-key-1"
    assert the_facts("legacy-key-1").id == issued.key.pk
    with pytest.raises(keys.KeyTaken):
        keys.issue(membership=member, name="again", secret="legacy-key-1")


def test_a_revoked_key_says_so() -> None:
    issued = keys.issue(membership=a_member(), name="laptop")
    keys.revoke(key=issued.key)
    assert the_facts(issued.secret).state == "revoked"


def test_a_network_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="does not appear to be"):
        keys.issue(membership=a_member(), name="laptop", networks=["home"])


def test_a_suspended_seller_suspends_the_keys_below() -> None:
    seller = tenants.open_tenant(slug="seller", name="Seller")
    shop = tenants.open_tenant(slug="shop", name="Shop", parent=seller)
    issued = keys.issue(membership=a_member(shop), name="laptop")
    tenants.suspend(tenant=seller)
    facts = the_facts(issued.secret)
    assert facts.tenant_state == "suspended"
    assert facts.tenant_chain == (tenants.root().pk, seller.pk, shop.pk)

"""Sub-keys: made, imported, recognised, revoked."""

from __future__ import annotations

import datetime

import pytest
from django.utils import timezone
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
    issued = keys.issue(membership=member, name="laptop", models=["b", "a"], aliases=["x*= a"], networks=["10.1.2.3/8"], rpm=60)
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
        aliases=(("x*", "a"),),
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


def test_after_a_rotation_the_old_secret_ends_when_it_was_to_end(end_user: Membership) -> None:
    old = keys.issue(membership=end_user, name="phone")
    new = keys.rotate(key=old.key, overlap=datetime.timedelta(hours=1))
    assert new.key.pk == old.key.pk
    assert the_facts(new.secret).expires_at is None
    ends = the_facts(old.secret).expires_at
    assert ends is not None
    assert abs(ends - timezone.now() - datetime.timedelta(hours=1)) < datetime.timedelta(minutes=1)
    newest = keys.rotate(key=new.key, overlap=datetime.timedelta(hours=1))
    assert keys.recognise(keys.digest(old.secret)) is None
    assert the_facts(newest.secret).id == the_facts(new.secret).id


def test_a_rotation_without_overlap_ends_the_old_secret_at_once(end_user: Membership) -> None:
    old = keys.issue(membership=end_user, name="phone")
    keys.rotate(key=old.key, overlap=datetime.timedelta(0))
    assert keys.recognise(keys.digest(old.secret)) is None


def test_revoking_ends_both_secrets_and_nothing_brings_the_key_back(end_user: Membership) -> None:
    old = keys.issue(membership=end_user, name="phone")
    new = keys.rotate(key=old.key, overlap=datetime.timedelta(days=1))
    keys.revoke(key=new.key)
    assert keys.recognise(keys.digest(old.secret)) is None
    assert the_facts(new.secret).state == "revoked"
    with pytest.raises(keys.KeyRevoked):
        keys.rotate(key=new.key, overlap=datetime.timedelta(0))
    with pytest.raises(keys.KeyRevoked):
        keys.pause(key=new.key, is_paused=False)


def test_an_imported_secret_may_not_be_the_old_one_of_another_key(end_user: Membership) -> None:
    old = keys.issue(membership=end_user, name="phone")
    keys.rotate(key=old.key, overlap=datetime.timedelta(days=1))
    with pytest.raises(keys.KeyTaken):
        keys.issue(membership=end_user, name="copy", secret=old.secret)


def test_settings_are_changed_and_tidied(end_user: Membership) -> None:
    key = keys.issue(membership=end_user, name="phone", tags=[" a ", "a", ""]).key
    assert key.tags == ["a"]
    keys.change(
        key=key,
        name="desk",
        expires_at=None,
        models=["b", "a"],
        aliases=["x=b"],
        networks=["203.0.113.9/24", " "],
        rpm=5,
        tpm=None,
        concurrency=2,
        tags=["x"],
    )
    key.refresh_from_db()
    assert (key.name, key.models_allowed, key.networks_allowed, key.rpm, key.tags) == ("desk", ["a", "b"], ["203.0.113.0/24"], 5, ["x"])
    assert key.model_aliases == ["x=b"]


def test_a_rotated_secret_opens_its_key_until_its_overlap_has_ended() -> None:
    old = keys.issue(membership=a_member(), name="laptop")
    new = keys.rotate(key=old.key, overlap=datetime.timedelta(hours=1))
    assert [keys.by_secret(one.secret) for one in (old, new)] == [old.key, old.key]
    ApiKey.objects.update(previous_until=timezone.now())
    assert [keys.by_secret(one.secret) for one in (old, new)] == [None, old.key]

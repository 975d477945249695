"""Who asks to be forgotten is nobody afterwards; keys end, the books stay."""

from __future__ import annotations

import pytest
from allauth.account.models import EmailAddress

from accounts import erasure, keys, people, tenants
from accounts.models import ApiKey, Membership, Tenant, User

pytestmark = pytest.mark.django_db


def test_the_person_is_nobody_and_their_keys_end(tenant: Tenant) -> None:
    user = people.add(email="ann@shop.test", password="x", name="Ann")
    member = tenants.join(tenant=tenant, user=user)
    Membership.objects.filter(pk=member.pk).update(username="ann", note="likes tea")
    issued = keys.issue(membership=member, name="phone")
    erasure.erase(user=user)
    user, member = User.objects.get(pk=user.pk), Membership.objects.get(pk=member.pk)
    assert (user.email, user.name, user.is_active, user.has_usable_password()) == (None, "", False, False)
    assert (member.username, member.note) == (None, "")
    assert not EmailAddress.objects.exists()
    assert ApiKey.objects.get(pk=issued.key.pk).state == ApiKey.State.REVOKED
    assert people.add(email="ann@shop.test").pk != user.pk


def test_the_only_owner_of_a_shop_stays(reseller_owner: Membership) -> None:
    with pytest.raises(erasure.StillOwner):
        erasure.erase(user=reseller_owner.user)
    assert User.objects.get(pk=reseller_owner.user.pk).email == "owner@shop.test"
    second = User.objects.create_user(email="second@shop.test")
    tenants.join(tenant=reseller_owner.tenant, user=second, role="owner")
    erasure.erase(user=reseller_owner.user)
    assert not User.objects.get(pk=reseller_owner.user.pk).is_active

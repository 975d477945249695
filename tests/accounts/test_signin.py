"""People sign in by e-mail, or by the username they have at this tenant and at no other."""

from __future__ import annotations

import pytest
from allauth.account.models import EmailAddress
from django.test import Client

from accounts import people, tenants
from accounts.models import Membership, Tenant, User

pytestmark = pytest.mark.django_db
PASSPHRASE = "a long pass phrase"


@pytest.fixture
def imported(tenant: Tenant) -> Membership:
    """Somebody who came from another system without an address."""
    user = User.objects.create(email=None, name="Lao Wang")
    user.set_password(PASSPHRASE)
    user.save()
    return Membership.objects.create(tenant=tenant, user=user, username="laowang")


def sign_in(client: Client, login: str, *, host: str = "shop.test", password: str = PASSPHRASE) -> bool:
    client.post("/accounts/login/", {"login": login, "password": password}, headers={"host": host})
    return "_auth_user_id" in client.session


def test_a_username_opens_its_own_shop(client: Client, imported: Membership) -> None:
    assert not sign_in(client, "laowang", password="wrong")
    assert sign_in(client, "laowang")
    assert client.get("/console/", headers={"host": "shop.test"}).status_code == 200


def test_it_opens_no_other_shop(client: Client, imported: Membership, stranger: Membership) -> None:
    assert not sign_in(client, "laowang", host="elsewhere.test")
    assert not sign_in(client, "laowang", host="platform.test")


def test_who_has_an_address_signs_in_by_both(client: Client, tenant: Tenant) -> None:
    user = people.add(email="ann@shop.test", password=PASSPHRASE)
    tenants.join(tenant=tenant, user=user)
    Membership.objects.update(username="ann")
    assert sign_in(client, "Ann@shop.test")
    client.logout()
    assert sign_in(client, "ann")


def test_an_address_that_is_not_confirmed_keeps_a_username_out_too(client: Client, tenant: Tenant) -> None:
    user = people.add(email="ann@shop.test", password=PASSPHRASE)
    tenants.join(tenant=tenant, user=user)
    Membership.objects.update(username="ann")
    EmailAddress.objects.update(verified=False)
    assert not sign_in(client, "ann")


def test_both_refusals_read_alike(client: Client, imported: Membership) -> None:
    texts = set()
    for login in ("laowang", "nobody", "nobody@shop.test"):
        answer = client.post("/accounts/login/", {"login": login, "password": "wrong"}, headers={"host": "shop.test"})
        texts.add(str(answer.context["form"].non_field_errors()))
    assert len(texts) == 1

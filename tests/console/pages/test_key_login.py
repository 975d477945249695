"""The page on which a sub-key gets a name and a password."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from accounts import key_logins, keys
from accounts.models import ApiKey, Membership

pytestmark = pytest.mark.django_db

PASSWORD = "long enough, really"


@pytest.fixture
def key(client: Client, end_user: Membership) -> ApiKey:
    client.force_login(end_user.user)
    return keys.issue(membership=end_user, name="chat").key


def test_a_pair_is_set_and_taken_away(client: Client, key: ApiKey) -> None:
    address = reverse("console_key_login", args=[key.pk])
    assert client.get(address, HTTP_HOST="shop.test").status_code == 200
    answer = client.post(address, {"name": "ann", "password": PASSWORD}, HTTP_HOST="shop.test")
    assert answer.headers["location"] == reverse("console_key", args=[key.pk])
    assert keys.recognise(keys.digest(key_logins.spelled("ann", PASSWORD))) is not None
    assert PASSWORD not in client.get(address, HTTP_HOST="shop.test").content.decode()
    client.post(reverse("console_key_login_end", args=[key.pk]), HTTP_HOST="shop.test")
    assert keys.recognise(keys.digest(key_logins.spelled("ann", PASSWORD))) is None


def test_a_bad_pair_is_told_at_its_field(client: Client, key: ApiKey) -> None:
    answer = client.post(reverse("console_key_login", args=[key.pk]), {"name": "a:b", "password": PASSWORD}, HTTP_HOST="shop.test")
    assert answer.status_code == 422
    assert answer.context["form"].errors == {"name": ["A name has 1 to 60 characters, without spaces and colons."]}


def test_a_revoked_key_has_no_such_page(client: Client, key: ApiKey) -> None:
    keys.revoke(key=key)
    assert client.get(reverse("console_key_login", args=[key.pk]), HTTP_HOST="shop.test").status_code == 404

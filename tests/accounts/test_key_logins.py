"""A name and a password in place of a sub-key's secret."""

from __future__ import annotations

import datetime

import pytest

from accounts import key_logins, keys
from accounts.models import ApiKey, Membership

pytestmark = pytest.mark.django_db

PASSWORD = "long enough, really"


def opens(name: str, password: str) -> int | None:
    facts = keys.recognise(keys.digest(key_logins.spelled(name, password)))
    return facts.id if facts else None


def test_a_pair_opens_the_key_until_it_is_taken_away(end_user: Membership) -> None:
    key = keys.issue(membership=end_user, name="chat").key
    key_logins.give(key=key, name=" ann ", password=PASSWORD)
    assert (opens("ann", PASSWORD), opens("ann", PASSWORD + "x"), opens("bob", PASSWORD)) == (key.pk, None, None)
    key_logins.give(key=key, name="ann", password=PASSWORD + "2")
    assert (opens("ann", PASSWORD), opens("ann", PASSWORD + "2")) == (None, key.pk)
    key_logins.take_away(key=key)
    assert opens("ann", PASSWORD + "2") is None


def test_a_revoked_key_has_no_pair(end_user: Membership) -> None:
    key = keys.issue(membership=end_user, name="chat").key
    key_logins.give(key=key, name="ann", password=PASSWORD)
    keys.revoke(key=key)
    assert opens("ann", PASSWORD) is None
    with pytest.raises(keys.KeyRevoked):
        key_logins.give(key=key, name="ann", password=PASSWORD)


def test_a_new_secret_leaves_the_pair(end_user: Membership) -> None:
    issued = keys.issue(membership=end_user, name="chat")
    key_logins.give(key=issued.key, name="ann", password=PASSWORD)
    keys.rotate(key=issued.key, overlap=datetime.timedelta(0))
    assert opens("ann", PASSWORD) == issued.key.pk


@pytest.mark.parametrize(("name", "password", "field"), [("a:b", PASSWORD, "name"), ("", PASSWORD, "name"), ("ann", "short", "password")])
def test_what_cannot_be_sent_or_is_guessed_is_refused(end_user: Membership, name: str, password: str, field: str) -> None:
    key = keys.issue(membership=end_user, name="chat").key
    with pytest.raises(key_logins.BadLogin) as caught:
        key_logins.give(key=key, name=name, password=password)
    assert caught.value.field == field


def test_two_keys_never_share_a_pair(end_user: Membership, stranger: Membership) -> None:
    key_logins.give(key=keys.issue(membership=end_user, name="one").key, name="ann", password=PASSWORD)
    second = keys.issue(membership=stranger, name="two").key
    with pytest.raises(key_logins.BadLogin, match="Choose another password"):
        key_logins.give(key=second, name="ann", password=PASSWORD)
    assert ApiKey.objects.get(pk=second.pk).login is None

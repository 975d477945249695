"""A pair that opens a key by HTTP Basic, over the API: given, taken away, never for others' keys."""

from __future__ import annotations

import pytest

from accounts import key_logins, keys
from accounts.models import ApiKey, AuditEvent, Membership
from tests.console.api.conftest import program

pytestmark = pytest.mark.django_db
PAIR = {"name": "phone", "password": "correct horse"}


def test_a_pair_is_given_and_taken_away(end_user: Membership, reseller_owner: Membership, stranger: Membership) -> None:
    key = keys.issue(membership=end_user, name="k").key
    path, call = f"keys/{key.pk}/login/", program(end_user)
    told = call("PUT", path, PAIR)[1]
    assert (told["login"], "password" in told) == ("phone", False)
    digest = keys.digest(key_logins.spelled(**PAIR))
    assert ApiKey.objects.get(login_digest=digest) == key
    assert call("PUT", path, {"name": "a b", "password": "correct horse"})[1]["error"]["fields"].keys() == {"name"}
    assert call("PUT", path, {**PAIR, "password": "short"})[0] == 400
    theirs = keys.issue(membership=stranger, name="k").key
    assert [call(verb, f"keys/{theirs.pk}/login/", PAIR)[0] for verb in ("PUT", "DELETE")] == [404, 404]
    assert program(reseller_owner)("DELETE", path)[1]["login"] is None
    assert not ApiKey.objects.filter(login_digest=digest).exists()
    assert [one.action for one in AuditEvent.objects.all()] == ["apikey.end_login"]

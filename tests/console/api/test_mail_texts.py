"""A shop's own mails over the API: words that cannot be filled in are refused, the own shop's alone are seen."""

from __future__ import annotations

import pytest

from accounts.models import MailText, Membership
from tests.console.api.conftest import program

pytestmark = pytest.mark.django_db


def test_a_text_is_set_looked_at_and_given_up(reseller_owner: Membership, stranger: Membership) -> None:
    call, body = program(reseller_owner), {"template": "approved", "language": "en", "subject": "Come in", "body": "Welcome to {{ shop }}."}
    status, made = call("POST", "mail-texts/", body)
    assert (status, {name: made[name] for name in body}) == (201, body)
    path = f"mail-texts/{made['id']}/"
    assert call("GET", f"{path}preview/")[1] == {"subject": "Come in", "body": f"Welcome to {reseller_owner.tenant.name}."}
    assert call("PATCH", path, {"body": "{{ nobody }}"})[1]["error"]["fields"].keys() == {"body"}
    assert call("PATCH", path, {"subject": "Hello"})[1]["subject"] == "Hello"
    assert call("POST", "mail-texts/", body)[0] == 409
    assert call("POST", f"{path}test/")[0] == 202
    theirs = MailText.objects.create(tenant=stranger.tenant, template="approved", language="en", subject="x")
    assert [call(verb, f"mail-texts/{theirs.pk}/", {})[0] for verb in ("GET", "PATCH", "DELETE")] == [404] * 3
    assert (call("DELETE", path)[0], list(MailText.objects.all())) == (204, [theirs])

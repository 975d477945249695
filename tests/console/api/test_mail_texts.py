"""A shop's own mails over the API: words that cannot be filled in are refused, the own shop's alone are seen."""

from __future__ import annotations

import pytest
from django.core import mail

from accounts.models import MailText, Membership, Tenant
from foundation import outbox
from tests.console.api.conftest import program

pytestmark = pytest.mark.django_db


def test_a_text_is_set_looked_at_and_given_up(reseller_owner: Membership, stranger: Membership) -> None:
    call, body = program(reseller_owner), {"template": "approved", "language": "en", "subject": "Come in", "body": "Welcome to {{ shop }}."}
    status, made = call("POST", "mail-texts/", body)
    assert (status, {name: made[name] for name in body}) == (201, body)
    path = f"mail-texts/{made['id']}/"
    assert call("GET", f"{path}preview/")[1] == {"subject": "Come in", "body": f"Welcome to {reseller_owner.tenant.name}."}
    Tenant.objects.update(quota_unit="points")
    low = call("POST", "mail-texts/", {"template": "wallet_low", "language": "en", "subject": "{{ balance }}", "body": ""})[1]
    assert call("GET", f"mail-texts/{low['id']}/preview/")[1]["subject"] == "400,000 points"
    assert call("POST", f"mail-texts/{low['id']}/test/")[0] == 202
    outbox.deliver()
    assert [message.subject for message in mail.outbox] == ["[Test] 400,000 points"]
    assert call("DELETE", f"mail-texts/{low['id']}/")[0] == 204
    assert call("PATCH", path, {"body": "{{ nobody }}"})[1]["error"]["fields"].keys() == {"body"}
    assert call("PATCH", path, {"subject": "Hello"})[1]["subject"] == "Hello"
    assert call("POST", "mail-texts/", body)[0] == 409
    assert call("POST", f"{path}test/")[0] == 202
    theirs = MailText.objects.create(tenant=stranger.tenant, template="approved", language="en", subject="x")
    assert [call(verb, f"mail-texts/{theirs.pk}/", {})[0] for verb in ("GET", "PATCH", "DELETE")] == [404] * 3
    assert (call("DELETE", path)[0], list(MailText.objects.all())) == (204, [theirs])

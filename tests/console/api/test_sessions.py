"""Who is signed in, and who of the staff looked, over the API."""

from __future__ import annotations

import pytest
from allauth.account.models import EmailAddress
from allauth.usersessions.models import UserSession
from django.test import Client

from accounts import visits
from accounts.models import Membership
from tests.conftest import PASSWORD
from tests.console.api.conftest import program

pytestmark = pytest.mark.django_db


def signed_in(member: Membership) -> Client:
    browser = Client(HTTP_HOST="shop.test", HTTP_USER_AGENT="A phone")
    EmailAddress.objects.get_or_create(user=member.user, email=member.user.email or "", defaults={"verified": True, "primary": True})
    browser.post("/accounts/login/", {"login": member.user.email, "password": PASSWORD})
    return browser


def test_a_browser_is_signed_out_from_afar(end_user: Membership, reseller_owner: Membership) -> None:
    phone, laptop, owners = (signed_in(member) for member in (end_user, end_user, reseller_owner))
    rows = program(end_user)("GET", "me/sessions/")[1]["results"]
    assert [(one["browser"], one["address"]) for one in rows] == [("A phone", "127.0.0.1")] * 2
    newest = rows[0]["id"]
    assert [program(reseller_owner)(method, f"me/sessions/{newest}/")[0] for method in ("GET", "DELETE")] == [404, 404]
    assert program(end_user)("DELETE", f"me/sessions/{newest}/")[0] == 204
    assert [one.get("/console/").status_code for one in (phone, laptop, owners)] == [200, 302, 200]
    assert str(phone.session.session_key) not in str(rows)
    assert UserSession.objects.filter(user=end_user.user).count() == 1


def test_a_customer_reads_who_looked_and_why(end_user: Membership, reseller_owner: Membership) -> None:
    visits.begin(user=reseller_owner.user, member=end_user, reason="asked about a bill")
    [visit] = program(end_user)("GET", "me/visits/")[1]["results"]
    assert (visit["reason"], visit["ended_at"]) == ("asked about a bill", None)
    assert program(reseller_owner)("GET", "me/visits/")[1]["results"] == []
    assert program(reseller_owner)("GET", f"me/visits/{visit['id']}/")[0] == 404

"""Accepted versions over the API, of the own shop alone."""

from __future__ import annotations

import pytest

from accounts import legal
from accounts.models import LegalPage, Membership
from tests.console.api.conftest import program

pytestmark = pytest.mark.django_db


def test_staff_see_who_accepted_which_version(end_user: Membership, reseller_owner: Membership, stranger: Membership) -> None:
    for member in (end_user, stranger):
        LegalPage.objects.create(tenant=member.tenant, kind="terms", text="be kind")
        legal.accept(membership=member, language="en")
    found = program(reseller_owner)("GET", f"acceptances/?customer={end_user.pk}")[1]["results"]
    assert [(one["customer"], one["kind"], one["version"]) for one in found] == [(end_user.pk, "terms", 1)]
    assert [one["customer"] for one in program(reseller_owner)("GET", "acceptances/")[1]["results"]] == [end_user.pk]
    assert program(end_user)("GET", "acceptances/")[0] == 404


def test_a_customer_accepts_the_pages_that_were_read_and_no_others(end_user: Membership) -> None:
    page = LegalPage.objects.create(tenant=end_user.tenant, kind="terms", text="be kind")
    call = program(end_user)
    [told] = call("GET", "me/terms/")[1]
    assert (told["page"], told["version"], told["text"]) == (page.pk, 1, "be kind")
    seen = {"seen": [{"page": page.pk, "version": 1}]}
    legal.renew(page)
    status, refused = call("POST", "me/terms/", seen)
    assert (status, list(refused["error"]["fields"])) == (409, ["seen"])
    assert call("POST", "me/terms/", {"seen": [{"page": page.pk, "version": 2}]}) == (200, [])
    assert [(one.kind, one.version) for one in end_user.acceptances.all()] == [("terms", 2)]

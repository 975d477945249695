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

"""Doors that know no model keep a shop's goods; money's rows they only read."""

from __future__ import annotations

import pytest
from django.core.exceptions import ValidationError

from accounts.models import Tenant
from billing import desk, ledger
from billing.models import Category

pytestmark = pytest.mark.django_db


def test_a_row_is_made_changed_and_checked(tenant: Tenant) -> None:
    row = desk.new("category", tenant=tenant)
    desk.put(row, {"name": "Gifts", "slug": "gifts"})
    desk.put(row, {"name": "Presents"})
    assert list(Category.objects.values_list("tenant_id", "name", "slug")) == [(tenant.pk, "Presents", "gifts")]
    with pytest.raises(ValidationError):
        desk.put(desk.new("category", tenant=tenant), {"name": "Twin", "slug": "gifts"})
    assert desk.rows("category").count() == 1


def test_money_is_read_and_never_set(tenant: Tenant) -> None:
    account = ledger.account(kind="stock", tenant_id=tenant.pk)
    assert account in desk.rows("ledger")
    with pytest.raises(TypeError, match="its own verbs"):
        desk.put(account, {"balance": 5})


def test_choices_are_those_of_the_model() -> None:
    assert [value for value, _ in desk.choices("product", "stock_shown")] == ["range", "exact", "hidden"]

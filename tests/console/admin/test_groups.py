"""What customer groups pay, set in the back office."""

from __future__ import annotations

import pytest
from django.test import Client

from accounts.models import AuditEvent, Tenant
from billing import price_book, price_lists
from billing.models import GroupRate

pytestmark = pytest.mark.django_db
LIST = "/reseller/billing/grouprate/"


def test_a_factor_counts_and_ends_the_one_before(desk: Client, tenant: Tenant) -> None:
    price_book.set_price(model="m", input=1_000_000, output=1_000_000)
    price_book.set_price(model="m", tenant=tenant, input=2_000_000, output=2_000_000)
    for factor in ("0.8", "0.9"):
        assert desk.post(f"{LIST}add/", {"group": "vip", "factor": factor}).status_code == 302
    sold = price_lists.load(tenant.pk).resolve("m", group="vip")
    assert sold is not None
    # 2.00 × 0.9
    assert sold.prices["input"] == 1_800_000
    page = desk.get(LIST)
    assert [rate.factor for rate in page.context["cl"].result_list] == [900_000]
    assert "× 0.9" in page.content.decode()
    assert "The group vip pays 0.9 of the price from now on." in page.content.decode()
    assert len(desk.get(f"{LIST}?version=all").context["cl"].result_list) == 2
    assert AuditEvent.objects.filter(tenant=tenant, action="price.group").count() == 2


@pytest.mark.parametrize("values", [{"group": "vip", "factor": "0"}, {"group": "vip", "factor": "101"}, {"group": "", "factor": "1"}])
def test_a_factor_without_sense_is_an_error_of_the_form(desk: Client, values: dict[str, str]) -> None:
    assert desk.post(f"{LIST}add/", values).status_code == 200
    assert not GroupRate.objects.exists()


def test_the_platform_sets_it_for_any_tenant(operator: Client, tenant: Tenant) -> None:
    assert operator.post("/admin/billing/grouprate/add/", {"group": "vip", "tenant": tenant.pk, "factor": "1.5"}).status_code == 302
    assert (GroupRate.objects.get().book.tenant, GroupRate.objects.get().factor) == (tenant, 1_500_000)

"""Blocked buyers in the back office: typed in one field, refused at the shop's own form, taken off again; each step in the trail."""

from __future__ import annotations

import pytest
from django.test import Client

from accounts.models import AuditEvent, Membership, Tenant
from billing.models import BuyerBlock, Order
from tests.billing.shop import sandbox, stocked

pytestmark = pytest.mark.django_db
AT = "/reseller/billing/buyerblock/"


def test_a_shop_blocks_a_buyer_and_takes_the_block_off(desk: Client, tenant: Tenant) -> None:
    product, buyer = stocked(tenant), Client(HTTP_HOST="shop.test")
    sandbox(tenant)
    assert "too wide" in desk.post(f"{AT}add/", {"who": "10.0.0.0/8"}).content.decode()
    assert desk.post(f"{AT}add/", {"who": "Joe+1@mail.example", "note": "charged back"}).status_code == 302
    row = BuyerBlock.objects.get()
    assert (row.value, row.tenant_id, row.note) == ("joe@mail.example", tenant.pk, "charged back")
    assert "joe@mail.example" in desk.get(AT).content.decode()
    form = {"quantity": "1", "email": "joe+2@mail.example"}
    answer = buyer.post(f"/p/{product.slug}/", form)
    assert (answer.status_code, Order.objects.count()) == (422, 0)
    assert "takes no orders of yours" in answer.content.decode()
    assert "charged back" not in answer.content.decode()
    desk.post(f"{AT}{row.pk}/delete/", {"post": "yes"})
    assert buyer.post(f"/p/{product.slug}/", form).status_code == 302
    assert [one.action for one in AuditEvent.objects.order_by("pk")] == ["buyerblock.add", "buyerblock.delete"]


def test_support_blocks_nobody(reseller_owner: Membership) -> None:
    Membership.objects.filter(pk=reseller_owner.pk).update(role=Membership.Role.SUPPORT)
    client = Client(HTTP_HOST="shop.test")
    client.force_login(reseller_owner.user)
    assert client.post(f"{AT}add/", {"who": "joe@mail.example"}).status_code == 403
    assert not BuyerBlock.objects.exists()

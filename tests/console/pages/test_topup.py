"""Top-ups on the console's page: offered, ordered with one press, paid, in the wallet."""

from __future__ import annotations

import pytest
from django.test import Client

from accounts.models import Membership
from billing import audit, ledger
from billing.models import GatewayAccount, Order
from tests.billing.shop import sandbox
from tests.billing.test_direct import TEN, TWO, product_of, stock_up

pytestmark = pytest.mark.django_db


@pytest.fixture
def member(end_user: Membership) -> Client:
    sandbox(end_user.tenant)
    client = Client(HTTP_HOST="shop.test")
    client.force_login(end_user.user)
    return client


def test_a_member_tops_up_with_a_bonus(member: Client, end_user: Membership) -> None:
    stock_up(end_user.tenant, TEN + TWO)
    preset = product_of(end_user.tenant)
    assert "/console/topup/" in member.get("/console/wallet/").content.decode()
    page = member.get("/console/topup/").content.decode()
    assert "$10.00" in page
    assert "+ $2.00 bonus, valid for 30 days" in page
    address = member.post("/console/topup/", {"preset": str(preset.pk)})["Location"]
    bank = member.post(f"{address}pay/", {"account": str(GatewayAccount.objects.get().pk)})["Location"]
    member.post(bank, {"button": "pay"})
    done = member.get(address).content.decode()
    assert "$10.00 is in your wallet." in done
    assert "The bonus of $2.00 lasts 30 days." in done
    assert ledger.balance(membership_id=end_user.pk).available_micros == TEN + TWO
    assert "Top-up" in member.get("/console/wallet/").content.decode()
    assert audit.run() == []


def test_what_is_not_offered_or_sold_out_is_said(member: Client, end_user: Membership) -> None:
    assert "This shop offers no top-ups" in member.get("/console/topup/").content.decode()
    assert member.post("/console/topup/", {"preset": "1"}).status_code == 404
    preset = product_of(end_user.tenant)
    answer = member.post("/console/topup/", {"preset": str(preset.pk)})
    assert answer.status_code == 409
    assert "The shop has not so much left." in answer.content.decode()
    assert not Order.objects.exists()


def test_a_shop_without_top_ups_shows_no_button(member: Client) -> None:
    assert "/console/topup/" not in member.get("/console/wallet/").content.decode()

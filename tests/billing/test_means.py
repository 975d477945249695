"""By what buyers can pay is what accounts take: so much, in that currency, on that device."""

from __future__ import annotations

from decimal import Decimal

import pytest

from accounts.models import Tenant
from billing import gateways, means, rates
from billing.models import GatewayAccount
from tests.billing.shop import sandbox

pytestmark = pytest.mark.django_db
STRIPE = {"secret_key": "sk_test_1", "webhook_secret": "whsec_1"}
EPAY = {"base": "https://pay.example.com", "pid": "1", "key": "k"}


def shown(accounts: list[GatewayAccount], *, minor: int | None = 3_900, currency: str = "CNY", device: str = "pc") -> list[tuple[str, str]]:
    found = means.available(accounts, amount_minor=minor, currency=currency, device=device)
    return [(one.icon, one.label) for one in found]


def account(tenant: Tenant, driver: str, **values: str) -> GatewayAccount:
    return gateways.add_account(tenant=tenant, driver=driver, name=f"Our {driver}", values=values)


def test_an_account_is_shown_by_the_means_that_are_chosen_there_each_once(tenant: Tenant) -> None:
    stripe = account(tenant, "stripe", **STRIPE, methods="card, alipay, wechat_pay, klarna")
    epay = account(tenant, "epay", **EPAY, type="alipay")
    assert shown([stripe, epay]) == [("card", "Card"), ("alipay", "Alipay"), ("wechat", "WeChat Pay")]


def test_an_account_of_which_that_is_not_known_keeps_its_name(tenant: Tenant) -> None:
    assert shown([account(tenant, "epay", **EPAY), sandbox(tenant)]) == [("other", "Our epay"), ("other", "Sandbox")]
    assert shown([account(tenant, "stripe", **STRIPE)]) == [("card", "Card")]


@pytest.mark.parametrize(("device", "icons"), [("pc", ["alipay", "wechat"]), ("wechat", ["wechat"]), ("qq", []), ("alipay", ["alipay"])])
def test_what_an_app_cannot_open_is_not_shown_in_it(tenant: Tenant, device: str, icons: list[str]) -> None:
    both = [account(tenant, "epay", **EPAY, type=kind) for kind in ("alipay", "wxpay")]
    assert [icon for icon, _label in shown(both, device=device)] == icons


def test_too_little_for_a_gateway_is_not_offered_there(tenant: Tenant) -> None:
    stripe = account(tenant, "stripe", **STRIPE)
    assert [shown([stripe], minor=minor, currency="USD") for minor in (49, 50, None)] == [[], [("card", "Card")], [("card", "Card")]]


def test_a_currency_that_a_gateway_does_not_take_needs_a_rate(tenant: Tenant) -> None:
    usdt = account(tenant, "epusdt", base="https://usdt.example.com", token="t")
    assert shown([usdt], currency="EUR") == []
    rates.put(base="EUR", quote=gateways.driver_of("epusdt").currencies[0], rate=Decimal("7.9"))
    assert shown([usdt], currency="EUR") == [("usdt", "USDT")]
    account_of_coins = account(tenant, "epusdt", base="https://usdt.example.com", token="t", trade_type="tron.trx")
    assert shown([account_of_coins]) == [("other", "Our epusdt")]

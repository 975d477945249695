"""A purchase in the language of an address, in a real browser: category, product, order, payment, receipt, and back to another language."""

from __future__ import annotations

import re

import pytest
from django.core.cache import cache
from playwright.sync_api import Browser, expect
from pytest_django.live_server_helper import LiveServer

from accounts.models import Membership, Tenant
from billing.models import Category, Order, Product
from tests.billing.shop import sandbox, stocked
from tests.flows.conftest import Watch
from tests.flows.test_looks import Theme, ann, shop, visit

__all__ = ["ann", "shop"]
pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
LONG = (
    "适用于**所有模型**，包括[这里](https://example.test/)列出的。\n\n| 模型 | 倍率 |\n|---|---|\n| gpt-4o-mini | 1 |\n"
    + "很长的说明。" * 60
)
SHELF = {"zh-hans": {"name": "额度兑换码", "slug": "duihuanma", "description": "付款后**立即**发货。"}}
SAID = {
    "zh-hans": {
        "name": "五美元通用额度兑换码（适用于本店的所有模型）", "slug": "wu-meiyuan", "summary": "付款后立即发货，额度不过期",
        "description": LONG, "instructions": "登录后打开“兑换”。", "asked": "账号 *\n地区 = 欧洲 | 亚洲",
    }
}  # fmt: skip


@pytest.fixture
def product(ann: Membership) -> Product:
    """A product on a shelf, with all its texts in Chinese."""
    cache.clear()
    sandbox(ann.tenant)
    Tenant.objects.filter(pk=ann.tenant.pk).update(
        footer="Thanks",
        contact="tea@shop.test",
        translations={"zh-hans": {"name": "阳光商店", "announcement": "新到货", "footer": "谢谢光临"}},
    )
    made = stocked(ann.tenant)
    shelf = Category.objects.create(tenant=ann.tenant, name="Codes", slug="codes", translations=SHELF)
    asked = [{"label": "Account", "required": True, "choices": []}, {"label": "Region", "required": False, "choices": ["Europe", "Asia"]}]
    Product.objects.filter(pk=made.pk).update(category=shelf, translations=SAID, questions=asked)
    return made


@pytest.mark.parametrize(("theme", "width"), [("dark", 360), ("light", 1440)])
def test_a_shop_is_read_and_bought_from_in_the_language_of_its_address(
    browser: Browser, watch: Watch, live_server: LiveServer, product: Product, theme: Theme, width: int
) -> None:
    at = f"{theme}-{width}"
    with visit(browser, watch, theme=theme, width=width) as page:
        page.goto(f"{live_server.url}/shop/?category=codes&lang=zh-hans")
        expect(page.get_by_role("heading", level=1)).to_have_text("额度兑换码")
        watch.look(page, f"languages-shelf-{at}")
        page.get_by_role("link", name="购买").click()
        expect(page).to_have_url(f"{live_server.url}/p/wu-meiyuan/")
        watch.look(page, f"languages-product-{at}")
        page.get_by_label("邮箱").fill("li@example.test")
        page.get_by_label("账号").fill("li")
        page.get_by_label("地区").select_option("亚洲")
        page.get_by_role("button", name="下单并付款").click()
        expect(page).to_have_url(re.compile("/o/"))
        watch.look(page, f"languages-order-{at}")
        order = page.url
        page.get_by_role("button", name=re.compile("支付")).first.click()
        page.get_by_role("button", name="付款", exact=True).click()
        expect(page.get_by_text("登录后打开“兑换”。")).to_be_visible()
        watch.look(page, f"languages-paid-{at}")
        page.goto(f"{order}receipt/")
        watch.look(page, f"languages-receipt-{at}")
        page.goto(f"{live_server.url}/p/wu-meiyuan/?lang=zh-hans")
        page.get_by_label("语言").click()
        page.get_by_role("button", name="English").click()
        expect(page).to_have_url(f"{live_server.url}/p/five-dollars/")
        expect(page.get_by_role("heading", level=1)).to_have_text("Five dollars")
    bought = Order.objects.get()
    assert (bought.language, bought.product_name) == ("zh-hans", SAID["zh-hans"]["name"])
    assert bought.answers == [{"label": "账号", "value": "li"}, {"label": "地区", "value": "亚洲"}]

"""The shop's window: shelves, search, prices for many, coupons in the order form."""

from __future__ import annotations

import html
import re
from dataclasses import replace

import pytest
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from accounts.models import LegalPage, Membership, Tenant
from billing import capability, catalogue, ledger, orders, questions
from billing.models import Category, Code, CodeBatch, Coupon, GatewayAccount, Order, Product
from tests.billing.shop import bought_from, restock, sandbox, stocked

pytestmark = pytest.mark.django_db


@pytest.fixture
def guest() -> Client:
    return Client(headers={"host": "shop.test"})


@pytest.fixture
def product(tenant: Tenant) -> Product:
    sandbox(tenant)
    made = stocked(tenant, count=12)
    made.tiers, made.compare_minor = [{"from": 10, "price_minor": 3700}], 4500
    made.save(update_fields=["tiers", "compare_minor"])
    return made


def means_on(page: str) -> list[str]:
    """The ways to pay that a page shows, icon and word each."""
    return re.findall(r'<li class="pay-icon">\s*<svg.*?</svg>\s*([^<]*?)\s*</li>', page, re.DOTALL)


def test_shelves_and_words_narrow_the_window(guest: Client, tenant: Tenant, product: Product) -> None:
    other = catalogue.add_product(tenant=tenant, name="Ten dollars", units_micros=10_000_000, price_minor=7500, currency="CNY")
    shelf = Category.objects.create(tenant=tenant, slug="big", name="Big ones")
    Product.objects.filter(pk=other.pk).update(category=shelf)
    whole = guest.get("/shop/").content.decode()
    assert "Big ones" in whole
    assert [name in whole for name in ("Five dollars", "Ten dollars")] == [True, True]
    narrowed = guest.get("/shop/?category=big").content.decode()
    assert [name in narrowed for name in ("Five dollars", "Ten dollars")] == [False, True]
    found = guest.get("/shop/?q=five").content.decode()
    assert [name in found for name in ("Five dollars", "Ten dollars")] == [True, False]


def test_a_product_shows_its_struck_price_and_prices_for_many(guest: Client, product: Product) -> None:
    page = guest.get("/p/five-dollars/").content.decode()
    assert "<s" in page
    assert "¥45.00" in page
    assert "from 10" in page
    assert "¥37.00" in page
    assert re.findall(r'aria-current="true">\s*<td>([^<]*)', page) == ["from 1"]


def test_who_finds_it_sold_out_can_be_told_and_who_buys_sees_how_to_pay(guest: Client, product: Product) -> None:
    assert means_on(guest.get("/p/five-dollars/").content.decode()) == ["Sandbox"]
    assert "/p/five-dollars/notify/" not in guest.get("/shop/").content.decode()
    Code.objects.update(state="frozen")
    assert "/p/five-dollars/notify/" in guest.get("/shop/").content.decode()


@pytest.mark.parametrize(("shown", "text"), [("range", "10+ in stock"), ("exact", "12 left"), ("hidden", "in stock")])
def test_stock_is_shown_as_the_shop_wants(guest: Client, product: Product, shown: str, text: str) -> None:
    Product.objects.update(stock_shown=shown)
    assert text in guest.get("/shop/").content.decode()


@pytest.mark.django_db(transaction=True)
def test_what_a_process_remembers_of_a_shop_ends_with_any_change(guest: Client, product: Product, tenant: Tenant) -> None:
    def page() -> str:
        return guest.get("/p/five-dollars/").content.decode()

    assert "¥39.00" in page()
    assert "¥39.00" in guest.get("/shop/").content.decode()
    Product.objects.filter(pk=product.pk).update(price_minor=4100, tag="hot")
    assert "¥41.00" in page()
    assert ["¥41.00" in guest.get("/shop/").content.decode(), "tag-hot" in page()] == [True, True]
    legal = LegalPage.objects.create(tenant=tenant, kind="terms", text="Be kind.")
    assert "/legal/terms/" in page()
    legal.delete()
    assert "/legal/terms/" not in page()
    assert "cannot take payments" not in page()
    GatewayAccount.objects.update(is_enabled=False)
    assert "cannot take payments" in page()
    Tenant.objects.filter(pk=tenant.pk).update(name="Rice House")
    assert "Rice House" in page()
    CodeBatch.objects.update(redeem_by=timezone.now())
    assert "sold out" in page()
    Product.objects.filter(pk=product.pk).update(is_active=False)
    assert guest.get("/p/five-dollars/").status_code == 404


def test_the_total_is_told_before_ordering(guest: Client, product: Product, tenant: Tenant) -> None:
    Coupon.objects.create(tenant=tenant, code="SPRING", kind="percent", value=1000)
    told = guest.post("/p/five-dollars/price/", {"quantity": "10", "coupon": "spring"}).content.decode()
    rows = re.findall(r"<dt[^>]*>(.*?)</dt>\s*<dd[^>]*>\s*(.*?)\s*</dd>", told, re.DOTALL)
    assert [(re.sub(r"<[^>]*>", "", name).strip(), amount) for name, amount in rows] == [
        ("10 × ¥39.00", "¥390.00"), ("Price for many: ¥37.00 each", "-¥20.00"), ("Coupon SPRING", "-¥37.00"), ("Payment fee", "none"),
        ("Total CNY", "¥333.00"),
    ]  # fmt: skip
    assert '<span id="bar-total" hx-swap-oob="true">¥333.00</span>' in told
    assert re.findall(r'aria-current="true">\s*<td>([^<]*)', told) == ["from 10"]
    wrong = guest.post("/p/five-dollars/price/", {"quantity": "many", "coupon": "winter"}).content.decode()
    assert ("There is no such coupon" in wrong, "¥39.00" in wrong) == (True, True)


def test_pieces_are_counted_and_priced_without_a_script_and_nothing_is_ordered(guest: Client, product: Product) -> None:
    typed = {"quantity": "9", "email": "ann@gmial.com", "coupon": "winter", "contact": ""}
    more = guest.post("/p/five-dollars/", {**typed, "step": "1"})
    page = more.content.decode()
    assert (more.status_code, 'value="10"' in page, "¥370.00" in page) == (200, True, True)
    assert ('value="ann@gmial.com"' in page, "did you mean ann@gmail.com?" in page, "There is no such coupon" in page) == (True, True, True)
    assert "is required" not in page
    for quantity, step, shown in (("1", "-1", "1"), ("20", "1", "20"), ("x", "1", "1"), ("3", "5", "3")):
        answer = guest.post("/p/five-dollars/", {**typed, "quantity": quantity, "step": step})
        assert answer.context["form"]["quantity"].value() == shown
    assert "¥117.00" in guest.post("/p/five-dollars/", {**typed, "quantity": "3", "again": "1"}).content.decode()
    assert not Order.objects.exists()


def test_enter_orders_and_presses_no_stepper(guest: Client, product: Product) -> None:
    form = guest.get("/p/five-dollars/").content.decode().partition('id="buy"')[2].partition("</form>")[0]
    first = re.search(r"<button[^>]*>", form)
    assert first is not None
    assert 'name="' not in first[0]


def test_the_window_is_a_list_for_who_wants_it_and_stays_one(guest: Client, product: Product) -> None:
    assert guest.get("/shop/").content.decode().count('<li class="line">') == 0
    listed = guest.get("/shop/?view=list&sort=price")
    assert listed.content.decode().count('<li class="line">') == 1
    assert "?view=cards&amp;sort=price" in listed.content.decode()
    assert guest.get("/shop/").content.decode().count('<li class="line">') == 1
    assert "shop_view" not in guest.get("/shop/?view=nonsense").cookies
    assert guest.get("/shop/?view=cards").content.decode().count('<li class="line">') == 0
    assert guest.get("/shop/").content.decode().count('<li class="line">') == 0


def test_a_tag_is_a_word_in_the_readers_language_or_the_shops_own(guest: Client, product: Product) -> None:
    def tags(language: str = "en") -> list[str]:
        pages = [guest.get(path, headers={"accept-language": language}).content.decode() for path in ("/shop/", "/p/five-dollars/")]
        found = {tuple(re.findall(r'<p class="tag tag-(\w+)">\s*<svg.*?</svg>\s*(.*?)\s*</p>', page, re.DOTALL)) for page in pages}
        assert len(found) == 1
        return [" ".join(one) for one in found.pop()]

    assert tags() == []
    Product.objects.filter(pk=product.pk).update(tag="hot")
    assert (tags(), tags("zh-CN")) == (["hot Hot"], ["hot 热卖"])
    Product.objects.filter(pk=product.pk).update(tag="bonus", tag_text="+10%", translations={"zh-hans": {"tag_text": "多送一成"}})
    assert (tags(), tags("zh-CN")) == (["bonus +10%"], ["bonus 多送一成"])


def test_a_shop_says_how_it_works_and_asks_its_own_questions(guest: Client, tenant: Tenant, product: Product) -> None:
    page = html.unescape(guest.get("/shop/").content.decode())
    for text in ("On the order's page, at once after payment.", "Do I need an account?", "$1 = ¥7.80", "Prices in CNY"):
        assert text in page
    Tenant.objects.filter(pk=tenant.pk).update(faq="## Open on Sunday?\nYes.", contact="WeChat: tea")
    for path in ("/shop/", "/"):
        page = guest.get(path).content.decode()
        assert ("Open on Sunday?" in page, "Do I need an account?" in page, "WeChat: tea" in page) == (True, False, True)


def test_the_leaves_below_a_product_say_how_to_use_it_and_what_comes_back(guest: Client, tenant: Tenant, product: Product) -> None:
    page = guest.get("/p/five-dollars/").content.decode()
    assert page.count('name="leaf"') == 2
    assert "http://shop.test/v1/chat/completions" in page
    assert "base_url=&quot;http://shop.test/v1&quot;" in page
    assert "it works out what is unused" in page
    LegalPage.objects.create(tenant=tenant, kind="refunds", text="Within **14 days**.")
    Product.objects.filter(pk=product.pk).update(description="Fast.")
    page = guest.get("/p/five-dollars/").content.decode()
    assert (page.count('name="leaf"'), "Within <strong>14 days</strong>." in page) == (3, True)
    assert page.count("checked") == 1


def test_a_customer_sees_the_wallet_in_the_header_and_a_guest_does_not(guest: Client, product: Product, end_user: Membership) -> None:
    issuer, wallet = ledger.account(kind="issuer"), ledger.wallet(membership_id=end_user.pk)
    ledger.transfer(kind="grant", key="gift", src_id=issuer.pk, dst_id=wallet.pk, amount=4_250_000)
    for path in ("/shop/", "/p/five-dollars/"):
        assert "/console/wallet/" not in guest.get(path).content.decode()
    guest.force_login(end_user.user)
    for path in ("/shop/", "/p/five-dollars/"):
        chip = guest.get(path).content.decode().partition('href="/console/wallet/"')[2].partition("</a>")[0]
        assert chip.endswith("$4.25")


def test_a_mistyped_address_is_asked_about_before_ordering(guest: Client, product: Product) -> None:
    told = guest.post("/p/five-dollars/price/", {"quantity": "1", "email": "ann@gmial.com"}).content.decode()
    assert "did you mean ann@gmail.com?" in told
    assert "did you mean" not in guest.post("/p/five-dollars/price/", {"quantity": "1", "email": "ann@gmail.com"}).content.decode()


def test_the_order_form_names_what_is_accepted(guest: Client, tenant: Tenant, product: Product) -> None:
    for kind in ("refunds", "imprint"):
        LegalPage.objects.create(tenant=tenant, kind=kind, text="As it stands.")
    page = guest.get("/p/five-dollars/").content.decode()
    assert re.findall(r'href="/legal/(\w+)/"', page.partition('name="accepts"')[2].partition("</form>")[0]) == ["refunds"]


def test_nobody_orders_without_accepting_what_the_shop_has(guest: Client, tenant: Tenant, product: Product) -> None:
    LegalPage.objects.create(tenant=tenant, kind="terms", text="As it stands.")
    values = {"quantity": "2", "email": "guest@example.test", "contact": ""}
    refused = guest.post("/p/five-dollars/", values)
    assert (refused.status_code, list(refused.context["form"].errors)) == (422, ["accepts"])
    assert re.search(r'name="accepts"[^>]*autofocus', refused.content.decode())
    assert not Order.objects.exists()
    again = guest.post("/p/five-dollars/", {**values, "accepts": "on", "again": "1"}).content.decode()
    assert re.search(r'name="accepts"[^>]*checked', again)
    assert guest.post("/p/five-dollars/", {**values, "accepts": "on"}).status_code == 302


def test_a_guests_order_keeps_which_versions_were_accepted(guest: Client, tenant: Tenant, product: Product) -> None:
    for language, version in (("", 4), ("en", 2)):
        LegalPage.objects.create(tenant=tenant, kind="terms", language=language, text="As it stands.", version=version)
    for kind in ("privacy", "imprint"):
        LegalPage.objects.create(tenant=tenant, kind=kind, text="As it stands.")
    values = {"quantity": "1", "email": "guest@example.test", "contact": "", "accepts": "on"}
    assert guest.post("/p/five-dollars/", values, headers={"accept-language": "en"}).status_code == 302
    LegalPage.objects.update(version=9)
    assert Order.objects.get().accepted == [
        {"kind": "terms", "language": "en", "version": 2},
        {"kind": "privacy", "language": "", "version": 1},
    ]


def test_a_coupon_lowers_the_order_and_a_wrong_one_is_said(guest: Client, product: Product, tenant: Tenant) -> None:
    Coupon.objects.create(tenant=tenant, code="SPRING", kind="percent", value=1000)
    values = {"quantity": "1", "email": "guest@example.test", "contact": ""}
    refused = guest.post("/p/five-dollars/", {**values, "coupon": "winter"})
    assert refused.status_code == 422
    assert "There is no such coupon, or its time is over." in refused.content.decode()
    assert not Order.objects.exists()
    assert guest.post("/p/five-dollars/", {**values, "coupon": "spring"}).status_code == 302
    assert Order.objects.get().total_minor == 3510


def variant(lead: Product, *, name: str, units: int, price: int, stock: int) -> Product:
    made = catalogue.add_product(tenant=lead.tenant, name=name, units_micros=units, price_minor=price, currency="CNY")
    Product.objects.filter(pk=made.pk).update(lead=lead, choice=name)
    made.refresh_from_db()
    restock(made, count=stock)
    return made


@pytest.fixture
def family(product: Product) -> list[Product]:
    Product.objects.filter(pk=product.pk).update(choice="$5", tiers=[], compare_minor=None)
    ten = variant(product, name="$10", units=10_000_000, price=7500, stock=2)
    sold_out = variant(product, name="$1", units=1_000_000, price=900, stock=1)
    orders.place(product=sold_out, buyer=orders.Buyer(email="first@example.test"))
    product.refresh_from_db()
    return [product, ten, sold_out]


def test_variants_share_a_card_and_a_page(guest: Client, family: list[Product]) -> None:
    window = guest.get("/shop/").content.decode()
    assert window.count('class="ticket relative flex flex-col"') == 1
    assert "from ¥9.00" in window
    assert "$1.00 – $10.00" in window
    page = guest.get("/p/five-dollars/").content.decode()
    for text in ("$10", "¥75.00", "2 left", "sold out"):
        assert text in page
    assert re.findall(r'name="choice"\s+value="([^"]*)"', page) == ["1", "five-dollars", "10"]
    assert guest.get("/p/10/")["Location"] == "/p/five-dollars/?choice=10"
    assert re.search(r'value="10"\s+checked', guest.get("/p/five-dollars/?choice=10").content.decode())


def test_the_chosen_variant_is_priced_and_ordered(guest: Client, family: list[Product]) -> None:
    values = {"choice": "10", "quantity": "2", "email": "a@example.test", "contact": ""}
    chosen = guest.post("/p/five-dollars/price/", values).content.decode()
    assert "¥150.00" in chosen
    assert '<div id="offer" hx-swap-oob="true">' in chosen
    assert "$10.00" in chosen
    assert guest.post("/p/five-dollars/", values).status_code == 302
    order = Order.objects.latest("pk")
    assert (order.product, order.product_name, order.total_minor, order.units_micros) == (
        family[1], "Five dollars · $10", 15_000, 10_000_000,
    )  # fmt: skip
    values["choice"] = "1"
    assert guest.post("/p/five-dollars/", values).status_code == 409


def test_a_variant_is_gone_with_its_lead(guest: Client, family: list[Product]) -> None:
    Product.objects.filter(pk=family[0].pk).update(is_active=False)
    assert guest.get("/p/five-dollars/").status_code == 404
    assert guest.get("/p/10/").status_code == 404
    assert "from ¥" not in guest.get("/shop/").content.decode()


def test_a_coupon_of_a_product_counts_for_its_variants(guest: Client, tenant: Tenant, family: list[Product]) -> None:
    coupon = Coupon.objects.create(tenant=tenant, code="FIVE", kind="fixed", value=500, currency="CNY")
    coupon.products.add(family[0])
    values = {"choice": "10", "quantity": "1", "email": "", "coupon": "five"}
    assert "¥70.00" in guest.post("/p/five-dollars/price/", values).content.decode()


@pytest.mark.parametrize(
    ("sort", "names"),
    [("", ["Five", "Ten", "Two"]), ("price", ["Two", "Five", "Ten"]), ("-price", ["Ten", "Five", "Two"]), ("new", ["Two", "Ten", "Five"])],
)
def test_the_window_is_sorted_as_asked(guest: Client, tenant: Tenant, sort: str, names: list[str]) -> None:
    for place, (name, price) in enumerate((("Five", 3900), ("Ten", 7500), ("Two", 1700))):
        made = catalogue.add_product(tenant=tenant, name=name, units_micros=1_000_000, price_minor=price, currency="CNY")
        Product.objects.filter(pk=made.pk).update(sort=place)
    page = guest.get(f"/shop/?sort={sort}").content.decode()
    assert sorted(names, key=lambda name: page.index(f">{name}</a>")) == names


def test_variants_are_found_by_their_own_words_and_nothing_is_said_so(guest: Client, family: list[Product]) -> None:
    assert "Five dollars" in guest.get("/shop/?q=$10").content.decode()
    assert "Nothing was found" in guest.get("/shop/?q=nonsense").content.decode()


def test_buyers_answer_what_the_shop_asks(guest: Client, product: Product) -> None:
    Product.objects.filter(pk=product.pk).update(questions=questions.read("Account *\nRegion = Europe | Asia"))
    values = {"quantity": "1", "email": "a@example.test", "contact": "", "answer_1": "Mars"}
    refused = guest.post("/p/five-dollars/", values)
    assert refused.status_code == 422
    assert {"answer_0", "answer_1"} == set(refused.context["form"].errors)
    made = guest.post("/p/five-dollars/", values | {"answer_0": "ann", "answer_1": "Asia"})
    order = Order.objects.get()
    assert order.answers == [{"label": "Account", "value": "ann"}, {"label": "Region", "value": "Asia"}]
    page = guest.get(made["Location"]).content.decode()
    assert "Region" in page
    assert "Asia" in page


def test_texts_of_the_shop_are_markdown(guest: Client, product: Product) -> None:
    Product.objects.filter(pk=product.pk).update(description="**Fast**\n\n<script>alert(1)</script>", instructions="1. Redeem\n2. Enjoy")
    page = guest.get("/p/five-dollars/").content.decode()
    assert "<strong>Fast</strong>" in page
    assert "<script>alert" not in page
    product.refresh_from_db()
    bought_from(product)
    order = Order.objects.get()
    assert "<li>Redeem</li>" in guest.get(f"/o/{capability.of(order)}/").content.decode()


def test_who_orders_again_and_again_without_paying_is_asked_whether_they_are_human(guest: Client, product: Product) -> None:
    cache.clear()
    values = {"quantity": "1", "email": "", "contact": "QQ 1"}
    for _number in range(4):
        assert guest.post("/p/five-dollars/", values).status_code == 302
    assert "human" in guest.get("/p/five-dollars/").context["form"].fields
    refused = guest.post("/p/five-dollars/", values)
    assert refused.status_code == 422
    assert "human" in refused.context["form"].errors
    assert Order.objects.count() == 4


def test_open_orders_are_limited_by_contact_and_customer_too(tenant: Tenant, product: Product, end_user: Membership) -> None:
    for buyer in (orders.Buyer(contact="QQ 12345"), orders.Buyer(email="ann@shop.test", membership=end_user)):
        for _number in range(orders.MOST_OPEN):
            orders.place(product=product, buyer=buyer)
        with pytest.raises(orders.TooManyOpen):
            orders.place(product=product, buyer=replace(buyer, email="other@example.test"))

"""Products and their texts in several languages: found by every address, told in the reader's, frozen in the buyer's."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.core import mail
from django.db import connections, transaction
from django.test import Client
from django.utils import translation

from accounts.models import Tenant
from billing import catalogue, orders, questions, receipts, restock, selectors
from billing.models import Category, Order, Product, RestockWish
from foundation import notify, outbox
from tests.billing import locks
from tests.billing.shop import pay, sandbox, stocked

pytestmark = pytest.mark.django_db

HANS, HANT = "zh-hans", "zh-hant"
TEXTS = {
    HANS: {
        "name": "五美元额度", "slug": "wu-meiyuan", "summary": "付款后立即到账", "description": "适用于**所有**模型。",
        "instructions": "登录后兑换。", "asked": "账号 *\n地区 = 欧洲 | 亚洲",
        "meta_title": "购买五美元额度", "meta_description": "五美元额度，立即到账。",
    },
    HANT: {"name": "五美元額度", "description": "適用於所有模型。"},
}  # fmt: skip


@pytest.fixture
def product(tenant: Tenant) -> Product:
    made = stocked(tenant)
    asked = questions.read("Account *\nRegion = Europe | Asia")
    Product.objects.filter(pk=made.pk).update(translations=TEXTS, questions=asked, instructions="Sign in.", summary="At once")
    made.refresh_from_db()
    return made


def guest(language: str = "", host: str = "shop.test") -> Client:
    return Client(headers={"host": host, **({"accept-language": language} if language else {})})


@pytest.mark.parametrize("slug", ["five-dollars", "wu-meiyuan"])
def test_every_address_names_the_product(tenant: Tenant, product: Product, slug: str) -> None:
    [found] = catalogue.family(tenant=tenant, slug=slug, language=HANS)
    assert (found.pk, found.name, found.slug) == (product.pk, "五美元额度", "wu-meiyuan")
    assert [one["label"] for one in questions.of(found)] == ["账号", "地区"]


def test_what_has_no_text_is_told_in_the_shops_language(tenant: Tenant, product: Product) -> None:
    tenant.language = HANS
    [found] = catalogue.family(tenant=tenant, slug="five-dollars", language=HANT)
    assert (found.name, found.summary, found.choice) == ("五美元額度", "付款后立即到账", "")


def test_a_variant_is_told_after_its_lead(tenant: Tenant, product: Product) -> None:
    said = {HANS: {"choice": "十美元"}}
    variant = Product.objects.create(
        tenant=tenant, lead=product, name="Ten", slug="ten", choice="$10", units_micros=1, price_minor=1, currency="CNY", translations=said
    )
    spoken = catalogue.spoken(variant, tenant=tenant, language=HANS)
    assert catalogue.name_of(spoken) == "五美元额度 · 十美元"
    assert catalogue.instructions_of(spoken) == "登录后兑换。"


def test_an_order_keeps_what_its_buyer_saw(tenant: Tenant, product: Product) -> None:
    buyer = orders.Buyer(email="li@example.test", language=HANS)
    placed = orders.place(product=product, buyer=buyer, answers={"账号": "li", "地区": "亚洲"})
    order = Order.objects.get(pk=placed.order.pk)
    assert (order.product_name, order.instructions) == ("五美元额度", "登录后兑换。")
    assert order.answers == [{"label": "账号", "value": "li"}, {"label": "地区", "value": "亚洲"}]
    Product.objects.filter(pk=product.pk).update(translations={})
    page = guest("en").get(f"/o/{placed.capability}/").content.decode()
    assert "五美元额度" in page


def test_answers_may_name_what_is_asked_as_it_was_written(tenant: Tenant, product: Product) -> None:
    variant = Product.objects.create(
        tenant=tenant, lead=product, name="Ten", slug="ten", kind="manual", units_micros=0, price_minor=1, currency="CNY"
    )
    buyer = orders.Buyer(email="li@example.test", language=HANS)
    for sold in (product, Product.objects.get(pk=variant.pk)):
        placed = orders.place(product=sold, buyer=buyer, answers={"Account": "li", "Region": "Asia"})
        assert placed.order.answers == [{"label": "账号", "value": "li"}, {"label": "地区", "value": "亚洲"}]
    with pytest.raises(orders.BadOrder, match="地区"):
        orders.place(product=product, buyer=buyer, answers={"Account": "li", "Region": "Mars"})


def test_questions_that_ask_something_else_are_asked_as_they_are(tenant: Tenant, product: Product) -> None:
    asked = questions.read("Account *")
    Product.objects.filter(pk=product.pk).update(questions=asked)
    product.refresh_from_db()
    assert questions.of(catalogue.spoken(product, tenant=tenant, language=HANS)) == asked
    with pytest.raises(catalogue.BadProduct, match="same things"):
        catalogue.check_texts(product)


def test_an_address_belongs_to_one_product(tenant: Tenant, product: Product) -> None:
    other = stocked(tenant)
    other.translations = {HANT: {"slug": "wu-meiyuan"}}
    with pytest.raises(catalogue.BadProduct, match="wu-meiyuan is taken"):
        catalogue.check_texts(other)
    with pytest.raises(catalogue.BadProduct, match="wu-meiyuan already"):
        catalogue.add_product(tenant=tenant, name="x", units_micros=1, price_minor=1, currency="CNY", slug="wu-meiyuan")
    assert catalogue.add_product(tenant=tenant, name="Wu meiyuan", units_micros=1, price_minor=1, currency="CNY").slug == "wu-meiyuan-2"
    catalogue.check_texts(product)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("model", [Product, Category])
def test_one_of_two_that_take_an_address_at_one_moment_is_told(tenant: Tenant, model: type[Product | Category]) -> None:
    more = {"units_micros": 1, "price_minor": 1, "currency": "CNY"} if model is Product else {}
    first, second = (model.objects.create(tenant=tenant, name=name, slug=name, **more) for name in ("one", "two"))
    said: list[str] = []

    def take(row: Product | Category, language: str) -> None:
        row.translations = {language: {"slug": "edu"}}
        catalogue.check_texts(row)
        row.save(update_fields=["translations"])

    def lose() -> None:
        try:
            with transaction.atomic():
                take(second, HANT)
        except catalogue.BadProduct as error:
            said.append(str(error))
        finally:
            connections.close_all()

    other = threading.Thread(target=lose)
    with transaction.atomic():
        take(first, HANS)
        other.start()
        locks.until(locks.somebody_waits_for_us, "the other one to wait for the address")
    other.join()
    assert said == ["The short name edu is taken."]
    assert [row.translations for row in model.objects.order_by("pk")] == [{HANS: {"slug": "edu"}}, {}]


@pytest.mark.django_db(transaction=True)
def test_two_new_products_of_one_name_get_two_addresses(tenant: Tenant) -> None:
    def add(_number: int) -> str:
        try:
            return catalogue.add_product(tenant=tenant, name="Tea", units_micros=1, price_minor=1, currency="CNY").slug
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(add, range(4))) == ["tea", "tea-2", "tea-3", "tea-4"]


@pytest.mark.parametrize("slug", ["five-dollars", "wu-meiyuan"])
def test_a_product_is_found_by_its_address_in_any_language(tenant: Tenant, product: Product, slug: str) -> None:
    assert catalogue.find(tenant=tenant, slug=slug) == product


def test_a_word_of_any_language_finds_it(tenant: Tenant, product: Product) -> None:
    stocked(tenant)
    with translation.override("en"):
        found = [[card.name for card in selectors.cards(tenant=tenant, search=text)] for text in ("五美元额度", "適用", "所有 DOLLARS")]
    assert found == [["Five dollars"], ["Five dollars"], ["Five dollars"]]
    assert selectors.cards(tenant=tenant, search="slug") == []


def test_the_page_speaks_the_visitors_language(tenant: Tenant, product: Product) -> None:
    sandbox(tenant)
    client = guest("zh-CN")
    page = client.get("/p/wu-meiyuan/").content.decode()
    assert '<h1 class="mt-3">五美元额度</h1>' in page
    assert "适用于<strong>所有</strong>模型。" in page
    assert "购买五美元额度" in page.partition("</title>")[0]
    answer = client.post("/p/wu-meiyuan/", {"quantity": "1", "email": "li@example.test", "answer_0": "li", "answer_1": "亚洲"})
    assert answer.status_code == 302
    assert Order.objects.get().answers[0] == {"label": "账号", "value": "li"}
    assert Order.objects.get().language == HANS


def test_an_address_of_another_language_leads_to_the_readers(tenant: Tenant, product: Product) -> None:
    assert guest("zh-CN").get("/p/five-dollars/?a=b")["Location"] == "/p/wu-meiyuan/?a=b"
    assert guest("en").get("/p/wu-meiyuan/")["Location"] == "/p/five-dollars/"
    Product.objects.create(
        tenant=tenant,
        lead=product,
        name="Ten",
        slug="ten",
        units_micros=1,
        price_minor=1,
        currency="CNY",
        translations={HANS: {"slug": "shi"}},
    )
    assert guest("zh-CN").get("/p/ten/")["Location"] == "/p/wu-meiyuan/?choice=shi"
    assert guest("en").get("/p/five-dollars/?choice=shi").context["chosen"].slug == "ten"


def test_a_changed_text_shows_at_once(tenant: Tenant, product: Product) -> None:
    client = guest(HANS)
    assert "五美元额度" in client.get("/p/wu-meiyuan/").content.decode()
    Product.objects.filter(pk=product.pk).update(translations={HANS: {"name": "新名字"}})
    assert "新名字" in client.get("/p/five-dollars/").content.decode()


def test_a_category_is_told_and_found_in_every_language(tenant: Tenant, product: Product) -> None:
    said = {HANS: {"name": "额度码", "slug": "edu", "description": "各种**面额**"}}
    shelf = Category.objects.create(tenant=tenant, name="Codes", slug="codes", translations=said)
    Product.objects.filter(pk=product.pk).update(category=shelf)
    for address in ("/shop/?category=edu", "/shop/?category=codes"):
        page = guest(HANS).get(address).content.decode()
        assert "额度码</h1>" in page
        assert "<strong>面额</strong>" in page
        assert "五美元额度" in page
    assert "Codes</h1>" in guest("en").get("/shop/?category=edu").content.decode()


def test_who_waits_for_stock_hears_in_their_language(tenant: Tenant, product: Product) -> None:
    wish = RestockWish.objects.create(product=product, email="li@example.test", language=HANS, site="https://shop.test")
    outbox.put(topic=restock.TOPIC, payload={"wish": wish.pk, "template": "restock"})
    outbox.deliver()
    [sent] = mail.outbox
    assert "五美元额度" in str(sent.subject)
    assert "https://shop.test/p/wu-meiyuan/" in str(sent.body)


def test_mail_and_receipt_call_the_shop_by_the_readers_name(tenant: Tenant, product: Product) -> None:
    Tenant.objects.filter(pk=tenant.pk).update(translations={HANS: {"name": "茶店"}})
    Product.objects.filter(pk=product.pk).update(questions=[])
    shop = Tenant.objects.get(pk=tenant.pk)
    buyer = orders.Buyer(email="li@example.test", language=HANS)
    placed = orders.place(product=Product.objects.get(pk=product.pk), buyer=buyer)
    order = pay(orders.start_payment(order=placed.order, account=sandbox(shop)))
    outbox.deliver()
    assert [message.from_email for message in mail.outbox] == [notify.sender("茶店")] * 2
    assert all("五美元额度" in str(message.body) for message in mail.outbox)
    with translation.override(HANS):
        receipt = receipts.of(order)
    assert receipt is not None
    assert (receipt.shop, receipt.sums[0][0]) == ("茶店", "1 × 五美元额度")

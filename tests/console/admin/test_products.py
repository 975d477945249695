"""Products in the back office: variants, questions, short names, pictures."""

from __future__ import annotations

import io

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from PIL import Image

from accounts import tenants
from accounts.models import Membership, Tenant, User
from billing import catalogue, price_book
from billing.models import Product
from billing.models.goods import ProductPicture
from tests.billing.shop import card_product, stocked
from tests.billing.test_stock_costs import bought

pytestmark = pytest.mark.django_db

LIST = "/reseller/billing/product/"
COMMON = {
    "name": "Ten", "slug": "", "kind": "code", "units_micros": "10", "price": "75.00", "currency": "CNY", "is_active": "on", "sort": "0",
    "stock_shown": "range", "least_pieces": "1", "most_pieces": "20", "pictures-TOTAL_FORMS": "0", "pictures-INITIAL_FORMS": "0",
    "bonus_days": "30",
}  # fmt: skip


def errors(answer: object) -> dict[str, list[str]]:
    found: dict[str, list[str]] = answer.context["adminform"].form.errors  # type: ignore[attr-defined]  # a test response
    return found


def test_a_variant_names_its_product_and_its_choice(desk: Client, tenant: Tenant) -> None:
    lead = stocked(tenant)
    answer = desk.post(f"{LIST}add/", {**COMMON, "lead": lead.pk, "choice": "$10", "asked": "Account *"})
    assert answer.status_code == 302, errors(answer)
    made = Product.objects.get(name="Ten")
    assert (made.lead, made.choice, made.slug) == (lead, "$10", "ten")
    assert made.questions == [{"label": "Account", "required": True, "choices": []}]
    page = desk.get(f"{LIST}{made.pk}/change/").content.decode()
    assert "Account *" in page


def test_a_product_gets_a_tag_with_own_words_in_each_language(desk: Client, tenant: Tenant) -> None:
    answer = desk.post(f"{LIST}add/", {**COMMON, "tag": "bonus", "tag_text": "+10%", "text_zh_hans_tag_text": "多送一成"})
    assert answer.status_code == 302, errors(answer)
    made = Product.objects.get(name="Ten")
    assert (made.tag, made.tag_text, made.translations) == ("bonus", "+10%", {"zh-hans": {"tag_text": "多送一成"}})
    desk.post(f"{LIST}{made.pk}/change/", {**COMMON, "slug": "ten", "tag": "", "tag_text": ""})
    made.refresh_from_db()
    assert (made.tag, made.tag_shown) == ("", "")
    assert "tag" in errors(desk.post(f"{LIST}add/", {**COMMON, "name": "Two", "tag": "shiny"}))


def test_a_product_sold_at_a_loss_is_warned_of_and_marked(desk: Client, tenant: Tenant, root_tenant: Tenant) -> None:
    bought(tenant, root_tenant, total=80_000)  # $10 cost 80.00
    page = desk.post(f"{LIST}add/", COMMON, follow=True).content.decode()
    assert "Ten is sold at a loss of ¥5.00 a piece" in page
    assert "-¥5.00" in page
    made = Product.objects.get(name="Ten")
    page = desk.post(f"{LIST}{made.pk}/change/", {**COMMON, "slug": "ten", "price": "81.00"}, follow=True).content.decode()
    assert "at a loss" not in page
    assert "¥1.00" in page
    page = desk.post(
        f"{LIST}{made.pk}/change/", {**COMMON, "slug": "ten", "price": "81.00", "many": "10 = 79.00"}, follow=True
    ).content.decode()
    assert "Ten is sold at a loss of ¥1.00 a piece" in page


def test_a_price_beyond_the_platforms_ceiling_is_refused(desk: Client, tenant: Tenant, root_tenant: Tenant) -> None:
    bought(tenant, root_tenant, total=30_000)  # $10 cost 30.00
    price_book.set_ceiling(tenant=tenant, factor=2_000_000)
    told = errors(desk.post(f"{LIST}add/", COMMON))
    assert told == {"price": ["The platform allows ¥60.00 at most: 2 times what the quota cost you."]}
    assert desk.post(f"{LIST}add/", {**COMMON, "price": "60.00"}).status_code == 302
    made = Product.objects.get(name="Ten")
    assert "price" in errors(desk.post(f"{LIST}{made.pk}/change/", {**COMMON, "slug": "ten", "price": "60.01"}))
    price_book.set_ceiling(tenant=tenant, factor=None)
    assert desk.post(f"{LIST}{made.pk}/change/", {**COMMON, "slug": "ten", "price": "99.00"}).status_code == 302


def test_what_the_shop_hides_is_marked_and_warned_of(desk: Client, tenant: Tenant, root_tenant: Tenant) -> None:
    made = catalogue.add_product(tenant=tenant, name="Five", units_micros=5_000_000, price_minor=3_900, currency="CNY")
    bought(tenant, root_tenant, total=30_000)  # $10 cost 30.00
    why, address = "it costs more than the platform allows", f"/reseller/billing/product/{made.pk}/change/"
    assert "above the ceiling" not in desk.get("/reseller/billing/product/").content.decode()
    assert why not in desk.get(address).content.decode()
    price_book.set_ceiling(tenant=tenant, factor=2_000_000)
    assert "above the ceiling" in desk.get("/reseller/billing/product/").content.decode()
    assert f"The shop hides Five: {why}." in desk.get(address).content.decode()
    Product.objects.filter(pk=made.pk).update(is_active=False)
    assert "above the ceiling" not in desk.get("/reseller/billing/product/").content.decode()
    assert why not in desk.get(address).content.decode()


@pytest.mark.parametrize(
    ("changes", "field", "why"),
    [
        ({"asked": "A = b"}, "asked", "Line 1"),
        ({"slug": "five-dollars"}, "slug", "Another product"),
        ({"currency": "USD", "lead": "lead"}, "lead", "currency of its product"),
        ({"lead": "foreign"}, "lead", "Select a valid choice"),
        ({"lead": "variant"}, "lead", "Select a valid choice"),
    ],
)
def test_what_does_not_fit_is_said(
    desk: Client, tenant: Tenant, stranger: Membership, changes: dict[str, str], field: str, why: str
) -> None:
    lead = stocked(tenant)
    variant = card_product(tenant)
    Product.objects.filter(pk=variant.pk).update(lead=lead)
    known = {"lead": lead.pk, "foreign": stocked(stranger.tenant).pk, "variant": variant.pk}
    values = {name: str(known.get(value, value)) for name, value in changes.items()}
    found = errors(desk.post(f"{LIST}add/", {**COMMON, **values}))
    assert why in found[field][0]
    assert not Product.objects.filter(name="Ten").exists()


def test_a_product_with_variants_does_not_become_one(desk: Client, tenant: Tenant) -> None:
    lead, other = stocked(tenant), card_product(tenant)
    variant = Product.objects.create(tenant=tenant, name="V", slug="v", units_micros=1, price_minor=1, currency="CNY", lead=lead)
    assert variant.lead == lead
    values = {**COMMON, "name": "Five dollars", "slug": "five-dollars", "lead": other.pk}
    assert "has variants" in errors(desk.post(f"{LIST}{lead.pk}/change/", values))["lead"][0]


def test_support_looks_at_a_product_and_changes_nothing(tenant: Tenant) -> None:
    product = stocked(tenant)
    asked, tiers = [{"label": "Account", "required": True, "choices": []}], [{"from": 10, "price_minor": 3_700}]
    Product.objects.filter(pk=product.pk).update(compare_minor=4_500, tiers=tiers, questions=asked)
    helper = tenants.join(tenant=tenant, user=User.objects.create_user(email="help@shop.test"), role="support")
    client = Client(HTTP_HOST="shop.test")
    client.force_login(helper.user)
    address = f"{LIST}{product.pk}/change/"
    page = client.get(address).content.decode()
    assert [text in page for text in ("Five dollars", "39.00", "45.00", "10 = 37.00", "Account *")] == [True] * 5
    assert client.post(address, {**COMMON, "name": "Mine"}).status_code == 403
    assert Product.objects.get().name == "Five dollars"


def picture(kind: str = "PNG") -> SimpleUploadedFile:
    file = io.BytesIO()
    Image.new("RGB", (50, 20), "red").save(file, kind)
    return SimpleUploadedFile("../../evil.php", file.getvalue(), content_type="application/x-php")


def test_pictures_are_uploaded_shown_replaced_and_removed(desk: Client, tenant: Tenant, django_capture_on_commit_callbacks: object) -> None:
    product = stocked(tenant)
    address = f"{LIST}{product.pk}/change/"
    values = {**COMMON, "name": "Five dollars", "slug": "five-dollars", "price": "39.00"}
    first = {"pictures-TOTAL_FORMS": "1", "pictures-0-file": picture(), "pictures-0-alt": "Red", "pictures-0-sort": "0"}
    first["pictures-0-text_zh_hans_alt"] = "红"
    answer = desk.post(address, {**values, **first})
    assert answer.status_code == 302, errors(answer)
    made = ProductPicture.objects.get()
    assert (made.product, made.alt, made.translations, made.width, made.height) == (product, "Red", {"zh-hans": {"alt": "红"}}, 50, 20)
    assert "evil" not in made.name
    assert f"/pictures/{made.name}.small.webp" in desk.get(address).content.decode()
    known = {
        "pictures-TOTAL_FORMS": "1", "pictures-INITIAL_FORMS": "1", "pictures-0-id": str(made.pk), "pictures-0-product": str(product.pk),
        "pictures-0-alt": "Still red", "pictures-0-sort": "0", "pictures-0-text_zh_hant_alt": "紅",
    }  # fmt: skip
    assert desk.post(address, {**values, **known}).status_code == 302
    kept = ProductPicture.objects.get()
    assert (kept.name, kept.translations) == (made.name, {"zh-hant": {"alt": "紅"}})
    with django_capture_on_commit_callbacks(execute=True):  # type: ignore[operator]  # pytest-django's fixture
        assert desk.post(address, {**values, **known, "pictures-0-DELETE": "on"}).status_code == 302
    assert not ProductPicture.objects.exists()


def test_a_file_that_is_no_picture_is_refused_with_a_reason(desk: Client, tenant: Tenant) -> None:
    product = stocked(tenant)
    values = {
        **COMMON, "name": "Five dollars", "slug": "five-dollars", "price": "39.00", "pictures-TOTAL_FORMS": "1",
        "pictures-0-file": SimpleUploadedFile("a.png", b"<svg onload=alert(1)>"), "pictures-0-alt": "", "pictures-0-sort": "0",
    }  # fmt: skip
    assert "no picture that can be read" in desk.post(f"{LIST}{product.pk}/change/", values).content.decode()
    assert not ProductPicture.objects.exists()

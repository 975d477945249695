"""A shop's brand and legal pages over the API."""

from __future__ import annotations

import pytest
from pytest_django import Settings

from accounts.models import AuditEvent, LegalPage, Membership
from tests.console.api.conftest import program

pytestmark = pytest.mark.django_db


def test_the_brand_and_the_announcement_are_set(reseller_owner: Membership) -> None:
    call = program(reseller_owner)
    status, told = call("PATCH", "shop/", {"colour": "#AABBCC", "announcement": "New models", "zone": "Asia/Shanghai"})
    assert (status, told["colour"], told["announcement"]) == (200, "#aabbcc", "New models")
    assert (told["zone"], told["slug"]) == ("Asia/Shanghai", "teahouse")
    assert AuditEvent.objects.get().after == {"colour": "#aabbcc", "announcement": "New models", "zone": "Asia/Shanghai"}
    assert list(call("PATCH", "shop/", {"zone": "Moon/Sea"})[1]["error"]["fields"]) == ["zone"]
    assert call("PATCH", "shop/", {"colour": "red"})[0] == 400
    assert call("GET", "shop/")[1]["zone"] == "Asia/Shanghai"


def test_questions_and_answers_are_set_for_each_language(reseller_owner: Membership) -> None:
    call, said = program(reseller_owner), {"zh-hans": {"faq": "## 为什么？"}}
    told = call("PATCH", "shop/", {"faq": "## Why?", "translations": said})[1]
    assert (told["faq"], told["translations"]["zh-hans"]) == ("## Why?", said["zh-hans"])
    assert call("PATCH", "shop/", {"faq": "x" * 20_001})[0] == 400
    assert call("PATCH", "shop/", {"faq": ""})[1]["faq"] == ""


def test_the_human_check_the_facade_and_the_life_of_addresses_are_set(reseller_owner: Membership, settings: Settings) -> None:
    settings.ADDRESS_RETENTION_DAYS = 30
    call = program(reseller_owner)
    told = call("PATCH", "shop/", {"captcha": "always", "facade": "new-api", "address_days": 30, "quota_unit": "points"})[1]
    assert (told["captcha"], told["facade"], told["address_days"], told["quota_unit"]) == ("always", "new-api", 30, "points")
    assert call("PATCH", "shop/", {"quota_unit": "shells"})[0] == 400
    status, refused = call("PATCH", "shop/", {"address_days": 31})
    assert (status, refused["error"]["fields"]) == (
        409, {"address_days": ["The platform keeps addresses for 30 days: write no more than that."]},
    )  # fmt: skip
    told = call("PATCH", "shop/", {"facade": "", "address_days": None})[1]
    assert (told["facade"], told["address_days"]) == ("", None)
    assert call("PATCH", "shop/", {"currency": "USD"})[1]["currency"] == "CNY"


def test_a_legal_page_counts_its_texts(reseller_owner: Membership) -> None:
    call = program(reseller_owner)
    status, made = call("POST", "legal-pages/", {"kind": "terms", "text": "one"})
    assert (status, made["version"]) == (201, 1)
    page = f"legal-pages/{made['id']}/"
    assert call("PATCH", page, {"text": "two"})[1]["version"] == 2
    assert call("PATCH", page, {"text": "two"})[1]["version"] == 2
    assert call("POST", "legal-pages/", {"kind": "terms", "text": "twin"})[0] == 409
    assert call("DELETE", page)[0] == 204


def test_customers_and_strangers_change_nothing(end_user: Membership, reseller_owner: Membership, stranger: Membership) -> None:
    page = LegalPage.objects.create(tenant=reseller_owner.tenant, kind="terms", text="ours")
    assert program(end_user)("GET", "shop/")[0] == 404
    call = program(stranger, host="elsewhere.test")
    assert call("GET", "shop/")[1]["slug"] == "elsewhere"
    assert [call(method, f"legal-pages/{page.pk}/", {"text": "x"})[0] for method in ("GET", "PATCH", "DELETE")] == [404] * 3
    assert LegalPage.objects.get().text == "ours"

"""A shop's first pages say what is true of it: delivery, refunds, means, and its own questions."""

from __future__ import annotations

import pytest
from django.utils import translation

from accounts.models import LegalPage, Tenant
from billing import welcome
from billing.models import Product
from tests.billing.shop import manual_product, sandbox, stocked

pytestmark = pytest.mark.django_db


def of(tenant: Tenant) -> welcome.Welcome:
    tenant.refresh_from_db()
    return welcome.of(tenant, device="pc")


def test_nothing_is_promised_of_a_shop_that_sells_nothing(tenant: Tenant) -> None:
    assert of(tenant) == welcome.Welcome(False, False, False, False, [], [])


def test_what_is_said_follows_from_what_the_shop_sells_and_takes(tenant: Tenant) -> None:
    code, manual = stocked(tenant), manual_product(tenant)
    sandbox(tenant)
    LegalPage.objects.create(tenant=tenant, kind="refunds", text="Within 14 days.")
    told = of(tenant)
    assert (told.is_instant, told.is_by_hand, told.has_quota, told.has_refund_rules) == (True, True, True, True)
    assert [way.label for way in told.ways] == ["Sandbox"]
    Product.objects.filter(pk=code.pk).update(is_active=False)
    told = of(tenant)
    assert (told.is_instant, told.is_by_hand, told.has_quota) == (False, True, False)
    Product.objects.filter(pk=manual.pk).update(is_active=False)
    assert not of(tenant).is_by_hand


def test_each_heading_is_a_question_and_its_answer_is_safe(tenant: Tenant) -> None:
    text = "Ask us.\n\n## Why?\nBecause *so*.\n\n# How? #\n\n<script>x</script>\n\n## Nothing"
    found = welcome.entries(text)
    assert [(one.question, one.answer.strip()) for one in found] == [
        ("", "<p>Ask us.</p>"), ("Why?", "<p>Because <em>so</em>.</p>"), ("How?", "<p>&lt;script&gt;x&lt;/script&gt;</p>"), ("Nothing", ""),
    ]  # fmt: skip
    assert welcome.entries("  ") == []


def test_questions_are_asked_in_the_readers_language(tenant: Tenant) -> None:
    Tenant.objects.filter(pk=tenant.pk).update(faq="## Why?\nSo.", translations={"zh-hans": {"faq": "## 为什么？\n因为。"}})
    assert [one.question for one in of(tenant).entries] == ["Why?"]
    with translation.override("zh-hans"):
        assert [one.question for one in of(tenant).entries] == ["为什么？"]

"""A shop's words: typed one a line, tidied, one list a shop."""

from __future__ import annotations

import pytest
from django.test import Client

from accounts.models import AuditEvent, KeywordScreen, Tenant

pytestmark = pytest.mark.django_db
LIST = "/reseller/accounts/keywordscreen/"


def test_words_are_tidied_and_a_shop_has_one_list(desk: Client, tenant: Tenant) -> None:
    assert desk.post(f"{LIST}add/", {"words": "Bomb\r\n\r\n ＢＯＭＢ \r\n禁词"}).status_code == 302
    row = KeywordScreen.objects.get(tenant=tenant)
    assert row.words == "bomb\n禁词"
    KeywordScreen.objects.update(refused=7)
    page = desk.get(f"{LIST}{row.pk}/change/").content.decode()
    assert "sub-shops too" in page
    assert desk.get(f"{LIST}add/").status_code == 403
    assert desk.post(f"{LIST}{row.pk}/change/", {"words": ""}).status_code == 302
    row.refresh_from_db()
    assert (row.words, row.refused) == ("", 7)
    assert AuditEvent.objects.filter(action="keywordscreen.change").count() == 1
    assert "<td" in desk.get(LIST).content.decode()


def test_too_much_is_refused(desk: Client) -> None:
    assert "longer than 64" in desk.post(f"{LIST}add/", {"words": "x" * 65}).content.decode()
    assert "more than 1,000" in desk.post(f"{LIST}add/", {"words": "\n".join(f"w{i}" for i in range(1_001))}).content.decode()
    assert not KeywordScreen.objects.exists()

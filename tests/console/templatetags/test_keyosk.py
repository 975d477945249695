"""Template helpers: addresses that change with the file, names for ledger entries."""

from __future__ import annotations

import datetime
import hashlib

import pytest
from django.conf import settings
from django.template import Context, Template
from django.test import RequestFactory
from django.utils import translation

from billing.statements import Entry
from console.templatetags import keyosk


def test_an_asset_is_addressed_by_its_content() -> None:
    content = (settings.BASE_DIR / "static" / "css" / "app.css").read_bytes()
    assert keyosk.asset("css/app.css") == f"/static/css/app.css?v={hashlib.sha256(content).hexdigest()[:10]}"


def test_a_missing_asset_still_has_an_address() -> None:
    assert keyosk.asset("css/none.css") == "/static/css/none.css?v=0"


@pytest.mark.parametrize("is_narrowed", ["", "word"])
def test_filters_of_a_list_lead_back_to_all_of_it(is_narrowed: str) -> None:
    template = Template('{% load keyosk %}{% filters is_narrowed=word %}<input name="q" value="{{ word }}">{% endfilters %}')
    request = RequestFactory().get("/console/keys/?q=x", SCRIPT_NAME="/one-api")
    shown = template.render(Context({"request": request, "word": is_narrowed}))
    assert ('<form class="filters' in shown, f'<input name="q" value="{is_narrowed}">' in shown, 'type="submit"' in shown) == (True,) * 3
    assert ('href="/one-api/console/keys/"' in shown) == bool(is_narrowed)


def test_amounts_are_filters() -> None:
    template = Template("{% load keyosk %}{{ 2500000|usd }} {{ 372|usd_exact }} {{ 5|usd_signed }} {{ 1204318|grouped }}")
    assert template.render(Context()) == "$2.50 $0.000372 +$0.000005 1,204,318"


def test_a_ledger_entry_has_a_name_for_its_owner_and_an_unknown_one_keeps_its_own() -> None:
    assert keyosk.movement("redeem") == "Code redeemed"
    assert keyosk.movement("something-new") == "something-new"
    assert keyosk.movement("use") == "Calls"


def test_calls_that_were_posted_together_are_counted_and_other_remarks_stay() -> None:
    def remark(kind: str, memo: str) -> str:
        return keyosk.remark(Entry(1, datetime.datetime.now(tz=datetime.UTC), kind, memo, "", -1, 0))

    assert [remark("use", "1 calls"), remark("use", "1200 calls")] == ["1 call", "1,200 calls"]
    assert [remark("grant", "1 calls"), remark("use", "")] == ["1 calls", ""]
    with translation.override("zh-hans"):
        assert remark("use", "3 calls") == "3 次调用"

"""Template helpers: addresses that change with the file, names for ledger entries."""

from __future__ import annotations

import hashlib

from django.conf import settings
from django.template import Context, Template

from console.templatetags import keyosk


def test_an_asset_is_addressed_by_its_content() -> None:
    content = (settings.BASE_DIR / "static" / "css" / "app.css").read_bytes()
    assert keyosk.asset("css/app.css") == f"/static/css/app.css?v={hashlib.sha256(content).hexdigest()[:10]}"


def test_a_missing_asset_still_has_an_address() -> None:
    assert keyosk.asset("css/none.css") == "/static/css/none.css?v=0"


def test_amounts_are_filters() -> None:
    template = Template("{% load keyosk %}{{ 2500000|usd }} {{ 372|usd_exact }} {{ 5|usd_signed }} {{ 1204318|grouped }}")
    assert template.render(Context()) == "$2.50 $0.000372 +$0.000005 1,204,318"


def test_a_ledger_entry_has_a_name_for_its_owner_and_an_unknown_one_keeps_its_own() -> None:
    assert keyosk.movement("redeem") == "Code redeemed"
    assert keyosk.movement("something-new") == "something-new"

"""Imported cards over the API: kept sealed, each known once, exported with a trail, voided; none of strangers."""

from __future__ import annotations

import json

import pytest

from accounts.models import AuditEvent, Membership
from billing import catalogue
from billing.models import Card, Product
from tests.console.api.conftest import program

pytestmark = pytest.mark.django_db


def card_product(member: Membership) -> Product:
    return catalogue.add_product(tenant=member.tenant, name="Gift card", units_micros=0, price_minor=500, currency="CNY", kind="card")


def test_cards_are_imported_once_exported_and_voided(reseller_owner: Membership) -> None:
    product, call = card_product(reseller_owner), program(reseller_owner)
    body = {"product": product.pk, "cards": ["AAAA-1111", "BBBB-2222", "AAAA-1111"], "note": "may"}
    status, told = call("POST", "card-batches/", body | {"is_rehearsal": True})
    expected = {"batch": None, "fresh": 2, "repeated": [3], "known": [], "refused": []}
    assert (status, told, Card.objects.count(), AuditEvent.objects.count()) == (200, expected, 0, 0)
    status, told = call("POST", "card-batches/", body)
    assert (status, told["batch"]["count"], told["batch"]["available"], told["repeated"], told["known"]) == (201, 2, 2, [3], [])
    again = call("POST", "card-batches/", {"product": product.pk, "cards": ["BBBB-2222", "CCCC-3333"]})[1]
    assert (again["batch"]["count"], again["known"]) == (1, [1])
    long = {"product": product.pk, "cards": ["CCCC-3333", "D" * 1001, "DDDD-4444"], "is_rehearsal": True}
    status, draft = call("POST", "card-batches/", long)
    assert (status, draft["fresh"], draft["known"], draft["refused"]) == (200, 1, [1], [{"place": 2, "reason": "too_long"}])
    assert call("POST", "card-batches/", long | {"is_rehearsal": False})[0] == 409
    path = f"card-batches/{told['batch']['id']}/"
    assert call("POST", f"{path}export/")[1] == {"cards": ["AAAA-1111", "BBBB-2222"]}
    one = call("GET", "cards/?last4=1111")[1]["results"][0]
    assert call("POST", f"cards/{one['id']}/void/", {"reason": "leaked"})[1]["state"] == "void"
    assert call("POST", f"{path}void/", {"reason": "all"})[1]["available"] == 0
    assert Card.objects.filter(state="available").count() == 1
    said = json.dumps([told, call("GET", "cards/"), call("GET", path), list(AuditEvent.objects.values("after"))])
    assert not [text for text in ("AAAA", "BBBB", "sealed", "digest") if text in said]
    assert call("GET", f"products/{product.pk}/")[1]["stock"] == 1


def test_other_products_take_no_cards_and_strangers_find_none(reseller_owner: Membership, stranger: Membership) -> None:
    code = catalogue.add_product(tenant=reseller_owner.tenant, name="c", units_micros=1, price_minor=1, currency="CNY")
    theirs = card_product(stranger)
    batch = program(stranger, host="elsewhere.test")("POST", "card-batches/", {"product": theirs.pk, "cards": ["X-9999"]})[1]["batch"]["id"]
    call = program(reseller_owner)
    for is_rehearsal in (True, False):
        assert call("POST", "card-batches/", {"product": code.pk, "cards": ["Y-1"], "is_rehearsal": is_rehearsal})[0] == 409
    assert call("POST", "card-batches/", {"product": theirs.pk, "cards": ["Y-1"]})[0] == 404
    assert [call("POST", f"card-batches/{batch}/{act}/", {"reason": "x"})[0] for act in ("export", "void")] == [404, 404]
    assert (call("GET", "cards/")[1]["results"], call("POST", f"cards/{Card.objects.get().pk}/void/", {"reason": "x"})[0]) == ([], 404)

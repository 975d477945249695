"""Orders over the API: customers read their own, staff decide what a person must; none of strangers."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import AuditEvent, Membership
from billing import catalogue, hand_delivery, orders, settlement, store_credit
from billing.models import Code, Order, PaymentAttempt
from billing.payments.base import ProviderEvent
from tests.billing.shop import attempt, place, sandbox, stocked
from tests.console.api.conftest import program

pytestmark = pytest.mark.django_db


def pay(made: PaymentAttempt, *, amount: int = 3900) -> Order:
    event = ProviderEvent(
        attempt_token=made.token, event_id=f"paid {made.pk}", kind="paid", transaction=f"t{made.pk}", amount_minor=amount, currency="CNY",
        occurred_at=timezone.now(),
    )  # fmt: skip
    return settlement.settle(account=made.account, event=event)


def test_a_customer_reads_own_orders_and_nothing_of_the_shops_side(end_user: Membership, reseller_owner: Membership) -> None:
    product = stocked(end_user.tenant)
    mine = orders.place(product=product, buyer=orders.Buyer(email="ann@shop.test", membership=end_user)).order
    other = place(product).order
    call = program(end_user)
    assert [one["number"] for one in call("GET", "orders/")[1]["results"]] == [mine.number]
    told = call("GET", f"orders/{mine.pk}/")[1]
    assert (told["total_minor"], told["payments"], told["steps"]) == (3900, [], [])
    assert call("GET", f"orders/{other.pk}/")[0] == 404
    assert call("POST", f"orders/{mine.pk}/cancel/", {"reason": "x"})[0] == 404
    desk = program(reseller_owner)
    assert [one["number"] for one in desk("GET", "orders/")[1]["results"]] == [other.number, mine.number]
    assert [one["number"] for one in desk("GET", "orders/?kind=code&look=false")[1]["results"]] == [other.number, mine.number]
    assert desk("GET", "orders/?kind=topup")[1]["results"] == []


def test_money_that_needs_a_look_is_found(reseller_owner: Membership) -> None:
    product, account = stocked(reseller_owner.tenant), sandbox(reseller_owner.tenant)
    odd = pay(attempt(product, account), amount=3_800)
    pay(attempt(product, account))
    accepted = [{"kind": "terms", "language": "en", "version": 3}]
    Order.objects.filter(pk=odd.pk).update(address="203.0.113.7", answers=[{"label": "Account", "value": "ann"}], accepted=accepted)
    call = program(reseller_owner)
    assert [one["number"] for one in call("GET", "orders/?look=true")[1]["results"]] == [odd.number]
    told = call("GET", f"orders/{odd.pk}/")[1]
    assert (told["state"], told["address"], told["answers"]) == ("review", "203.0.113.7", [{"label": "Account", "value": "ann"}])
    assert told["accepted"] == accepted


def test_staff_cancel_and_a_repeat_is_refused(reseller_owner: Membership) -> None:
    order = place(stocked(reseller_owner.tenant)).order
    call = program(reseller_owner)
    status, told = call("POST", f"orders/{order.pk}/cancel/", {"reason": "typo"})
    assert (status, told["state"], told["steps"][-1]["reason"]) == (200, "canceled", "typo")
    assert Code.objects.filter(state="available").count() == 3
    assert call("POST", f"orders/{order.pk}/cancel/", {"reason": "again"})[1]["error"]["code"] == "refused"
    assert [one.action for one in AuditEvent.objects.all()] == ["order.cancel"]


def test_an_order_under_review_is_delivered_by_a_person(reseller_owner: Membership) -> None:
    made = attempt(stocked(reseller_owner.tenant), sandbox(reseller_owner.tenant))
    assert pay(made, amount=3000).state == "review"
    call = program(reseller_owner)
    assert [one["id"] for one in call("GET", "orders/?state=review")[1]["results"]] == [made.order_id]
    status, told = call("POST", f"orders/{made.order_id}/deliver/", {"reason": "paid the rest in cash"})
    assert (status, told["state"], told["payments"][0]["received_minor"]) == (200, "delivered", 3000)
    assert call("POST", f"orders/{made.order_id}/deliver/", {"reason": "x"})[0] == 409


def test_neither_codes_nor_the_secret_address_are_told(reseller_owner: Membership) -> None:
    made = attempt(stocked(reseller_owner.tenant), sandbox(reseller_owner.tenant))
    order = pay(made)
    secret = place(order.product).capability
    call = program(reseller_owner)
    said = json.dumps([call("GET", "orders/")[1], call("GET", f"orders/{order.pk}/")[1]])
    assert secret not in said
    assert not [word for word in ("capability", "sealed", "digest", made.token) if word in said]


def test_an_order_is_paid_back_once(reseller_owner: Membership, django_capture_on_commit_callbacks: Any) -> None:
    made = attempt(stocked(reseller_owner.tenant), sandbox(reseller_owner.tenant))
    pay(made)
    call = program(reseller_owner)
    body = {"reason": "does not work"}
    with django_capture_on_commit_callbacks(execute=True):
        first = call("POST", f"orders/{made.order_id}/refund/", body, idempotency_key="r1")
        again = call("POST", f"orders/{made.order_id}/refund/", body, idempotency_key="r1")
    assert (first[0], first[1]["amount_minor"], first == again) == (201, 3900, True)
    told = call("GET", f"refunds/{first[1]['id']}/")[1]
    assert (told["state"], told["takes_back"], call("GET", f"orders/{made.order_id}/")[1]["state"]) == ("succeeded", True, "refunded")
    assert call("POST", f"orders/{made.order_id}/refund/", body, idempotency_key="r2")[1]["error"]["code"] == "refused"
    assert [one.action for one in AuditEvent.objects.all()] == ["order.refund"]


def test_an_order_is_paid_back_as_store_credit(
    reseller_owner: Membership, end_user: Membership, django_capture_on_commit_callbacks: Any
) -> None:
    product = stocked(end_user.tenant)
    order = orders.place(product=product, buyer=orders.Buyer(email="ann@shop.test", membership=end_user)).order
    pay(orders.start_payment(order=order, account=sandbox(end_user.tenant)))
    with django_capture_on_commit_callbacks(execute=True):
        status, told = program(reseller_owner)("POST", f"orders/{order.pk}/refund/", {"reason": "wish", "to_credit": True})
    assert (status, told["amount_minor"], store_credit.free(end_user)) == (201, 3900, 3900)


def test_too_much_as_a_gesture_is_refused_and_pays_nothing(reseller_owner: Membership) -> None:
    made = attempt(stocked(reseller_owner.tenant), sandbox(reseller_owner.tenant))
    pay(made)
    call = program(reseller_owner)
    status, told = call("POST", f"orders/{made.order_id}/refund/", {"reason": "x", "gesture_minor": 3901})
    assert (status, list(told["error"]["fields"]), made.refunds.count()) == (409, ["gesture_minor"], 0)


def test_the_gateway_is_asked_and_the_same_key_asks_once(reseller_owner: Membership) -> None:
    made = attempt(stocked(reseller_owner.tenant), sandbox(reseller_owner.tenant))
    call = program(reseller_owner)
    first = call("POST", f"orders/{made.order_id}/ask/", idempotency_key="a")
    assert (first[0], first[1]["ended"], first[1]["order"]["state"]) == (200, 0, "pending")
    assert call("POST", f"orders/{made.order_id}/ask/", idempotency_key="a") == first
    assert AuditEvent.objects.count() == 1


def test_strangers_find_no_order_and_no_refund(reseller_owner: Membership, stranger: Membership) -> None:
    order = place(stocked(stranger.tenant)).order
    call = program(reseller_owner)
    assert call("GET", "orders/")[1]["results"] == []
    for act in ("deliver", "cancel", "refund", "ask"):
        assert call("POST", f"orders/{order.pk}/{act}/", {"reason": "x"})[0] == 404


def test_an_order_delivered_by_hand_gets_its_text_and_the_api_never_tells_it(reseller_owner: Membership) -> None:
    product = catalogue.add_product(tenant=reseller_owner.tenant, name="m", units_micros=0, price_minor=3900, currency="CNY", kind="manual")
    made = attempt(product, sandbox(reseller_owner.tenant))
    call = program(reseller_owner)
    assert call("POST", f"orders/{made.order_id}/hand-over/", {"text": "user: x"})[1]["error"]["code"] == "refused"
    assert pay(made).state == "paid"
    status, told = call("POST", f"orders/{made.order_id}/hand-over/", {"text": "password: swordfish"})
    assert (status, told["state"], told["kind"]) == (200, "delivered", "manual")
    said = json.dumps([told, list(AuditEvent.objects.values("before", "after"))])
    assert "swordfish" not in said
    assert hand_delivery.text_of(Order.objects.get()) == "password: swordfish"


def test_money_no_gateway_reported_is_confirmed_with_a_scope_of_its_own(reseller_owner: Membership, stranger: Membership) -> None:
    order = place(stocked(reseller_owner.tenant)).order
    said = {"amount_minor": 3900, "currency": "CNY", "reference": "TT-1", "reason": "paid in cash"}
    path = f"orders/{order.pk}/confirm/"
    assert program(reseller_owner, scopes=("orders:read", "orders:write"))("POST", path, said)[0] == 403
    assert program(stranger, host="elsewhere.test")("POST", path, said)[0] == 404
    call = program(reseller_owner)
    status, told = call("POST", path, said)
    assert (status, told["state"], told["payments"][0]["transaction"]) == (200, "delivered", "TT-1")
    assert call("POST", path, said)[0] == 200
    assert call("POST", path, said | {"amount_minor": 1})[1]["error"]["code"] == "refused"
    assert PaymentAttempt.objects.count() == 1
    assert AuditEvent.objects.filter(action="order.confirm").first().after["reason"] == "paid in cash"  # type: ignore[union-attr]  # there is one

"""Stripe's own list against the books: agreement is silent, each difference is named, in the nightly run too."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.core.cache import cache
from django.utils import timezone

from accounts.models import Tenant
from billing import audit, callbacks, gateway_statements, gateways, orders, refunds
from billing.models import GatewayAccount, PaymentAttempt
from billing.payments.base import GatewayError
from gateway import reconcile
from tests.billing.payments.world import account_at, links
from tests.billing.shop import sandbox, stocked
from tests.doubles.stripe_api import StripeApi

pytestmark = pytest.mark.django_db
LATER = timedelta(hours=2)


@pytest.fixture
def api() -> Iterator[StripeApi]:
    with StripeApi() as double:
        double.holds_events = True
        yield double


@pytest.fixture
def account(api: StripeApi, tenant: Tenant) -> GatewayAccount:
    cache.clear()
    return account_at(api.url, tenant, "stripe")


def begin(account: GatewayAccount) -> PaymentAttempt:
    number = PaymentAttempt.objects.count()
    order = orders.place(product=stocked(account.tenant, count=1), buyer=orders.Buyer(contact=f"c{number}")).order
    attempt = orders.start_payment(order=order, account=account)
    gateways.driver_of("stripe").start(attempt, links=links())
    attempt.refresh_from_db()
    return attempt


def paid(api: StripeApi, account: GatewayAccount, *, is_told: bool = True) -> PaymentAttempt:
    attempt = begin(account)
    api.pay(str(attempt.details["session"]))
    if is_told:
        assert callbacks.ask(attempt)
        attempt.refresh_from_db()
    return attempt


def details(account: GatewayAccount) -> list[str]:
    return [one.detail for one in gateway_statements.compare(account, now=timezone.now() + LATER)]


def test_what_agrees_is_silent_page_by_page(api: StripeApi, account: GatewayAccount) -> None:
    api.page_size = 2
    made = [paid(api, account) for _ in range(3)]
    refunds.send(refunds.start(attempt=made[0], actor=None, reason="no"))
    assert details(account) == []
    assert len([one for one in api.asked if one.path == "/v1/balance_transactions"]) == 2
    assert audit.run() == []


def test_what_differs_on_either_side_is_found(api: StripeApi, account: GatewayAccount) -> None:
    lost = paid(api, account, is_told=False)
    other, gone, back = paid(api, account), paid(api, account), paid(api, account)
    for row in api.balance:
        if row["source"].get("payment_intent") == other.provider_transaction:
            row["source"]["amount"] = 4_000
    api.balance[:] = [row for row in api.balance if row["source"].get("payment_intent") != gone.provider_transaction]
    refund = api.give_back(str(back.details["session"]))
    intent = api.sessions[str(lost.details["session"])]["payment_intent"]
    assert sorted(details(account)) == sorted(
        [
            f"¥39.00 was paid ({intent}) and is not booked",
            f"¥40.00 was paid ({other.provider_transaction}), ¥39.00 is booked",
            f"¥39.00 was paid back ({refund}) and is not booked",
            f"¥39.00 is booked as paid ({gone.provider_transaction}), the gateway has no such payment",
        ]
    )


def test_a_refund_that_is_only_booked_is_found(api: StripeApi, account: GatewayAccount) -> None:
    made = paid(api, account)
    refund = refunds.send(refunds.start(attempt=made, actor=None, reason="no"))
    refunds.finish(refund=refund)
    api.balance[:] = [row for row in api.balance if row["type"] != "refund"]
    assert details(account) == [f"¥39.00 is booked as paid back ({refund.provider_number}), the gateway has no such refund"]


def test_other_business_and_what_is_on_its_way_mean_nothing(api: StripeApi, account: GatewayAccount) -> None:
    api.book("charge", {"id": "ch_x", "payment_intent": "pi_x", "amount": 100, "currency": "cny", "metadata": {}})
    paid(api, account, is_told=False)
    assert gateway_statements.compare(account, now=timezone.now()) == []


def test_the_nightly_run_shows_it_and_says_who_could_not_be_asked(api: StripeApi, account: GatewayAccount) -> None:
    paid(api, account, is_told=False)
    for row in api.balance:
        row["created"] -= 7_200
    run = reconcile.examine()
    found = run.findings.get(check_name="gateways")
    assert (found.is_notice, found.subject, run.found) == (False, f"payment account {account.pk}", 1)
    gateways.write(account, {"secret_key": "sk_test_wrong"}, is_operator=True)
    account.save(update_fields=["sealed"])
    notice = reconcile.examine().findings.get(check_name="gateways")
    assert (notice.is_notice, notice.detail) == (True, "could not be asked: Stripe refuses the secret key")


def test_gateways_without_lists_are_left_out(tenant: Tenant) -> None:
    assert gateway_statements.compare(sandbox(tenant), now=timezone.now()) == []
    with pytest.raises(GatewayError):
        gateway_statements.compare(account_at("http://127.0.0.1:9", tenant, "stripe"), now=timezone.now())

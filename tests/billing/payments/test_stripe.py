"""Stripe by the real library against a stateful double: any order, duplicates, delays, forgeries."""

from __future__ import annotations

import datetime
import hashlib
import hmac
import itertools
import json
from collections.abc import Iterator

import pytest
import structlog
from django.utils import timezone
from pytest_django.live_server_helper import LiveServer

from billing import audit, callbacks, gateway_statements, gateways, orders, refunds
from billing.models import GatewayAccount, Journal, PaymentAttempt, Refund, WebhookInbox
from billing.payments.base import BadCallback, GatewayError, Message
from billing.payments.stripe import Stripe
from tests.billing.payments.world import account_at, links, order_and_pay, shop_at, state_of
from tests.billing.shop import PRICE, held, place, stocked
from tests.billing.shop import attempt as attempt_of
from tests.doubles.stripe_api import StripeApi, signature

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def api() -> Iterator[StripeApi]:
    with StripeApi() as double:
        yield double


@pytest.fixture
def account(api: StripeApi, live_server: LiveServer) -> GatewayAccount:
    made = account_at(api.url, shop_at(live_server.url), "stripe", methods="card, alipay, wechat_pay")
    api.webhook = f"{live_server.url}/pay/stripe/{made.token}/webhook/"
    return made


def session_of(attempt: PaymentAttempt) -> str:
    attempt.refresh_from_db()
    return str(attempt.details["session"])


def test_a_buyer_pays_on_stripes_page_and_gets_the_code(api: StripeApi, account: GatewayAccount, live_server: LiveServer) -> None:
    """W2: the buyer's promotion codes stay out of the page."""
    api.copies = 3
    order, attempt, page = order_and_pay(account, live_server.url)
    assert page == f"{api.url}/pay/cs_test_1"
    asked = api.asked[0].form
    assert asked["line_items[0][price_data][unit_amount]"] == "3900"
    assert asked["line_items[0][price_data][currency]"] == "cny"
    assert (asked["client_reference_id"], asked["payment_intent_data[metadata][attempt]"]) == (attempt.token, attempt.token)
    assert [asked[f"payment_method_types[{n}]"] for n in range(3)] == ["card", "alipay", "wechat_pay"]
    assert asked["payment_method_options[wechat_pay][client]"] == "web"
    assert (asked["allow_promotion_codes"], asked["adaptive_pricing[enabled]"]) == ("false", "false")

    api.pay(session_of(attempt))

    assert state_of(order) == "delivered"
    assert held("revenue", account.tenant) == 3900
    assert Journal.objects.filter(kind="payment").count() == 1
    assert WebhookInbox.objects.get().tries == 3


def test_pressing_pay_twice_makes_one_session(api: StripeApi, account: GatewayAccount) -> None:
    attempt = attempt_of(stocked(account.tenant), account)
    first = Stripe().start(attempt, links=links())
    assert Stripe().start(attempt, links=links()) == first  # a lost answer: the idempotency key brings the same session
    attempt.refresh_from_db()
    assert Stripe().start(attempt, links=links()) == first
    assert len(api.sessions) == 1


def test_completed_without_money_delivers_nothing_until_it_comes(api: StripeApi, account: GatewayAccount, live_server: LiveServer) -> None:
    """W2: `completed` is no money."""
    order, attempt, _ = order_and_pay(account, live_server.url)
    api.pay(session_of(attempt), later=True)
    assert state_of(order) == "pending"
    api.come_in(session_of(attempt))
    assert state_of(order) == "delivered"


def test_another_amount_goes_to_a_person(api: StripeApi, account: GatewayAccount, live_server: LiveServer) -> None:
    """W2: what came counts, not what the order costs."""
    order, attempt, _ = order_and_pay(account, live_server.url)
    api.amount_off = -900
    api.pay(session_of(attempt))
    assert state_of(order) == "review"
    assert held("refunds_due", account.tenant) == 3000


@pytest.mark.parametrize("sequence", list(itertools.permutations(range(3))))
@pytest.mark.parametrize("copies", [1, 2])
def test_events_in_any_order_and_number_end_the_same(
    sequence: tuple[int, ...], copies: int, api: StripeApi, account: GatewayAccount, live_server: LiveServer
) -> None:
    order, attempt, _ = order_and_pay(account, live_server.url)
    api.holds_events = True
    name = session_of(attempt)
    api.pay(name, later=True)
    api.come_in(name)
    api.expire(name)
    assert [api.send(api.held[index]) for index in sequence for _ in range(copies)] == [200] * 3 * copies
    assert state_of(order) == "delivered"
    assert held("revenue", account.tenant) == 3900
    assert Journal.objects.filter(kind="payment").count() == 1


def test_the_computed_vector_is_signed_alike() -> None:
    body = b'{"id":"evt_test_1","object":"event","type":"checkout.session.completed"}'
    wanted = "ca796b857b81e24d595a4c37abf88d2fafb533a32ede6ce4cfc9b0e892a35b08"
    assert hmac.new(b"whsec_test_secret", b"1700000000." + body, hashlib.sha256).hexdigest() == wanted


@pytest.mark.parametrize(
    ("secret", "age"),
    [("whsec_another", 0), ("whsec_test_secret", 400)],
)
def test_forged_and_old_signatures_are_refused(
    secret: str, age: int, api: StripeApi, account: GatewayAccount, live_server: LiveServer
) -> None:
    """W1: nothing is done that is not signed with the secret of the account."""
    order, attempt, _ = order_and_pay(account, live_server.url)
    api.holds_events = True
    event = api.pay(session_of(attempt))
    api.secret, api.age_seconds = secret, age
    assert api.send(event) == 400
    assert state_of(order) == "pending"


def test_an_empty_secret_closes_the_account(api: StripeApi, account: GatewayAccount, live_server: LiveServer) -> None:
    """W1: an empty secret signs nothing, and an account without one has no address."""
    order, attempt, _ = order_and_pay(account, live_server.url)
    api.holds_events = True
    event = api.pay(session_of(attempt))
    GatewayAccount.objects.update(sealed="")
    api.secret = ""
    assert api.send(event) == 404
    assert state_of(order) == "pending"
    body = json.dumps(event).encode()
    account.refresh_from_db()
    with pytest.raises(BadCallback, match="webhook secret"):
        Stripe().parse(account, Message("POST", {}, {}, {"stripe-signature": signature(body, "")}, body))


def test_a_stripe_event_pays_no_other_gateways_order(api: StripeApi, account: GatewayAccount, live_server: LiveServer) -> None:
    """W1: a genuine event of one gateway is about that gateway's payments only."""
    sandbox = gateways.add_account(tenant=account.tenant, driver="sandbox")
    foreign = attempt_of(stocked(account.tenant), sandbox)
    _, attempt, _ = order_and_pay(account, live_server.url)
    api.sessions[session_of(attempt)]["client_reference_id"] = foreign.token
    api.pay(session_of(attempt))
    foreign.refresh_from_db()
    assert foreign.state == "pending"
    assert WebhookInbox.objects.get().state == "ignored"


def test_a_reference_that_a_buyer_wrote_into_another_page_of_the_account_pays_nothing(
    api: StripeApi, account: GatewayAccount, live_server: LiveServer
) -> None:
    """W6: a payment link of the same account, of the same price, opened with `?client_reference_id=` of this order."""
    order, attempt, _ = order_and_pay(account, live_server.url)
    link = {**api.sessions[session_of(attempt)], "id": "cs_test_link", "metadata": {}}
    api.sessions["cs_test_link"] = link
    api.pay("cs_test_link")
    assert state_of(order) == "pending"
    assert (WebhookInbox.objects.get().state, held("clearing", account.tenant, owner=account.pk)) == ("ignored", 0)


def test_a_refund_that_only_the_charges_own_event_tells_of_is_read(
    api: StripeApi, account: GatewayAccount, live_server: LiveServer
) -> None:
    order, attempt, _ = order_and_pay(account, live_server.url)
    api.pay(session_of(attempt))
    api.holds_events = True
    number = api.give_back(session_of(attempt))
    (charge,) = [event for event in api.held if event["type"] == "charge.refunded"]
    assert api.send(charge) == 200
    assert state_of(order) == "delivered"  # on its way still
    api.finish_refund(number)
    assert [api.send(charge) for _ in range(2)] == [200, 200]
    assert state_of(order) == "refunded"
    assert held("clearing", account.tenant, owner=account.pk) == 0


def test_a_refund_that_the_bank_sends_back_is_owed_and_can_be_repeated(
    api: StripeApi, account: GatewayAccount, live_server: LiveServer
) -> None:
    order, attempt, _ = order_and_pay(account, live_server.url)
    api.pay(session_of(attempt))
    number = api.give_back(session_of(attempt))
    told = api.finish_refund(number)
    assert state_of(order) == "refunded"
    api.finish_refund(number, status="failed")
    assert api.send(told) == 200  # the older message, once more
    refund = attempt.refunds.get()
    assert (refund.state, held("clearing", account.tenant, owner=account.pk), held("refunds_due", account.tenant)) == (
        "failed",
        -3900,
        3900,
    )
    anew = refunds.send_again(refund)
    api.finish_refund(anew.provider_number or "")
    anew.refresh_from_db()
    assert (anew.state, anew.provider_number != number, held("refunds_due", account.tenant)) == ("succeeded", True, 0)
    assert gateway_statements.compare(account, now=timezone.now() + datetime.timedelta(hours=2)) == []
    assert audit.run() == []


def test_a_refund_whose_end_nobody_tells_is_asked_about(api: StripeApi, account: GatewayAccount, live_server: LiveServer) -> None:
    order, attempt, _ = order_and_pay(account, live_server.url)
    api.pay(session_of(attempt))
    attempt.refresh_from_db()
    refund = refunds.send(refunds.start(attempt=attempt, actor=None, reason="no"))
    api.holds_events = True
    Refund.objects.update(created_at=timezone.now() - datetime.timedelta(minutes=11))
    assert callbacks.ask_about_refunds() == 0
    api.finish_refund(refund.provider_number or "")
    assert (callbacks.ask_about_refunds(), callbacks.ask_about_refunds()) == (1, 0)
    refund.refresh_from_db()
    assert (refund.state, state_of(order)) == ("succeeded", "refunded")


def test_an_account_that_is_away_holds_up_no_other(api: StripeApi, account: GatewayAccount, live_server: LiveServer) -> None:
    order, attempt, _ = order_and_pay(account, live_server.url)
    api.holds_events = True
    api.pay(session_of(attempt))
    away = account_at("http://127.0.0.1:9", account.tenant, "stripe")
    for number in range(3):
        waiting = orders.start_payment(order=place(stocked(account.tenant), email=f"{number}@example.test").order, account=away)
        PaymentAttempt.objects.filter(pk=waiting.pk).update(details={"session": "cs_x"})
    PaymentAttempt.objects.update(created_at=timezone.now() - datetime.timedelta(minutes=3))
    with structlog.testing.capture_logs() as logs:
        assert callbacks.ask_about_pending() == 1
    assert [line["account"] for line in logs if line["event"] == "a gateway does not answer"] == [away.pk]
    assert state_of(order) == "delivered"


def test_a_refund_of_something_else_that_the_account_sold_is_no_matter_of_ours(
    api: StripeApi, account: GatewayAccount, live_server: LiveServer
) -> None:
    api.holds_events = True
    foreign = {"id": "ch_9", "object": "charge", "payment_intent": "pi_9", "metadata": {}}
    assert api.send(api.deliver("charge.refunded", foreign)) == 200
    assert not [asked for asked in api.asked if asked.path == "/v1/refunds"]


@pytest.mark.parametrize(
    ("end", "moved", "state", "code"),
    [
        ("warning_closed", 0, "won", "sold"),
        ("prevented", PRICE, "lost", "revoked"),
        ("prevented", 0, "won", "sold"),
        ("won", 0, "won", "sold"),
        ("lost", PRICE, "lost", "revoked"),
    ],
)
def test_every_end_of_a_dispute_ends_it(
    end: str, moved: int, state: str, code: str, api: StripeApi, account: GatewayAccount, live_server: LiveServer
) -> None:
    order, attempt, _ = order_and_pay(account, live_server.url)
    api.pay(session_of(attempt))
    api.dispute(session_of(attempt))
    api.dispute(session_of(attempt), end=end, moved=moved)
    assert (attempt.disputes.get().state, order.codes.get().state) == (state, code)


@pytest.mark.parametrize("what", ["updated", "funds_withdrawn"])
def test_a_dispute_whose_beginning_was_lost_begins_with_the_next_event(
    what: str, api: StripeApi, account: GatewayAccount, live_server: LiveServer
) -> None:
    order, attempt, _ = order_and_pay(account, live_server.url)
    api.pay(session_of(attempt))
    api.move_funds(session_of(attempt), what)
    assert (attempt.disputes.get().state, order.codes.get().state) == ("open", "frozen")


def test_a_dispute_of_which_nothing_was_told_is_found_in_the_list(api: StripeApi, account: GatewayAccount, live_server: LiveServer) -> None:
    order, attempt, _ = order_and_pay(account, live_server.url)
    api.pay(session_of(attempt))
    api.holds_events = True
    assert (callbacks.ask_about_disputes(), attempt.disputes.count()) == (1, 0)
    api.dispute(session_of(attempt))
    for _ in range(2):
        callbacks.ask_about_disputes()
    assert (attempt.disputes.get().state, order.codes.get().state) == ("open", "frozen")
    api.dispute(session_of(attempt), end="won")
    callbacks.ask_about_disputes()
    assert (attempt.disputes.get().state, order.codes.get().state) == ("won", "sold")
    api.send(api.held[0])  # what had been on its way
    assert attempt.disputes.get().state == "won"
    assert audit.run() == []


def test_a_test_event_means_nothing_to_a_live_account(api: StripeApi, account: GatewayAccount) -> None:
    gateways.write(account, {"secret_key": "sk_live_keyosk"}, is_operator=True)
    body = json.dumps({"id": "evt_1", "object": "event", "type": "x", "created": 1, "livemode": False, "data": {"object": {}}}).encode()
    with pytest.raises(BadCallback, match="test event"):
        Stripe().parse(account, Message("POST", {}, {}, {"stripe-signature": signature(body, "whsec_test_secret")}, body))


def test_a_lost_event_is_found_by_asking(api: StripeApi, account: GatewayAccount, live_server: LiveServer) -> None:
    _, attempt, _ = order_and_pay(account, live_server.url)
    name = session_of(attempt)
    assert Stripe().query(attempt) is None
    api.holds_events = True
    api.pay(name)
    event = Stripe().query(attempt)
    assert event is not None
    assert (event.kind, event.amount_minor, event.currency) == ("paid", 3900, "CNY")


def test_refunds_are_made_once_and_their_end_is_told(api: StripeApi, account: GatewayAccount, live_server: LiveServer) -> None:
    _, attempt, _ = order_and_pay(account, live_server.url)
    api.pay(session_of(attempt))
    attempt.refresh_from_db()
    first = Stripe().refund(attempt, amount_minor=1900, key="r1")
    assert Stripe().refund(attempt, amount_minor=1900, key="r1") == first
    assert len(api.refunds) == 1
    with pytest.raises(GatewayError, match="greater than unrefunded"):
        Stripe().refund(attempt, amount_minor=3900, key="r2")
    api.fails_refunds = True
    with pytest.raises(GatewayError, match="could not pay back"):
        Stripe().refund(attempt, amount_minor=100, key="r3")


def test_refunds_and_disputes_before_the_payments_event_find_their_payment(
    api: StripeApi, account: GatewayAccount, live_server: LiveServer
) -> None:
    _, attempt, _ = order_and_pay(account, live_server.url)
    api.holds_events = True
    api.pay(session_of(attempt))
    event = api.dispute(session_of(attempt))
    body = json.dumps(event).encode()
    (told,) = Stripe().parse(account, Message("POST", {}, {}, {"stripe-signature": signature(body, "whsec_test_secret")}, body))
    assert (told.kind, told.attempt_token, told.amount_minor) == ("disputed", attempt.token, 3900)


def test_stripe_away_while_we_ask_back_is_told_to_come_again(api: StripeApi, account: GatewayAccount, live_server: LiveServer) -> None:
    _, attempt, _ = order_and_pay(account, live_server.url)
    api.holds_events = True
    api.pay(session_of(attempt))
    event = api.dispute(session_of(attempt))
    account.options["api_base"] = "http://127.0.0.1:9"
    account.save(update_fields=["options"])
    assert api.send(event) == 500
    assert "Stripe" in WebhookInbox.objects.get().reason


def test_a_key_is_checked(api: StripeApi, account: GatewayAccount) -> None:
    Stripe().check(account)
    api.hides_refunds = True
    with pytest.raises(GatewayError, match="permissions"):
        Stripe().check(account)
    gateways.write(account, {"secret_key": "sk_test_wrong"}, is_operator=True)
    with pytest.raises(GatewayError, match="refuses the secret key"):
        Stripe().check(account)


def test_only_the_operator_points_an_account_elsewhere(account: GatewayAccount) -> None:
    with pytest.raises(gateways.BadAccount, match="only the operator"):
        gateways.write(account, {"api_base": "http://127.0.0.1"}, is_operator=False)
    with pytest.raises(gateways.BadAccount, match="stripe needs secret_key"):
        gateways.add_account(tenant=account.tenant, driver="stripe", values={"webhook_secret": "whsec_x"})


def test_other_events_are_kept_and_ignored(api: StripeApi, account: GatewayAccount) -> None:
    body = json.dumps(
        {"id": "evt_9", "object": "event", "type": "customer.created", "created": 1, "livemode": False, "data": {"object": {}}}
    ).encode()
    message = Message("POST", {}, {}, {"stripe-signature": signature(body, "whsec_test_secret")}, body)
    assert callbacks.receive(account=account, message=message).status == 200
    assert WebhookInbox.objects.get().state == "ignored"


def test_an_event_that_overtakes_the_answer_finds_its_payment(api: StripeApi, account: GatewayAccount, live_server: LiveServer) -> None:
    """W2: the payment's row is there before Stripe is asked for a page."""
    attempt = attempt_of(stocked(account.tenant), account)
    api.pays_at_once = True
    Stripe().start(attempt, links=links())
    assert state_of(attempt.order) == "delivered"
    assert WebhookInbox.objects.get().state == "processed"


def test_a_paid_session_of_another_order_pays_that_one(api: StripeApi, account: GatewayAccount, live_server: LiveServer) -> None:
    """W9: what is asked about names its own order; who brings somebody else's payment gets nothing by it."""
    order, attempt, _ = order_and_pay(account, live_server.url)
    other, theirs, _ = order_and_pay(account, live_server.url)
    api.holds_events = True
    api.pay(session_of(theirs))
    PaymentAttempt.objects.filter(pk=attempt.pk).update(details=theirs.details)
    attempt.refresh_from_db()
    assert callbacks.ask(attempt)
    assert callbacks.ask(attempt)
    assert (state_of(order), state_of(other)) == ("pending", "delivered")
    assert held("revenue", account.tenant) == 3900


def test_a_wrong_amount_found_by_asking_goes_to_a_person(api: StripeApi, account: GatewayAccount, live_server: LiveServer) -> None:
    """W10: an answer to our question is compared like a message."""
    order, attempt, _ = order_and_pay(account, live_server.url)
    api.holds_events, api.amount_off = True, -3800
    api.pay(session_of(attempt))
    attempt.refresh_from_db()
    assert callbacks.ask(attempt)
    assert (state_of(order), order.review_reason) == ("review", "wrong amount: 100 CNY instead of 3900 CNY")

"""Pages and Celery killed (-9) between payment and delivery, and started again: delivered once, paid once, mailed once."""

from __future__ import annotations

import datetime
import http.client
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest
from django.db import transaction
from django.utils import timezone

from billing import audit
from billing.models import Code, GatewayAccount, Journal, Order, PaymentAttempt, WebhookInbox
from billing.payments.stripe import Stripe
from foundation import queue
from foundation.jobs import STUCK_SECONDS
from foundation.models import OutboxMessage, ScheduledTask
from tests.billing.locks import PATIENCE_SECONDS, everybody_else_rests, somebody_waits_for_us, until
from tests.billing.payments.world import account_at, links, shop_at
from tests.billing.shop import PRICE, attempt, held, stocked
from tests.doubles.stripe_api import StripeApi
from tests.flows.stack import free_port
from tests.gateway.fleet import ROOT, environment

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]


@pytest.fixture
def api() -> Iterator[StripeApi]:
    with StripeApi() as double:
        double.holds_events = True
        yield double


@pytest.fixture
def account(api: StripeApi) -> GatewayAccount:
    """An account at the double; its shop answers on localhost, on a port where nobody listens yet."""
    url = f"http://localhost:{free_port()}"
    made = account_at(api.url, shop_at(url), "stripe")
    api.webhook = f"{url}/pay/stripe/{made.token}/webhook/"
    return made


@pytest.fixture
def paying(account: GatewayAccount) -> PaymentAttempt:
    """An order whose buyer is on Stripe's page."""
    begun = attempt(stocked(account.tenant), account)
    Stripe().start(begun, links=links())
    begun.refresh_from_db()
    return begun


def pages(api: StripeApi) -> list[str]:
    port = api.webhook.split("/")[2].split(":")[1]
    return [
        "granian",
        "--interface",
        "wsgi",
        "--host",
        "127.0.0.1",
        "--port",
        port,
        "--no-ws",
        "--log-level",
        "warning",
        "config.wsgi:application",
    ]


WORKER = ["celery", "--quiet", "-A", "config.celery", "worker", "-c", "1", "--without-gossip", "--without-mingle", "-l", "WARNING"]


@contextmanager
def running(words: list[str], var: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run a program of ours with its children until the context ends or `kill`."""
    command = [sys.executable, "-m", *words]
    with (var / "log").open("ab") as log:
        process = subprocess.Popen(command, cwd=ROOT, env=environment(var), stdout=log, stderr=log, start_new_session=True)
    try:
        yield process
    finally:
        kill(process)


def kill(process: subprocess.Popen[bytes]) -> None:
    """Kill -9 a program with its children."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def told(api: StripeApi) -> int:
    """Let Stripe send its events; 0 when nobody answered."""
    try:
        return max(api.send(event) for event in api.held)
    except (OSError, http.client.HTTPException):
        return 0


def answers(api: StripeApi) -> bool:
    host = api.webhook.split("/")[2]
    link = http.client.HTTPConnection(host.replace("localhost", "127.0.0.1"), timeout=2)
    try:
        link.request("GET", "/healthz")
        return link.getresponse().status == 200
    except OSError:
        return False
    finally:
        link.close()


@contextmanager
def killed_in_the_middle(order: Order, process: subprocess.Popen[bytes]) -> Iterator[None]:
    """Keep the order's code out of reach, so that who delivers has booked the payment and waits; kill the process there."""
    with transaction.atomic():
        assert len(Code.objects.select_for_update().filter(order=order)) == 1
        yield
        until(somebody_waits_for_us, "nobody delivers")
        kill(process)
    until(everybody_else_rests, "the transaction of the killed process does not end")


def assert_delivered_once(paying: PaymentAttempt) -> None:
    order = Order.objects.get()
    assert (order.state, order.codes.filter(state="sold").count(), Code.objects.filter(state="sold").count()) == ("delivered", 1, 1)
    assert list(order.events.filter(attempt=None).values_list("after", flat=True)) == ["pending", "paid", "delivered"]
    assert Journal.objects.filter(kind="payment").count() == 1
    assert (held("revenue", order.tenant), held("clearing", order.tenant, owner=paying.account_id)) == (PRICE, -PRICE)
    assert OutboxMessage.objects.filter(payload__template="order_delivered").count() == 1
    assert audit.run() == []


def assert_nothing_happened() -> None:
    assert (Order.objects.get().state, Journal.objects.filter(kind="payment").count()) == ("pending", 0)
    assert Code.objects.filter(state="sold").count() == 0


def test_pages_killed_between_payment_and_delivery_deliver_once(api: StripeApi, paying: PaymentAttempt, tmp_path: Path) -> None:
    """W3: what was begun is undone with the process; Stripe's next message, to the new process, does it all."""
    api.pay(str(paying.details["session"]))
    with running(pages(api), tmp_path) as process, ThreadPoolExecutor(1) as stripe:
        until(lambda: answers(api), "the pages do not start")
        with killed_in_the_middle(paying.order, process):
            first = stripe.submit(told, api)
        assert first.result(timeout=PATIENCE_SECONDS) == 0
    assert_nothing_happened()
    assert WebhookInbox.objects.get().state == "received"
    with running(pages(api), tmp_path):
        until(lambda: answers(api), "the pages do not start")
        assert [told(api), told(api)] == [200, 200]
    assert_delivered_once(paying)


@pytest.mark.redis  # a worker is handed its tasks by Redis
def test_celery_killed_between_payment_and_delivery_delivers_once(api: StripeApi, paying: PaymentAttempt, tmp_path: Path) -> None:
    """The message was lost with the pages; the worker that asked Stripe dies as well, the next one asks again."""
    api.pay(str(paying.details["session"]))
    PaymentAttempt.objects.update(created_at=timezone.now() - datetime.timedelta(minutes=3))
    with running(WORKER, tmp_path) as process, killed_in_the_middle(paying.order, process):
        assert queue.send("billing.tasks.ask_gateways", expires=60)
    assert_nothing_happened()
    # A run that never ended keeps the next one off for this long.
    ScheduledTask.objects.filter(name="ask gateways").update(started_at=timezone.now() - datetime.timedelta(seconds=STUCK_SECONDS + 1))
    with running(WORKER, tmp_path), running(pages(api), tmp_path):
        assert queue.send("billing.tasks.ask_gateways", expires=60)
        until(lambda: Order.objects.get().state == "delivered", "the second worker delivers nothing")
        until(lambda: answers(api), "the pages do not start")
        assert told(api) == 200
    assert_delivered_once(paying)

"""The outbox: written with the transaction, claimed once, tried again, given up at last."""

from __future__ import annotations

import datetime
import threading
import uuid
from collections import Counter

import pytest
from django.db import connections, transaction
from django.utils import timezone

from foundation import outbox
from foundation.models import OutboxMessage

delivered: Counter[str] = Counter()


@pytest.fixture(autouse=True)
def topic(monkeypatch: pytest.MonkeyPatch) -> None:
    delivered.clear()
    monkeypatch.setattr(outbox, "_handlers", {"count": _count, "break": _break})
    monkeypatch.setattr(outbox, "_passing", {})


def _count(message_id: uuid.UUID, payload: outbox.Payload) -> None:
    delivered[payload["n"]] += 1


def _break(message_id: uuid.UUID, payload: outbox.Payload) -> None:
    raise ConnectionError("away")


@pytest.mark.django_db
def test_a_message_is_delivered_once() -> None:
    outbox.put(topic="count", payload={"n": "a"})
    assert outbox.deliver() == 1
    assert outbox.deliver() == 0
    assert delivered == {"a": 1}
    assert OutboxMessage.objects.get().state == "delivered"


@pytest.mark.django_db
def test_what_a_topic_forgets_is_kept_until_it_has_left() -> None:
    fails = [True, False]

    @outbox.handler("letter", forgets=("secret", "more"))
    def letter(message_id: uuid.UUID, payload: outbox.Payload) -> None:
        if fails.pop(0):
            raise ConnectionError("away")
        delivered[payload["secret"]] += 1

    outbox.put(topic="letter", payload={"to": "ann", "secret": "link"})
    outbox.deliver()
    assert OutboxMessage.objects.get().payload == {"to": "ann", "secret": "link"}
    OutboxMessage.objects.update(available_at=timezone.now())
    assert outbox.deliver() == 1
    assert delivered == {"link": 1}
    assert OutboxMessage.objects.get().payload == {"to": "ann"}


@pytest.mark.django_db
def test_a_key_is_written_once() -> None:
    for _ in range(3):
        outbox.put(topic="count", payload={"n": "a"}, key="order-1:paid")
    assert OutboxMessage.objects.count() == 1


@pytest.mark.django_db
def test_what_is_rolled_back_is_never_sent() -> None:
    with transaction.atomic():
        outbox.put(topic="count", payload={"n": "a"})
        transaction.set_rollback(True)
    assert outbox.deliver() == 0


@pytest.mark.django_db
def test_a_failure_waits_twice_as_long_each_time() -> None:
    outbox.put(topic="break", payload={})
    for seconds in (5, 10, 20):
        pause = datetime.timedelta(seconds=seconds)
        before = timezone.now()
        OutboxMessage.objects.update(available_at=before)
        assert outbox.deliver() == 0
        assert before + pause <= OutboxMessage.objects.get().available_at <= timezone.now() + pause
    assert OutboxMessage.objects.get().error == "ConnectionError: away"
    assert outbox.deliver() == 0


@pytest.mark.django_db
def test_after_the_last_attempt_it_is_given_up() -> None:
    outbox.put(topic="break", payload={})
    OutboxMessage.objects.update(attempts=outbox.ATTEMPTS - 1)
    outbox.deliver()
    assert OutboxMessage.objects.get().state == "dead"


@pytest.mark.django_db
def test_a_topic_nobody_handles_waits_for_the_next_release() -> None:
    outbox.put(topic="unknown", payload={})
    outbox.deliver()
    row = OutboxMessage.objects.get()
    assert (row.state, row.error) == ("waiting", "KeyError: 'unknown'")


@pytest.mark.django_db
def test_only_old_delivered_messages_are_forgotten() -> None:
    for number in range(3):
        outbox.put(topic="count", payload={"n": str(number)})
    outbox.deliver(limit=2)
    OutboxMessage.objects.filter(payload={"n": "0"}).update(delivered_at=timezone.now() - datetime.timedelta(days=31))
    assert outbox.purge(older_than=datetime.timedelta(days=30)) == 1
    assert sorted(OutboxMessage.objects.values_list("state", flat=True)) == ["delivered", "waiting"]


@pytest.mark.django_db
def test_messages_that_were_given_up_are_forgotten_a_month_later() -> None:
    for days in (29, 31):
        outbox.put(topic="count", payload={"days": days})
        gone = timezone.now() - datetime.timedelta(days=days)
        OutboxMessage.objects.filter(payload={"days": days}).update(state=OutboxMessage.State.DEAD, available_at=gone)
    assert outbox.purge(older_than=datetime.timedelta(days=30)) == 1
    assert OutboxMessage.objects.get().payload == {"days": 29}


@pytest.mark.django_db(transaction=True)
def test_two_sweepers_never_deliver_the_same_message() -> None:
    for number in range(40):
        outbox.put(topic="count", payload={"n": str(number)})
    start = threading.Barrier(2)
    counts: list[int] = []

    def sweep() -> None:
        start.wait()
        counts.append(sum(outbox.deliver(limit=7) for _ in range(10)))
        connections.close_all()

    threads = [threading.Thread(target=sweep) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(counts) == 40
    assert delivered == {str(number): 1 for number in range(40)}

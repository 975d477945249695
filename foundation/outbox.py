"""Do things after a transaction, surely: a row written inside it, delivered by a sweeper, again and again until it worked.

A delivery is claimed for a few minutes (SKIP LOCKED, so that sweepers never meet) and its handler runs outside the
transaction; a process that dies leaves the claim to run out. Handlers must therefore bear being called twice; they
get the message's id to make the effect unique.
"""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Callable, Mapping
from typing import Any

import structlog
from django.conf import settings
from django.db import connection, transaction
from django.db.models import Q
from django.utils import timezone

from foundation import queue
from foundation.models import OutboxMessage

Payload = Mapping[str, Any]
Handler = Callable[[uuid.UUID, Payload], None]

CLAIM_SECONDS = 300
# 5 s, 10 s, 20 s … at most an hour apart: the last attempt is about a day after the first.
ATTEMPTS = 32
_FIRST_PAUSE_SECONDS = 5
_LONGEST_PAUSE_SECONDS = 3600
SWEEPER = "foundation.tasks.deliver_outbox"

log = structlog.get_logger(__name__)
_handlers: dict[str, Handler] = {}
# Which parts of a topic's messages are forgotten once they are delivered.
_passing: dict[str, tuple[str, ...]] = {}


def put(*, topic: str, payload: Payload, key: str | None = None) -> None:
    """Write a message in the caller's transaction; with a `key`, at most one is ever written."""
    message = OutboxMessage(topic=topic, payload=dict(payload), key=key)
    OutboxMessage.objects.bulk_create([message], ignore_conflicts=key is not None)
    if settings.OUTBOX_HURRY:
        transaction.on_commit(_hurry, robust=True)


def handler(topic: str, *, forgets: tuple[str, ...] = ()) -> Callable[[Handler], Handler]:
    """Make a function the handler of a topic; it gets the message's id and payload, and raises to be called again.

    Of a delivered message the parts that it `forgets` are kept no longer: links that let in whoever reads them.
    """

    def decorate(function: Handler) -> Handler:
        _handlers[topic], _passing[topic] = function, forgets
        return function

    return decorate


def deliver(limit: int = 100) -> int:
    """Deliver up to `limit` messages that are due; return how many were delivered."""
    return sum(_attempt(message) for message in _claim(limit))


def purge(*, older_than: datetime.timedelta) -> int:
    """Forget messages that were delivered, or given up, so long ago; return how many."""
    before = timezone.now() - older_than
    delivered = Q(state=OutboxMessage.State.DELIVERED, delivered_at__lt=before)
    given_up = Q(state=OutboxMessage.State.DEAD, available_at__lt=before)
    return OutboxMessage.objects.filter(delivered | given_up).delete()[0]


def _claim(limit: int) -> list[OutboxMessage]:
    """Take due messages in one statement: they come back by themselves if we do not finish."""
    with connection.cursor() as cursor:
        cursor.execute(_CLAIM, [limit, CLAIM_SECONDS])
        ids = [row[0] for row in cursor.fetchall()]
    return list(OutboxMessage.objects.filter(pk__in=ids).order_by("pk"))


def _attempt(message: OutboxMessage) -> bool:
    try:
        _handlers[message.topic](message.pk, message.payload)
    except Exception as error:  # whatever a handler raises, the message waits for its next attempt
        _postpone(message, f"{type(error).__name__}: {error}"[:300])
        return False
    kept = {name: value for name, value in message.payload.items() if name not in _passing.get(message.topic, ())}
    row = OutboxMessage.objects.filter(pk=message.pk)
    row.update(state=OutboxMessage.State.DELIVERED, delivered_at=timezone.now(), error="", payload=kept)
    return True


def _postpone(message: OutboxMessage, error: str) -> None:
    log.warning("outbox delivery failed", topic=message.topic, message_id=str(message.pk), attempts=message.attempts, error=error)
    pause = min(_FIRST_PAUSE_SECONDS * 2 ** min(message.attempts - 1, 16), _LONGEST_PAUSE_SECONDS)
    is_dead = message.attempts >= ATTEMPTS
    OutboxMessage.objects.filter(pk=message.pk).update(
        state=OutboxMessage.State.DEAD if is_dead else OutboxMessage.State.WAITING,
        available_at=timezone.now() + datetime.timedelta(seconds=pause),
        error=error,
    )


def _hurry() -> None:
    """Wake a sweeper now; without a queue the next beat does it. By name: the task is a door and imports us."""
    queue.send(SWEEPER, expires=60)


# Materialised: a plan may run a subquery once for each row, and every run would claim another `limit`.
_CLAIM = """
WITH due AS MATERIALIZED (
    SELECT id FROM foundation_outboxmessage WHERE state = 'waiting' AND available_at <= clock_timestamp()
    ORDER BY available_at LIMIT %s FOR UPDATE SKIP LOCKED
)
UPDATE foundation_outboxmessage AS message
SET attempts = attempts + 1, available_at = clock_timestamp() + make_interval(secs => %s)
FROM due WHERE message.id = due.id
RETURNING message.id
"""

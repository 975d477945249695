"""Make the codes of large batches in a worker, a thousand a transaction.

The quota of all of them is set aside when the batch is made, once; `CodeBatch.unminted` says how many codes are still to come.
A worker that stops leaves whole thousands behind, and the next one goes on after them: the batch's row is locked meanwhile.
"""

from __future__ import annotations

import time
from collections.abc import Iterator

from django.db import transaction

from billing import codes
from billing.models import CodeBatch
from foundation import queue

AT_ONCE = 1_000
TASK = "billing.tasks.mint_codes"
_EXPIRES_SECONDS = 600.0
_GLANCE_SECONDS = 0.1


def finish_later(batch: CodeBatch) -> None:
    """Wake a worker for what a batch lacks, on commit; without a queue the clock does it."""
    if batch.unminted:
        transaction.on_commit(lambda: _send(batch.pk), robust=True)


def go_on(batch_id: int) -> int:
    """Make what a batch lacks and return how many codes that were; none while another worker does it."""
    made = 0
    while count := _make_some(batch_id):
        made += count
    return made


def see_through(batch_id: int) -> Iterator[int]:
    """Make what a batch lacks, side by side with any worker, and yield how many codes are still to come, until none is."""
    while left := CodeBatch.objects.values_list("unminted", flat=True).get(pk=batch_id):
        yield left
        if not _make_some(batch_id):
            time.sleep(_GLANCE_SECONDS)


def unfinished() -> list[int]:
    """Return the batches that lack codes, the oldest first."""
    return list(CodeBatch.objects.filter(unminted__gt=0).order_by("pk").values_list("pk", flat=True))


@transaction.atomic
def _make_some(batch_id: int) -> int:
    lacking = CodeBatch.objects.select_for_update(no_key=True, skip_locked=True).filter(pk=batch_id, unminted__gt=0)
    batch = lacking.first()
    return 0 if batch is None else len(codes.make(batch, at_most=AT_ONCE))


def _send(batch_id: int) -> None:
    queue.send(TASK, batch_id, expires=_EXPIRES_SECONDS)

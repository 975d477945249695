"""Background work: Celery's broker, limits and schedule."""

from __future__ import annotations

from config import env
from config.settings.core import VAR_DIR
from config.settings.storage import REDIS_URL


def _broker(url: str) -> str:
    """Celery spells Redis' socket URL differently from redis-py."""
    if not url.startswith("unix://"):
        return url
    path, _, query = url.removeprefix("unix://").partition("?")
    database = query.removeprefix("db=") or "0"
    return f"redis+socket://{path}?virtual_host={database}"


CELERY_BROKER_URL = env.secret("CELERY_BROKER_URL", "") or _broker(REDIS_URL)
# Longer than a worker's wait for its next task (1 s); without it a Redis that says nothing would hold whoever enqueues for ever.
CELERY_BROKER_TRANSPORT_OPTIONS = {"socket_timeout": 5.0, "socket_connect_timeout": 5.0} if CELERY_BROKER_URL.startswith("redis") else {}
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_TASK_TIME_LIMIT = 600
CELERY_TASK_SOFT_TIME_LIMIT = 540
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BEAT_SCHEDULE_FILENAME = str(VAR_DIR / "beat-schedule")
CELERY_TIMEZONE = "UTC"
# Periodic tasks name their interval where they are written (foundation.jobs.scheduled); config.celery collects them.
CELERY_BEAT_SCHEDULE: dict[str, dict[str, object]] = {}
# A message in the outbox wakes a worker at once; without, the next sweep delivers it.
OUTBOX_HURRY = True

"""The flusher as a process of its own: it posts, and ends in good order on SIGTERM with nothing left behind."""

from __future__ import annotations

import datetime
import os
import signal
import subprocess
import sys
import time
import uuid
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection
from django.utils import timezone

from accounts.models import Tenant
from accounts.tasks import TELL_MEMBERS
from billing import leases
from foundation import notify, outbox
from foundation.models import OutboxMessage, ScheduledTask
from foundation.tasks import SWEEP
from gateway.models import UsageRecord
from gateway.spool import Writer
from tests.doubles.silent import SilentServer
from tests.gateway.spooling import customer

pytestmark = pytest.mark.django_db(transaction=True)


def flusher(var: Path, **more: str) -> subprocess.Popen[bytes]:
    """The process at the tests' database, with a folder of its own."""
    database = settings.DATABASES["default"]
    url = f"postgresql://{database['USER']}@/{connection.settings_dict['NAME']}?host={database['HOST']}"
    env = os.environ | {"DATABASE_URL": url, "KEYOSK_VAR_DIR": str(var), "DJANGO_SETTINGS_MODULE": "config.settings.testing"} | more
    return subprocess.Popen([sys.executable, "manage.py", "flush_spools"], cwd=settings.BASE_DIR, env=env, stdout=subprocess.DEVNULL)


def test_the_process_posts_until_it_is_told_to_stop(tmp_path: Path) -> None:
    worker_id = uuid.uuid4()
    writer = Writer(tmp_path / "spool", worker_id)
    leases.register(worker_id=worker_id, node="test")
    who = customer(worker_id=worker_id)
    writer.append(who.line(10))
    process = flusher(tmp_path)
    try:
        until = time.monotonic() + 60
        while not UsageRecord.objects.exists() and time.monotonic() < until:
            time.sleep(0.05)
        writer.append(who.line(20))
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=30) == 0
    finally:
        process.kill()
        process.wait()
    writer.close()
    assert who.wallet().balance == 970


def test_mails_leave_while_a_silent_redis_lets_no_worker_know(tmp_path: Path, root_tenant: Tenant) -> None:
    """A Redis takes connections and says nothing; the sweeper's last run was a minute ago."""
    moment = timezone.now() - datetime.timedelta(minutes=1)
    ScheduledTask.objects.create(name=SWEEP, every_seconds=5, started_at=moment, finished_at=moment)
    notify.email(to="ann@shop.test", template="approved", context={"shop": "Tea & Co"}, account=root_tenant.pk)
    # Also a topic of a room that this process has no business with.
    outbox.put(topic=TELL_MEMBERS, payload={"tenant": root_tenant.pk})
    with SilentServer(tmp_path) as silent:
        process = flusher(tmp_path, DJANGO_SETTINGS_MODULE="config.settings", REDIS_URL=silent.url)
        try:
            until = time.monotonic() + 60
            while OutboxMessage.objects.filter(state="waiting").exists() and time.monotonic() < until:
                time.sleep(0.1)
            process.send_signal(signal.SIGTERM)
            assert process.wait(timeout=30) == 0
        finally:
            process.kill()
            process.wait()
    [letter] = (tmp_path / "mail").glob("*.eml")
    assert "To: ann@shop.test" in letter.read_text()
    assert set(OutboxMessage.objects.values_list("state", flat=True)) == {"delivered"}
    assert ScheduledTask.objects.get(name=SWEEP).result == "2"

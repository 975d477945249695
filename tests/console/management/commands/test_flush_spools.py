"""The flusher as a process of its own: it posts, and ends in good order on SIGTERM with nothing left behind."""

from __future__ import annotations

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

from billing import leases
from gateway.models import UsageRecord
from gateway.spool import Writer
from tests.gateway.spooling import customer

pytestmark = pytest.mark.django_db(transaction=True)


def test_the_process_posts_until_it_is_told_to_stop(tmp_path: Path) -> None:
    worker_id = uuid.uuid4()
    writer = Writer(tmp_path / "spool", worker_id)
    leases.register(worker_id=worker_id, node="test")
    who = customer(worker_id=worker_id)
    writer.append(who.line(10))
    database = settings.DATABASES["default"]
    url = f"postgresql://{database['USER']}@/{connection.settings_dict['NAME']}?host={database['HOST']}"
    env = os.environ | {"DATABASE_URL": url, "KEYOSK_VAR_DIR": str(tmp_path), "DJANGO_SETTINGS_MODULE": "config.settings.testing"}
    process = subprocess.Popen([sys.executable, "manage.py", "flush_spools"], cwd=settings.BASE_DIR, env=env, stdout=subprocess.DEVNULL)
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

"""Large batches: quota set aside once, codes made by a thousand, gone on with after a stop, by one worker at a time."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection, connections, transaction

from accounts.models import Membership, Tenant
from billing import audit, code_shelf, codes, ledger, minting, tasks
from billing.models import Code, CodeBatch, CodeEvent

pytestmark = pytest.mark.django_db

DOLLAR = 1_000_000


def begun(tenant: Tenant, count: int = 2_500) -> CodeBatch:
    """A batch of which the page that asked for it made the first thousand."""
    stock = ledger.account(kind="stock", tenant_id=tenant.pk)
    line = ledger.Line(ledger.account(kind="issuer").pk, stock.pk, count * DOLLAR)
    ledger.post(kind="purchase", key="stock", lines=[line], tenant_id=tenant.pk)
    made = codes.mint(tenant=tenant, units_micros=DOLLAR, count=count, offline=True, at_once=minting.AT_ONCE)
    assert len(made.codes) == 1_000
    return made.batch


def serials(batch: CodeBatch) -> list[int]:
    return list(Code.objects.filter(batch=batch).order_by("serial").values_list("serial", flat=True))


def money(batch: CodeBatch) -> tuple[int, int]:
    """What lies in stock and in escrow."""
    stock = ledger.account(kind="stock", tenant_id=batch.tenant_id)
    escrow = ledger.account(kind="escrow", tenant_id=batch.tenant_id, owner=batch.pk)
    return ledger.balance_of(stock), ledger.balance_of(escrow)


def test_the_quota_of_all_is_set_aside_at_once_and_the_rest_is_made_later(tenant: Tenant, end_user: Membership) -> None:
    batch = begun(tenant)
    assert (len(serials(batch)), batch.unminted, money(batch), audit.run()) == (1_000, 1_500, (0, 2_500 * DOLLAR), [])
    assert tasks.mint_codes(batch.pk) == "1500 codes"
    assert (serials(batch), money(batch), audit.run()) == (list(range(1, 2_501)), (0, 2_500 * DOLLAR), [])
    assert (tasks.mint_codes(batch.pk), minting.unfinished()) == ("0 codes", [])
    last = codes.reveal(Code.objects.filter(batch=batch, serial=2_500).select_related("batch"))[0]
    assert codes.redeem(membership=end_user, code=last).units_micros == DOLLAR
    assert audit.run() == []


def test_the_clock_goes_on_where_a_worker_stopped(tenant: Tenant) -> None:
    batch = begun(tenant)
    with transaction.atomic():
        codes.make(CodeBatch.objects.get(pk=batch.pk), at_most=1_000)
        transaction.set_rollback(True)
    assert (len(serials(batch)), minting.unfinished(), audit.run()) == (1_000, [batch.pk], [])
    assert tasks.finish_batches() == "1500 codes"
    assert (serials(batch), minting.unfinished(), audit.run()) == (list(range(1, 2_501)), [], [])


def test_a_worker_killed_midway_is_taken_over_from(transactional_db: None, tenant: Tenant, tmp_path: Path) -> None:
    batch = begun(tenant, 10_000)
    database = settings.DATABASES["default"]
    url = f"postgresql://{database['USER']}@/{connection.settings_dict['NAME']}?host={database['HOST']}"
    env = os.environ | {"DATABASE_URL": url, "KEYOSK_VAR_DIR": str(tmp_path), "DJANGO_SETTINGS_MODULE": "config.settings.testing"}
    work = f"from billing import tasks; tasks.mint_codes({batch.pk})"
    process = subprocess.Popen([sys.executable, "manage.py", "shell", "-c", work], cwd=settings.BASE_DIR, env=env)
    until = time.monotonic() + 60
    while len(serials(batch)) == 1_000 and process.poll() is None and time.monotonic() < until:
        time.sleep(0.01)
    process.kill()
    assert process.wait() == -signal.SIGKILL
    left = len(serials(batch))
    assert 1_000 < left < 10_000
    assert (left % 1_000, audit.run()) == (0, [])
    assert tasks.finish_batches() == f"{10_000 - left} codes"
    assert (serials(batch), money(batch), audit.run()) == (list(range(1, 10_001)), (0, 10_000 * DOLLAR), [])


def test_an_audit_sees_a_batch_whose_codes_do_not_come(tenant: Tenant) -> None:
    batch = begun(tenant)
    CodeBatch.objects.filter(pk=batch.pk).update(unminted=0)
    assert {one.invariant for one in audit.run()} == {"I9", "I12"}


def test_workers_at_once_make_each_code_once(transactional_db: None, tenant: Tenant) -> None:
    batch = begun(tenant, 4_000)
    made: list[int] = []

    def work() -> None:
        try:
            made.append(minting.go_on(batch.pk))
        finally:
            connections.close_all()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(made) == 3_000
    assert serials(batch) == list(range(1, 4_001))
    assert audit.run() == []


def test_who_waits_works_beside_a_worker(transactional_db: None, tenant: Tenant) -> None:
    batch = begun(tenant, 4_000)

    def work() -> None:
        minting.go_on(batch.pk)
        connections.close_all()

    worker = threading.Thread(target=work)
    worker.start()
    seen = list(minting.see_through(batch.pk))
    worker.join()
    assert (seen[0] <= 3_000, seen == sorted(seen, reverse=True), serials(batch)) == (True, True, list(range(1, 4_001)))
    assert (list(minting.see_through(batch.pk)), audit.run()) == ([], [])


def test_a_batch_that_is_being_made_is_not_stopped_halfway(tenant: Tenant) -> None:
    batch = begun(tenant)
    for stop in (code_shelf.freeze, code_shelf.revoke):
        with pytest.raises(codes.Unfinished, match="still being minted"):
            stop(batch=batch, actor=None, reason="leak")
    assert not CodeEvent.objects.exists()
    minting.go_on(batch.pk)
    assert code_shelf.revoke(batch=batch, actor=None, reason="leak") == 2_500
    assert money(batch) == (2_500 * DOLLAR, 0)


def test_what_is_not_covered_leaves_no_batch(tenant: Tenant) -> None:
    with pytest.raises(codes.NotCovered):
        codes.mint(tenant=tenant, units_micros=DOLLAR, count=2_000, at_once=minting.AT_ONCE)
    assert (CodeBatch.objects.count(), Code.objects.count()) == (0, 0)

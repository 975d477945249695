"""A batch that leaked is replaced: buyers keep what they bought under new codes, thieves are refused, no quota is lost."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings
from django.core import mail
from django.db import connection, transaction

from accounts.models import Membership, Tenant
from billing import audit, bought, code_shelf, codes, ledger, orders, promos, reissue
from billing.models import Code, CodeBatch
from foundation import outbox
from foundation.models import OutboxMessage
from tests.billing import locks
from tests.billing.shop import FIVE, attempt, bought_from, pay, place, sandbox, stocked
from tests.billing.test_disputes import say

pytestmark = pytest.mark.django_db


def test_what_was_sold_stays_its_buyers_under_a_new_code(tenant: Tenant, end_user: Membership, reseller_owner: Membership) -> None:
    product = stocked(tenant, count=5)
    sold, redeemed = bought_from(product, email="one@example.test"), bought_from(product, email="two@example.test")
    waiting = attempt(product, sandbox(tenant), email="three@example.test")
    codes.redeem(membership=end_user, code=bought.text(redeemed))
    leaked = CodeBatch.objects.get()
    stolen = codes.reveal(leaked.codes.select_related("batch").order_by("serial"))
    stock = ledger.balance_of(ledger.account(kind="stock", tenant_id=tenant.pk))
    code_shelf.freeze(batch=leaked, actor=reseller_owner.user, reason="leaked")
    mail.outbox.clear()

    made = reissue.reissue(batch=leaked, actor=reseller_owner.user, reason="leaked")

    assert sorted(leaked.codes.values_list("state", flat=True)) == ["redeemed", *["revoked"] * 4]
    assert sorted(made.codes.values_list("state", flat=True)) == ["available", "available", "available", "sold"]
    for text in stolen:
        with pytest.raises(codes.Refused):
            codes.redeem(membership=reseller_owner, code=text)
    old, new = bought.pieces(sold)
    assert (old.is_open, new.is_open) == (False, True)
    assert codes.redeem(membership=end_user, code=new.text).units_micros == FIVE
    assert pay(waiting).state == "delivered"  # with one of the new codes
    outbox.deliver()
    told = {one.to[0]: one.body for one in mail.outbox if "New codes" in one.subject}
    assert set(told) == {"one@example.test"}
    assert new.text not in told["one@example.test"]
    assert ledger.balance_of(ledger.account(kind="stock", tenant_id=tenant.pk)) == stock
    assert Code.objects.filter(batch=made, events__reason="leaked").count() == 1
    assert audit.run() == []


def test_a_process_killed_while_codes_are_taken_over_leaves_nothing_and_another_does_it_once(
    transactional_db: None, tenant: Tenant, tmp_path: Path
) -> None:
    product = stocked(tenant, count=5)
    bought_from(product)
    waiting = attempt(product, sandbox(tenant), email="three@example.test")
    leaked = CodeBatch.objects.get()
    states = sorted(leaked.codes.values_list("state", flat=True))
    database = settings.DATABASES["default"]
    url = f"postgresql://{database['USER']}@/{connection.settings_dict['NAME']}?host={database['HOST']}"
    env = os.environ | {"DATABASE_URL": url, "KEYOSK_VAR_DIR": str(tmp_path), "DJANGO_SETTINGS_MODULE": "config.settings.testing"}
    work = "from billing import reissue; from billing.models import CodeBatch; "
    work += f"reissue.reissue(batch=CodeBatch.objects.get(pk={leaked.pk}), actor=None, reason='leaked')"
    with transaction.atomic(), connection.cursor() as cursor:
        # The new codes are what the old ones were; that it is written down waits for us.
        cursor.execute("LOCK TABLE billing_codeevent IN SHARE MODE")
        process = subprocess.Popen([sys.executable, "manage.py", "shell", "-c", work], cwd=settings.BASE_DIR, env=env)
        locks.until(locks.somebody_waits_for_us, "the process to take codes over")
        process.kill()
        assert process.wait() == -signal.SIGKILL
    locks.until(locks.everybody_else_rests, "the killed process' transaction to end")
    assert (CodeBatch.objects.count(), sorted(leaked.codes.values_list("state", flat=True)), audit.run()) == (1, states, [])

    made = reissue.reissue(batch=leaked, actor=None, reason="leaked")

    assert sorted(made.codes.values_list("state", flat=True)) == states
    with pytest.raises(codes.BadBatch):
        reissue.reissue(batch=leaked, actor=None, reason="leaked")
    assert pay(waiting).state == "delivered"
    assert OutboxMessage.objects.filter(key__contains="order_reissued").count() == 1
    assert (CodeBatch.objects.count(), audit.run()) == (2, [])


def test_a_disputed_code_stays_frozen(tenant: Tenant) -> None:
    product = stocked(tenant, count=1)
    order = bought_from(product)
    say(order.attempts.get(), "disputed")
    made = reissue.reissue(batch=CodeBatch.objects.get(), actor=None, reason="leaked")
    assert made.codes.get().state == "frozen"
    say(order.attempts.get(), "dispute_won")
    assert made.codes.get().state == "sold"
    assert audit.run() == []


def test_what_cannot_be_replaced_is_said(tenant: Tenant) -> None:
    leaked = place(stocked(tenant, count=1))
    batch = CodeBatch.objects.get()
    made = reissue.reissue(batch=batch, actor=None, reason="leaked")
    with pytest.raises(codes.BadBatch, match="no code of this batch"):
        reissue.reissue(batch=batch, actor=None, reason="again")
    orders.run_out(order=leaked.order)
    assert made.codes.get().state == "available"
    code_shelf.revoke(batch=made, actor=None, reason="over")
    promo = promos.offer(tenant=tenant, text="SPRING", units_micros=FIVE, uses=1)
    with pytest.raises(codes.BadBatch, match="promo code"):
        reissue.reissue(batch=promo, actor=None, reason="leaked")

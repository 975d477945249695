"""Offer a promo code: one text chosen by the shop, a number of uses, one for each customer, from and until a day.

The uses are a batch of codes, covered by stock when they are offered: what is promised is there. Raises `BadBatch`, `NotCovered`.
"""

from __future__ import annotations

import datetime
import re

from django.db import transaction

from accounts.models import Tenant, User
from billing import code_text, codes, shared_codes
from billing.models import Code, CodeBatch

SHORTEST = 4
LONGEST = 40
_TEXT = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]*")


@transaction.atomic
def offer(
    *,
    tenant: Tenant,
    text: str,
    units_micros: int,
    uses: int,
    new_only: bool = False,
    redeem_from: datetime.datetime | None = None,
    redeem_by: datetime.datetime | None = None,
    valid_days: int | None = None,
    note: str = "",
    actor: User | None = None,
    at_once: int = codes.MOST_PER_BATCH,
) -> CodeBatch:
    """Set the quota of all uses aside and let customers redeem the text, each once; `new_only`: those new to the shop alone."""
    spelled = code_text.normalise(text)
    if not _TEXT.fullmatch(text) or not SHORTEST <= len(spelled) <= LONGEST or len(text) > LONGEST:
        raise codes.BadBatch(f"a promo code has {SHORTEST} to {LONGEST} letters, digits and dashes")
    if code_text.is_like_ours(spelled):
        raise codes.BadBatch("this is spelled like a single code: make it shorter or longer")
    if redeem_from and redeem_by and redeem_from >= redeem_by:
        raise codes.BadBatch("the last day is before the first")
    Tenant.objects.select_for_update(no_key=True).get(pk=tenant.pk)
    single = Code.objects.filter(digest__in=codes.digests(spelled), batch__tenant=tenant)
    if shared_codes.exists(tenant_id=tenant.pk, text=spelled) or single.exists():
        raise codes.BadBatch("this text was used before (O and 0, I, L and 1 count as the same): choose another")
    batch = codes.mint(
        tenant=tenant, units_micros=units_micros, count=uses, redeem_by=redeem_by, valid_days=valid_days, note=note, actor=actor,
        at_once=at_once,
    ).batch  # fmt: skip
    batch.shared_text, batch.shared_spelling, batch.redeem_from, batch.new_only = text, spelled, redeem_from, new_only
    batch.save(update_fields=["shared_text", "shared_spelling", "redeem_from", "new_only"])
    return batch

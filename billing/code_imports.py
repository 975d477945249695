"""Bring in codes that another system has issued: they stay good here, under their own texts.

Their quota comes from the seller's stock like that of minted ones. Only digests are kept, and nothing makes such a code again.
Raises `BadBatch` and `NotCovered`.
"""

from __future__ import annotations

import datetime
import enum
from collections.abc import Sequence
from dataclasses import dataclass

from django.db import transaction

from accounts.models import Tenant, User
from billing import code_text, codes
from billing.models import Code, CodeBatch

# Shorter texts can be guessed.
SHORTEST = 12
LONGEST = 120


@dataclass(frozen=True, slots=True)
class Imported:
    """A new batch (None when nothing was new), and how many texts were left out: known here already, or twice in the list."""

    batch: CodeBatch | None
    known: int


class Fault(enum.Enum):
    """Why a text can be no code here."""

    LENGTH = "length"
    TYPO = "typo"


def fault(text: str) -> Fault | None:
    """Return what is wrong with a text, None when it can be a code."""
    spelled = code_text.normalise(text)
    if not SHORTEST <= len(spelled) <= LONGEST:
        return Fault.LENGTH
    return Fault.TYPO if code_text.is_like_ours(spelled) and not code_text.is_sound(spelled) else None


def unknown(texts: Sequence[str]) -> list[str]:
    """Return which of the texts are no code here yet, each once."""
    by_digest = {codes.digests(code_text.normalise(text))[0]: text for text in texts}
    known = set(Code.objects.filter(digest__in=list(by_digest)).values_list("digest", flat=True))
    return [text for digest, text in by_digest.items() if digest not in known]


@transaction.atomic
def adopt(
    *,
    tenant: Tenant,
    texts: Sequence[str],
    units_micros: int,
    redeem_by: datetime.datetime | None = None,
    valid_days: int | None = None,
    note: str = "",
    actor: User | None = None,
) -> Imported:
    """Take over codes of one denomination; what is known already is left out, so that the same list can come again."""
    for text in texts:
        match fault(text):
            case Fault.LENGTH:
                size = len(code_text.normalise(text))
                raise codes.BadBatch(f"a code has {SHORTEST} to {LONGEST} characters, one has {size} (…{text[-4:]})")
            case Fault.TYPO:
                raise codes.BadBatch(f"one is spelled like a code of ours with a typo (…{text[-4:]}): it could never be redeemed")
    # Two imports at once would not see each other's codes.
    Tenant.objects.select_for_update(no_key=True).get(pk=tenant.pk)
    if CodeBatch.objects.filter(tenant=tenant, shared_spelling__in=[code_text.normalise(text) for text in texts]).exists():
        raise codes.BadBatch("one of these is a promo code of this shop")
    fresh = unknown(texts)
    if not fresh:
        return Imported(None, len(texts))
    if units_micros <= 0:
        raise codes.BadBatch("a code is worth more than $0")
    batch = CodeBatch.objects.create(
        tenant=tenant, units_micros=units_micros, count=len(fresh), salt="", is_offline=True, is_imported=True, redeem_by=redeem_by,
        valid_days=valid_days, note=note[:200], actor=actor,
    )  # fmt: skip
    codes.fill_escrow(batch)
    rows = (
        Code(batch=batch, serial=serial, digest=codes.digests(spelled)[0], last4=spelled[-4:])
        for serial, spelled in enumerate(map(code_text.normalise, fresh), 1)
    )
    Code.objects.bulk_create(rows, batch_size=1000)
    return Imported(batch, len(texts) - len(fresh))

"""Find the code of a batch that a text shared by many people stands for: each person's own, once.

Every use is a code like any other, minted and covered beforehand; only the way to it differs.
"""

from __future__ import annotations

from django.db.models import Q
from django.utils import timezone

from accounts.models import Membership
from billing.models import Code, CodeBatch, Order


def exists(*, tenant_id: int, text: str) -> bool:
    """Tell whether a normalised text was ever shared at this shop."""
    return text != "" and CodeBatch.objects.filter(tenant_id=tenant_id, shared_spelling=text).exists()


def claim(*, membership: Membership, text: str) -> Code | None:
    """Return the member's code of before, else the next free one, locked; None when the text is not good (any more, yet, or for them).

    The batch is locked within the caller's transaction, so that nobody is served twice, however fast they ask.
    """
    has_begun = Q(redeem_from=None) | Q(redeem_from__lte=timezone.now())
    named = CodeBatch.objects.filter(has_begun, tenant_id=membership.tenant_id).exclude(shared_spelling="")
    batch = named.select_for_update(no_key=True).filter(shared_spelling=text).first()
    if batch is None:
        return None
    rows = Code.objects.select_related("batch").select_for_update(of=("self",), no_key=True).filter(batch=batch)
    own = rows.filter(redeemed_by=membership).first()
    if own is not None or (batch.new_only and not _is_new(membership)):
        return own
    return rows.filter(state=Code.State.AVAILABLE).order_by("serial").first()


def _is_new(membership: Membership) -> bool:
    """Tell whether a member has neither redeemed a code nor paid for an order yet."""
    has_redeemed = Code.objects.filter(redeemed_by=membership).exists()
    return not has_redeemed and not Order.objects.filter(membership=membership, paid_at__isnull=False).exists()

"""Tell the platform that a shop asks for money, and the shop what was decided: by mail to who asked, and to both sides' targets."""

from __future__ import annotations

from accounts import events, tenants
from accounts.models import Membership
from billing.models import Withdrawal
from billing.money import format_minor
from foundation import notify

State = Withdrawal.State


def tell_platform(withdrawal: Withdrawal) -> None:
    """Tell the platform's staff of a request, within the caller's transaction."""
    data = {"shop": withdrawal.tenant.name, "amount": _amount(withdrawal)}
    events.emit(tenant_id=tenants.root().pk, kind="withdrawal.asked", data=data, key=str(withdrawal.pk))


def tell_shop(withdrawal: Withdrawal) -> None:
    """Tell a shop what became of its request, once a state, within the caller's transaction: its targets, and who asked by mail."""
    shop, root, key = withdrawal.tenant, tenants.root(), f"{withdrawal.pk}:{withdrawal.state}"
    told = {"amount": _amount(withdrawal), "reason": withdrawal.reason, "reference": withdrawal.reference}
    data = {"state": withdrawal.state, **{name: value for name, value in told.items() if value}}
    events.emit(tenant_id=shop.pk, kind="withdrawal.decided", data=data, key=key)
    for member in _told(withdrawal):
        notify.email(
            to=member.user.email or "", template=f"withdrawal_{withdrawal.state}", context={"shop": shop.name, **told},
            language=member.user.language or shop.language, sender_name=root.name, reply_to=root.reply_to, account=root.pk,
            key=f"withdrawal:{key}:{member.pk}",
        )  # fmt: skip


def _told(withdrawal: Withdrawal) -> list[Membership]:
    """Return who asked, if still of the shop's staff, and the owners otherwise."""
    staff = Membership.objects.filter(tenant=withdrawal.tenant_id, user__email__isnull=False, user__is_active=True).select_related("user")
    asked = list(staff.filter(user=withdrawal.asked_by_id, role__in=Membership.STAFF_ROLES))
    return asked or list(staff.filter(role=Membership.Role.OWNER))


def _amount(withdrawal: Withdrawal) -> str:
    return format_minor(withdrawal.amount_minor, currency=withdrawal.currency)

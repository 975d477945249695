"""Customers who bring customers: the code of one, and whom it brought."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models.identity import Membership


class ReferralCode(models.Model):
    """What stands in the link of a member."""

    membership = models.OneToOneField(Membership, models.CASCADE, related_name="referral_code", verbose_name=_("customer"))
    code = models.CharField(_("code"), max_length=16, unique=True)

    tenant_path: ClassVar[str] = "membership__tenant"
    owner_path: ClassVar[str] = "membership"

    class Meta:
        verbose_name = _("referral code")
        verbose_name_plural = _("referral codes")

    def __str__(self) -> str:
        return self.code


class Referral(models.Model):
    """Somebody joined by the link of another member of the same tenant; settled once their first purchase was looked at.

    `doubt` is why both may be one person: then it waits until the shop has allowed or refused it.
    """

    class Doubt(models.TextChoices):
        NONE = "", _("none")
        MAILBOX = "mailbox", _("the same mailbox")
        PLACE = "place", _("the same network address")
        ALLOWED = "allowed", _("allowed by the shop")
        REFUSED = "refused", _("refused by the shop")

    WAITING: ClassVar[tuple[str, ...]] = (Doubt.MAILBOX, Doubt.PLACE)

    referrer = models.ForeignKey(Membership, models.CASCADE, related_name="referrals", verbose_name=_("brought by"))
    referred = models.OneToOneField(Membership, models.CASCADE, related_name="referral", verbose_name=_("customer"))
    created_at = models.DateTimeField(_("joined"), auto_now_add=True)
    settled_at = models.DateTimeField(_("settled"), null=True, editable=False)
    doubt = models.CharField(_("doubt"), max_length=8, choices=Doubt.choices, blank=True, default="", db_default="", editable=False)

    tenant_path: ClassVar[str] = "referrer__tenant"
    owner_path: ClassVar[str] = "referrer"

    class Meta:
        verbose_name = _("referral")
        verbose_name_plural = _("referrals")
        ordering: ClassVar[list[str]] = ["-id"]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["id"], condition=models.Q(settled_at=None), name="open_referrals"),
        ]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(condition=~models.Q(referrer=models.F("referred")), name="nobody_refers_themselves"),
        ]

    def __str__(self) -> str:
        return f"{self.referrer} → {self.referred}"

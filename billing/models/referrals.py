"""What a tenant gives to who brings customers, and what was given."""

from __future__ import annotations

from typing import ClassVar

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Membership, Referral, Tenant
from billing.models.shop import Order

WHOLE = 10_000  # 100 %, in hundredths of a percent


class ReferralProgram(models.Model):
    """One side's reward is a fixed amount or a share of the first purchase: minor units of the tenant's currency, or µ$ of quota."""

    class Paid(models.TextChoices):
        CREDIT = "credit", _("store credit")
        QUOTA = "quota", _("quota")

    tenant = models.OneToOneField(Tenant, models.CASCADE, related_name="referral_program", verbose_name=_("tenant"))
    is_active = models.BooleanField(_("active"), default=True)
    paid_in = models.CharField(_("paid in"), max_length=6, choices=Paid.choices, default=Paid.CREDIT)
    referrer_fixed = models.PositiveBigIntegerField(null=True, editable=False)
    referrer_percent = models.PositiveIntegerField(null=True, editable=False, validators=[MaxValueValidator(WHOLE)])
    referred_fixed = models.PositiveBigIntegerField(null=True, editable=False)
    referred_percent = models.PositiveIntegerField(null=True, editable=False, validators=[MaxValueValidator(WHOLE)])
    cap = models.PositiveBigIntegerField(null=True, editable=False)
    least_minor = models.PositiveBigIntegerField(default=0, editable=False)
    most_rewards = models.PositiveIntegerField(
        _("rewards for one customer at most"), null=True, blank=True, validators=[MinValueValidator(1)], help_text=_("Empty: no limit.")
    )
    wait_days = models.PositiveSmallIntegerField(
        _("days between purchase and reward"), default=0, help_text=_("So long a refund or a dispute comes before it.")
    )

    tenant_path: ClassVar[str] = "tenant"

    class Meta:
        verbose_name = _("referral program")
        verbose_name_plural = _("referral programs")
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(condition=Q(referrer_fixed=None) | Q(referrer_percent=None), name="one_referrer_reward"),
            models.CheckConstraint(condition=Q(referred_fixed=None) | Q(referred_percent=None), name="one_referred_reward"),
        ]

    def __str__(self) -> str:
        return f"{self.tenant}"


class ReferralReward(models.Model):
    """What one of the two got for a first purchase; `taken_back` of it when that purchase was paid back or disputed."""

    referral = models.ForeignKey(Referral, models.PROTECT, related_name="rewards", verbose_name=_("referral"))
    member = models.ForeignKey(Membership, models.PROTECT, related_name="referral_rewards", verbose_name=_("customer"))
    order = models.ForeignKey(Order, models.PROTECT, related_name="referral_rewards", verbose_name=_("order"))
    paid_in = models.CharField(_("paid in"), max_length=6, choices=ReferralProgram.Paid.choices)
    currency = models.CharField(_("currency"), max_length=3, blank=True)
    amount = models.PositiveBigIntegerField(_("amount"))
    taken_back = models.PositiveBigIntegerField(_("taken back"), default=0)
    created_at = models.DateTimeField(_("at"), auto_now_add=True)
    reversed_at = models.DateTimeField(_("reversed"), null=True)

    tenant_path: ClassVar[str] = "member__tenant"
    owner_path: ClassVar[str] = "member"

    class Meta:
        verbose_name = _("referral reward")
        verbose_name_plural = _("referral rewards")
        ordering: ClassVar[list[str]] = ["-id"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["referral", "member"], name="one_reward_a_side"),
            models.CheckConstraint(condition=Q(amount__gt=0, taken_back__lte=F("amount")), name="reward_amounts"),
        ]

    def __str__(self) -> str:
        return f"{self.member}: {self.amount} {self.currency or 'µ$'}"

    @property
    def is_welcome(self) -> bool:
        """Tell whether who was brought got it, not who brought them."""
        return self.member_id == self.referral.referred_id

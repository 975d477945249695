"""When a tenant's customers come into a better customer group by themselves."""

from __future__ import annotations

from typing import ClassVar

from django.core.exceptions import ValidationError
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Tenant

ONE_AMOUNT = _("Say either what must be paid or what must be used, more than nothing.")


class PromotionRule(models.Model):
    """One rung of a tenant's ladder: who has paid or used so much is put into the group. Groups without a rule are left alone.

    `paid_minor` is in the tenant's currency, `used_micros` in µ$; just one of them is set. Null `days`: ever since.
    """

    tenant = models.ForeignKey(Tenant, models.CASCADE, related_name="promotion_rules", verbose_name=_("tenant"))
    group = models.CharField(
        _("customer group"), max_length=40, help_text=_("As it stands on group prices, channels and limits, such as vip.")
    )
    rank = models.PositiveSmallIntegerField(
        _("rank"), validators=[MinValueValidator(1)], help_text=_("Who reaches several groups gets the one of the highest rank.")
    )
    days = models.PositiveSmallIntegerField(
        _("in the last days"), null=True, blank=True, validators=[MinValueValidator(1)], help_text=_("Empty: ever since.")
    )
    paid_minor = models.PositiveBigIntegerField(_("paid at least"), null=True, blank=True)
    used_micros = models.PositiveBigIntegerField(_("used at least"), null=True, blank=True)
    falls_back = models.BooleanField(
        _("falls back"),
        default=False,
        help_text=_("Who reaches this group no more falls to the best one still reached, also who was put in by hand."),
    )

    tenant_path: ClassVar[str] = "tenant"

    class Meta:
        verbose_name = _("promotion")
        verbose_name_plural = _("promotions")
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["tenant", "group"], name="one_promotion_per_group"),
            models.UniqueConstraint(fields=["tenant", "rank"], name="one_promotion_per_rank"),
            models.CheckConstraint(
                condition=Q(paid_minor__gt=0, used_micros=None) | Q(paid_minor=None, used_micros__gt=0),
                name="promotion_by_one_amount",
                violation_error_message=ONE_AMOUNT,
            ),
            models.CheckConstraint(condition=Q(rank__gt=0), name="promotion_rank_positive"),
            models.CheckConstraint(condition=Q(days=None) | Q(days__gt=0), name="promotion_days_positive"),
        ]

    def __str__(self) -> str:
        return self.group

    def clean(self) -> None:
        """Refuse the group that everybody begins in, and what says not one amount (forms may not hold both columns)."""
        self.group = self.group.strip()
        if self.group in {"", "default"}:
            raise ValidationError({"group": _("Everybody begins in this group: name another one.")})
        if [bool(self.paid_minor), bool(self.used_micros)].count(True) != 1:
            raise ValidationError(ONE_AMOUNT)

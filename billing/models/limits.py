"""Limits that a tenant sets for many sub-keys at once, by customer group and model."""

from __future__ import annotations

from typing import ClassVar

from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Tenant


class LimitRule(models.Model):
    """What every sub-key, every customer or a whole shop may do, at this tenant and at those below it. No limit = null.

    Rules of several tenants of a chain all hold; at one tenant, a rule that names the customer's group takes the place of one
    that names none. A limit for models counts all calls whose model fits its pattern. Rates for sub-keys are defaults: what
    a key says itself goes first. Spending (µ$) is limited for each customer, over all their keys.
    """

    class Scope(models.TextChoices):
        KEY = "key", _("each sub-key")
        CUSTOMER = "customer", _("each customer")
        TENANT = "tenant", _("the whole shop")

    tenant = models.ForeignKey(Tenant, models.CASCADE, related_name="limit_rules", verbose_name=_("set by"))
    shop = models.ForeignKey(Tenant, models.CASCADE, null=True, blank=True, related_name="+", verbose_name=_("only in the shop"))
    scope = models.CharField(_("for"), max_length=8, choices=Scope.choices, default=Scope.CUSTOMER)
    group = models.CharField(_("customer group"), max_length=40, blank=True, default="", help_text=_("Empty: every group."))
    models_matched = models.CharField(
        _("models"), max_length=120, blank=True, default="", help_text=_("A pattern such as gpt-4o*. Empty: all models together.")
    )
    rpm = models.PositiveIntegerField(_("requests per minute"), null=True, blank=True)
    tpm = models.PositiveIntegerField(_("tokens per minute"), null=True, blank=True)
    concurrency = models.PositiveIntegerField(_("calls at once"), null=True, blank=True)
    five_hours_limit = models.BigIntegerField(_("limit per 5 hours"), null=True, blank=True, validators=[MinValueValidator(0)])
    day_limit = models.BigIntegerField(_("limit per day"), null=True, blank=True, validators=[MinValueValidator(0)])
    week_limit = models.BigIntegerField(_("limit per week"), null=True, blank=True, validators=[MinValueValidator(0)])
    month_limit = models.BigIntegerField(_("limit per month"), null=True, blank=True, validators=[MinValueValidator(0)])

    tenant_path: ClassVar[str] = "tenant"
    SPENDING: ClassVar[tuple[str, ...]] = ("five_hours_limit", "day_limit", "week_limit", "month_limit")

    class Meta:
        verbose_name = _("limit")
        verbose_name_plural = _("limits")
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["tenant", "shop", "scope", "group", "models_matched"], nulls_distinct=False, name="one_limit_rule_per_subject"
            ),
            models.CheckConstraint(
                condition=Q(scope="customer") | Q(five_hours_limit=None, day_limit=None, week_limit=None, month_limit=None),
                name="spending_is_limited_per_customer",
                violation_error_message=_("Spending is limited for each customer."),
            ),
        ]

    def __str__(self) -> str:
        return " ".join(filter(None, (self.get_scope_display(), self.group, self.models_matched)))

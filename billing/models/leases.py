"""What relay workers hold of the money: workers, their slices of pools, and the spending limits of sub-keys.

A pool is a LedgerAccount (wallet or lot) or a KeyBudget. `Slice.amount` = what the worker's purse has free + reserved +
settled but not yet posted; a pool's `held` = its open holds + its slices.
"""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from accounts.models import ApiKey, Membership
from billing.models.limits import LimitRule


class RelayWorker(models.Model):
    """One start of one relay process; its id is never used again."""

    class State(models.TextChoices):
        LIVE = "live", _("live")
        DEAD = "dead", _("dead")

    id = models.UUIDField(primary_key=True, editable=False)
    node = models.CharField(_("node"), max_length=80)
    state = models.CharField(_("state"), max_length=4, choices=State.choices, default=State.LIVE)
    seen = models.DateTimeField(_("seen"), db_default=Now())
    started_at = models.DateTimeField(_("started"), db_default=Now(), editable=False)

    class Meta:
        verbose_name = _("relay worker")
        verbose_name_plural = _("relay workers")
        indexes: ClassVar[list[models.Index]] = [models.Index(fields=["seen"], condition=Q(state="live"), name="worker_live")]

    def __str__(self) -> str:
        return f"{self.node} {self.id}"


class Slice(models.Model):
    """What one worker holds of one pool. `seq` and `delta` of the last change let a worker learn how a lost call ended."""

    pk = models.CompositePrimaryKey("worker_id", "is_budget", "pool")
    worker = models.ForeignKey(RelayWorker, models.PROTECT, related_name="slices", verbose_name=_("relay worker"))
    is_budget = models.BooleanField(_("budget"))
    pool = models.BigIntegerField(_("pool"))
    amount = models.BigIntegerField(_("amount"), default=0)
    seq = models.BigIntegerField(_("sequence"), default=0)
    delta = models.BigIntegerField(_("last change"), default=0)

    class Meta:
        verbose_name = _("slice")
        verbose_name_plural = _("slices")
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(condition=Q(amount__gte=0), name="slice_not_negative"),
        ]
        indexes: ClassVar[list[models.Index]] = [models.Index(fields=["is_budget", "pool"], name="slice_pool")]

    def __str__(self) -> str:
        return f"{self.worker_id} {'budget' if self.is_budget else 'account'} {self.pool}: {self.amount}"


class KeyBudget(models.Model):
    """What a sub-key, or by a rule a customer with all their keys, may spend: in all and per window, in µ$. No limit = null.

    Not money: a leash on it.

    A window whose start is not the current one counts as unused; the database computes windows in the tenant's zone.
    `models_matched` is a pattern of model names this budget is for; empty = all.
    """

    api_key = models.ForeignKey(ApiKey, models.CASCADE, null=True, blank=True, related_name="budgets", verbose_name=_("sub-key"))
    membership = models.ForeignKey(Membership, models.CASCADE, null=True, blank=True, related_name="+", verbose_name=_("customer"))
    rule = models.ForeignKey(LimitRule, models.CASCADE, null=True, blank=True, related_name="budgets", verbose_name=_("limit"))
    models_matched = models.CharField(_("models"), max_length=120, blank=True, default="")
    held = models.BigIntegerField(_("held"), default=0)
    recall_at = models.DateTimeField(_("recalled"), null=True, blank=True)
    total_limit = models.BigIntegerField(_("allowance"), null=True, blank=True)
    total_used = models.BigIntegerField(_("used"), default=0)
    five_hours_limit = models.BigIntegerField(_("limit per 5 hours"), null=True, blank=True)
    five_hours_used = models.BigIntegerField(_("used in 5 hours"), default=0)
    five_hours_start = models.DateTimeField(null=True, blank=True, editable=False)
    day_limit = models.BigIntegerField(_("limit per day"), null=True, blank=True)
    day_used = models.BigIntegerField(_("used in the day"), default=0)
    day_start = models.DateTimeField(null=True, blank=True, editable=False)
    week_limit = models.BigIntegerField(_("limit per week"), null=True, blank=True)
    week_used = models.BigIntegerField(_("used in the week"), default=0)
    week_start = models.DateTimeField(null=True, blank=True, editable=False)
    month_limit = models.BigIntegerField(_("limit per month"), null=True, blank=True)
    month_used = models.BigIntegerField(_("used in the month"), default=0)
    month_start = models.DateTimeField(null=True, blank=True, editable=False)

    tenant_path: ClassVar[str] = "api_key__tenant"

    class Meta:
        verbose_name = _("spending limit")
        verbose_name_plural = _("spending limits")
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["api_key", "models_matched"], name="one_budget_per_key_and_models"),
            models.UniqueConstraint(fields=["membership", "rule"], name="one_budget_per_customer_and_rule"),
            models.CheckConstraint(condition=Q(held__gte=0), name="budget_held_not_negative"),
            models.CheckConstraint(
                condition=Q(api_key__isnull=False, membership=None, rule=None)
                | Q(api_key=None, membership__isnull=False, rule__isnull=False),
                name="budget_of_a_key_or_by_a_rule",
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["recall_at"], condition=Q(recall_at__isnull=False), name="budget_recalled"),
        ]

    def __str__(self) -> str:
        return f"{self.api_key_id or self.membership_id} {self.models_matched or '*'}"

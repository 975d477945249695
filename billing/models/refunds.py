"""Money that goes back to a buyer: one row a refund, its steps by compare-and-swap."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from billing.models.shop import PaymentAttempt


class Refund(models.Model):
    """One refund of a payment; `key` is what the gateway is given so that it pays back once."""

    class State(models.TextChoices):
        REQUESTED = "requested", _("asked for")
        SUBMITTED = "submitted", _("on its way")
        SUCCEEDED = "succeeded", _("paid back")
        FAILED = "failed", _("failed")
        DECLINED = "declined", _("declined")

    # These count against what was received: one that failed is owed still.
    COUNTING: ClassVar[tuple[str, ...]] = (State.SUBMITTED, State.SUCCEEDED, State.FAILED)

    attempt = models.ForeignKey(PaymentAttempt, models.PROTECT, related_name="refunds", verbose_name=_("payment"))
    key = models.CharField(max_length=32, unique=True, editable=False)
    amount_minor = models.PositiveBigIntegerField(_("amount in minor units"))
    currency = models.CharField(_("currency"), max_length=3)
    # What goes back to store credit of what it had paid beside the gateway, in the order's currency.
    credit_minor = models.PositiveBigIntegerField(_("to store credit in minor units"), default=0)
    # The amount itself goes to the buyer's store credit in place of the gateway.
    to_credit = models.BooleanField(_("as store credit"), default=False)
    takes_back = models.BooleanField(_("takes the quota back"), default=True)
    state = models.CharField(_("state"), max_length=10, choices=State.choices)
    reason = models.CharField(_("reason"), max_length=200, blank=True)
    problem = models.CharField(_("problem"), max_length=200, blank=True)
    provider_number = models.CharField(_("the gateway's number"), max_length=120, null=True, blank=True)
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("by"))
    created_at = models.DateTimeField(_("asked"), auto_now_add=True)
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)

    tenant_path: ClassVar[str] = "attempt__order__tenant"

    class Meta:
        verbose_name = _("refund")
        verbose_name_plural = _("refunds")
        ordering: ClassVar[list[str]] = ["-id"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(condition=Q(amount_minor__gt=0) | Q(credit_minor__gt=0), name="refund_of_something"),
            models.UniqueConstraint(fields=["attempt"], condition=Q(state="requested"), name="one_open_request_per_payment"),
        ]

    def __str__(self) -> str:
        return f"{self.amount_minor} {self.currency} {self.state}"

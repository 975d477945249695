"""Invoices that buyers ask for: in whose name, and what came of it."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from billing.models.shop import Order


class InvoiceRequest(models.Model):
    """A buyer wants an invoice of an order; the shop issues it as a file, or says why not. `name` says where the file lies."""

    class State(models.TextChoices):
        REQUESTED = "requested", _("asked for")
        ISSUED = "issued", _("issued")
        DECLINED = "declined", _("declined")

    order = models.OneToOneField(Order, models.PROTECT, related_name="invoice", verbose_name=_("order"))
    title = models.CharField(_("title of the invoice"), max_length=120)
    tax_number = models.CharField(_("tax number"), max_length=30, blank=True)
    note = models.CharField(_("note"), max_length=200, blank=True)
    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.REQUESTED)
    name = models.CharField(max_length=80, blank=True, editable=False)
    answer = models.CharField(_("answer"), max_length=200, blank=True)
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name=_("by"))
    created_at = models.DateTimeField(_("asked"), auto_now_add=True)
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)

    tenant_path: ClassVar[str] = "order__tenant"

    class Meta:
        verbose_name = _("invoice request")
        verbose_name_plural = _("invoice requests")
        ordering: ClassVar[list[str]] = ["-id"]

    def __str__(self) -> str:
        return f"{self.order_id}: {self.title}"

"""Of whom a shop takes no orders."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models import Tenant


class BuyerBlock(models.Model):
    """A mailbox, a domain (`@mail.example`), a network or another contact of which a shop, and those below it, take no orders.

    `value` is as `billing.blocks` spells it.
    """

    class Kind(models.TextChoices):
        EMAIL = "email", _("e-mail")
        DOMAIN = "domain", _("domain")
        NETWORK = "network", _("network")
        CONTACT = "contact", _("other contact")

    tenant = models.ForeignKey(Tenant, models.PROTECT, related_name="buyer_blocks", verbose_name=_("tenant"))
    kind = models.CharField(_("kind"), max_length=8, choices=Kind.choices)
    value = models.CharField(_("who"), max_length=254)
    note = models.CharField(_("note"), max_length=200, blank=True)
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name=_("by"))
    created_at = models.DateTimeField(_("since"), auto_now_add=True)

    tenant_path: ClassVar[str] = "tenant"

    class Meta:
        verbose_name = _("blocked buyer")
        verbose_name_plural = _("blocked buyers")
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["tenant", "value"], name="one_block_per_buyer"),
        ]

    def __str__(self) -> str:
        return self.value

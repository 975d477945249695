"""Who wants to be told when something sold out can be bought again: an address kept until it was told, or nobody confirmed it."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from billing.models.shop import Product


class RestockWish(models.Model):
    """One address that asked about one product; it counts once its owner has confirmed it."""

    product = models.ForeignKey(Product, models.CASCADE, related_name="wishes", verbose_name=_("product"))
    email = models.EmailField(_("e-mail"))
    language = models.CharField(_("language"), max_length=10, blank=True)
    # Where it was asked, such as https://shop.example/prefix: mails lead back there.
    site = models.CharField(_("asked at"), max_length=200, blank=True)
    confirmed_at = models.DateTimeField(_("confirmed"), null=True)
    told_at = models.DateTimeField(_("told"), null=True)
    created_at = models.DateTimeField(_("asked"), auto_now_add=True)

    tenant_path: ClassVar[str] = "product__tenant"

    class Meta:
        verbose_name = _("restock wish")
        verbose_name_plural = _("restock wishes")
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["product", "email"], name="one_wish_per_address"),
        ]

    def __str__(self) -> str:
        return f"{self.product_id}: {self.pk}"

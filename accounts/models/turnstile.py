"""A tenant's own human check by Cloudflare Turnstile; the secret is sealed."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models.identity import Tenant


class Turnstile(models.Model):
    """Asked in place of the built-in check or on top of it, wherever that would be; while it fails, the built-in one is."""

    class Mode(models.TextChoices):
        INSTEAD = "instead", _("in place of the built-in check")
        BOTH = "both", _("on top of the built-in check")

    tenant = models.OneToOneField(Tenant, models.CASCADE, related_name="turnstile", verbose_name=_("tenant"))
    site_key = models.CharField(_("site key"), max_length=100)
    sealed = models.TextField(editable=False)
    mode = models.CharField(_("asked"), max_length=8, choices=Mode.choices, default=Mode.INSTEAD)
    is_active = models.BooleanField(_("active"), default=True)
    failure = models.CharField(_("last failure"), max_length=200, blank=True, editable=False)
    failed_at = models.DateTimeField(_("failed"), null=True, editable=False)

    tenant_path: ClassVar[str] = "tenant"

    class Meta:
        verbose_name = _("Turnstile check")
        verbose_name_plural = _("Turnstile checks")

    def __str__(self) -> str:
        return f"Turnstile {self.site_key}"

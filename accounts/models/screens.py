"""A tenant's list of words that no request of its customers may hold."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models.identity import Tenant


class KeywordScreen(models.Model):
    """One word a line, tidied (`accounts.screens`); sub-tenants are held to it too. `refused` counts calls, never what they said."""

    tenant = models.OneToOneField(Tenant, models.CASCADE, related_name="keyword_screen", verbose_name=_("tenant"))
    words = models.TextField(_("words"), blank=True)
    refused = models.PositiveBigIntegerField(_("refused calls"), default=0, editable=False)

    tenant_path: ClassVar[str] = "tenant"

    class Meta:
        verbose_name = _("keyword screen")
        verbose_name_plural = _("keyword screens")

    def __str__(self) -> str:
        return f"{self.tenant.slug}: {len(self.listed)}"

    @property
    def listed(self) -> list[str]:
        """Return the words."""
        return self.words.splitlines()

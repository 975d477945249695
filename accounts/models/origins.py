"""Where rows came from that were moved in from another system."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models.identity import Tenant


class Origin(models.Model):
    """Which row of ours a foreign one has become; `source` is the label that the operator gave to the other database."""

    class Kind(models.TextChoices):
        PERSON = "person", _("person")
        CHANNEL = "channel", _("channel")

    tenant = models.ForeignKey(Tenant, models.CASCADE, related_name="+", verbose_name=_("tenant"))
    source = models.CharField(_("source"), max_length=40)
    kind = models.CharField(_("kind"), max_length=10, choices=Kind.choices)
    foreign_id = models.BigIntegerField(_("number there"))
    foreign_name = models.CharField(_("name there"), max_length=120)
    # The membership or channel here.
    local_id = models.BigIntegerField(_("number here"))
    created_at = models.DateTimeField(_("moved in"), auto_now_add=True)

    tenant_path: ClassVar[str] = "tenant"

    class Meta:
        verbose_name = _("origin")
        verbose_name_plural = _("origins")
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["source", "kind", "foreign_id"], name="moved_in_once"),
        ]

    def __str__(self) -> str:
        return f"{self.source} {self.kind} {self.foreign_id}"

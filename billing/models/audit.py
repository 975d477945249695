"""What the books were found to be: each run of the audit with its findings, and use that nobody had priced."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _


class AuditRun(models.Model):
    """One look at everything; `checks` maps each check to how many findings it had, `figures` holds what was measured beside them.

    `found` counts what is wrong; notices are things to look at that break no invariant.
    """

    started_at = models.DateTimeField(_("started"), db_default=Now(), editable=False)
    duration_ms = models.PositiveIntegerField(_("duration in ms"))
    checks = models.JSONField(_("checks"))
    figures = models.JSONField(_("figures"), default=dict)
    found = models.PositiveIntegerField(_("findings"))
    notices = models.PositiveIntegerField(_("notices"), default=0)

    class Meta:
        verbose_name = _("reconciliation")
        verbose_name_plural = _("reconciliations")
        indexes: ClassVar[list[models.Index]] = [models.Index(fields=["started_at"], name="audit_run_time")]

    def __str__(self) -> str:
        return f"{self.started_at:%Y-%m-%d %H:%M}: {self.found}"


class AuditFinding(models.Model):
    """One thing that was not as it must be: `subject` names the row, `detail` the numbers."""

    run = models.ForeignKey(AuditRun, models.CASCADE, related_name="findings", verbose_name=_("reconciliation"))
    check_name = models.CharField(_("check"), max_length=40)
    subject = models.CharField(_("subject"), max_length=200)
    detail = models.CharField(_("detail"), max_length=400)
    is_notice = models.BooleanField(_("notice"), default=False)

    class Meta:
        verbose_name = _("finding")
        verbose_name_plural = _("findings")

    def __str__(self) -> str:
        return f"{self.check_name} {self.subject}: {self.detail}"


class UnpricedUse(models.Model):
    """A bucket or unit of a model that was used while the platform had no price for it, and so charged nothing."""

    model = models.CharField(_("model"), max_length=120)
    unit = models.CharField(_("unit"), max_length=120)
    calls = models.BigIntegerField(_("calls"))
    amount = models.BigIntegerField(_("amount"))
    first_at = models.DateTimeField(_("first seen"), db_default=Now(), editable=False)
    last_at = models.DateTimeField(_("last seen"), db_default=Now(), editable=False)

    class Meta:
        verbose_name = _("unpriced use")
        verbose_name_plural = _("unpriced use")
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["model", "unit"], name="one_row_per_unpriced_unit"),
        ]

    def __str__(self) -> str:
        return f"{self.model} {self.unit}"

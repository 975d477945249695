"""A tenant's own mail server (mails leave by it and under its address; the password is sealed), and its own texts of mails."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models.identity import Tenant


class MailServer(models.Model):
    """Where a tenant's mails are handed in; while it fails, they leave by the platform's."""

    class Security(models.TextChoices):
        STARTTLS = "starttls", "STARTTLS"
        TLS = "tls", "TLS"

    tenant = models.OneToOneField(Tenant, models.CASCADE, related_name="mail_server", verbose_name=_("tenant"))
    host = models.CharField(_("server"), max_length=253)
    port = models.PositiveIntegerField(_("port"), default=587, validators=[MinValueValidator(1), MaxValueValidator(65535)])
    security = models.CharField(_("encryption"), max_length=8, choices=Security.choices, default=Security.STARTTLS)
    username = models.CharField(_("user name"), max_length=254, blank=True)
    sealed = models.TextField(editable=False, blank=True)
    sender = models.EmailField(_("sender's address"))
    is_active = models.BooleanField(_("active"), default=True)
    failure = models.CharField(_("last failure"), max_length=200, blank=True, editable=False)
    failed_at = models.DateTimeField(_("failed"), null=True, editable=False)

    tenant_path: ClassVar[str] = "tenant"

    class Meta:
        verbose_name = _("mail server")
        verbose_name_plural = _("mail servers")

    def __str__(self) -> str:
        return f"{self.sender} ({self.host})"


class MailText(models.Model):
    """A tenant's own text of one mail in one language; an empty part is the built-in one."""

    tenant = models.ForeignKey(Tenant, models.CASCADE, related_name="mail_texts", verbose_name=_("tenant"))
    # The name of a mail in `accounts.mail_texts`; a new mail is no migration.
    template = models.CharField(_("mail"), max_length=40)
    language = models.CharField(_("language"), max_length=10, choices=settings.LANGUAGES)
    subject = models.CharField(_("subject"), max_length=200, blank=True)
    body = models.TextField(_("text"), max_length=20_000, blank=True)
    # Why the built-in text was sent in its place, since it was last changed.
    problem = models.CharField(_("problem"), max_length=200, blank=True, editable=False)
    changed_at = models.DateTimeField(_("changed"), auto_now=True)

    tenant_path: ClassVar[str] = "tenant"

    class Meta:
        verbose_name = _("mail text")
        verbose_name_plural = _("mail texts")
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["tenant", "template", "language"], name="one_mail_text"),
        ]

    def __str__(self) -> str:
        return f"{self.template} ({self.language})"

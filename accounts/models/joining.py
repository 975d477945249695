"""How people come to a tenant and what they agree to: invitations, applications for a shop, legal pages."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models.identity import Membership, Tenant, User


class Invitation(models.Model):
    """A link that lets somebody join with a role; only its digest is kept."""

    tenant = models.ForeignKey(Tenant, models.CASCADE, related_name="invitations", verbose_name=_("tenant"))
    email = models.EmailField(_("only for this address"), blank=True)
    role = models.CharField(_("role"), max_length=10, choices=Membership.Role.choices, default=Membership.Role.CUSTOMER)
    group = models.CharField(_("customer group"), max_length=40, default="default")
    digest = models.CharField(max_length=64, unique=True, editable=False)
    invited_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", verbose_name=_("by"))
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    expires_at = models.DateTimeField(_("expires"))
    accepted_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", verbose_name=_("accepted by"))
    accepted_at = models.DateTimeField(_("accepted"), null=True)

    tenant_path: ClassVar[str] = "tenant"

    class Meta:
        verbose_name = _("invitation")
        verbose_name_plural = _("invitations")
        ordering: ClassVar[list[str]] = ["-id"]

    def __str__(self) -> str:
        return f"{self.email or '*'} → {self.get_role_display()}"


class ShopApplication(models.Model):
    """Somebody wants a shop below a tenant; its staff approve or decline."""

    class State(models.TextChoices):
        WAITING = "waiting", _("waiting")
        APPROVED = "approved", _("approved")
        DECLINED = "declined", _("declined")

    seller = models.ForeignKey(Tenant, models.CASCADE, related_name="applications", verbose_name=_("seller"))
    applicant = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name=_("applicant"))
    slug = models.SlugField(_("short name"), max_length=40)
    name = models.CharField(_("name"), max_length=80)
    about = models.TextField(_("about"), blank=True, max_length=2000)
    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.WAITING)
    reason = models.CharField(_("reason"), max_length=300, blank=True)
    tenant = models.ForeignKey(Tenant, models.SET_NULL, null=True, related_name="+", verbose_name=_("tenant"))
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    decided_at = models.DateTimeField(_("decided"), null=True)

    tenant_path: ClassVar[str] = "seller"

    class Meta:
        verbose_name = _("application for a shop")
        verbose_name_plural = _("applications for a shop")
        ordering: ClassVar[list[str]] = ["-id"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["seller", "applicant"], condition=Q(state="waiting"), name="one_waiting_application"),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.slug})"


class LegalPage(models.Model):
    """A page of a tenant that people are held to; each change raises its version."""

    class Kind(models.TextChoices):
        TERMS = "terms", _("Terms")
        PRIVACY = "privacy", _("Privacy")
        REFUNDS = "refunds", _("Refunds")
        IMPRINT = "imprint", _("Imprint")

    tenant = models.ForeignKey(Tenant, models.CASCADE, related_name="legal_pages", verbose_name=_("tenant"))
    kind = models.CharField(_("page"), max_length=10, choices=Kind.choices)
    language = models.CharField(_("language"), max_length=10, blank=True, help_text=_("Empty: for every language without its own."))
    text = models.TextField(_("text"))
    version = models.PositiveIntegerField(_("version"), default=1, editable=False)
    changed_at = models.DateTimeField(_("changed"), auto_now=True)

    tenant_path: ClassVar[str] = "tenant"

    class Meta:
        verbose_name = _("legal page")
        verbose_name_plural = _("legal pages")
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["tenant", "kind", "language"], name="one_legal_page_per_language"),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.language}".strip()


class Acceptance(models.Model):
    """Which version of a legal page a member accepted, and when."""

    membership = models.ForeignKey(Membership, models.CASCADE, related_name="acceptances", verbose_name=_("customer"))
    kind = models.CharField(_("page"), max_length=10, choices=LegalPage.Kind.choices)
    language = models.CharField(_("language"), max_length=10, blank=True)
    version = models.PositiveIntegerField(_("version"))
    accepted_at = models.DateTimeField(_("accepted"), auto_now_add=True)

    tenant_path: ClassVar[str] = "membership__tenant"
    owner_path: ClassVar[str] = "membership"

    class Meta:
        verbose_name = _("acceptance")
        verbose_name_plural = _("acceptances")
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["membership", "kind", "language", "version"], name="accepted_once"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.version}"

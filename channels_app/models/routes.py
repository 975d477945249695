"""What a tenant decides about routing: how its calls choose, which channels its groups use, what stands in for a model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models import Tenant


class RoutingPolicy(models.Model):
    """How calls of a tenant's customers choose inside a priority; without a row, its seller's counts, the platform's last."""

    class Mode(models.TextChoices):
        HEALTH = "health", _("by weight, away from slow and failing ones")
        COST = "cost", _("the cheapest first")
        WEIGHT = "weight", _("by weight alone")

    tenant = models.OneToOneField(Tenant, models.CASCADE, related_name="routing_policy", verbose_name=_("tenant"))
    mode = models.CharField(_("choice"), max_length=10, choices=Mode.choices, default=Mode.HEALTH)
    sticky_seconds = models.PositiveIntegerField(
        _("keep to a channel for its prompt cache, seconds"), default=600, help_text=_("After the last call of a conversation; 0 = never.")
    )
    utility_model = models.CharField(
        _("model for titles and summaries"), max_length=120, blank=True,
        help_text=_(
            "Chat clients ask for small models by names of their own. Where you do not offer such a name, "
            "this model answers and is charged. Empty: they are refused."
        ),
    )  # fmt: skip

    tenant_path: ClassVar[str] = "tenant"

    class Meta:
        verbose_name = _("routing policy")
        verbose_name_plural = _("routing policies")

    def __str__(self) -> str:
        return f"{self.tenant}: {self.get_mode_display()}"


class GroupRoute(models.Model):
    """Which channel groups serve a customer group; without a row, the group of the same name."""

    tenant = models.ForeignKey(Tenant, models.CASCADE, related_name="group_routes", verbose_name=_("tenant"))
    group = models.CharField(_("customer group"), max_length=40)
    channel_groups = ArrayField(models.CharField(max_length=40), verbose_name=_("channel groups"))

    tenant_path: ClassVar[str] = "tenant"

    class Meta:
        verbose_name = _("route of a group")
        verbose_name_plural = _("routes of groups")
        ordering: ClassVar[Sequence[str]] = ["tenant", "group"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["tenant", "group"], name="one_route_per_group"),
        ]

    def __str__(self) -> str:
        return f"{self.group} → {', '.join(self.channel_groups)}"


class ModelAlias(models.Model):
    """Another name under which clients find a model; counts only where nobody serves the name itself. The model is charged."""

    tenant = models.ForeignKey(Tenant, models.CASCADE, related_name="model_aliases", verbose_name=_("tenant"))
    name = models.CharField(_("name"), max_length=120, help_text=_("A * stands for anything: claude-haiku-*"))
    model = models.CharField(_("model"), max_length=120)

    tenant_path: ClassVar[str] = "tenant"

    class Meta:
        verbose_name = _("other name of a model")
        verbose_name_plural = _("other names of models")
        ordering: ClassVar[Sequence[str]] = ["tenant", "name"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["tenant", "name"], name="one_model_per_alias"),
        ]

    def __str__(self) -> str:
        return f"{self.name} → {self.model}"


class FallbackChain(models.Model):
    """Which models stand in, in this order, when nobody can answer for a model; the one that answers is charged."""

    tenant = models.ForeignKey(Tenant, models.CASCADE, related_name="fallback_chains", verbose_name=_("tenant"))
    model = models.CharField(_("model"), max_length=120)
    stand_ins = ArrayField(models.CharField(max_length=120), verbose_name=_("stand-ins"))

    tenant_path: ClassVar[str] = "tenant"

    class Meta:
        verbose_name = _("fallback chain")
        verbose_name_plural = _("fallback chains")
        ordering: ClassVar[Sequence[str]] = ["tenant", "model"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["tenant", "model"], name="one_chain_per_model"),
        ]

    def __str__(self) -> str:
        return f"{self.model} → {' → '.join(self.stand_ins)}"

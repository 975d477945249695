"""Channels to upstreams: credentials, models, upstream prices, the last health check."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Tenant
from channels_app import registry


def provider_choices() -> list[tuple[str, str]]:
    """Return the vendors for the form's list; a callable, so that no migration follows a new vendor."""
    return [(slug, made.label) for slug, made in registry.providers().items()]


def default_groups() -> list[str]:
    """Return the customer groups a new channel serves."""
    return ["default"]


class Channel(models.Model):
    """A way to one upstream; channels of the platform serve everybody, a tenant's own only that tenant and those below."""

    class State(models.TextChoices):
        ENABLED = "enabled", _("enabled")
        DISABLED = "disabled", _("disabled")
        AUTO_DISABLED = "auto_disabled", _("disabled by the health check")

    tenant = models.ForeignKey(Tenant, models.PROTECT, related_name="channels", verbose_name=_("owner"))
    name = models.CharField(_("name"), max_length=80)
    provider = models.CharField(_("provider"), max_length=40, choices=provider_choices)
    base_url = models.CharField(_("base address"), max_length=300, blank=True, help_text=_("Empty for the vendor's own."))
    options = models.JSONField(_("options"), default=dict, blank=True)
    groups = ArrayField(models.CharField(max_length=40), default=default_groups, verbose_name=_("customer groups"))
    priority = models.IntegerField(_("priority"), default=0, help_text=_("Higher ones are asked first."))
    weight = models.PositiveIntegerField(_("weight"), default=1, help_text=_("Share among channels of the same priority."))
    allow_private = models.BooleanField(_("may call private addresses"), default=False)
    state = models.CharField(_("state"), max_length=15, choices=State.choices, default=State.ENABLED)
    reason = models.CharField(_("reason"), max_length=300, blank=True)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    tenant_path: ClassVar[str] = "tenant"

    class Meta:
        verbose_name = _("channel")
        verbose_name_plural = _("channels")
        ordering: ClassVar[Sequence[str]] = ["-priority", "name"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["tenant", "name"], name="channel_name_unique_per_tenant"),
            models.CheckConstraint(condition=Q(weight__gte=1), name="channel_weight_positive"),
        ]

    def __str__(self) -> str:
        return self.name


class ChannelKey(models.Model):
    """One credential of a channel's pool; what is kept is sealed, what is shown are the last four characters."""

    class State(models.TextChoices):
        ACTIVE = "active", _("active")
        DISABLED = "disabled", _("disabled")

    channel = models.ForeignKey(Channel, models.CASCADE, related_name="keys", verbose_name=_("channel"))
    sealed = models.TextField(editable=False)
    last4 = models.CharField(_("last four"), max_length=4, blank=True, editable=False)
    weight = models.PositiveIntegerField(_("weight"), default=1)
    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.ACTIVE)
    reason = models.CharField(_("reason"), max_length=300, blank=True)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    tenant_path: ClassVar[str] = "channel__tenant"

    class Meta:
        verbose_name = _("channel key")
        verbose_name_plural = _("channel keys")

    def __str__(self) -> str:
        return self.masked

    @property
    def masked(self) -> str:
        """Return what may be shown of the credential."""
        return f"…{self.last4}" if self.last4 else "…"


class ChannelModel(models.Model):
    """A model a channel serves: the public name and the name upstream."""

    channel = models.ForeignKey(Channel, models.CASCADE, related_name="models", verbose_name=_("channel"))
    name = models.CharField(_("public name"), max_length=120)
    upstream_name = models.CharField(_("name upstream"), max_length=200)

    tenant_path: ClassVar[str] = "channel__tenant"

    class Meta:
        verbose_name = _("channel model")
        verbose_name_plural = _("channel models")
        ordering: ClassVar[Sequence[str]] = ["name"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["channel", "name"], name="model_once_per_channel"),
        ]

    def __str__(self) -> str:
        return self.name if self.name == self.upstream_name else f"{self.name} → {self.upstream_name}"


class ChannelCost(models.Model):
    """What an upstream charges us for a model (`*`: for all others): µ$ per million tokens by bucket, µ$ per call.

    An empty bucket costs what its plain neighbour costs: cache, audio and image inputs as input, reasoning, audio and
    image outputs as output. `units` (`tool:web_search`, `seconds`, …) are µ$ per million; `tiers` a list of
    {"above": tokens of context, bucket: price, …}, smallest first.
    """

    BUCKETS: ClassVar[tuple[str, ...]] = (
        "input",
        "cache_read",
        "cache_write_5m",
        "cache_write_1h",
        "audio_input",
        "image_input",
        "output",
        "reasoning",
        "audio_output",
        "image_output",
    )

    channel = models.ForeignKey(Channel, models.CASCADE, related_name="costs", verbose_name=_("channel"))
    model = models.CharField(_("model"), max_length=120)
    input = models.PositiveBigIntegerField(_("input"), default=0)
    cache_read = models.PositiveBigIntegerField(_("cache read"), null=True, blank=True)
    cache_write_5m = models.PositiveBigIntegerField(_("cache write, 5 minutes"), null=True, blank=True)
    cache_write_1h = models.PositiveBigIntegerField(_("cache write, 1 hour"), null=True, blank=True)
    audio_input = models.PositiveBigIntegerField(_("audio input"), null=True, blank=True)
    image_input = models.PositiveBigIntegerField(_("image input"), null=True, blank=True)
    output = models.PositiveBigIntegerField(_("output"), default=0)
    reasoning = models.PositiveBigIntegerField(_("reasoning"), null=True, blank=True)
    audio_output = models.PositiveBigIntegerField(_("audio output"), null=True, blank=True)
    image_output = models.PositiveBigIntegerField(_("image output"), null=True, blank=True)
    per_call = models.PositiveBigIntegerField(_("per call"), default=0)
    units = models.JSONField(_("units"), default=dict, blank=True)
    tiers = models.JSONField(_("context tiers"), default=list, blank=True)

    tenant_path: ClassVar[str] = "channel__tenant"

    class Meta:
        verbose_name = _("upstream price")
        verbose_name_plural = _("upstream prices")
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["channel", "model"], name="cost_once_per_channel_and_model"),
        ]

    def __str__(self) -> str:
        return f"{self.channel}: {self.model}"


class ChannelCheck(models.Model):
    """The last health check of a channel; kept apart from it so that checks do not disturb what the relay knows."""

    class State(models.TextChoices):
        OK = "ok", _("answers")
        FAILED = "failed", _("fails")

    channel = models.OneToOneField(Channel, models.CASCADE, related_name="check_result", verbose_name=_("channel"))
    state = models.CharField(_("state"), max_length=10, choices=State.choices)
    latency_ms = models.PositiveIntegerField(_("latency, ms"), null=True, blank=True)
    failure = models.CharField(_("failure"), max_length=20, blank=True)
    message = models.CharField(_("message"), max_length=300, blank=True)
    failures_in_row = models.PositiveIntegerField(_("failures in a row"), default=0)
    checked_at = models.DateTimeField(_("checked"))

    tenant_path: ClassVar[str] = "channel__tenant"

    class Meta:
        verbose_name = _("health check")
        verbose_name_plural = _("health checks")

    def __str__(self) -> str:
        return f"{self.channel}: {self.get_state_display()}"

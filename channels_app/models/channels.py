"""Channels to upstreams: credentials, models, limits, upstream prices."""

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

    class KeyOrder(models.TextChoices):
        WEIGHTED = "weighted", _("by weight")
        ROUND_ROBIN = "round_robin", _("one after the other")

    class CheckKind(models.TextChoices):
        AUTO = "auto", _("by the model's name")
        CHAT = "chat", _("chat, whole")
        STREAM = "stream", _("chat, to the first token")
        EMBEDDINGS = "embeddings", _("embeddings")
        IMAGES = "images", _("one picture")
        MODELS = "models", _("list of models, free of charge")
        OFF = "off", _("none")

    class Fault(models.TextChoices):
        NONE = "", _("none")
        DEAD = "dead", _("no connection")
        ERROR = "error", _("server error")
        SLOW = "slow", _("five seconds late")
        RATE_LIMITED = "rate_limited", _("too many calls")
        NO_QUOTA = "no_quota", _("no money")
        BAD_KEY = "bad_key", _("key refused")

    tenant = models.ForeignKey(Tenant, models.PROTECT, related_name="channels", verbose_name=_("owner"))
    name = models.CharField(_("name"), max_length=80)
    provider = models.CharField(_("provider"), max_length=40, choices=provider_choices)
    base_url = models.CharField(_("base address"), max_length=300, blank=True, help_text=_("Empty for the vendor's own."))
    options = models.JSONField(_("options"), default=dict, blank=True)
    groups = ArrayField(models.CharField(max_length=40), default=default_groups, verbose_name=_("customer groups"))
    priority = models.IntegerField(_("priority"), default=0, help_text=_("Higher ones are asked first."))
    weight = models.PositiveIntegerField(_("weight"), default=1, help_text=_("Share among channels of the same priority."))
    allow_private = models.BooleanField(_("may call private addresses"), default=False)
    tags = ArrayField(models.CharField(max_length=40), default=list, blank=True, verbose_name=_("tags"))
    key_order = models.CharField(_("order of keys"), max_length=12, choices=KeyOrder.choices, default=KeyOrder.WEIGHTED)
    rpm = models.PositiveIntegerField(_("calls per minute"), null=True, blank=True)
    tpm = models.PositiveIntegerField(_("tokens per minute"), null=True, blank=True)
    concurrency = models.PositiveIntegerField(_("calls at once"), null=True, blank=True)
    daily_cost_micros = models.PositiveBigIntegerField(_("upstream cost per day (UTC)"), null=True, blank=True)
    allow_loss = models.BooleanField(
        _("may cost more than it sells for"), default=False, help_text=_("Without it, calls that would lose money go elsewhere.")
    )
    is_watched = models.BooleanField(
        _("taken out by checks"), default=True, help_text=_("Checks that fail take it out, and bring it back when they succeed.")
    )
    check_model = models.CharField(
        _("model of the check"), max_length=120, blank=True, help_text=_("Empty: the first of its models that fits the kind.")
    )
    check_kind = models.CharField(_("kind of check"), max_length=12, choices=CheckKind.choices, default=CheckKind.AUTO)
    check_seconds = models.PositiveIntegerField(_("seconds between checks"), default=300)
    low_balance = models.DecimalField(
        _("alarm below a balance of"), max_digits=20, decimal_places=4, null=True, blank=True, help_text=_("In the vendor's currency.")
    )
    fault = models.CharField(_("drill"), max_length=12, choices=Fault.choices, default=Fault.NONE)
    fault_percent = models.PositiveSmallIntegerField(_("share of calls in the drill, %"), default=100)
    fault_until = models.DateTimeField(_("end of the drill"), null=True, blank=True)
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
            models.CheckConstraint(condition=Q(fault_percent__lte=100), name="channel_fault_share"),
            models.CheckConstraint(condition=Q(check_seconds__gte=30), name="channel_check_pause"),
        ]

    def __str__(self) -> str:
        return self.name


class ChannelKey(models.Model):
    """One credential of a channel's pool; what is kept is sealed, what is shown are the last four characters."""

    class State(models.TextChoices):
        ACTIVE = "active", _("active")
        DISABLED = "disabled", _("disabled")
        REFUSED = "refused", _("refused by the vendor")
        EMPTY = "empty", _("without money")

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

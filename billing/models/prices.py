"""Price books: versioned rules by model pattern, one book a tenant; and exchange rates."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import Tenant


class PriceBook(models.Model):
    """The prices of one tenant: the platform's are everybody's wholesale prices, a reseller's its customers' retail ones."""

    tenant = models.OneToOneField(Tenant, models.PROTECT, related_name="price_book", verbose_name=_("tenant"))
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    tenant_path: ClassVar[str] = "tenant"

    class Meta:
        verbose_name = _("price book")
        verbose_name_plural = _("price books")

    def __str__(self) -> str:
        return str(self.tenant)


def _price(label: object) -> models.PositiveBigIntegerField[int | None, int | None]:
    return models.PositiveBigIntegerField(label, null=True, blank=True)  # type: ignore[arg-type]  # lazy texts are fine here


class PriceRule(models.Model):
    """What models of a pattern cost, from one moment to another; never edited, only ended and followed by the next.

    Prices are µ$ per million tokens, `per_call` is µ$. An empty bucket follows its base (input or output). `units` maps
    what is counted otherwise (`image:1024x1024:hd`, `tool:web_search`, `seconds`) to µ$ per million of them; `tiers` is a
    list of {"above": tokens of context, bucket: price, …}, smallest first. `mode` says what a reseller's prices mean.
    """

    class Mode(models.TextChoices):
        PRICE = "price", _("fixed price")
        INHERIT = "inherit", _("wholesale price as it is")
        PERCENT = "percent", _("wholesale price and a percentage")
        ADDED = "added", _("wholesale price and an amount")

    book = models.ForeignKey(PriceBook, models.PROTECT, related_name="rules", verbose_name=_("price book"))
    pattern = models.CharField(_("model pattern"), max_length=120)
    mode = models.CharField(_("mode"), max_length=8, choices=Mode.choices, default=Mode.PRICE)
    factor = models.PositiveIntegerField(_("millionths of the wholesale price"), default=1_000_000)
    input = _price(_("input"))
    cache_read = _price(_("cache read"))
    cache_write_5m = _price(_("cache write, 5 minutes"))
    cache_write_1h = _price(_("cache write, 1 hour"))
    audio_input = _price(_("audio input"))
    image_input = _price(_("image input"))
    output = _price(_("output"))
    reasoning = _price(_("reasoning"))
    audio_output = _price(_("audio output"))
    image_output = _price(_("image output"))
    per_call = _price(_("per call"))
    units = models.JSONField(_("units"), default=dict, blank=True)
    tiers = models.JSONField(_("context tiers"), default=list, blank=True)
    hold_ceiling = models.PositiveIntegerField(_("tokens reserved at first"), null=True, blank=True)
    priced_as = models.CharField(_("priced as"), max_length=120, blank=True)
    source = models.CharField(_("source"), max_length=200, blank=True)
    valid_from = models.DateTimeField(_("valid from"), default=timezone.now)
    valid_to = models.DateTimeField(_("valid to"), null=True, blank=True)

    tenant_path: ClassVar[str] = "book__tenant"

    class Meta:
        verbose_name = _("price")
        verbose_name_plural = _("prices")
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["book", "pattern"], condition=Q(valid_to=None), name="one_current_price"),
            models.CheckConstraint(condition=Q(valid_to=None) | Q(valid_to__gte=F("valid_from")), name="price_validity_in_order"),
        ]

    def __str__(self) -> str:
        return self.pattern


class GroupRate(models.Model):
    """What a customer group pays: millionths of its seller's price, from one moment to another; only ended, never edited."""

    book = models.ForeignKey(PriceBook, models.PROTECT, related_name="groups", verbose_name=_("price book"))
    group = models.CharField(_("customer group"), max_length=40)
    factor = models.PositiveIntegerField(_("millionths of the price"))
    valid_from = models.DateTimeField(_("valid from"), default=timezone.now)
    valid_to = models.DateTimeField(_("valid to"), null=True, blank=True)

    tenant_path: ClassVar[str] = "book__tenant"

    class Meta:
        verbose_name = _("group price")
        verbose_name_plural = _("group prices")
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["book", "group"], condition=Q(valid_to=None), name="one_current_group_rate"),
            models.CheckConstraint(condition=Q(factor__gt=0), name="group_rate_positive"),
        ]

    def __str__(self) -> str:
        return self.group


class PriceCeiling(models.Model):
    """The most a shop may ask for: millionths of its wholesale price, from one moment to another; only ended, never edited."""

    book = models.ForeignKey(PriceBook, models.PROTECT, related_name="ceilings", verbose_name=_("price book"))
    factor = models.PositiveIntegerField(_("millionths of the wholesale price"))
    valid_from = models.DateTimeField(_("valid from"), default=timezone.now)
    valid_to = models.DateTimeField(_("valid to"), null=True, blank=True)

    tenant_path: ClassVar[str] = "book__tenant"

    class Meta:
        verbose_name = _("maximal mark-up")
        verbose_name_plural = _("maximal mark-ups")
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["book"], condition=Q(valid_to=None), name="one_current_ceiling"),
            models.CheckConstraint(condition=Q(factor__gte=1_000_000), name="ceiling_not_below_wholesale"),
        ]

    def __str__(self) -> str:
        return str(self.book)


class ExchangeRate(models.Model):
    """How many units of `quote` one unit of `base` buys, from a moment on."""

    class Source(models.TextChoices):
        MANUAL = "manual", _("typed in")
        IMPORT = "import", _("imported")

    base = models.CharField(_("currency"), max_length=3)
    quote = models.CharField(_("in"), max_length=3)
    rate = models.DecimalField(_("rate"), max_digits=20, decimal_places=10)
    valid_from = models.DateTimeField(_("valid from"), default=timezone.now)
    source = models.CharField(_("source"), max_length=8, choices=Source.choices, default=Source.MANUAL)

    class Meta:
        verbose_name = _("exchange rate")
        verbose_name_plural = _("exchange rates")
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(condition=Q(rate__gt=0), name="exchange_rate_positive"),
            models.UniqueConstraint(fields=["base", "quote", "valid_from"], name="one_rate_per_moment"),
        ]

    def __str__(self) -> str:
        return f"{self.base}/{self.quote}"

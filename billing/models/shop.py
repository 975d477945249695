"""The shop: products, orders, payment attempts, gateway accounts; each step of an order or a payment leaves an `OrderEvent`."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Membership, Tenant
from foundation.translations import Limits, Translated


class Category(Translated):
    """A shelf of a shop."""

    tenant = models.ForeignKey(Tenant, models.PROTECT, related_name="categories", verbose_name=_("tenant"))
    slug = models.SlugField(_("short name"), max_length=60)
    name = models.CharField(_("name"), max_length=80)
    description = models.TextField(_("description"), blank=True, help_text=_("Markdown."))
    sort = models.SmallIntegerField(_("place in the list"), default=0)
    is_active = models.BooleanField(_("shown"), default=True)

    tenant_path: ClassVar[str] = "tenant"
    translatable: ClassVar[Limits] = {"name": 80, "slug": 60, "description": 20_000}

    class Meta:
        verbose_name = _("category")
        verbose_name_plural = _("categories")
        ordering: ClassVar[list[str]] = ["sort", "id"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["tenant", "slug"], name="one_category_per_slug"),
        ]

    def __str__(self) -> str:
        return self.name


class Product(Translated):
    """Something for a price. What is in stock depends on the kind: codes minted for it, cards imported for it, or a number.

    `tiers` is a list of {"from": pieces, "price_minor": price of each}, smallest first. `questions` are what buyers are asked,
    as `billing.questions` reads them. A variant is a product that is offered on the page of its `lead`, whose description,
    pictures and questions are its own. Among its texts in other languages `asked` spells the questions.
    """

    class Kind(models.TextChoices):
        CODE = "code", _("quota code")
        KEY = "key", _("ready key")
        MANUAL = "manual", _("by hand")
        CARD = "card", _("imported card")
        TOPUP = "topup", _("top-up of the wallet")
        STOCK = "stock", _("stock for shops")

    # Kinds whose stock are minted codes, and all that sell quota.
    MINTED_KINDS: ClassVar[tuple[str, ...]] = (Kind.CODE, Kind.KEY)
    QUOTA_KINDS: ClassVar[tuple[str, ...]] = (*MINTED_KINDS, Kind.TOPUP, Kind.STOCK)

    class StockShown(models.TextChoices):
        RANGE = "range", _("as a range")
        EXACT = "exact", _("exactly")
        HIDDEN = "hidden", _("not at all")

    class Tag(models.TextChoices):
        NONE = "", _("none")
        HOT = "hot", _("Hot")
        BONUS = "bonus", _("Bonus")
        NEW = "new", _("New")
        VALUE = "value", _("Best value")

    tenant = models.ForeignKey(Tenant, models.PROTECT, related_name="products", verbose_name=_("tenant"))
    slug = models.SlugField(_("short name"), max_length=60)
    name = models.CharField(_("name"), max_length=120)
    kind = models.CharField(_("delivered as"), max_length=10, choices=Kind.choices, default=Kind.CODE)
    lead = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="variants", verbose_name=_("variant of"),
        help_text=_("The product on whose page this one is offered."),
    )  # fmt: skip
    choice = models.CharField(_("name as a choice"), max_length=60, blank=True, help_text=_("Such as $5, where there are variants."))
    summary = models.CharField(
        _("in one line"), max_length=160, blank=True, help_text=_("Below the name; empty: cards begin with the description.")
    )
    tag = models.CharField(
        _("tag"), max_length=10, choices=Tag.choices, default="", db_default="", blank=True, help_text=_("A label on its card.")
    )
    tag_text = models.CharField(
        _("own words on the tag"), max_length=24, default="", db_default="", blank=True,
        help_text=_("Such as +10%; empty: the word of the tag in the reader's language."),
    )  # fmt: skip
    description = models.TextField(_("description"), blank=True, help_text=_("Markdown."))
    instructions = models.TextField(_("shown after payment"), blank=True, help_text=_("Markdown."))
    questions = models.JSONField(_("asked of the buyer"), default=list, blank=True)
    meta_title = models.CharField(_("title for search engines"), max_length=120, blank=True, help_text=_("Empty: the name."))
    meta_description = models.CharField(
        _("text for search engines"), max_length=300, blank=True, help_text=_("Empty: the line below the name, else the description.")
    )
    units_micros = models.PositiveBigIntegerField(_("quota in µ$"))
    # Of a top-up: what comes on top, and for how many days it lasts.
    bonus_micros = models.PositiveBigIntegerField(_("bonus in µ$"), default=0)
    bonus_days = models.PositiveSmallIntegerField(
        _("days the bonus lasts"), default=30, help_text=_("Only a top-up has a bonus; what of it is not spent by then is gone.")
    )
    price_minor = models.PositiveBigIntegerField(_("price in minor units"))
    currency = models.CharField(_("currency"), max_length=3)
    category = models.ForeignKey(Category, models.SET_NULL, null=True, blank=True, related_name="products", verbose_name=_("category"))
    compare_minor = models.PositiveBigIntegerField(_("struck price in minor units"), null=True, blank=True)
    tiers = models.JSONField(_("prices for many"), default=list, blank=True)
    # What is delivered by hand: how many are left, null = as many as are ordered.
    stock_left = models.PositiveIntegerField(
        _("pieces left"), null=True, blank=True, help_text=_("Of what you deliver by hand; empty: as many as are ordered.")
    )
    low_stock = models.PositiveIntegerField(
        _("staff are told below"), default=5, null=True, blank=True,
        help_text=_("Pieces left; empty: nobody is told, not even when it is sold out."),
    )  # fmt: skip
    stock_shown = models.CharField(_("stock is shown"), max_length=10, choices=StockShown.choices, default=StockShown.RANGE)
    least_pieces = models.PositiveSmallIntegerField(_("pieces per order, at least"), default=1)
    most_pieces = models.PositiveSmallIntegerField(_("pieces per order, at most"), default=20)
    most_each = models.PositiveIntegerField(_("pieces per customer"), null=True, blank=True)
    is_active = models.BooleanField(_("on sale"), default=True)
    sort = models.SmallIntegerField(_("place in the list"), default=0)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    tenant_path: ClassVar[str] = "tenant"
    translatable: ClassVar[Limits] = {
        "name": 120, "slug": 60, "choice": 60, "summary": 160, "tag_text": 24, "description": 20_000, "instructions": 20_000,
        "asked": 5_000, "meta_title": 120, "meta_description": 300,
    }  # fmt: skip

    class Meta:
        verbose_name = _("product")
        verbose_name_plural = _("products")
        ordering: ClassVar[list[str]] = ["sort", "units_micros", "id"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["tenant", "slug"], name="one_product_per_slug"),
            models.CheckConstraint(condition=Q(price_minor__gt=0), name="product_amounts_positive"),
            models.CheckConstraint(condition=~Q(lead=F("id")), name="product_does_not_lead_itself"),
            models.CheckConstraint(condition=Q(kind__in=["manual", "card"]) ^ Q(units_micros__gt=0), name="product_quota_by_kind"),
            models.CheckConstraint(condition=Q(least_pieces__gte=1, most_pieces__gte=F("least_pieces")), name="product_pieces_in_order"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def tag_shown(self) -> str:
        """Return the words on the tag, of a spoken copy in its reader's language; empty without a tag."""
        return (self.tag_text or str(self.Tag(self.tag).label)) if self.tag else ""


class GatewayAccount(models.Model):
    """A tenant's account at a payment gateway; secrets are sealed, an account without them answers 404."""

    tenant = models.ForeignKey(Tenant, models.PROTECT, related_name="gateway_accounts", verbose_name=_("tenant"))
    driver = models.CharField(_("gateway"), max_length=20)
    name = models.CharField(_("name"), max_length=60, blank=True)
    # In the address to which the gateway sends its messages; no secret, but nothing to guess either.
    token = models.CharField(max_length=24, unique=True, editable=False)
    sealed = models.TextField(_("secrets"), blank=True, editable=False)
    options = models.JSONField(_("options"), default=dict, blank=True)
    is_enabled = models.BooleanField(_("enabled"), default=True)
    # The platform's own account, lent: what buyers of those shops pay through it is owed to the shop, less the fee.
    lent_to = models.ManyToManyField(Tenant, blank=True, related_name="+", verbose_name=_("shops that may use it"))
    lent_fee = models.PositiveSmallIntegerField(_("fee in hundredths of a per cent"), default=0)
    lent_days = models.PositiveSmallIntegerField(_("days until a shop may withdraw"), default=7)
    # Written now and then only, however often it fails: each change of an account makes all processes read accounts again.
    failed_at = models.DateTimeField(_("failed last"), null=True, editable=False)
    failure = models.CharField(_("why it failed"), max_length=200, blank=True, default="", db_default="", editable=False)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    tenant_path: ClassVar[str] = "tenant"
    # The driver of money that staff confirm by hand: it comes past all gateways.
    MANUAL: ClassVar[str] = "manual"

    class Meta:
        verbose_name = _("payment account")
        verbose_name_plural = _("payment accounts")
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["tenant"], condition=Q(driver="credit"), name="one_store_credit_per_shop"),
            models.UniqueConstraint(fields=["tenant"], condition=Q(driver="manual"), name="one_manual_account_per_shop"),
        ]

    def __str__(self) -> str:
        return self.name or self.driver


class Order(models.Model):
    """What somebody buys: a snapshot of the product at that moment, reachable by its secret address only."""

    class State(models.TextChoices):
        PENDING = "pending", _("waiting for payment")
        PAID = "paid", _("paid")
        DELIVERED = "delivered", _("delivered")
        EXPIRED = "expired", _("expired")
        CANCELED = "canceled", _("canceled")
        REVIEW = "review", _("under review")
        REFUNDED = "refunded", _("refunded")

    tenant = models.ForeignKey(Tenant, models.PROTECT, related_name="orders", verbose_name=_("tenant"))
    number = models.CharField(_("number"), max_length=24, unique=True)
    # The secret part of the order's address: found by digest, shown again to its owner from the sealed text.
    capability_digest = models.CharField(max_length=64, unique=True, editable=False)
    capability_sealed = models.TextField(editable=False)
    product = models.ForeignKey(Product, models.PROTECT, related_name="orders", verbose_name=_("product"))
    product_name = models.CharField(_("product name"), max_length=120)
    kind = models.CharField(_("delivered as"), max_length=10, choices=Product.Kind.choices, default=Product.Kind.CODE)
    instructions = models.TextField(_("shown after payment"), blank=True)
    # What the buyer answered: [{"label": …, "value": …}].
    answers = models.JSONField(_("answers"), default=list, blank=True)
    quantity = models.PositiveSmallIntegerField(_("quantity"))
    units_micros = models.PositiveBigIntegerField(_("quota of each in µ$"))
    bonus_micros = models.PositiveBigIntegerField(_("bonus of each in µ$"), default=0)
    bonus_days = models.PositiveSmallIntegerField(_("days the bonus lasts"), default=0)
    # The shop whose stock grows, of an order of stock.
    recipient = models.ForeignKey(Tenant, models.PROTECT, null=True, blank=True, related_name="purchases", verbose_name=_("bought by"))
    total_minor = models.PositiveBigIntegerField(_("total in minor units"))
    currency = models.CharField(_("currency"), max_length=3)
    email = models.EmailField(_("e-mail"), blank=True)
    contact = models.CharField(_("phone or other contact"), max_length=80, blank=True)
    membership = models.ForeignKey(Membership, models.PROTECT, null=True, blank=True, related_name="orders", verbose_name=_("customer"))
    language = models.CharField(_("language"), max_length=10, blank=True)
    address = models.GenericIPAddressField(_("address"), null=True, blank=True)
    # The shop's pages that its buyer accepted by ordering (`created_at`): [{"kind": …, "language": …, "version": …}].
    accepted = models.JSONField(_("accepted pages"), default=list, db_default=[], blank=True)
    # Where it was placed, such as https://shop.example/prefix: mails lead back there.
    site = models.CharField(_("placed at"), max_length=200, blank=True)
    # What staff wrote to deliver by hand, sealed.
    delivery_sealed = models.TextField(blank=True, editable=False)
    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.PENDING)
    review_reason = models.CharField(_("why under review"), max_length=200, blank=True)
    reserved_until = models.DateTimeField(_("reserved until"))
    created_at = models.DateTimeField(_("placed"), auto_now_add=True)
    paid_at = models.DateTimeField(_("paid at"), null=True, blank=True)
    delivered_at = models.DateTimeField(_("delivered at"), null=True, blank=True)

    tenant_path: ClassVar[str] = "tenant"
    owner_path: ClassVar[str] = "membership"

    class Meta:
        verbose_name = _("order")
        verbose_name_plural = _("orders")
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["reserved_until"], condition=Q(state="pending"), name="order_pending"),
            models.Index(fields=["address"], condition=Q(state="pending"), name="order_pending_by_address"),
            models.Index(fields=["tenant", "email"], name="order_by_email"),
        ]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(condition=Q(quantity__gt=0, total_minor__gt=0), name="order_amounts_positive"),
        ]

    def __str__(self) -> str:
        return self.number


class PaymentAttempt(models.Model):
    """One try to pay an order through one account; at most one of them settles the order."""

    class State(models.TextChoices):
        PENDING = "pending", _("waiting")
        SUCCEEDED = "succeeded", _("succeeded")
        FAILED = "failed", _("failed")
        EXPIRED = "expired", _("expired")
        CANCELED = "canceled", _("canceled")

    order = models.ForeignKey(Order, models.PROTECT, related_name="attempts", verbose_name=_("order"))
    account = models.ForeignKey(GatewayAccount, models.PROTECT, related_name="attempts", verbose_name=_("payment account"))
    token = models.CharField(_("token"), max_length=32, unique=True, editable=False)
    amount_minor = models.PositiveBigIntegerField(_("amount in minor units"))
    currency = models.CharField(_("currency"), max_length=3)
    # What the buyer's store credit pays beside it, in the order's currency: held while this waits, taken when it succeeds.
    credit_minor = models.PositiveBigIntegerField(_("store credit in minor units"), default=0)
    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.PENDING)
    # What really came; null = nothing yet.
    received_minor = models.BigIntegerField(_("received"), null=True, blank=True)
    received_currency = models.CharField(_("received currency"), max_length=3, blank=True)
    # What the platform keeps of it where the account is lent.
    fee_minor = models.PositiveBigIntegerField(_("fee in minor units"), default=0)
    provider_transaction = models.CharField(_("the gateway's number"), max_length=120, null=True, blank=True)
    settles_order = models.BooleanField(_("settles the order"), default=False)
    # What the gateway calls it (its session, invoice, address), as the driver needs it.
    details = models.JSONField(_("details"), default=dict, blank=True, editable=False)
    # A keyed digest of the card or account that paid; `-` where the gateway does not tell, empty while it was not asked.
    payer = models.CharField(max_length=64, blank=True, default="", db_default="", editable=False)
    review_reason = models.CharField(_("why under review"), max_length=200, blank=True)
    created_at = models.DateTimeField(_("started"), auto_now_add=True)
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)

    tenant_path: ClassVar[str] = "order__tenant"

    class Meta:
        verbose_name = _("payment")
        verbose_name_plural = _("payments")
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["order"], condition=Q(settles_order=True), name="one_payment_settles"),
            models.UniqueConstraint(fields=["account", "provider_transaction"], name="one_row_per_gateway_payment"),
        ]

    def __str__(self) -> str:
        return f"{self.order_id}: {self.amount_minor} {self.currency} {self.state}"


class OrderEvent(models.Model):
    """One step of an order or of one of its payments."""

    order = models.ForeignKey(Order, models.PROTECT, related_name="events", verbose_name=_("order"))
    attempt = models.ForeignKey(PaymentAttempt, models.PROTECT, null=True, related_name="events", verbose_name=_("payment"))
    before = models.CharField(_("from"), max_length=10, blank=True)
    after = models.CharField(_("to"), max_length=10)
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name=_("by"))
    reason = models.CharField(_("reason"), max_length=200, blank=True)
    created_at = models.DateTimeField(_("at"), auto_now_add=True)

    tenant_path: ClassVar[str] = "order__tenant"

    class Meta:
        verbose_name = _("order event")
        verbose_name_plural = _("order events")
        ordering: ClassVar[list[str]] = ["id"]

    def __str__(self) -> str:
        return f"{self.before} → {self.after}"

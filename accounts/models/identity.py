"""People, tenants, memberships, sub-keys and access tokens."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.core.exceptions import ValidationError
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from foundation.translations import Limits, Translated
from foundation.words import ListedWords, Words


class UserManager(BaseUserManager["User"]):
    """Make users; an address is compared in lower case."""

    def create_user(self, *, email: str, password: str | None = None) -> User:
        user = self.model(email=self.normalize_email(email).lower())
        user.set_password(password)
        user.save(using=self._db)
        return user

    def get_by_natural_key(self, username: str | None) -> User:
        return self.get(email=(username or "").lower())


class User(AbstractBaseUser):
    """A person, known to the whole platform; what they may do stands in their memberships."""

    email = models.EmailField(_("e-mail"), unique=True, null=True)
    name = models.CharField(_("name"), max_length=80, blank=True)
    language = models.CharField(_("language"), max_length=10, blank=True)
    is_active = models.BooleanField(_("active"), default=True)
    date_joined = models.DateTimeField(_("joined"), default=timezone.now)

    tenant_path: ClassVar[str] = "memberships__tenant"
    objects: ClassVar[UserManager] = UserManager()
    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        verbose_name = _("person")
        verbose_name_plural = _("people")
        indexes: ClassVar[list[models.Index]] = [GinIndex(Words("email", "name"), name="words_of_people")]

    def __str__(self) -> str:
        return self.email or self.name or f"#{self.pk}"

    @property
    def is_staff(self) -> bool:
        """Django asks; roles stand in memberships and both admin sites look there."""
        return False

    def get_short_name(self) -> str:
        return self.name or (self.email or "").partition("@")[0]

    get_full_name = get_short_name


class Tenant(Translated):
    """A shop with its own brand, prices and customers; the root tenant is the platform itself."""

    class State(models.TextChoices):
        OPEN = "open", _("open")
        SUSPENDED = "suspended", _("suspended")
        CLOSED = "closed", _("closed")

    class SignUp(models.TextChoices):
        OPEN = "open", _("everybody")
        INVITE = "invite", _("by invitation")
        EMAIL_DOMAINS = "domains", _("with an address of certain domains")
        APPROVAL = "approval", _("with approval by the staff")

    class Facade(models.TextChoices):
        NONE = "", _("none")
        ONE_API = "one-api", "one-api"
        NEW_API = "new-api", "new-api"

    class Captcha(models.TextChoices):
        NEVER = "never", _("never")
        FAILURES = "failures", _("after failures")
        ALWAYS = "always", _("always")

    class QuotaUnit(models.TextChoices):
        USD = "usd", _("US dollars")
        CURRENCY = "currency", _("the shop's currency")
        POINTS = "points", _("points, 500,000 for $1")

    tenant_path: ClassVar[str] = "pk"
    translatable: ClassVar[Limits] = {"name": 80, "announcement": 20_000, "footer": 300, "contact": 200, "faq": 20_000}

    slug = models.SlugField(_("short name"), max_length=40, unique=True)
    name = models.CharField(_("name"), max_length=80)
    parent = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="children", verbose_name=_("seller"))
    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.OPEN)
    sign_up = models.CharField(_("sign-up"), max_length=10, choices=SignUp.choices, default=SignUp.OPEN)
    sign_up_domains = ArrayField(models.CharField(max_length=253), default=list, blank=True, verbose_name=_("e-mail domains"))
    captcha = models.CharField(_("human check"), max_length=10, choices=Captcha.choices, default=Captcha.FAILURES)
    # Empty: every language of the platform.
    languages = ArrayField(models.CharField(max_length=10), default=list, blank=True, verbose_name=_("languages"))
    currency = models.CharField(_("currency"), max_length=3, default="CNY")
    quota_unit = models.CharField(
        _("quota is shown in"), max_length=8, choices=QuotaUnit.choices, default=QuotaUnit.USD,
        help_text=_(
            "How customers see balances, limits and prices of models; the books stay in dollars. The currency counts at the "
            "exchange rate of now: another rate changes how balances look, not what they are. While no rate is known: dollars."
        ),
    )  # fmt: skip
    language = models.CharField(_("language"), max_length=10, default="en")
    zone = models.CharField(_("time zone"), max_length=40, default="UTC")
    colour = models.CharField(_("brand colour"), max_length=7, default="#4f46e5")
    logo_url = models.CharField(_("logo"), max_length=300, blank=True)
    announcement = models.TextField(_("announcement"), blank=True)
    footer = models.CharField(_("footer"), max_length=300, blank=True)
    contact = models.CharField(_("contact"), max_length=200, blank=True)
    faq = models.TextField(
        _("questions and answers"), default="", db_default="", blank=True,
        help_text=_("Markdown: each heading (## …) is a question. Empty: what is true of every shop here and of how this one is set up."),
    )  # fmt: skip
    reply_to = models.EmailField(_("reply-to address of mails"), blank=True)
    facade = models.CharField(
        _("answers tools made for"), max_length=10, choices=Facade.choices, default=Facade.NONE, blank=True,
        help_text=_("Balance widgets and key tools of one-api and new-api find the addresses they know."),
    )  # fmt: skip
    # Empty: as long as the platform keeps them.
    address_days = models.PositiveSmallIntegerField(
        _("days that network addresses are kept"), null=True, blank=True, validators=[MinValueValidator(1)],
        help_text=_("Then only their network stays. Never longer than the platform keeps them; empty: as long as the platform."),
    )  # fmt: skip
    may_bring_channels = models.BooleanField(_("may bring own channels"), default=True)
    # Why the platform pays this shop nothing out; empty: it does.
    payouts_stopped = models.CharField(
        _("payouts are stopped because"), max_length=200, blank=True, default="", db_default="",
        help_text=_("The shop reads it when it asks for money; empty: payouts go on."),
    )  # fmt: skip
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    class Meta:
        verbose_name = _("tenant")
        verbose_name_plural = _("tenants")
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["parent"], condition=Q(parent=None), nulls_distinct=False, name="one_root_tenant"),
        ]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        """Refuse to keep addresses longer than the platform does."""
        most = settings.ADDRESS_RETENTION_DAYS
        if self.address_days is not None and self.address_days > most:
            text = gettext("The platform keeps addresses for %d days: write no more than that.") % most
            raise ValidationError({"address_days": text})

    @property
    def is_root(self) -> bool:
        """Tell whether this is the platform itself."""
        return self.parent_id is None


class TenantDomain(models.Model):
    """A host name (without port, lower case) on which a tenant answers."""

    tenant = models.ForeignKey(Tenant, models.CASCADE, related_name="domains", verbose_name=_("tenant"))
    host = models.CharField(_("host"), max_length=253, unique=True)
    is_primary = models.BooleanField(_("primary"), default=False)
    proven_at = models.DateTimeField(_("proven"), null=True, blank=True)
    # What the owner writes into the domain's DNS to prove it, and why the last look was in vain.
    proof = models.CharField(_("proof"), max_length=64, blank=True, editable=False)
    checked_at = models.DateTimeField(_("looked up"), null=True, blank=True, editable=False)
    failure = models.CharField(_("last failure"), max_length=200, blank=True, editable=False)

    tenant_path: ClassVar[str] = "tenant"

    class Meta:
        verbose_name = _("domain")
        verbose_name_plural = _("domains")
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["tenant"], condition=Q(is_primary=True), name="one_primary_domain"),
        ]

    def __str__(self) -> str:
        return self.host


class Membership(models.Model):
    """A person at a tenant: the role there, and the owner of one wallet."""

    class Role(models.TextChoices):
        OWNER = "owner", _("owner")
        MANAGER = "manager", _("manager")
        SUPPORT = "support", _("support")
        CUSTOMER = "customer", _("customer")

    class State(models.TextChoices):
        ACTIVE = "active", _("active")
        WAITING = "waiting", _("waits for approval")
        BLOCKED = "blocked", _("blocked")

    STAFF_ROLES: ClassVar[tuple[str, ...]] = ("owner", "manager", "support")

    tenant = models.ForeignKey(Tenant, models.PROTECT, related_name="memberships", verbose_name=_("tenant"))
    user = models.ForeignKey(User, models.PROTECT, related_name="memberships", verbose_name=_("person"))
    role = models.CharField(_("role"), max_length=10, choices=Role.choices, default=Role.CUSTOMER)
    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.ACTIVE)
    username = models.CharField(_("username"), max_length=60, null=True, blank=True)
    group = models.CharField(_("customer group"), max_length=40, default="default")
    note = models.TextField(_("note"), blank=True)
    joined_at = models.DateTimeField(_("joined"), auto_now_add=True)

    tenant_path: ClassVar[str] = "tenant"
    owner_path: ClassVar[str] = "pk"

    class Meta:
        verbose_name = _("membership")
        verbose_name_plural = _("memberships")
        indexes: ClassVar[list[models.Index]] = [
            GinIndex(Words("username", "note"), name="words_of_memberships"),
            models.Index(fields=["tenant", "id"], name="membership_tenant"),
        ]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["tenant", "user"], name="one_membership_per_tenant"),
            models.UniqueConstraint(fields=["tenant", "username"], name="username_unique_per_tenant"),
        ]

    def __str__(self) -> str:
        return f"{self.user} @ {self.tenant}"


class ApiKey(models.Model):
    """A sub-key. The secret is shown once; what is kept is a keyed digest, the public prefix and the last four."""

    class State(models.TextChoices):
        ACTIVE = "active", _("active")
        DISABLED = "disabled", _("disabled")
        REVOKED = "revoked", _("revoked")

    tenant = models.ForeignKey(Tenant, models.PROTECT, related_name="api_keys", verbose_name=_("tenant"))
    membership = models.ForeignKey(Membership, models.PROTECT, related_name="api_keys", verbose_name=_("owner"))
    name = models.CharField(_("name"), max_length=60)
    digest = models.CharField(max_length=64, unique=True, editable=False)
    prefix = models.CharField(_("prefix"), max_length=12, db_index=True, editable=False)
    last4 = models.CharField(_("last four"), max_length=4, editable=False)
    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.ACTIVE)
    expires_at = models.DateTimeField(_("expires"), null=True, blank=True)
    models_allowed = ArrayField(models.CharField(max_length=120), default=list, blank=True, verbose_name=_("allowed models"))
    # `name=model`: what answers a name that the key cannot have as it is; a `*` in the name stands for anything.
    model_aliases = ArrayField(models.CharField(max_length=245), default=list, blank=True, verbose_name=_("other names of models"))
    networks_allowed = ArrayField(models.CharField(max_length=43), default=list, blank=True, verbose_name=_("allowed networks (CIDR)"))
    rpm = models.PositiveIntegerField(_("requests per minute"), null=True, blank=True)
    tpm = models.PositiveIntegerField(_("tokens per minute"), null=True, blank=True)
    concurrency = models.PositiveIntegerField(_("calls at once"), null=True, blank=True)
    tags = ArrayField(models.CharField(max_length=40), default=list, blank=True, verbose_name=_("tags"))
    # The secret before the last rotation, which still works for a while.
    previous_digest = models.CharField(max_length=64, unique=True, null=True, editable=False)
    previous_until = models.DateTimeField(_("the old secret works until"), null=True, blank=True, editable=False)
    # A name and a password in place of the secret (HTTP Basic), for chat pages behind a site's own sign-in.
    login = models.CharField(_("sign-in name"), max_length=60, null=True, editable=False)
    login_digest = models.CharField(max_length=64, unique=True, null=True, editable=False)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    revoked_at = models.DateTimeField(_("revoked"), null=True, blank=True, editable=False)

    tenant_path: ClassVar[str] = "tenant"
    owner_path: ClassVar[str] = "membership"

    class Meta:
        verbose_name = _("sub-key")
        verbose_name_plural = _("sub-keys")
        indexes: ClassVar[list[models.Index]] = [
            GinIndex(ListedWords("name", "tags"), name="words_of_keys"),
            models.Index(fields=["tenant", "id"], name="key_tenant"),
            models.Index(fields=["membership", "id"], name="key_membership"),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.masked})"

    @property
    def masked(self) -> str:
        """Return what may be shown of the secret."""
        return f"{self.prefix}…{self.last4}"


class AccessToken(models.Model):
    """A personal access token of the management API (`kp_…`), kept like a sub-key."""

    membership = models.ForeignKey(Membership, models.CASCADE, related_name="access_tokens", verbose_name=_("owner"))
    name = models.CharField(_("name"), max_length=60)
    digest = models.CharField(max_length=64, unique=True, editable=False)
    prefix = models.CharField(_("prefix"), max_length=12, editable=False)
    scopes = ArrayField(models.CharField(max_length=40), default=list, blank=True, verbose_name=_("scopes"))
    expires_at = models.DateTimeField(_("expires"), null=True, blank=True)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    revoked_at = models.DateTimeField(_("revoked"), null=True, blank=True)

    tenant_path: ClassVar[str] = "membership__tenant"
    owner_path: ClassVar[str] = "membership"

    class Meta:
        verbose_name = _("access token")
        verbose_name_plural = _("access tokens")

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"

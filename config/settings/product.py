"""Keyosk's own settings: relay limits, spool, demo."""

from __future__ import annotations

from config import env
from config.settings.core import PRODUCTION, VAR_DIR

DEMO = env.flag("KEYOSK_DEMO", default=True) and not PRODUCTION
# Hosts of the platform itself (the root tenant); every other host must be a TenantDomain.
PLATFORM_HOSTS = env.names("KEYOSK_PLATFORM_HOSTS", "127.0.0.1")
# Shops without a domain of their own get <short name>.<this>; empty: none.
SHOP_DOMAIN = env.text("KEYOSK_SHOP_DOMAIN", "")
# Where TXT records are looked up (address or address:port); empty: as the machine does.
DNS_SERVERS = env.names("KEYOSK_DNS_SERVERS")
RELAY_BODY_LIMIT = env.number("RELAY_BODY_LIMIT", 32 * 1024 * 1024)
# Paths such as /one-api below which the relay answers as well.
RELAY_MOUNTS = env.names("RELAY_MOUNTS", "/one-api")
# A relay's memory is gathered into huge pages before it serves, where the kernel has them.
HUGE_PAGES = env.flag("RELAY_HUGE_PAGES", default=True)
# Proxies of ours in front (addresses, networks, or `unix`): only they are believed about the client's address.
TRUSTED_PROXIES = env.names("KEYOSK_TRUSTED_PROXIES")
# Deadlines of a call to an upstream: to connect, to its first byte, between two reads, for everything.
UPSTREAM_CONNECT_SECONDS = env.seconds("UPSTREAM_CONNECT", 10)
UPSTREAM_FIRST_BYTE_SECONDS = env.seconds("UPSTREAM_FIRST_BYTE", 300)
UPSTREAM_IDLE_SECONDS = env.seconds("UPSTREAM_IDLE", 300)
UPSTREAM_TOTAL_SECONDS = env.seconds("UPSTREAM_TOTAL", 900)
# How long after a call has come in another channel may still be asked for it.
UPSTREAM_FAILOVER_SECONDS = env.seconds("UPSTREAM_FAILOVER", 330)
# How long, how much (bytes) and how many abandoned streams are read on to bill them by their real usage.
DRAIN_SECONDS = env.seconds("DRAIN_SECONDS", 60)
DRAIN_BYTES = env.number("DRAIN_BYTES", 4 * 1024 * 1024)
DRAIN_NUMBER = env.number("DRAIN_NUMBER", 64)
# Owners of wallets are told when less than this is left, unless they chose another amount; 0 = nobody is.
LOW_WALLET_CENTS = env.number("LOW_WALLET_CENTS", 100)
# Large multipart bodies while they are read; its files have no names and end with their call.
UPLOAD_DIR = VAR_DIR / "uploads"
SPOOL_DIR = VAR_DIR / "spool"
SPOOL_MAX_BYTES = env.number("SPOOL_MAX", 256 * 1024 * 1024)
SPOOL_MIN_FREE_BYTES = env.number("SPOOL_MIN_FREE", 64 * 1024 * 1024)
SPOOL_KEEP_SECONDS = env.seconds("SPOOL_KEEP", 48 * 3600)
# How long usage rows are kept; a tenant's own number of days goes before it. Replayed spool files must find them.
USAGE_RETENTION_DAYS = env.number("USAGE_RETENTION", 400, least=7)
# After so many days network addresses keep only their network, and unpaid orders forget e-mail and contact.
ADDRESS_RETENTION_DAYS = env.number("ADDRESS_RETENTION", 30, least=1)
UNPAID_EMAIL_RETENTION_DAYS = env.number("UNPAID_EMAIL_RETENTION", 90, least=1)
# Who may read /metrics; without it, outside production, only this machine.
METRICS_TOKEN = env.secret("METRICS_TOKEN", "")
PAGES_SOCKET = env.text("KEYOSK_PAGES_SOCKET", "")
NODE_NAME = env.text("KEYOSK_NODE", "")

REST_FRAMEWORK = {
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "console.api.errors.handle",
    "UNAUTHENTICATED_USER": None,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Keyosk",
    "VERSION": "0.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "ENUM_NAME_OVERRIDES": {
        "KeyState": "accounts.models.ApiKey.State",
        "PriceMode": ["price", "inherit", "percent", "added"],
        "RoutingMode": "channels_app.models.RoutingPolicy.Mode",
        "VendorSlug": "console.api.channel_shapes.PROVIDERS",
        "JobState": "foundation.models.Job.State",
        "TurnstileMode": "accounts.models.Turnstile.Mode",
        "CustomerState": "accounts.models.Membership.State",
        "TenantState": "accounts.models.Tenant.State",
        "WantedState": ["active", "blocked"],
        "ProductKind": "billing.models.shop.Product.Kind",
        "CardState": "billing.models.goods.Card.State",
        "ApplicationState": "accounts.models.joining.ShopApplication.State",
        "CouponKind": "billing.models.offers.Coupon.Kind",
        "LegalKind": "accounts.models.LegalPage.Kind",
        "Language": "django.conf.settings.LANGUAGES",
        "MessageState": "billing.models.inbox.WebhookInbox.State",
        "CodeState": "billing.models.codes.Code.State",
        "OrderState": "billing.models.shop.Order.State",
        "RefundState": "billing.models.refunds.Refund.State",
        "DisputeState": "billing.models.disputes.Dispute.State",
        "DeliveryState": "accounts.models.hooks.WebhookDelivery.State",
        "Role": "accounts.models.Membership.Role",
    },
}

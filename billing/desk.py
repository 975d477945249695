"""A shop's tables for doors that know no model of this room: what there is, what a field may hold, a row set and checked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from django.db.models import Model, QuerySet

from accounts.models import Tenant
from billing.models import (
    AuditRun,
    BuyerBlock,
    Card,
    CardBatch,
    Category,
    Code,
    CodeBatch,
    Coupon,
    Dispute,
    GatewayAccount,
    GroupRate,
    InvoiceRequest,
    Journal,
    LedgerAccount,
    LimitRule,
    Order,
    PriceCeiling,
    PriceRule,
    Product,
    ProductPicture,
    PromotionRule,
    ReadyKey,
    ReferralProgram,
    ReferralReward,
    Refund,
    Suspicion,
    Transfer,
    WebhookInbox,
    Withdrawal,
)
from foundation import checked
from foundation.translations import Translated

# These are set field by field; all others change by their own verbs alone.
_KEPT: dict[str, type[Model]] = {
    "product": Product, "category": Category, "coupon": Coupon, "limit": LimitRule, "promotion": PromotionRule,
    "referral_program": ReferralProgram,
}  # fmt: skip
_TABLES: dict[str, type[Model]] = {
    **_KEPT, "batch": CodeBatch, "code": Code, "card_batch": CardBatch, "card": Card,
    "order": Order, "refund": Refund, "dispute": Dispute, "account": GatewayAccount,
    "message": WebhookInbox, "price": PriceRule, "group": GroupRate,
    "withdrawal": Withdrawal, "invoice": InvoiceRequest, "ready_key": ReadyKey, "picture": ProductPicture,
    "referral_reward": ReferralReward, "suspicion": Suspicion, "ceiling": PriceCeiling, "block": BuyerBlock,
    "journal": Journal, "transfer": Transfer, "ledger": LedgerAccount, "audit": AuditRun,
}  # fmt: skip
Kept = Literal["product", "category", "coupon", "limit", "promotion", "referral_program"]
Read = Literal[
    "batch", "code", "card_batch", "card", "order", "refund", "dispute", "account", "message", "price", "group", "audit",
    "withdrawal", "invoice", "ready_key", "picture", "referral_reward", "suspicion", "ceiling", "block",
]  # fmt: skip
Table = Kept | Read | Literal["journal", "transfer", "ledger"]


def rows(table: Table) -> QuerySet[Any]:
    """Return all rows of a table: narrow them to what the caller may see."""
    return _TABLES[table]._default_manager.all()


def choices(table: Table, field: str) -> list[tuple[Any, Any]]:
    """Return what a field may hold, with labels."""
    found: Any = _TABLES[table]._meta.get_field(field)
    return list(found.choices)


def translatable(table: Literal["product", "category", "picture"]) -> Mapping[str, int]:
    """Return which fields can have a text in each language, and how long."""
    models: dict[str, type[Translated]] = {"product": Product, "category": Category, "picture": ProductPicture}
    return models[table].translatable


def new(table: Kept, *, tenant: Tenant) -> Any:
    """Return a row of the tenant that is not saved yet."""
    return _KEPT[table](tenant=tenant)


def put(row: Model, values: Mapping[str, Any]) -> None:
    """Set fields of a row after the model's checks; raise Django's ValidationError, and TypeError for a row with verbs of its own."""
    if type(row) not in _KEPT.values():
        raise TypeError(f"{type(row).__name__} changes by its own verbs")
    checked.save(row, values)

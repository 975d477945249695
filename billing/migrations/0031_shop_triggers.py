"""Raise the version of the `shop` snapshot on every change of what its pages remember: products, pictures, accounts to pay through."""

from django.db import migrations

from foundation.snapshots import trigger_sql

# All but `stock_left`, which each order of what is delivered by hand changes and the pages never remember.
_PRODUCT = (
    "tenant_id", "slug", "name", "kind", "lead_id", "choice", "description", "instructions", "questions", "units_micros", "bonus_micros",
    "bonus_days", "price_minor", "currency", "category_id", "compare_minor", "tiers", "stock_shown", "least_pieces", "most_pieces",
    "most_each", "is_active", "sort",
)  # fmt: skip

TRIGGERS = [
    trigger_sql(table="billing_product", kind="shop", columns=_PRODUCT),
    trigger_sql(table="billing_productpicture", kind="shop"),
    trigger_sql(table="billing_gatewayaccount", kind="shop"),
    trigger_sql(table="billing_gatewayaccount_lent_to", kind="shop"),
]


class Migration(migrations.Migration):
    dependencies = [("billing", "0030_referrals"), ("foundation", "0002_snapshot_versions")]

    operations = [migrations.RunSQL(forward, reverse) for forward, reverse in TRIGGERS]

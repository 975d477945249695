"""Tags on products' cards; the shop's pages remember them."""

from django.db import migrations, models

from foundation.snapshots import trigger_sql

# All but `stock_left`, which each order of what is delivered by hand changes and the pages never remember.
_BEFORE = (
    "tenant_id", "slug", "name", "kind", "lead_id", "choice", "description", "instructions", "questions", "units_micros", "bonus_micros",
    "bonus_days", "price_minor", "currency", "category_id", "compare_minor", "tiers", "stock_shown", "least_pieces", "most_pieces",
    "most_each", "is_active", "sort", "translations", "summary", "meta_title", "meta_description",
)  # fmt: skip
_OLD, _DROP = trigger_sql(table="billing_product", kind="shop", columns=_BEFORE)
_NEW, _ = trigger_sql(table="billing_product", kind="shop", columns=(*_BEFORE, "tag", "tag_text"))


class Migration(migrations.Migration):
    dependencies = [("billing", "0038_price_ceilings")]

    operations = [
        migrations.AddField(
            "product",
            "tag",
            models.CharField(
                blank=True,
                choices=[("", "none"), ("hot", "Hot"), ("bonus", "Bonus"), ("new", "New"), ("value", "Best value")],
                db_default="",
                default="",
                help_text="A label on its card.",
                max_length=10,
                verbose_name="tag",
            ),
        ),
        migrations.AddField(
            "product",
            "tag_text",
            models.CharField(
                blank=True,
                db_default="",
                default="",
                help_text="Such as +10%; empty: the word of the tag in the reader's language.",
                max_length=24,
                verbose_name="own words on the tag",
            ),
        ),
        migrations.RunSQL(_DROP + _NEW, _DROP + _OLD),
    ]

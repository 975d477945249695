"""Texts of products and categories in several languages; the shop's pages remember those of products."""

from django.db import migrations, models

from foundation.snapshots import trigger_sql

# All but `stock_left`, which each order of what is delivered by hand changes and the pages never remember.
_BEFORE = (
    "tenant_id", "slug", "name", "kind", "lead_id", "choice", "description", "instructions", "questions", "units_micros", "bonus_micros",
    "bonus_days", "price_minor", "currency", "category_id", "compare_minor", "tiers", "stock_shown", "least_pieces", "most_pieces",
    "most_each", "is_active", "sort",
)  # fmt: skip
_AFTER = (*_BEFORE, "translations", "summary", "meta_title", "meta_description")
_OLD, _DROP = trigger_sql(table="billing_product", kind="shop", columns=_BEFORE)
_NEW, _ = trigger_sql(table="billing_product", kind="shop", columns=_AFTER)
_texts = models.JSONField(blank=True, default=dict, verbose_name="texts in other languages")


class Migration(migrations.Migration):
    dependencies = [("billing", "0031_shop_triggers")]

    operations = [
        migrations.AddField("category", "description", models.TextField(blank=True, help_text="Markdown.", verbose_name="description")),
        migrations.AddField("category", "translations", _texts.clone()),
        migrations.AddField("product", "translations", _texts.clone()),
        migrations.AddField(
            "product",
            "summary",
            models.CharField(
                blank=True, help_text="Below the name; empty: cards begin with the description.", max_length=160, verbose_name="in one line"
            ),
        ),
        migrations.AddField(
            "product",
            "meta_title",
            models.CharField(blank=True, help_text="Empty: the name.", max_length=120, verbose_name="title for search engines"),
        ),
        migrations.AddField(
            "product",
            "meta_description",
            models.CharField(
                blank=True,
                help_text="Empty: the line below the name, else the description.",
                max_length=300,
                verbose_name="text for search engines",
            ),
        ),
        migrations.RunSQL(_DROP + _NEW, _DROP + _OLD),
    ]

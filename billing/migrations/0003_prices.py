"""Price books with their rules, and exchange rates; a changed price reaches the relays by a snapshot version."""

import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models

from foundation.snapshots import trigger_sql


class Migration(migrations.Migration):
    dependencies = [
        ("foundation", "0002_snapshot_versions"),
        ("accounts", "0003_audit_append_only"),
        ("billing", "0002_append_only"),
    ]

    operations = [
        migrations.CreateModel(
            name="ExchangeRate",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("base", models.CharField(max_length=3, verbose_name="currency")),
                ("quote", models.CharField(max_length=3, verbose_name="in")),
                ("rate", models.DecimalField(decimal_places=10, max_digits=20, verbose_name="rate")),
                ("valid_from", models.DateTimeField(default=django.utils.timezone.now, verbose_name="valid from")),
                (
                    "source",
                    models.CharField(
                        choices=[("manual", "typed in"), ("import", "imported")], default="manual", max_length=8, verbose_name="source"
                    ),
                ),
            ],
            options={
                "verbose_name": "exchange rate",
                "verbose_name_plural": "exchange rates",
                "constraints": [
                    models.CheckConstraint(condition=models.Q(("rate__gt", 0)), name="exchange_rate_positive"),
                    models.UniqueConstraint(fields=("base", "quote", "valid_from"), name="one_rate_per_moment"),
                ],
            },
        ),
        migrations.CreateModel(
            name="PriceBook",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="created")),
                (
                    "tenant",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT, related_name="price_book", to="accounts.tenant", verbose_name="tenant"
                    ),
                ),
            ],
            options={
                "verbose_name": "price book",
                "verbose_name_plural": "price books",
            },
        ),
        migrations.CreateModel(
            name="PriceRule",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("pattern", models.CharField(max_length=120, verbose_name="model pattern")),
                ("input", models.PositiveBigIntegerField(blank=True, null=True, verbose_name="input")),
                ("cache_read", models.PositiveBigIntegerField(blank=True, null=True, verbose_name="cache read")),
                ("cache_write_5m", models.PositiveBigIntegerField(blank=True, null=True, verbose_name="cache write, 5 minutes")),
                ("cache_write_1h", models.PositiveBigIntegerField(blank=True, null=True, verbose_name="cache write, 1 hour")),
                ("audio_input", models.PositiveBigIntegerField(blank=True, null=True, verbose_name="audio input")),
                ("image_input", models.PositiveBigIntegerField(blank=True, null=True, verbose_name="image input")),
                ("output", models.PositiveBigIntegerField(blank=True, null=True, verbose_name="output")),
                ("reasoning", models.PositiveBigIntegerField(blank=True, null=True, verbose_name="reasoning")),
                ("audio_output", models.PositiveBigIntegerField(blank=True, null=True, verbose_name="audio output")),
                ("image_output", models.PositiveBigIntegerField(blank=True, null=True, verbose_name="image output")),
                ("per_call", models.PositiveBigIntegerField(blank=True, null=True, verbose_name="per call")),
                ("hold_ceiling", models.PositiveIntegerField(blank=True, null=True, verbose_name="tokens reserved at first")),
                ("priced_as", models.CharField(blank=True, max_length=120, verbose_name="priced as")),
                ("source", models.CharField(blank=True, max_length=200, verbose_name="source")),
                ("valid_from", models.DateTimeField(default=django.utils.timezone.now, verbose_name="valid from")),
                ("valid_to", models.DateTimeField(blank=True, null=True, verbose_name="valid to")),
                (
                    "book",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="rules", to="billing.pricebook", verbose_name="price book"
                    ),
                ),
            ],
            options={
                "verbose_name": "price",
                "verbose_name_plural": "prices",
                "constraints": [
                    models.UniqueConstraint(condition=models.Q(("valid_to", None)), fields=("book", "pattern"), name="one_current_price"),
                    models.CheckConstraint(
                        condition=models.Q(("valid_to", None), ("valid_to__gte", models.F("valid_from")), _connector="OR"),
                        name="price_validity_in_order",
                    ),
                ],
            },
        ),
        migrations.RunSQL(*trigger_sql(table="billing_pricerule", kind="prices")),
    ]

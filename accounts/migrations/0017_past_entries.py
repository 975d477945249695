"""What another system's log said before its people came, partitioned by month."""

import datetime

import django.db.models.deletion
from django.db import migrations, models

from foundation.partitions import CreatePartitionedModel, ensure


def make_partitions(apps, schema_editor):
    """Make the DEFAULT and this month; older months are made when a log comes in."""
    ensure(table="accounts_pastentry", today=datetime.datetime.now(datetime.UTC).date(), ahead=0)


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0016_model_aliases"),
    ]

    operations = [
        CreatePartitionedModel(
            name="PastEntry",
            fields=[
                ("id", models.UUIDField(editable=False, primary_key=True, serialize=False)),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("call", "call"),
                            ("failed", "failed call"),
                            ("topup", "top-up"),
                            ("refund", "refund"),
                            ("note", "note"),
                        ],
                        max_length=8,
                        verbose_name="kind",
                    ),
                ),
                ("model", models.CharField(blank=True, max_length=120, verbose_name="model")),
                ("key_name", models.CharField(blank=True, max_length=60, verbose_name="sub-key")),
                ("amount_micros", models.BigIntegerField(default=0, verbose_name="amount")),
                ("input_tokens", models.BigIntegerField(default=0, verbose_name="input tokens")),
                ("output_tokens", models.BigIntegerField(default=0, verbose_name="output tokens")),
                ("total_ms", models.IntegerField(default=0, verbose_name="ms in all")),
                ("text", models.CharField(blank=True, max_length=500, verbose_name="text")),
                (
                    "membership",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="accounts.membership",
                        verbose_name="customer",
                    ),
                ),
                (
                    "tenant",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="accounts.tenant",
                        verbose_name="tenant",
                    ),
                ),
            ],
            options={
                "verbose_name": "entry from before the move",
                "verbose_name_plural": "before the move",
                "indexes": [
                    models.Index(fields=["tenant", "id"], name="past_tenant"),
                    models.Index(fields=["membership", "id"], name="past_membership"),
                ],
            },
        ),
        migrations.RunPython(make_partitions, migrations.RunPython.noop),
    ]

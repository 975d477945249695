"""Sums of usage by hour and day, the marks of hours to be summed anew, and how long rows are kept."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0003_audit_append_only"),
        ("gateway", "0001_initial"),
    ]

    operations = [
        migrations.CreateModel(
            name="UsageRetention",
            fields=[
                (
                    "tenant",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="+",
                        serialize=False,
                        to="accounts.tenant",
                        verbose_name="tenant",
                    ),
                ),
                ("days", models.PositiveIntegerField(blank=True, null=True, verbose_name="days kept")),
                ("cleared_until", models.DateTimeField(editable=False, null=True, verbose_name="cleared until")),
            ],
            options={
                "verbose_name": "usage retention",
                "verbose_name_plural": "usage retention",
            },
        ),
        migrations.CreateModel(
            name="UsageChange",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("hour", models.DateTimeField()),
                ("tenant_id", models.BigIntegerField()),
            ],
            options={
                "indexes": [models.Index(fields=["hour", "tenant_id"], name="usagechange_hour")],
            },
        ),
        migrations.CreateModel(
            name="UsageDay",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("start", models.DateTimeField(verbose_name="from")),
                ("model", models.CharField(max_length=120, verbose_name="model")),
                ("channel_id", models.BigIntegerField(verbose_name="channel")),
                ("calls", models.BigIntegerField(verbose_name="calls")),
                ("partial_calls", models.BigIntegerField(verbose_name="cut short")),
                ("disconnected_calls", models.BigIntegerField(verbose_name="client left")),
                ("failed_calls", models.BigIntegerField(verbose_name="failed")),
                ("uncosted_calls", models.BigIntegerField(verbose_name="without a cost")),
                ("input_tokens", models.BigIntegerField(verbose_name="input tokens")),
                ("output_tokens", models.BigIntegerField(verbose_name="output tokens")),
                ("price_micros", models.BigIntegerField(verbose_name="price")),
                ("cost_micros", models.BigIntegerField(verbose_name="cost")),
                ("total_ms", models.BigIntegerField(verbose_name="ms in all")),
                ("last_at", models.DateTimeField(verbose_name="last call")),
                (
                    "api_key",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="accounts.apikey",
                        verbose_name="sub-key",
                    ),
                ),
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
                "verbose_name": "usage by day",
                "verbose_name_plural": "usage by day",
                "abstract": False,
                "indexes": [
                    models.Index(fields=["tenant", "start"], name="usageday_tenant"),
                    models.Index(fields=["membership", "start"], name="usageday_member"),
                    models.Index(fields=["api_key", "start"], name="usageday_key"),
                    models.Index(fields=["channel_id", "start"], name="usageday_channel"),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("start", "tenant", "membership", "api_key", "model", "channel_id"), name="usageday_one_row_a_group"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="UsageHour",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("start", models.DateTimeField(verbose_name="from")),
                ("model", models.CharField(max_length=120, verbose_name="model")),
                ("channel_id", models.BigIntegerField(verbose_name="channel")),
                ("calls", models.BigIntegerField(verbose_name="calls")),
                ("partial_calls", models.BigIntegerField(verbose_name="cut short")),
                ("disconnected_calls", models.BigIntegerField(verbose_name="client left")),
                ("failed_calls", models.BigIntegerField(verbose_name="failed")),
                ("uncosted_calls", models.BigIntegerField(verbose_name="without a cost")),
                ("input_tokens", models.BigIntegerField(verbose_name="input tokens")),
                ("output_tokens", models.BigIntegerField(verbose_name="output tokens")),
                ("price_micros", models.BigIntegerField(verbose_name="price")),
                ("cost_micros", models.BigIntegerField(verbose_name="cost")),
                ("total_ms", models.BigIntegerField(verbose_name="ms in all")),
                ("last_at", models.DateTimeField(verbose_name="last call")),
                (
                    "api_key",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="accounts.apikey",
                        verbose_name="sub-key",
                    ),
                ),
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
                "verbose_name": "usage by hour",
                "verbose_name_plural": "usage by hour",
                "abstract": False,
                "indexes": [
                    models.Index(fields=["tenant", "start"], name="usagehour_tenant"),
                    models.Index(fields=["membership", "start"], name="usagehour_member"),
                    models.Index(fields=["api_key", "start"], name="usagehour_key"),
                    models.Index(fields=["channel_id", "start"], name="usagehour_channel"),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("start", "tenant", "membership", "api_key", "model", "channel_id"), name="usagehour_one_row_a_group"
                    )
                ],
            },
        ),
    ]

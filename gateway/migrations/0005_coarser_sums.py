"""Sums of tenants by hour, by model and day, and by customer and day: made from the sums that are there."""

import django.db.models.deletion
from django.db import migrations, models

_SUMS = (
    "calls", "partial_calls", "disconnected_calls", "failed_calls", "uncosted_calls", "input_tokens", "output_tokens", "price_micros",
    "cost_micros", "total_ms",
)  # fmt: skip


def _fill(table, finer, group):
    """Write the statement that fills a table; to undo it is nothing, its table goes."""
    names, sums = ", ".join(_SUMS), ", ".join(f"sum({name})" for name in _SUMS)
    return migrations.RunSQL(
        f"INSERT INTO {table} (start, {group}, {names}, last_at)"  # noqa: S608  # our own constants
        f" SELECT start, {group}, {sums}, max(last_at) FROM {finer} GROUP BY start, {group}",
        migrations.RunSQL.noop,
    )


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0014_facade"),
        ("gateway", "0004_failed_calls"),
    ]

    operations = [
        migrations.CreateModel(
            name="UsageMemberDay",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("start", models.DateTimeField(verbose_name="from")),
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
                "verbose_name": "usage by customer and day",
                "verbose_name_plural": "usage by customer and day",
                "abstract": False,
                "indexes": [
                    models.Index(fields=["tenant", "start"], name="usagememberday_tenant"),
                    models.Index(fields=["membership", "start"], name="usagememberday_member"),
                ],
                "constraints": [models.UniqueConstraint(fields=("start", "tenant", "membership"), name="usagememberday_one_row_a_group")],
            },
        ),
        migrations.CreateModel(
            name="UsageModelDay",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("start", models.DateTimeField(verbose_name="from")),
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
                ("model", models.CharField(max_length=120, verbose_name="model")),
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
                "verbose_name": "usage by model and day",
                "verbose_name_plural": "usage by model and day",
                "abstract": False,
                "indexes": [models.Index(fields=["tenant", "start"], name="usagemodelday_tenant")],
                "constraints": [models.UniqueConstraint(fields=("start", "tenant", "model"), name="usagemodelday_one_row_a_group")],
            },
        ),
        migrations.CreateModel(
            name="UsageTenantHour",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("start", models.DateTimeField(verbose_name="from")),
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
                "verbose_name": "usage of a tenant by hour",
                "verbose_name_plural": "usage of tenants by hour",
                "abstract": False,
                "constraints": [models.UniqueConstraint(fields=("start", "tenant"), name="usagetenanthour_one_row_a_group")],
            },
        ),
        # One transaction with the tables, under the lock of the roll-ups: none of them runs before these are full.
        migrations.RunSQL("SELECT pg_advisory_xact_lock(7015440001)", migrations.RunSQL.noop),
        _fill("gateway_usagetenanthour", "gateway_usagehour", "tenant_id"),
        _fill("gateway_usagemodelday", "gateway_usageday", "tenant_id, model"),
        _fill("gateway_usagememberday", "gateway_usageday", "tenant_id, membership_id"),
    ]

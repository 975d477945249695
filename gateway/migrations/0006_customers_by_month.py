"""Sums of customers by month with an index by spending: made from the sums of days that are there."""

import django.db.models.deletion
from django.db import migrations, models

_SUMS = (
    "calls", "partial_calls", "disconnected_calls", "failed_calls", "uncosted_calls", "input_tokens", "output_tokens", "price_micros",
    "cost_micros", "total_ms",
)  # fmt: skip
_FILL = (
    f"INSERT INTO gateway_usagemembermonth (start, tenant_id, membership_id, {', '.join(_SUMS)}, last_at)"  # noqa: S608  # our own constants
    f" SELECT date_trunc('month', start, 'UTC'), tenant_id, membership_id, {', '.join(f'sum({name})' for name in _SUMS)}, max(last_at)"
    " FROM gateway_usagememberday GROUP BY 1, 2, 3"
)


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0014_facade"),
        ("gateway", "0005_coarser_sums"),
    ]

    operations = [
        migrations.CreateModel(
            name="UsageMemberMonth",
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
                "verbose_name": "usage by customer and month",
                "verbose_name_plural": "usage by customer and month",
                "abstract": False,
                "indexes": [
                    models.Index(fields=["start", "tenant", "-price_micros", "membership"], name="usagemembermonth_shops_dearest"),
                    models.Index(fields=["start", "-price_micros", "membership"], name="usagemembermonth_dearest"),
                ],
                "constraints": [models.UniqueConstraint(fields=("start", "tenant", "membership"), name="usagemembermonth_one_row_a_group")],
            },
        ),
        # One transaction with the table, under the lock of the roll-ups: none of them runs before it is full.
        migrations.RunSQL("SELECT pg_advisory_xact_lock(7015440001)", migrations.RunSQL.noop),
        migrations.RunSQL(_FILL, migrations.RunSQL.noop),
    ]

"""Prices of units and context tiers on a rule, and what customer groups pay; a changed group price reaches the relays too."""

import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models

from foundation.snapshots import trigger_sql


class Migration(migrations.Migration):
    dependencies = [
        ("billing", "0005_shop"),
    ]

    operations = [
        migrations.AddField(
            model_name="pricerule",
            name="tiers",
            field=models.JSONField(blank=True, default=list, verbose_name="context tiers"),
        ),
        migrations.AddField(
            model_name="pricerule",
            name="units",
            field=models.JSONField(blank=True, default=dict, verbose_name="units"),
        ),
        migrations.CreateModel(
            name="GroupRate",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("group", models.CharField(max_length=40, verbose_name="customer group")),
                ("factor", models.PositiveIntegerField(verbose_name="millionths of the price")),
                ("valid_from", models.DateTimeField(default=django.utils.timezone.now, verbose_name="valid from")),
                ("valid_to", models.DateTimeField(blank=True, null=True, verbose_name="valid to")),
                (
                    "book",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="groups",
                        to="billing.pricebook",
                        verbose_name="price book",
                    ),
                ),
            ],
            options={
                "verbose_name": "group price",
                "verbose_name_plural": "group prices",
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("valid_to", None)), fields=("book", "group"), name="one_current_group_rate"
                    ),
                    models.CheckConstraint(condition=models.Q(("factor__gt", 0)), name="group_rate_positive"),
                ],
            },
        ),
        migrations.RunSQL(*trigger_sql(table="billing_grouprate", kind="prices")),
    ]

"""The most a shop may add to its wholesale prices; a changed limit reaches the relays at once."""

import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models

from foundation.snapshots import trigger_sql


class Migration(migrations.Migration):
    dependencies = [
        ("billing", "0037_suspicions"),
    ]

    operations = [
        migrations.CreateModel(
            name="PriceCeiling",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("factor", models.PositiveIntegerField(verbose_name="millionths of the wholesale price")),
                ("valid_from", models.DateTimeField(default=django.utils.timezone.now, verbose_name="valid from")),
                ("valid_to", models.DateTimeField(blank=True, null=True, verbose_name="valid to")),
                (
                    "book",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="ceilings",
                        to="billing.pricebook",
                        verbose_name="price book",
                    ),
                ),
            ],
            options={
                "verbose_name": "maximal mark-up",
                "verbose_name_plural": "maximal mark-ups",
                "constraints": [
                    models.UniqueConstraint(condition=models.Q(("valid_to", None)), fields=("book",), name="one_current_ceiling"),
                    models.CheckConstraint(condition=models.Q(("factor__gte", 1000000)), name="ceiling_not_below_wholesale"),
                ],
            },
        ),
        migrations.RunSQL(*trigger_sql(table="billing_priceceiling", kind="prices")),
    ]

"""What people were told of limits, and the wallets that are watched."""

import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0003_audit_append_only"),
        ("billing", "0007_limit_rules"),
    ]

    operations = [
        migrations.CreateModel(
            name="LimitAlert",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("subject", models.CharField(max_length=120, unique=True, verbose_name="subject")),
                (
                    "created_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False, verbose_name="created"),
                ),
            ],
            options={
                "verbose_name": "alert",
                "verbose_name_plural": "alerts",
                "indexes": [models.Index(fields=["created_at"], name="limit_alert_time")],
            },
        ),
        migrations.CreateModel(
            name="WalletWatch",
            fields=[
                (
                    "membership",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="+",
                        serialize=False,
                        to="accounts.membership",
                        verbose_name="customer",
                    ),
                ),
                ("below_micros", models.BigIntegerField(verbose_name="tell below")),
                ("is_armed", models.BooleanField(default=True, verbose_name="armed")),
            ],
            options={
                "verbose_name": "watched wallet",
                "verbose_name_plural": "watched wallets",
                "constraints": [models.CheckConstraint(condition=models.Q(("below_micros__gte", 0)), name="wallet_watch_not_negative")],
            },
        ),
    ]

"""Purchases that a shop may have made in itself, and by which card payments were made."""

import django.contrib.postgres.fields
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("billing", "0036_picture_texts"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="paymentattempt",
            name="payer",
            field=models.CharField(blank=True, db_default="", default="", editable=False, max_length=64),
        ),
        migrations.CreateModel(
            name="Suspicion",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "signs",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(
                            choices=[
                                ("account", "bought by the shop's staff"),
                                ("email", "e-mail of the shop's staff"),
                                ("address", "network address of the shop's staff"),
                                ("browser", "placed in a browser of the shop's staff"),
                                ("payment", "paid by the means with which the shop pays"),
                                ("redeemed", "redeemed by the shop's staff"),
                            ],
                            max_length=10,
                        ),
                        size=None,
                        verbose_name="signs",
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[("open", "to be looked at"), ("cleared", "cleared"), ("upheld", "upheld")],
                        default="open",
                        max_length=8,
                        verbose_name="state",
                    ),
                ),
                ("reason", models.CharField(blank=True, max_length=200, verbose_name="reason")),
                ("decided_at", models.DateTimeField(null=True, verbose_name="decided")),
                ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="noticed")),
                (
                    "decided_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="decided by",
                    ),
                ),
                (
                    "order",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT, related_name="suspicion", to="billing.order", verbose_name="order"
                    ),
                ),
            ],
            options={
                "verbose_name": "suspected own purchase",
                "verbose_name_plural": "suspected own purchases",
            },
        ),
    ]

"""Whom a coupon is for, and on which prices it counts."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("billing", "0040_buyer_blocks"),
    ]

    operations = [
        migrations.AddField(
            model_name="coupon",
            name="first_only",
            field=models.BooleanField(
                db_default=False, default=False, help_text="Who paid for an order here before is refused.", verbose_name="for a first order"
            ),
        ),
        migrations.AddField(
            model_name="coupon",
            name="group",
            field=models.CharField(
                blank=True,
                db_default="",
                default="",
                help_text="Such as vip; empty: for everybody.",
                max_length=40,
                verbose_name="for a customer group",
            ),
        ),
        migrations.AddField(
            model_name="coupon",
            name="not_with_tiers",
            field=models.BooleanField(db_default=False, default=False, verbose_name="not on prices for many"),
        ),
    ]

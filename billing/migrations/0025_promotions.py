"""Rules by which customers come into a better group: rungs of a tenant's ladder."""

import django.core.validators
import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0014_facade"),
        ("billing", "0024_unminted_codes"),
    ]

    operations = [
        migrations.CreateModel(
            name="PromotionRule",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "group",
                    models.CharField(
                        help_text="As it stands on group prices, channels and limits, such as vip.",
                        max_length=40,
                        verbose_name="customer group",
                    ),
                ),
                (
                    "rank",
                    models.PositiveSmallIntegerField(
                        help_text="Who reaches several groups gets the one of the highest rank.",
                        validators=[django.core.validators.MinValueValidator(1)],
                        verbose_name="rank",
                    ),
                ),
                (
                    "days",
                    models.PositiveSmallIntegerField(
                        blank=True,
                        help_text="Empty: ever since.",
                        null=True,
                        validators=[django.core.validators.MinValueValidator(1)],
                        verbose_name="in the last days",
                    ),
                ),
                ("paid_minor", models.PositiveBigIntegerField(blank=True, null=True, verbose_name="paid at least")),
                ("used_micros", models.PositiveBigIntegerField(blank=True, null=True, verbose_name="used at least")),
                (
                    "falls_back",
                    models.BooleanField(
                        default=False,
                        help_text="Who reaches this group no more falls to the best one still reached, also who was put in by hand.",
                        verbose_name="falls back",
                    ),
                ),
                (
                    "tenant",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="promotion_rules",
                        to="accounts.tenant",
                        verbose_name="tenant",
                    ),
                ),
            ],
            options={
                "verbose_name": "promotion",
                "verbose_name_plural": "promotions",
                "constraints": [
                    models.UniqueConstraint(fields=("tenant", "group"), name="one_promotion_per_group"),
                    models.UniqueConstraint(fields=("tenant", "rank"), name="one_promotion_per_rank"),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("paid_minor__gt", 0), ("used_micros", None)),
                            models.Q(("paid_minor", None), ("used_micros__gt", 0)),
                            _connector="OR",
                        ),
                        name="promotion_by_one_amount",
                        violation_error_message="Say either what must be paid or what must be used, more than nothing.",
                    ),
                    models.CheckConstraint(condition=models.Q(("rank__gt", 0)), name="promotion_rank_positive"),
                    models.CheckConstraint(
                        condition=models.Q(("days", None), ("days__gt", 0), _connector="OR"), name="promotion_days_positive"
                    ),
                ],
            },
        ),
    ]

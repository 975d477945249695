"""Rewards for who brings customers."""

import django.core.validators
import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0021_referrals"),
        ("billing", "0029_restock_wishes"),
    ]

    operations = [
        migrations.CreateModel(
            name="ReferralProgram",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("is_active", models.BooleanField(default=True, verbose_name="active")),
                (
                    "paid_in",
                    models.CharField(
                        choices=[("credit", "store credit"), ("quota", "quota")], default="credit", max_length=6, verbose_name="paid in"
                    ),
                ),
                ("referrer_fixed", models.PositiveBigIntegerField(editable=False, null=True)),
                (
                    "referrer_percent",
                    models.PositiveIntegerField(editable=False, null=True, validators=[django.core.validators.MaxValueValidator(10000)]),
                ),
                ("referred_fixed", models.PositiveBigIntegerField(editable=False, null=True)),
                (
                    "referred_percent",
                    models.PositiveIntegerField(editable=False, null=True, validators=[django.core.validators.MaxValueValidator(10000)]),
                ),
                ("cap", models.PositiveBigIntegerField(editable=False, null=True)),
                ("least_minor", models.PositiveBigIntegerField(default=0, editable=False)),
                (
                    "most_rewards",
                    models.PositiveIntegerField(
                        blank=True,
                        help_text="Empty: no limit.",
                        null=True,
                        validators=[django.core.validators.MinValueValidator(1)],
                        verbose_name="rewards for one customer at most",
                    ),
                ),
                (
                    "wait_days",
                    models.PositiveSmallIntegerField(
                        default=0,
                        help_text="So long a refund or a dispute comes before it.",
                        verbose_name="days between purchase and reward",
                    ),
                ),
                (
                    "tenant",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="referral_program",
                        to="accounts.tenant",
                        verbose_name="tenant",
                    ),
                ),
            ],
            options={
                "verbose_name": "referral program",
                "verbose_name_plural": "referral programs",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("referrer_fixed", None), ("referrer_percent", None), _connector="OR"),
                        name="one_referrer_reward",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("referred_fixed", None), ("referred_percent", None), _connector="OR"),
                        name="one_referred_reward",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="ReferralReward",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "paid_in",
                    models.CharField(choices=[("credit", "store credit"), ("quota", "quota")], max_length=6, verbose_name="paid in"),
                ),
                ("currency", models.CharField(blank=True, max_length=3, verbose_name="currency")),
                ("amount", models.PositiveBigIntegerField(verbose_name="amount")),
                ("taken_back", models.PositiveBigIntegerField(default=0, verbose_name="taken back")),
                ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="at")),
                ("reversed_at", models.DateTimeField(null=True, verbose_name="reversed")),
                (
                    "member",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="referral_rewards",
                        to="accounts.membership",
                        verbose_name="customer",
                    ),
                ),
                (
                    "order",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="referral_rewards",
                        to="billing.order",
                        verbose_name="order",
                    ),
                ),
                (
                    "referral",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="rewards", to="accounts.referral", verbose_name="referral"
                    ),
                ),
            ],
            options={
                "verbose_name": "referral reward",
                "verbose_name_plural": "referral rewards",
                "ordering": ["-id"],
                "constraints": [
                    models.UniqueConstraint(fields=("referral", "member"), name="one_reward_a_side"),
                    models.CheckConstraint(
                        condition=models.Q(("amount__gt", 0), ("taken_back__lte", models.F("amount"))), name="reward_amounts"
                    ),
                ],
            },
        ),
    ]

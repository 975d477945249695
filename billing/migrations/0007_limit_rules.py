"""Limits for many sub-keys at once, and budgets of customers that follow from them; changed rules reach the relays."""

import django.core.validators
import django.db.models.deletion
from django.db import migrations, models

from foundation.snapshots import trigger_sql

COLUMNS = (
    "tenant_id", "shop_id", "scope", "\"group\"", "models_matched", "rpm", "tpm", "concurrency", "five_hours_limit", "day_limit",
    "week_limit", "month_limit",
)  # fmt: skip

# A budget belongs to a sub-key or to a customer; the zone of its days is the tenant's either way.
WINDOWS = """
CREATE OR REPLACE FUNCTION keyosk_windows(budget billing_keybudget)
RETURNS TABLE (scope text, spent bigint, cap bigint, start timestamptz, resets timestamptz) LANGUAGE sql STABLE AS $$
  WITH place AS (
    {place}
  ), bounds AS (
    SELECT zone, date_trunc('day', now(), zone) AS d, date_trunc('week', now(), zone) AS w, date_trunc('month', now(), zone) AS m,
      coalesce(budget.five_hours_start > now() - interval '5 hours', false) AS in_five FROM place
  )
  SELECT 'key', budget.total_used, budget.total_limit, NULL::timestamptz, NULL::timestamptz
  UNION ALL SELECT '5h', CASE WHEN in_five THEN budget.five_hours_used ELSE 0 END, budget.five_hours_limit,
    CASE WHEN in_five THEN budget.five_hours_start ELSE now() END,
    CASE WHEN in_five THEN budget.five_hours_start ELSE now() END + interval '5 hours' FROM bounds
  UNION ALL SELECT 'day', CASE WHEN budget.day_start = d THEN budget.day_used ELSE 0 END, budget.day_limit, d,
    ((d AT TIME ZONE zone) + interval '1 day') AT TIME ZONE zone FROM bounds
  UNION ALL SELECT 'week', CASE WHEN budget.week_start = w THEN budget.week_used ELSE 0 END, budget.week_limit, w,
    ((w AT TIME ZONE zone) + interval '7 days') AT TIME ZONE zone FROM bounds
  UNION ALL SELECT 'month', CASE WHEN budget.month_start = m THEN budget.month_used ELSE 0 END, budget.month_limit, m,
    ((m AT TIME ZONE zone) + interval '1 month') AT TIME ZONE zone FROM bounds
$$;
"""
OF_KEYS = "SELECT t.zone FROM accounts_apikey k JOIN accounts_tenant t ON t.id = k.tenant_id WHERE k.id = budget.api_key_id"
OF_BOTH = """
    SELECT t.zone FROM accounts_apikey k JOIN accounts_tenant t ON t.id = k.tenant_id WHERE k.id = budget.api_key_id
    UNION ALL SELECT t.zone FROM accounts_membership m JOIN accounts_tenant t ON t.id = m.tenant_id WHERE m.id = budget.membership_id
"""
FORGET = "DELETE FROM billing_keybudget WHERE api_key_id IS NULL"


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0003_audit_append_only"),
        ("billing", "0006_price_units_and_groups"),
    ]

    operations = [
        migrations.AddField(
            model_name="keybudget",
            name="membership",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="+",
                to="accounts.membership",
                verbose_name="customer",
            ),
        ),
        migrations.AlterField(
            model_name="keybudget",
            name="api_key",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="budgets",
                to="accounts.apikey",
                verbose_name="sub-key",
            ),
        ),
        migrations.CreateModel(
            name="LimitRule",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "scope",
                    models.CharField(
                        choices=[("key", "each sub-key"), ("customer", "each customer"), ("tenant", "the whole shop")],
                        default="customer",
                        max_length=8,
                        verbose_name="for",
                    ),
                ),
                (
                    "group",
                    models.CharField(blank=True, default="", help_text="Empty: every group.", max_length=40, verbose_name="customer group"),
                ),
                (
                    "models_matched",
                    models.CharField(
                        blank=True,
                        default="",
                        help_text="A pattern such as gpt-4o*. Empty: all models together.",
                        max_length=120,
                        verbose_name="models",
                    ),
                ),
                ("rpm", models.PositiveIntegerField(blank=True, null=True, verbose_name="requests per minute")),
                ("tpm", models.PositiveIntegerField(blank=True, null=True, verbose_name="tokens per minute")),
                ("concurrency", models.PositiveIntegerField(blank=True, null=True, verbose_name="calls at once")),
                (
                    "five_hours_limit",
                    models.BigIntegerField(
                        blank=True, null=True, validators=[django.core.validators.MinValueValidator(0)], verbose_name="limit per 5 hours"
                    ),
                ),
                (
                    "day_limit",
                    models.BigIntegerField(
                        blank=True, null=True, validators=[django.core.validators.MinValueValidator(0)], verbose_name="limit per day"
                    ),
                ),
                (
                    "week_limit",
                    models.BigIntegerField(
                        blank=True, null=True, validators=[django.core.validators.MinValueValidator(0)], verbose_name="limit per week"
                    ),
                ),
                (
                    "month_limit",
                    models.BigIntegerField(
                        blank=True, null=True, validators=[django.core.validators.MinValueValidator(0)], verbose_name="limit per month"
                    ),
                ),
                (
                    "shop",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="accounts.tenant",
                        verbose_name="only in the shop",
                    ),
                ),
                (
                    "tenant",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="limit_rules", to="accounts.tenant", verbose_name="set by"
                    ),
                ),
            ],
            options={
                "verbose_name": "limit",
                "verbose_name_plural": "limits",
            },
        ),
        migrations.AddField(
            model_name="keybudget",
            name="rule",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="budgets",
                to="billing.limitrule",
                verbose_name="limit",
            ),
        ),
        migrations.AddConstraint(
            model_name="keybudget",
            constraint=models.UniqueConstraint(fields=("membership", "rule"), name="one_budget_per_customer_and_rule"),
        ),
        migrations.AddConstraint(
            model_name="keybudget",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("api_key__isnull", False), ("membership", None), ("rule", None)),
                    models.Q(("api_key", None), ("membership__isnull", False), ("rule__isnull", False)),
                    _connector="OR",
                ),
                name="budget_of_a_key_or_by_a_rule",
            ),
        ),
        migrations.AddConstraint(
            model_name="limitrule",
            constraint=models.UniqueConstraint(
                fields=("tenant", "shop", "scope", "group", "models_matched"), name="one_limit_rule_per_subject", nulls_distinct=False
            ),
        ),
        migrations.AddConstraint(
            model_name="limitrule",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("scope", "customer"),
                    models.Q(("day_limit", None), ("five_hours_limit", None), ("month_limit", None), ("week_limit", None)),
                    _connector="OR",
                ),
                name="spending_is_limited_per_customer",
                violation_error_message="Spending is limited for each customer.",
            ),
        ),
        migrations.RunSQL(WINDOWS.format(place=OF_BOTH), WINDOWS.format(place=OF_KEYS)),
        migrations.RunSQL(*trigger_sql(table="billing_limitrule", kind="keys", columns=COLUMNS)),
        migrations.RunSQL(migrations.RunSQL.noop, FORGET),
    ]

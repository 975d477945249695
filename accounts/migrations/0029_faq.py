"""A shop's own questions and answers, and its legal pages' texts in what the shop's pages remember."""

from django.db import migrations, models

from foundation.snapshots import trigger_sql

_OLD, _DROP = trigger_sql(table="accounts_legalpage", kind="shop", columns=("tenant_id", "kind"))
_NEW, _ = trigger_sql(table="accounts_legalpage", kind="shop")


class Migration(migrations.Migration):
    dependencies = [("accounts", "0028_payouts_and_own_purchases")]

    operations = [
        migrations.AddField(
            "tenant",
            "faq",
            models.TextField(
                blank=True,
                db_default="",
                default="",
                help_text=(
                    "Markdown: each heading (## …) is a question. Empty: what is true of every shop here and of how this one is set up."
                ),
                verbose_name="questions and answers",
            ),
        ),
        migrations.RunSQL(_DROP + _NEW, _DROP + _OLD),
    ]

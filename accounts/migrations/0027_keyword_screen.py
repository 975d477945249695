"""A tenant may keep words that no request of its customers may hold; relays know within a second."""

import django.db.models.deletion
from django.db import migrations, models

from foundation.snapshots import trigger_sql


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0026_quota_unit"),
    ]

    operations = [
        migrations.CreateModel(
            name="KeywordScreen",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("words", models.TextField(blank=True, verbose_name="words")),
                ("refused", models.PositiveBigIntegerField(default=0, editable=False, verbose_name="refused calls")),
                (
                    "tenant",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="keyword_screen",
                        to="accounts.tenant",
                        verbose_name="tenant",
                    ),
                ),
            ],
            options={
                "verbose_name": "keyword screen",
                "verbose_name_plural": "keyword screens",
            },
        ),
        # Not on every refused call, which is counted here.
        migrations.RunSQL(*trigger_sql(table="accounts_keywordscreen", kind="keys", columns=("tenant_id", "words"))),
    ]
